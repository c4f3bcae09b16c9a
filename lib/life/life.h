/*
 * life.h: the door to a message's way through a queue.
 */
#ifndef LIFE_LIFE_H
#define LIFE_LIFE_H

#include "base/base.h"
#include "base/name.h"

struct batch;
struct failure;
struct gate;
struct headers;
struct queue;

/* ---- push.c ---------------------------------------------------------------- */

struct push_options {
	int priority;
	usec_t delay;		/* 0: ready now */
	usec_t expire;		/* 0: as the policy says; counted from the publication */
	const char *key;	/* order key, or NULL; must live as long as the batch */
	/* NULL or empty: none.  Must live as long as the batch; read when a message begins. */
	const struct headers *headers;
	bool atomic;		/* all or none */
	bool import;		/* each message was one elsewhere: see batch_begin_as */
	const char *once;	/* NULL, or the key of the only message: see once_find */
	struct gate *gate;	/* of a topic: who else has to take what is pushed; or NULL */
};

/*
 * A batch: one or more messages on their way in.  Each is begun, written and ended;
 * batch_publish makes all that have ended durable and visible.
 * ST_AGAIN: the queue is paused or full, or the disk is low.
 */
enum status batch_open(struct queue *q, const struct push_options *opt, struct batch **out,
    struct error *err) MUST_CHECK;
/* Whether the queue takes so much.  ST_AGAIN: not now, for the same reasons; ST_BADDATA: never. */
enum status push_allowed(struct queue *q, uint64_t messages, uint64_t bytes, usec_t now,
    struct error *err) MUST_CHECK;
enum status batch_begin(struct batch *b, struct error *err) MUST_CHECK;
/*
 * As batch_begin, for a message that was one elsewhere: it gets this name (with its id and size)
 * and this state.  The limits of the queue and a pause do not keep it out, as with move_to;
 * min_free and min_inodes do.
 */
enum status batch_begin_as(struct batch *b, enum state s, const struct msgname *n,
    struct error *err) MUST_CHECK;
/* ST_BADDATA: the message is larger than max_size. */
enum status batch_write(struct batch *b, const void *data, size_t len,
    struct error *err) MUST_CHECK;
enum status batch_end(struct batch *b, struct error *err) MUST_CHECK;
/* The message that was begun and has not ended, from its beginning.  The caller closes *fd. */
enum status batch_body(struct batch *b, int *fd, struct error *err) MUST_CHECK;
/* Remove the message that was begun and has not ended. */
void batch_cancel(struct batch *b);
/* How many messages have ended and are not published yet. */
size_t batch_pending(const struct batch *b);
/* Whether they are as many, or as large, as is worth one sync. */
bool batch_full(const struct batch *b);
/*
 * Keep the files that wait to be published young, since sweepers know litter by its age.  To be
 * called every few minutes.
 */
void batch_keep(const struct batch *b);
/*
 * push_allowed for what batch_publish has to put in at once: the next message, or all of an
 * atomic batch.
 */
enum status batch_allowed(const struct batch *b, usec_t now, struct error *err) MUST_CHECK;
/*
 * done is called for each message that is durable, in order.  ST_UNSURE: the messages that done
 * was called for are visible, but may not survive a power failure.  After any other failure a
 * message that done was not called for is not in the queue.
 */
enum status batch_publish(struct batch *b, usec_t now,
    void (*done)(void *arg, const struct msgid *id), void *arg, struct error *err) MUST_CHECK;
/*
 * Put the only message of the batch in the place of another one, which the caller has had open as
 * oldfd since it was read.  Id, state, attempts, owner and record stay; the headers are the
 * batch's.  The new version is durable before the old one goes, so a crash in between leaves
 * both, which fsck finds.  ST_GONE: the old one moved on meanwhile, and nothing is changed.
 */
enum status batch_replace(struct batch *b, const struct place *old, int oldfd, usec_t now,
    struct error *err) MUST_CHECK;
/* Whether a message had been pushed under the key (push_options.once) before. */
bool batch_was_duplicate(const struct batch *b);
/* Where the message is that was published last.  File "": nobody knows. */
void batch_newest(const struct batch *b, struct place *p);
/* Remove what was not published. */
void batch_close(struct batch *b);

/* ---- claim.c --------------------------------------------------------------- */

struct claim {
	struct place at;
	int fd;		/* the message, open for reading; its lock lives as long as it. -1: none */
	bool copied;	/* fd is a copy, and the lock lives as long as fence: see dropped.h */
	int fence;
};

/*
 * What a process that claims holds besides.  A suspect, whose last holder went away while it held
 * others, too, is given only to one that holds nothing else, and holds nothing else until it ends.
 */
enum company {
	COMPANY_NEVER,	/* it holds one claim at a time */
	COMPANY_LATER,	/* no other claim now, but others may come before this one ends */
	COMPANY_NOW	/* it holds others: suspects are held back (HELD_SUSPECT) */
};

struct claim_options {
	usec_t lease;	/* 0: the policy's */
	bool hold;	/* this process lives as long as the claim: lock it */
	int64_t room;	/* the longest body that is wanted now, 0: any */
	enum company company;
};

/* Why a message that may be there is not to be had now. */
enum held { HELD_NO, HELD_PAUSED, HELD_RATE, HELD_LIMIT, HELD_SINGLE, HELD_SUSPECT };

/* What had to be passed over so that the rest is not held up: how much, and why the first. */
struct passed {
	unsigned n;
	struct error first;
	enum held held;		/* with ST_AGAIN: for a time; waiting helps */
};

/*
 * Claim the next message: returns first what is due and what has lapsed (a bounded number).
 * ST_NONE: nothing ready; *wake is then when something may change without any event (USEC_MAX:
 * never).  ST_AGAIN: held back for a time (see enum held, *wake as before), or no room on the
 * disk. ST_LARGE: there is not the room for the next one, which stays the next.  *over: what could
 * not be had and was passed over; if there was such a thing and nothing else, its error is
 * returned, not ST_NONE.
 */
enum status claim_next(struct queue *q, const struct claim_options *opt, usec_t now,
    struct claim *c, usec_t *wake, struct passed *over, struct error *err) MUST_CHECK;

/*
 * Whether the lease of any claim is over or its holder dead, without taking it back;
 * if none is, *wake becomes the time to look again, if that is sooner.
 */
enum status claims_lapsed(struct queue *q, usec_t now, bool *any, usec_t *wake,
    struct error *err) MUST_CHECK;

/* Find the claim of a handle.  ST_LOST: gone.  fd is -1: open it with msg_open if needed. */
enum status claim_find(struct queue *q, const char *handle, struct claim *c,
    struct error *err) MUST_CHECK;

/*
 * End or change a claim; each closes nothing (claim_close does) and returns ST_LOST when the
 * claim was taken back meanwhile.  claim_fail says in *state where the message went
 * (STATE_DELAYED, STATE_READY or STATE_DEAD).
 */
enum status claim_ack(struct queue *q, struct claim *c, usec_t now, struct error *err) MUST_CHECK;
enum status claim_fail(struct queue *q, struct claim *c, const struct failure *why, usec_t now,
    enum state *state, struct error *err) MUST_CHECK;
/* Give back; it does not count.  delay 0: ready at once. */
enum status claim_release(struct queue *q, struct claim *c, usec_t delay, usec_t now,
    struct error *err) MUST_CHECK;
/* lease 0: as long as it was. */
enum status claim_extend(struct queue *q, struct claim *c, usec_t lease, usec_t now,
    struct error *err) MUST_CHECK;
/*
 * Close the message, which drops its lock.  A claim that was not ended is then anybody's to take
 * back.
 */
/* The message once more, to be read from its beginning; the caller closes *fd. */
enum status claim_body(
    struct queue *q, const struct claim *c, int *fd, struct error *err) MUST_CHECK;
void claim_close(struct claim *c);

/* ---- move.c ---------------------------------------------------------------- */

/*
 * Operator moves.  ST_GONE: it is not there any more.  A claim is moved like any other message:
 * the caller asks first.
 */
/* Ready in `to`, which may be the same queue. */
enum status move_retry(struct queue *q, const struct place *p, struct queue *to, bool keep_attempts,
    usec_t now, struct error *err) MUST_CHECK;
enum status move_hold(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;
/* reason: text for the record, or NULL. */
enum status move_bury(struct queue *q, const struct place *p, const char *reason, usec_t now,
    struct error *err) MUST_CHECK;
enum status move_drop(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;
enum status move_to(struct queue *q, const struct place *p, struct queue *to, usec_t now,
    struct error *err) MUST_CHECK;

/* ---- gate.c ---------------------------------------------------------------- */

/*
 * A gate: the queues that a message with these headers goes to from a topic, which have to take
 * it, too.  Without headers (NULL) it asks nobody until gate_reload.
 * ST_NOTFOUND: no queue wants it, and the policy says unrouted = error.
 */
enum status gate_open(struct queue *topic, const struct headers *h, struct gate **out,
    struct error *err) MUST_CHECK;
/* Read anew who subscribes, and their policies. */
enum status gate_reload(struct gate *g, struct queue *topic, const struct headers *h,
    struct error *err) MUST_CHECK;
/* push_allowed of each, where `ahead` messages of ahead_bytes are on their way already. */
enum status gate_allowed(struct gate *g, uint64_t ahead, uint64_t ahead_bytes, uint64_t messages,
    uint64_t bytes, usec_t now, struct error *err) MUST_CHECK;
void gate_close(struct gate *g);

#endif
