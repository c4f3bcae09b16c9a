/*
 * link.h: giving a message one more name.
 */
#ifndef TOPIC_LINK_H
#define TOPIC_LINK_H

#include "base/base.h"

struct msgname;
struct place;
struct queue;

/*
 * Give a message one more name in ready/ of the queue 'to', which may be its own.  Where the kernel
 * refuses a link, the message is copied.  *at becomes the new place.  ST_GONE: the message is not
 * there any more.  ST_EXISTS: it has that name there already.
 */
enum status message_link(struct queue *q, const struct place *p, struct queue *to,
    const struct msgname *name, usec_t now, struct place *at, struct error *err) MUST_CHECK;
/* Make the name that a topic's message gets in the queue of a subscriber. */
void name_of_subscriber(const struct msgname *n, struct msgname *out);

#endif
