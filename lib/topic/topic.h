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

/*
 * Tells what kept a message from a queue (NULL: from all).  It stays in the topic, and is tried
 * again.
 */
typedef void topic_tell(void *arg, const char *queue, const struct error *);
/*
 * Give what is ready in a topic to the queues that want it, in at most so many rounds of some
 * hundred messages (0: until none is left).  *given: how many messages were given.  *wake: when to
 * look again.
 */
enum status topic_distribute(struct queue *topic, unsigned rounds, topic_tell *tell, void *arg,
    uint64_t *given, usec_t *wake, struct error *err) MUST_CHECK;
/* Make ready what a queue could not get, without waiting for its back-off. */
enum status topic_retry(struct queue *topic, struct error *err) MUST_CHECK;
/*
 * After subscribe: give q what it does not have of the messages that were pushed since then and
 * that the topic has kept, or that nobody wanted.  *given: how many.
 */
enum status topic_catch_up(struct queue *topic, struct queue *q, usec_t since, usec_t now,
    uint64_t *given, struct error *err) MUST_CHECK;
/*
 * As claim_next.  If the queue has nothing and subscribes to topics, what lies in these is
 * distributed first.  ST_USAGE: the queue has become a topic.
 */
enum status claim_or_fetch(struct queue *q, const struct claim_options *opt, usec_t now,
    struct claim *c, usec_t *wake, struct passed *over, struct error *err) MUST_CHECK;
/*
 * Deliver a kept message again, under a fresh id, to the queue `to`, which may be its own.  The
 * caller ends with moves_sync(to).
 */
enum status message_replay(struct queue *q, const struct place *p, struct queue *to, usec_t now,
    struct error *err) MUST_CHECK;

#endif
