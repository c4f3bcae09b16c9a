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
 * A scan goes over the messages of the states in the mask, state by state, each in its order,
 * and changes nothing.  Files in new/ appear in ready with the bucket "".
 * It is a snapshot of nothing: what moves meanwhile may be seen twice or not at all.
 */
enum status scan_open(struct queue *q, unsigned states, struct scan **out,
    struct error *err) MUST_CHECK;
/*
 * In the mask: the caller does not need the order.  The files in new/ are then read once, however
 * many there are, and none of them is remembered.
 */
#define SCAN_ANY_ORDER (1u << NSTATES)
/*
 * ST_NONE at the end.  A bucket, a lane or a state that cannot be looked into is passed over; the
 * scan then ends with the first error of these, and scan_missed tells it.
 */
enum status scan_next(struct scan *s, struct place *p, struct error *err) MUST_CHECK;
/* The first error of what was passed over up to now; NULL: nothing was. */
const struct error *scan_missed(const struct scan *s);
void scan_close(struct scan *s);

/* ---- find.c ---------------------------------------------------------------- */

/* Find one id in any state of the mask.  It looks again before it says ST_NOTFOUND. */
enum status scan_find(struct queue *q, unsigned states, const struct msgid *id, struct place *p,
    struct error *err) MUST_CHECK;

/* ---- msg.c ----------------------------------------------------------------- */

/*
 * Open a message where it stands: a regular file of the right size; no link is followed.
 * ST_GONE: it is not there any more.  ST_BADDATA: it is torn or not a regular file.
 * The caller closes *fd.
 */
enum status msg_open(struct queue *q, const struct place *p, int *fd, struct error *err) MUST_CHECK;
/* Read the header block; its length is 0 if there is none.  ST_BADDATA: it does not parse. */
enum status msg_headers(int fd, const struct msgname *name, struct headers *h,
    struct error *err) MUST_CHECK;

/* ---- tally.c --------------------------------------------------------------- */

/* Classes of age, doubling as in Postfix's qshape: up to 5 minutes, 10, ... 1280, and above. */
#define NAGES 10
#define AGE_FIRST (300 * USEC)
struct tally {
	usec_t now;		/* what ages are counted from; 0: nobody asks for them */
	uint64_t count[NSTATES], bytes[NSTATES];
	usec_t oldest[NSTATES];	/* when the oldest message seen was enqueued, 0: none */
	/* The same of the backlog, without what was pushed with a delay and is not due yet. */
	usec_t waiting;
	uint64_t age[NSTATES][NAGES];
	/* The first error of what could not be looked into, and is not counted; ST_OK: none. */
	struct error missed;
};
/* The caller zeroes the tally first, all but now. */
void tally_add(struct tally *t, const struct place *p);
/*
 * What to return when a scan ended with st.  It is ST_OK also if something was passed over, for the
 * tally then tells of it.
 */
enum status tally_end(struct tally *t, const struct scan *s, enum status st,
    struct error *err) MUST_CHECK;
/* Of the backlog: the number of messages, and when the oldest was enqueued (0: there is none). */
uint64_t tally_backlog(const struct tally *t);
usec_t tally_oldest(const struct tally *t);
/* Count what is there by listing it; files in new/ count as ready. */
enum status queue_tally(struct queue *q, unsigned states, struct tally *t,
    struct error *err) MUST_CHECK;
/*
 * The backlog: ready, delayed and claimed.  Counting stops above limit; up to there it is an error
 * if a part of the queue cannot be looked into.
 */
enum status queue_backlog(struct queue *q, uint64_t limit, uint64_t *n,
    struct error *err) MUST_CHECK;

/* ---- topics.c -------------------------------------------------------------- */

/* A topic is a queue whose messages go to the queues that subscribe to it. */
bool queue_is_topic(const struct queue *q);
/*
 * The sorted names of the queues that subscribe to a topic, and of the topics that a queue
 * subscribes to.  None is ST_OK; free with names_free.
 */
enum status subscriptions_list(struct queue *topic, struct names *names,
    struct error *err) MUST_CHECK;
enum status topics_of(struct queue *q, struct names *names, struct error *err) MUST_CHECK;
/* What a subscription wants; without a filter it wants all.  ST_NOTFOUND: there is none. */
enum status subscription_filters(struct queue *topic, const char *queue, struct names *filters,
    struct error *err) MUST_CHECK;

/* ---- wait.c ---------------------------------------------------------------- */

/*
 * A waiter sleeps until the queue may have changed.  Use: open; loop { arm; look; wait }.
 * A wake-up is a hint.  Where inotify is not to be had, or the file system is a network's, it
 * polls.  changes: it also wakes when messages leave, for wait --empty.
 */
enum status waiter_open(struct queue *q, bool changes, struct waiter **out,
    struct error *err) MUST_CHECK;
enum status waiter_arm(struct waiter *w, struct error *err) MUST_CHECK;
/*
 * For a poll loop: the descriptor (-1: none), the longest time to sleep, and what to call after the
 * descriptor was readable.
 */
int waiter_fd(const struct waiter *w);
usec_t waiter_poll(const struct waiter *w);
void waiter_drain(struct waiter *w);
/*
 * Wait until wake (wall clock, USEC_MAX: no such time) or deadline (clock_mono, USEC_MAX: none).
 * ST_NONE: the deadline passed.  ST_AGAIN: a signal came.
 */
enum status waiter_wait(struct waiter *w, usec_t wake, usec_t deadline,
    struct error *err) MUST_CHECK;
void waiter_close(struct waiter *w);

/* ---- event.c --------------------------------------------------------------- */

struct event {
	usec_t time;
	/*
	 * pushed, delayed, claimed, extended, acked, failed, released, due, retried, dead, held,
	 * removed, moved, overflow
	 */
	const char *what;
	const char *queue;	/* valid until the next call */
	bool have;		/* the place is filled in, as it is for all but overflow */
	struct place at;
};
/*
 * Watch what happens in these queues from now on; NULL: in all, also those that are made later.
 * The watches are armed when this returns.
 */
enum status events_open(struct spool *sp, const struct names *queues, struct events **out,
    struct error *err) MUST_CHECK;
/*
 * The next event; this blocks.  ST_AGAIN: a signal came.  ST_IO: the program that reads from the
 * pipe "reader" is gone.
 */
enum status events_next(struct events *ev, struct event *e, int reader,
    struct error *err) MUST_CHECK;
/* Whether something could not be watched since this was last asked, and its error. */
bool events_missed(struct events *ev, struct error *err);
void events_close(struct events *ev);

#endif
