/*
 * view.h: the door to looking, which changes nothing.
 */
#ifndef VIEW_VIEW_H
#define VIEW_VIEW_H

#include "base/base.h"
#include "base/name.h"

struct events;
struct headers;
struct names;
struct queue;
struct scan;
struct spool;
struct waiter;

/* ---- scan.c ---------------------------------------------------------------- */

/*
 * Go over the messages of the states in the mask, state by state, each in its order,
 * without changing anything.  Files in new/ appear in ready with bucket "".
 * It is a snapshot of nothing: what moves meanwhile may be seen twice or not at all.
 */
enum status scan_open(struct queue *q, unsigned states, struct scan **out, struct error *err) MUST_CHECK;
/* In the mask: the order does not matter.  However many files lie in new/, they are read once, and none is remembered. */
#define SCAN_ANY_ORDER (1u << NSTATES)
/*
 * ST_NONE at the end.  What cannot be looked into (a bucket, a lane, a state) is passed over, and the end is then
 * the first error of these: see scan_missed.
 */
enum status scan_next(struct scan *s, struct place *p, struct error *err) MUST_CHECK;
/* The first error of what was passed over up to now; NULL: nothing was. */
const struct error *scan_missed(const struct scan *s);
void scan_close(struct scan *s);

/* ---- find.c ---------------------------------------------------------------- */

/* Find one id in any state of the mask (looks again before it says ST_NOTFOUND). */
enum status scan_find(struct queue *, unsigned states, const struct msgid *,
    struct place *, struct error *) MUST_CHECK;

/* ---- msg.c ----------------------------------------------------------------- */

/* Open a message where it stands: regular, of the right size, no link followed. */
/* ST_GONE: not there any more.  ST_BADDATA: torn or not a regular file.  The caller closes *fd. */
enum status msg_open(struct queue *, const struct place *, int *fd, struct error *) MUST_CHECK;
/* Read the header block (none: len 0).  ST_BADDATA: it does not parse. */
enum status msg_headers(int fd, const struct msgname *, struct headers *, struct error *) MUST_CHECK;

/* ---- tally.c --------------------------------------------------------------- */

/* Classes of age, by doubling as Postfix's qshape has them: up to 5 minutes, 10, ... 1280, and above. */
#define NAGES 10
#define AGE_FIRST (300 * USEC)
struct tally {
	usec_t now;		/* what ages are counted from; 0: nobody asks for them */
	uint64_t count[NSTATES], bytes[NSTATES];
	usec_t oldest[NSTATES];	/* time of enqueueing of the oldest message seen, 0: none */
	usec_t waiting;		/* the same of the backlog, but for what was pushed with a delay and is not due yet */
	uint64_t age[NSTATES][NAGES];
	struct error missed;	/* the first error of what could not be looked into, and is not counted; ST_OK: none */
};
/* Zero the tally first, but for now. */
void tally_add(struct tally *t, const struct place *p);
/* When a scan ended with st: ST_OK, also if something was missed, which the tally then tells. */
enum status tally_end(struct tally *t, const struct scan *s, enum status st, struct error *err) MUST_CHECK;
/* Of the backlog: messages, and when the oldest was enqueued (0: there is none). */
uint64_t tally_backlog(const struct tally *t);
usec_t tally_oldest(const struct tally *t);
/* Count what is there by listing it (files in new/ count as ready). */
enum status queue_tally(struct queue *q, unsigned states, struct tally *t, struct error *err) MUST_CHECK;
/* Backlog: ready, delayed and claimed; counting stops above limit.  If it does not come so far, all has to be looked into. */
enum status queue_backlog(struct queue *q, uint64_t limit, uint64_t *n, struct error *err) MUST_CHECK;

/* ---- topics.c -------------------------------------------------------------- */

/* A topic is a queue whose messages go to the queues that subscribe to it. */
bool queue_is_topic(const struct queue *);
/* The names of the subscribed queues, sorted; of the topics that a queue subscribes to.  None is ST_OK; free with names_free. */
enum status subscriptions_list(struct queue *topic, struct names *, struct error *) MUST_CHECK;
enum status topics_of(struct queue *, struct names *, struct error *) MUST_CHECK;
/* What a subscription wants: no filter, all.  ST_NOTFOUND: there is none. */
enum status subscription_filters(struct queue *topic, const char *queue, struct names *, struct error *) MUST_CHECK;

/* ---- wait.c ---------------------------------------------------------------- */

/*
 * Sleep until the queue may have changed.  Use: open; loop { arm; look; wait }.
 * A wake-up is a hint.  Where inotify is not to be had, or the file system is
 * a network's, wait polls.  changes: also wake when messages leave (for wait --empty).
 */
enum status waiter_open(struct queue *, bool changes, struct waiter **, struct error *) MUST_CHECK;
enum status waiter_arm(struct waiter *, struct error *) MUST_CHECK;
/* For a poll loop: the descriptor (-1: none) and the longest time to sleep; drain after it was readable. */
int waiter_fd(const struct waiter *);
usec_t waiter_poll(const struct waiter *);
void waiter_drain(struct waiter *);
/*
 * Until wake (wall clock, USEC_MAX: no such time) or deadline (clock_mono, USEC_MAX:
 * none).  ST_NONE: the deadline passed; ST_AGAIN: a signal came.
 */
enum status waiter_wait(struct waiter *, usec_t wake, usec_t deadline, struct error *) MUST_CHECK;
void waiter_close(struct waiter *);

/* ---- event.c --------------------------------------------------------------- */

struct event {
	usec_t time;
	const char *what;	/* pushed, delayed, claimed, extended, acked, failed, released, due, retried, dead, held, removed, moved, overflow */
	const char *queue;	/* valid until the next call */
	bool have;		/* place is filled (not for overflow) */
	struct place at;
};
/* What happens in these queues from now on (NULL: in all, also those that are made later): when this returns, it is armed. */
enum status events_open(struct spool *sp, const struct names *queues, struct events **out, struct error *err) MUST_CHECK;
/* Blocks.  ST_AGAIN: a signal came; ST_IO: the reader of the pipe that goes to "reader" is gone. */
enum status events_next(struct events *ev, struct event *e, int reader, struct error *err) MUST_CHECK;
/* What could not be watched: each error of the kind once. */
bool events_missed(struct events *ev, struct error *err);
void events_close(struct events *ev);

#endif
