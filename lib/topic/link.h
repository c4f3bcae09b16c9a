/*
 * link.h: one more name for a message.
 */
#ifndef TOPIC_LINK_H
#define TOPIC_LINK_H

#include "base/base.h"

struct msgname;
struct place;
struct queue;

/*
 * Give a message one more name in ready/ of another queue or its own, or a copy where the kernel
 * refuses a link.  *at tells where it went.  ST_GONE: the message is not there any more; ST_EXISTS:
 * it has that name there already.
 */
enum status message_link(struct queue *q, const struct place *p, struct queue *to,
    const struct msgname *name, usec_t now, struct place *at, struct error *err) MUST_CHECK;
/* The name of a topic's message in a queue that gets it. */
void name_of_subscriber(const struct msgname *n, struct msgname *out);

#endif
