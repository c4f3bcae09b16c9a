/*
 * round.h: messages of a topic that are being distributed together.
 */
#ifndef TOPIC_ROUND_H
#define TOPIC_ROUND_H

#include "base/base.h"
#include "base/names.h"
#include "life/life.h"
#include "topic/topic.h"

/* The reason of a message that not all got, in its name. */
#define REFUSED "refused"
/* More queues than this are synced by one syncfs. */
#define SYNC_EACH 8

struct subscriber {
	const char *name;
	struct names filters;
	bool gone;		/* unsubscribed, or its queue is not there */
	char *trouble;		/* why it can't get anything now, or NULL */
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
	bool redo;
	bool unsynced;		/* what was given may be lost if the power fails */
	bool short_of;		/* descriptors or memory: fewer messages at once may do */
	/* a message cannot leave the topic, or not all get it: no use in going on at once */
	bool stuck;
	uint64_t given;
};

/* What subscriber s is to message i. */
enum want *round_want(const struct round *r, size_t i, size_t s);
/* Somebody wants message i and did not get it. */
bool round_failed(const struct round *r, size_t i);
/* Somebody wants message i, or has it. */
bool round_routed(const struct round *r, size_t i);
/* Read who subscribes, and find out who wants which of the messages that were claimed. */
enum status round_load(struct round *r, struct error *err) MUST_CHECK;
/* Give subscriber s what it wants. */
void round_give(struct round *r, size_t s);

/* ---- settle.c -------------------------------------------------------------- */

/*
 * Make durable what was given, where each queue was not synced by itself; r->unsynced becomes true
 * where that failed.
 */
void round_sync(struct round *r);
/* Message i leaves the topic, or stays in it for those who did not get it. */
void round_settle(struct round *r, size_t i);
/*
 * Give the claim of message i back.  Where fewer messages at once may do, it is tried at once; else
 * not, or it would stand at the head for ever, and keep the others from those that can have them.
 */
enum status round_later(struct round *r, size_t i, struct error *err) MUST_CHECK;

#endif
