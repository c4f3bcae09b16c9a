/*
 * topic.h: the door to topics: one message in many queues.
 */
#ifndef TOPIC_TOPIC_H
#define TOPIC_TOPIC_H

#include "base/base.h"

struct claim;
struct claim_options;
struct passed;
struct place;
struct queue;

/* What kept a message from a queue (NULL: from all); it stays in the topic, and is tried again. */
typedef void topic_tell(void *arg, const char *queue, const struct error *);
/*
 * Give what is ready in a topic to the queues that want it, rounds of some hundred messages at most
 * (0: until none is left). *given: how many were; *wake: when to look again.
 */
enum status topic_distribute(struct queue *topic, unsigned rounds, topic_tell *tell, void *arg,
    uint64_t *given, usec_t *wake, struct error *err) MUST_CHECK;
/* What a queue could not get is to be tried now, and not after its back-off. */
enum status topic_retry(struct queue *topic, struct error *err) MUST_CHECK;
/*
 * What the topic kept, or nobody wanted, since then, and q has not: *given so many.  After
 * subscribe.
 */
enum status topic_catch_up(struct queue *topic, struct queue *q, usec_t since, usec_t now,
    uint64_t *given, struct error *err) MUST_CHECK;
/*
 * As claim_next; where a queue that subscribes has nothing, what may lie in its topics is
 * distributed first. ST_USAGE: it has become a topic.
 */
enum status claim_or_fetch(struct queue *q, const struct claim_options *opt, usec_t now,
    struct claim *c, usec_t *wake, struct passed *over, struct error *err) MUST_CHECK;
/*
 * A kept message is delivered again, under a fresh id, to queue to, which may be its own.
 * moves_sync(to) at the end.
 */
enum status message_replay(struct queue *q, const struct place *p, struct queue *to, usec_t now,
    struct error *err) MUST_CHECK;

#endif
