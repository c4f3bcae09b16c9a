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
	/*
	 * NULL or empty: no headers.  They must live as long as the batch, and are read when a
	 * message begins.
	 */
	const struct headers *headers;
	bool atomic;		/* all or none */
	bool import;		/* each message was one elsewhere: see batch_begin_as */
	/* NULL, or the key that the message is pushed under: see once_find */
	const char *once;
	struct gate *gate;	/* of a topic: the other queues that have to take it; or NULL */
};

/*
 * A batch: one or more messages on their way in.  Each is begun, written and ended;
 * batch_publish makes all that have ended durable and visible.
 * ST_AGAIN: the queue is paused or full, or the disk is low.
 */
enum status batch_open(struct queue *q, const struct push_options *opt, struct batch **out,
    struct error *err) MUST_CHECK;
/*
 * Whether the queue takes so many messages and bytes.  ST_AGAIN: not now, for one of the reasons
 * above.  ST_BADDATA: never, as its limits are smaller.
 */
enum status push_allowed(struct queue *q, uint64_t messages, uint64_t bytes, usec_t now,
    struct error *err) MUST_CHECK;
enum status batch_begin(struct batch *b, struct error *err) MUST_CHECK;
/*
 * The messages that begin from now on have this priority, expiry, key, headers and, in a batch that
 * was opened with 'once', this 'once'.  The other options stay as they are.
 */
void batch_options(struct batch *b, const struct push_options *opt);
/*
 * Like batch_begin, but for a message that comes from another queue or spool: it keeps the name
 * 'n', with its id and size, and the state 's'.  As with move_to, the limits of the queue and a
 * pause do not keep it out; only min_free and min_inodes do.
 */
enum status batch_begin_as(struct batch *b, enum state s, const struct msgname *n,
    struct error *err) MUST_CHECK;
/* ST_BADDATA: the message is larger than max_size. */
enum status batch_write(struct batch *b, const void *data, size_t len,
    struct error *err) MUST_CHECK;
enum status batch_end(struct batch *b, struct error *err) MUST_CHECK;
/*
 * Open the message that was begun and has not ended, to read it from its beginning.  The caller
 * closes *fd.
 */
enum status batch_body(struct batch *b, int *fd, struct error *err) MUST_CHECK;
/* Remove the message that was begun and has not ended. */
void batch_cancel(struct batch *b);
/* How many messages have ended and are not published yet. */
size_t batch_pending(const struct batch *b);
/* Whether the pending messages are so many, or so large, that it is time to publish them. */
bool batch_full(const struct batch *b);
/*
 * Renew the times of the files that wait to be published, since sweepers know litter by its age.
 * To be called every few minutes.
 */
void batch_keep(const struct batch *b);
/*
 * Ask push_allowed for what batch_publish has to put in at once: the next message, or all messages
 * of an atomic batch.  A gate is asked, too.
 */
enum status batch_allowed(const struct batch *b, usec_t now, struct error *err) MUST_CHECK;
/*
 * Publish the messages that have ended, and call 'done' for each one that is durable, in order.
 * ST_UNSURE: the messages that 'done' was called for are visible, but may not survive a power
 * failure.  After any other failure, a message that 'done' was not called for is not in the queue.
 */
enum status batch_publish(struct batch *b, usec_t now,
    void (*done)(void *arg, const struct msgid *id), void *arg, struct error *err) MUST_CHECK;
/*
 * Put the only message of the batch in the place of the message 'old', which the caller has had
 * open as 'oldfd' since it read it.  Id, state, attempts, owner and record stay; the headers are
 * the batch's.  The new version is durable before the old one goes, so a crash in between leaves
 * both, and fsck finds them.  ST_GONE: the old one moved on meanwhile, and nothing is changed.
 */
enum status batch_replace(struct batch *b, const struct place *old, int oldfd, usec_t now,
    struct error *err) MUST_CHECK;
/*
 * How many messages were not queued since there had been one under their push_options.once before;
 * batch_publish told the ids of these.
 */
uint64_t batch_duplicates(const struct batch *b);
/* The place of the message that was published last.  An empty p->file means that it is unknown. */
void batch_newest(const struct batch *b, struct place *p);
/* Free the batch, and remove the messages that were not published. */
void batch_close(struct batch *b);

/* ---- claim.c --------------------------------------------------------------- */

struct claim {
	struct place at;
	/*
	 * The message, open for reading, or -1.  The lock of the claim lives as long as this
	 * descriptor; if 'copied' is set, 'fd' is a copy and the lock lives as long as 'fence' (see
	 * dropped.h).
	 */
	int fd;
	bool copied;
	int fence;
};

/*
 * Which other claims the process holds.  A suspect is a message whose last holder went away while
 * it held other messages, too.  It is given only to a process that holds nothing else, and that
 * claims nothing else until the suspect's claim has ended.
 */
enum company {
	COMPANY_NEVER,	/* it holds one claim at a time */
	COMPANY_LATER,	/* no other claim now, but others may come before this one ends */
	COMPANY_NOW,	/* it holds others: suspects are held back (HELD_SUSPECT) */
	/*
	 * It only carries messages on, and runs nothing with them: that it died is never the deed
	 * of one of them, so suspects are claimed like others, and a lapse does not count.
	 */
	COMPANY_CARRIED
};

struct claim_options {
	usec_t lease;	/* 0: the policy's */
	bool hold;	/* this process lives as long as the claim: lock it */
	int64_t room;	/* the longest body that the caller can take now; 0: any */
	enum company company;
};

/* Why a search is held back although there may be a message. */
enum held { HELD_NO, HELD_PAUSED, HELD_RATE, HELD_LIMIT, HELD_SINGLE, HELD_SUSPECT };

/* The messages that had to be passed over, so that they do not hold up the rest. */
struct passed {
	unsigned n;
	struct error first;	/* why the first one was passed over */
	enum held held;		/* with ST_AGAIN: the reason lasts for a time, and waiting helps */
};

/*
 * Claim the next message.  On its way the search also returns messages that are due and claims that
 * have lapsed, a bounded number of each.
 * ST_NONE: nothing is ready; *wake is when this may change without any event (USEC_MAX: never).
 * ST_AGAIN: the search is held back for a time (see enum held; *wake as before), or the disk is
 * full.  ST_LARGE: the next message is larger than opt->room, and stays the next one.
 * *over tells what was passed over; if there was nothing else, the first error of these is
 * returned, and not ST_NONE.
 */
enum status claim_next(struct queue *q, const struct claim_options *opt, usec_t now,
    struct claim *c, usec_t *wake, struct passed *over, struct error *err) MUST_CHECK;

/*
 * Whether the lease of any claim is over, or its holder dead; nothing is taken back.  If there is
 * none, *wake becomes the time to look again, if that is sooner.
 */
enum status claims_lapsed(struct queue *q, usec_t now, bool *any, usec_t *wake,
    struct error *err) MUST_CHECK;

/*
 * Find the claim of a handle.  ST_LOST: it is gone.  c->fd is -1: the caller opens the message with
 * claim_body if it needs it.
 */
enum status claim_find(struct queue *q, const char *handle, struct claim *c,
    struct error *err) MUST_CHECK;

/*
 * End or change a claim.  ST_LOST: the claim was taken back meanwhile.  None of these closes the
 * message; claim_close does.  claim_fail says in *state where the message went (STATE_DELAYED,
 * STATE_READY or STATE_DEAD).
 */
enum status claim_ack(struct queue *q, struct claim *c, usec_t now, struct error *err) MUST_CHECK;
enum status claim_fail(struct queue *q, struct claim *c, const struct failure *why, usec_t now,
    enum state *state, struct error *err) MUST_CHECK;
/* Give the message back, which is no failed attempt.  'delay' 0: it is ready at once. */
enum status claim_release(struct queue *q, struct claim *c, usec_t delay, usec_t now,
    struct error *err) MUST_CHECK;
/* Let the lease begin anew.  'lease' 0: it is as long as it was. */
enum status claim_extend(struct queue *q, struct claim *c, usec_t lease, usec_t now,
    struct error *err) MUST_CHECK;
/* Open the message once more, to read it from its beginning.  The caller closes *fd. */
enum status claim_body(
    struct queue *q, const struct claim *c, int *fd, struct error *err) MUST_CHECK;
/*
 * Close the message, which drops its lock.  If the claim was not ended, any process may take it
 * back then.
 */
void claim_close(struct claim *c);

/* ---- move.c ---------------------------------------------------------------- */

/*
 * The moves of an operator.  ST_GONE: the message is not there any more.  A message that is claimed
 * is moved like any other, so the caller asks the operator first.
 */
/* Make the message ready in the queue 'to', which may be 'q' itself. */
enum status move_retry(struct queue *q, const struct place *p, struct queue *to, bool keep_attempts,
    usec_t now, struct error *err) MUST_CHECK;
enum status move_hold(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;
/* 'reason' is the text for the record, or NULL. */
enum status move_bury(struct queue *q, const struct place *p, const char *reason, usec_t now,
    struct error *err) MUST_CHECK;
enum status move_drop(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;
enum status move_to(struct queue *q, const struct place *p, struct queue *to, usec_t now,
    struct error *err) MUST_CHECK;

/* ---- gate.c ---------------------------------------------------------------- */

/*
 * A gate holds the queues that get a message with the headers 'h' from a topic: each of them has to
 * take it, too.  If 'h' is NULL, the gate asks no queue until gate_reload.
 * ST_NOTFOUND: no queue wants the message, and the policy says unrouted = error.
 */
enum status gate_open(struct queue *topic, const struct headers *h, struct gate **out,
    struct error *err) MUST_CHECK;
/* Read the subscriptions, and the policies of their queues, anew. */
enum status gate_reload(struct gate *g, struct queue *topic, const struct headers *h,
    struct error *err) MUST_CHECK;
/*
 * Ask push_allowed of each queue of the gate, where 'ahead' messages of 'ahead_bytes' bytes are on
 * their way already.
 */
enum status gate_allowed(struct gate *g, uint64_t ahead, uint64_t ahead_bytes, uint64_t messages,
    uint64_t bytes, usec_t now, struct error *err) MUST_CHECK;
void gate_close(struct gate *g);

#endif
