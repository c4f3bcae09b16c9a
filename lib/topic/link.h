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
 * One more name for a message, in ready/ of another queue or its own; a copy where a link is
 * refused.  ST_GONE: the message is not there any more; ST_EXISTS: it has that name there already.
 * *at tells where it went.
 */
enum status message_link(struct queue *q, const struct place *p, struct queue *to,
    const struct msgname *name, usec_t now, struct place *at, struct error *err) MUST_CHECK;
/* What a message of a topic is called in a queue that gets it. */
void name_of_subscriber(const struct msgname *n, struct msgname *out);

#endif
