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
 * A callback that learns what kept a message from a queue.  'queue' may be NULL: then the error is
 * not that of one queue.  The message stays in the topic and is tried again.
 */
typedef void topic_tell(void *arg, const char *queue, const struct error *err);
/*
 * Give the messages that are ready in a topic to the queues that want them, in at most 'rounds'
 * rounds of up to some hundred messages (0: until none is left).  *given becomes the number of
 * names that were given, and *wake the time to look again.
 */
enum status topic_distribute(struct queue *topic, unsigned rounds, topic_tell *tell, void *arg,
    uint64_t *given, usec_t *wake, struct error *err) MUST_CHECK;
/* Make the messages ready that a queue could not get, without waiting for their back-off. */
enum status topic_retry(struct queue *topic, struct error *err) MUST_CHECK;
/*
 * After 'q' has subscribed: give it the messages that were pushed at 'since' or later and that the
 * topic has kept, or that nobody wanted, unless it has them already.  *given becomes their number.
 */
enum status topic_catch_up(struct queue *topic, struct queue *q, usec_t since, usec_t now,
    uint64_t *given, struct error *err) MUST_CHECK;
/*
 * Like claim_next; but if the queue has nothing and subscribes to topics, the messages that lie in
 * these are distributed, and the queue is searched again.  ST_USAGE: the queue has become a topic.
 */
enum status claim_or_fetch(struct queue *q, const struct claim_options *opt, usec_t now,
    struct claim *c, usec_t *wake, struct passed *over, struct error *err) MUST_CHECK;
/*
 * Deliver a kept message again, under a fresh id, to the queue 'to', which may be its own.  The
 * caller calls moves_sync(to) at the end.
 */
enum status message_replay(struct queue *q, const struct place *p, struct queue *to, usec_t now,
    struct error *err) MUST_CHECK;

#endif
