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
 * A scan goes over the messages of the states in the mask 'states', state by state, each in its
 * order, and changes nothing.  Files in new/ appear in ready with the bucket "".  A scan is no
 * snapshot: a message that moves meanwhile may be seen twice or not at all.
 */
enum status scan_open(struct queue *q, unsigned states, struct scan **out,
    struct error *err) MUST_CHECK;
/*
 * This bit in the mask says that the caller does not need the order.  The files in new/ are then
 * read once, however many there are, and none of them is remembered.
 */
#define SCAN_ANY_ORDER (1u << NSTATES)
/*
 * This bit says that claims count, too, which are acknowledged and not put aside yet: the message
 * is done with, and its file still stands.
 */
#define SCAN_ENDED (1u << (NSTATES + 1))
/*
 * '*p' becomes the next message.  ST_NONE: there are no more.  A bucket, a lane or a state that
 * cannot be looked into is passed over.  The scan then ends with the first such error in place of
 * ST_NONE.
 */
enum status scan_next(struct scan *s, struct place *p, struct error *err) MUST_CHECK;
/* The first error of what was passed over up to now, or NULL if nothing was. */
const struct error *scan_missed(const struct scan *s);
void scan_close(struct scan *s);

/* ---- find.c ---------------------------------------------------------------- */

/*
 * Find one id in any state of the mask 'states'.  Because the message may move meanwhile, the
 * search is repeated where needed before it ends with ST_NOTFOUND.
 */
enum status scan_find(struct queue *q, unsigned states, const struct msgid *id, struct place *p,
    struct error *err) MUST_CHECK;

/* ---- msg.c ----------------------------------------------------------------- */

/*
 * Open a message where it stands: a regular file of the right size; no link is followed.
 * ST_GONE: it is not there any more.  ST_BADDATA: it is torn or not a regular file.
 * The caller closes *fd.
 */
enum status msg_open(struct queue *q, const struct place *p, int *fd, struct error *err) MUST_CHECK;
/*
 * Read the header block.  The length in 'h' is 0 if the message has none.  ST_BADDATA: the block
 * does not parse.
 */
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
	/*
	 * When the oldest message of the backlog was enqueued, without messages that were pushed
	 * with a delay and are not due yet.  0: there is none.
	 */
	usec_t waiting;
	uint64_t age[NSTATES][NAGES];
	/* The first error of what could not be looked into, and so is not counted; ST_OK: none. */
	struct error missed;
};
/* Count one message.  The caller sets all members of the tally but 'now' to 0 first. */
void tally_add(struct tally *t, const struct place *p);
/*
 * The status to return for a tally whose scan ended with 'st'.  It is ST_OK even if something was
 * passed over, because the member 'missed' then tells that.
 */
enum status tally_end(struct tally *t, const struct scan *s, enum status st,
    struct error *err) MUST_CHECK;
/* How many messages the backlog has, and when the oldest was enqueued (0: there is none). */
uint64_t tally_backlog(const struct tally *t);
usec_t tally_oldest(const struct tally *t);
/* Count the messages by listing them.  Files in new/ count as ready. */
enum status queue_tally(struct queue *q, unsigned states, struct tally *t,
    struct error *err) MUST_CHECK;
/*
 * Count the backlog: the messages that are ready, delayed or claimed.  Counting stops above
 * 'limit'.  It is an error if a part of the queue cannot be looked into before that.
 */
enum status queue_backlog(struct queue *q, uint64_t limit, uint64_t *n,
    struct error *err) MUST_CHECK;

/* ---- topics.c -------------------------------------------------------------- */

/* A topic is a queue whose messages go to the queues that subscribe to it. */
bool queue_is_topic(const struct queue *q);
/*
 * The sorted names of the queues that subscribe to a topic, and of the topics that a queue
 * subscribes to.  It is ST_OK, too, if there are none.  The caller frees them with names_free.
 */
enum status subscriptions_list(struct queue *topic, struct names *names,
    struct error *err) MUST_CHECK;
enum status topics_of(struct queue *q, struct names *names, struct error *err) MUST_CHECK;
/*
 * The filters of a subscription.  One without filters wants all messages.  ST_NOTFOUND: there is
 * no such subscription.
 */
enum status subscription_filters(struct queue *topic, const char *queue, struct names *filters,
    struct error *err) MUST_CHECK;

/* ---- wait.c ---------------------------------------------------------------- */

/*
 * A waiter sleeps until the queue may have changed.  Use: open; loop { arm; look; wait }.
 * A wake-up is a hint: nothing need have changed.  A waiter polls where there is no inotify, or the
 * file system is on a network.  With 'changes' it also wakes when messages leave.
 */
enum status waiter_open(struct queue *q, bool changes, struct waiter **out,
    struct error *err) MUST_CHECK;
enum status waiter_arm(struct waiter *w, struct error *err) MUST_CHECK;
/*
 * For a caller with a poll loop of its own: the descriptor (-1: there is none), and the longest
 * time to sleep.  waiter_drain has to be called after the descriptor was readable.
 */
int waiter_fd(const struct waiter *w);
usec_t waiter_poll(const struct waiter *w);
void waiter_drain(struct waiter *w);
/*
 * Wait until something may have changed, but no longer than until 'wake' (by the wall clock) or
 * 'deadline' (by clock_mono).  USEC_MAX stands for no such time.  ST_NONE: the deadline passed.
 * ST_AGAIN: a signal came.
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
 * Watch what happens in 'queues' from now on.  NULL stands for all queues, also those that are made
 * later.  What happens after this has returned is seen.
 */
enum status events_open(struct spool *sp, const struct names *queues, struct events **out,
    struct error *err) MUST_CHECK;
/*
 * Wait for the next event.  'reader' is the pipe that the events are written to.  ST_AGAIN: a
 * signal came.  ST_IO: the program that reads from the pipe is gone.
 */
enum status events_next(struct events *ev, struct event *e, int reader,
    struct error *err) MUST_CHECK;
/*
 * Whether there was something that could not be watched since the last call.  '*err' becomes the
 * first error of that.
 */
bool events_missed(struct events *ev, struct error *err);
void events_close(struct events *ev);

#endif
