/*
 * round.h: a round: messages of a topic that are distributed together.
 */
#ifndef TOPIC_ROUND_H
#define TOPIC_ROUND_H

#include "base/base.h"
#include "base/names.h"
#include "life/life.h"
#include "topic/topic.h"

/* The reason in the name of a message that some subscriber could not get. */
#define REFUSED "refused"
/* If there are more queues than this, one syncfs syncs all of them. */
#define SYNC_EACH 8

struct subscriber {
	const char *name;
	struct names filters;
	bool gone;		/* unsubscribed, or its queue is not there */
	char *trouble;		/* why the queue can get nothing now, or NULL */
};

enum want { WANTS_NOT, WANTS, HAS };

struct round {
	struct queue *topic;
	usec_t now;
	topic_tell *tell;
	void *arg;
	struct claim *c;
	size_t n;
	struct names names;
	struct subscriber *subs;	/* one for each name */
	enum want *wanted;	/* message i by subscriber s: [i * names.n + s] */
	bool redo;		/* some message may have been given before, by another round */
	bool unsynced;		/* the new names may be lost if the power fails */
	bool short_of;		/* descriptors or memory ran out: fewer messages may do */
	/*
	 * A message cannot leave the topic, or some subscriber could not get it: another round at
	 * once would only repeat that.
	 */
	bool stuck;
	uint64_t given;		/* names that were given */
};

/* Whether subscriber 's' wants message 'i', or has it. */
enum want *round_want(const struct round *r, size_t i, size_t s);
/* Whether some subscriber wants message 'i' and did not get it for good. */
bool round_failed(const struct round *r, size_t i);
/* Whether any subscriber wants message 'i', or has it. */
bool round_routed(const struct round *r, size_t i);
/* Read the subscriptions, and find out which subscriber wants which of the claimed messages. */
enum status round_load(struct round *r, struct error *err) MUST_CHECK;
/* Give subscriber 's' the messages that it wants. */
void round_give(struct round *r, size_t s);

/* ---- settle.c -------------------------------------------------------------- */

/*
 * Make the given names durable, if the queues were not synced one by one.  r->unsynced becomes true
 * if that fails.
 */
void round_sync(struct round *r);
/* Let message 'i' leave the topic, or keep it there for the subscribers that did not get it. */
void round_settle(struct round *r, size_t i);
/*
 * Give the claim of message 'i' back.  If only descriptors or memory ran out, the message is ready
 * at once.  Otherwise it is delayed: else it would stand at the head of the topic for ever, and
 * hold up the messages behind it.
 */
enum status round_later(struct round *r, size_t i, struct error *err) MUST_CHECK;

#endif
