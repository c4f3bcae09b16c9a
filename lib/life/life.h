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
	/* may be NULL or empty; must live as long as the batch; read when a message begins */
	const struct headers *headers;
	bool atomic;		/* all or none */
	bool import;		/* batch_begin_as: what each is, comes along */
	const char *once;	/* NULL, or the key of the one message: see once_find */
	struct gate *gate;	/* of a topic, or NULL: who else has to take what is pushed */
};

/*
 * One or more messages on their way in.  begin, write, end for each; publish makes
 * all that ended durable and visible.  ST_AGAIN: paused or full or disk low.
 */
enum status batch_open(struct queue *, const struct push_options *, struct batch **,
    struct error *) MUST_CHECK;
/* Whether the queue takes them now; ST_AGAIN: full, paused, disk low; ST_BADDATA: never. */
enum status push_allowed(struct queue *, uint64_t messages, uint64_t bytes, usec_t now,
    struct error *) MUST_CHECK;
enum status batch_begin(struct batch *, struct error *) MUST_CHECK;
/*
 * The same for a message that was one elsewhere: it gets this name (with its id and size) and
 * state.  The limits of the queue and a pause do not keep it out, as with move_to; min_free and
 * min_inodes do.
 */
enum status batch_begin_as(
    struct batch *, enum state, const struct msgname *, struct error *) MUST_CHECK;
/* ST_BADDATA: over max_size. */
enum status batch_write(struct batch *, const void *, size_t, struct error *) MUST_CHECK;
enum status batch_end(struct batch *, struct error *) MUST_CHECK;
/*
 * Messages that ended and are not published yet; whether they are as many, or as large, as is
 * worth one sync.
 */
size_t batch_pending(const struct batch *);
bool batch_full(const struct batch *);
/*
 * What waits to be published stays: to be called every few minutes while it waits (litter is known
 * by its age).
 */
void batch_keep(const struct batch *);
/*
 * push_allowed for what batch_publish would have to put in at once: the next one, or all of an
 * atomic batch.
 */
enum status batch_allowed(const struct batch *, usec_t now, struct error *) MUST_CHECK;
/*
 * done is called for each message that is durable, in order.  On ST_UNSURE the messages
 * are visible but their directory could not be synced (done was called for them).
 * Any other failure: what done was not called for is not in the queue.
 */
enum status batch_publish(struct batch *, usec_t now,
    void (*done)(void *arg, const struct msgid *), void *arg, struct error *) MUST_CHECK;
/*
 * Put the one message of the batch in the place of another, which oldfd has open since it was
 * read: its id, state, attempts, owner and record stay, the headers are the batch's.  The new one
 * is durable before the old one goes, so a crash between leaves both (fsck finds them).
 * ST_GONE: the old one moved on meanwhile, nothing is changed.
 */
enum status batch_replace(
    struct batch *, const struct place *old, int oldfd, usec_t now, struct error *) MUST_CHECK;
/* Whether what was published under a key (push_options.once) had been there before. */
bool batch_was_duplicate(const struct batch *);
/* Where the last one that was published is; file "": nobody knows. */
void batch_newest(const struct batch *, struct place *);
/*
 * The message that was begun and has not ended, to be read from its beginning; the caller closes
 * *fd.
 */
enum status batch_body(struct batch *, int *fd, struct error *) MUST_CHECK;
/* Take the message away that was begun and has not ended. */
void batch_cancel(struct batch *);
/* Removes what was not published. */
void batch_close(struct batch *);

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
enum status claim_next(struct queue *, const struct claim_options *, usec_t now,
    struct claim *, usec_t *wake, struct passed *over, struct error *) MUST_CHECK;

/*
 * Whether the lease of any claim is over or its holder dead, without taking it back;
 * if none is, *wake becomes the time to look again, if that is sooner.
 */
enum status claims_lapsed(struct queue *, usec_t now, bool *any, usec_t *wake,
    struct error *) MUST_CHECK;

/* Find the claim of a handle.  ST_LOST: gone.  fd is -1: open it with msg_open if needed. */
enum status claim_find(
    struct queue *, const char *handle, struct claim *, struct error *) MUST_CHECK;

/*
 * End or change a claim; each closes nothing (claim_close does) and returns ST_LOST when the
 * claim was taken back meanwhile.  claim_fail says in *state where the message went
 * (STATE_DELAYED, STATE_READY or STATE_DEAD).
 */
enum status claim_ack(struct queue *, struct claim *, usec_t now, struct error *) MUST_CHECK;
enum status claim_fail(struct queue *, struct claim *, const struct failure *, usec_t now,
    enum state *state, struct error *) MUST_CHECK;
/* Give back; it does not count.  delay 0: ready at once. */
enum status claim_release(struct queue *, struct claim *, usec_t delay, usec_t now,
    struct error *) MUST_CHECK;
/* lease 0: as long as it was. */
enum status claim_extend(struct queue *, struct claim *, usec_t lease, usec_t now,
    struct error *) MUST_CHECK;
/*
 * Close the message, which drops its lock.  A claim that was not ended is then anybody's to take
 * back.
 */
/* The message once more, to be read from its beginning; the caller closes *fd. */
enum status claim_body(
    struct queue *q, const struct claim *c, int *fd, struct error *err) MUST_CHECK;
void claim_close(struct claim *);

/* ---- move.c ---------------------------------------------------------------- */

/*
 * Operator moves.  ST_GONE: it is not there any more.  A claim is moved like any other message:
 * the caller asks first.
 */
/* Ready in `to`, which may be the same queue. */
enum status move_retry(struct queue *q, const struct place *p, struct queue *to, bool keep_attempts,
    usec_t now, struct error *err) MUST_CHECK;
enum status move_hold(struct queue *, const struct place *, usec_t now, struct error *) MUST_CHECK;
/* reason: text for the record, or NULL. */
enum status move_bury(struct queue *, const struct place *, const char *reason, usec_t now,
    struct error *) MUST_CHECK;
enum status move_drop(struct queue *, const struct place *, usec_t now, struct error *) MUST_CHECK;
enum status move_to(
    struct queue *, const struct place *, struct queue *to, usec_t now, struct error *) MUST_CHECK;

/* ---- gate.c ---------------------------------------------------------------- */

/*
 * The queues that a message with these headers would go to: they, too, have to take it.
 * ST_NOTFOUND: unrouted = error, and nobody wants it.
 */
enum status gate_open(
    struct queue *topic, const struct headers *, struct gate **, struct error *) MUST_CHECK;
/*
 * The same anew: who subscribes, and their policies; with it a gate that was opened without
 * headers is first asked.
 */
enum status gate_reload(
    struct gate *, struct queue *topic, const struct headers *, struct error *) MUST_CHECK;
/* push_allowed of each, where as much as ahead, ahead_bytes is on its way already. */
enum status gate_allowed(struct gate *, uint64_t ahead, uint64_t ahead_bytes, uint64_t messages,
    uint64_t bytes, usec_t now, struct error *) MUST_CHECK;
void gate_close(struct gate *);

#endif
