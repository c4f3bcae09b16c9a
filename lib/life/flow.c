/*
 * flow.c: how many messages a queue gives out: so many in a time (rate), so many at
 * once (max_in_flight), to one consumer at a time (single).
 *
 * The counters are advice, and so is what is built on them.  The rate is one word of
 * them; without it each process keeps its own.  The number of claims is taken from
 * them, and from a listing of claimed/ before it is believed; who has claimed looks
 * again, so that a limit holds also where the counters are gone or wrong.  Being the
 * only one is a lock on a file, which the kernel drops with whoever had it.
 */
#include <sys/stat.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/policy.h"
#include "spool/queue.h"
#include "spool/lock.h"
#include "spool/counters.h"
#include "view/view.h"
#include "life/life.h"
#include "life/flow.h"

/* The burst of a rate: what it allows in that time, but at least one. */
#define BURST (USEC / 10)
/* How often who stands by asks for the lock; the end of its holder is told by an event, too. */
#define STAND_BY (USEC / 2)
/* How soon who came last of several that claimed at once looks again, at most. */
#define SCATTER (USEC / 50)
/*
 * Listings of claimed/ that are compared with the counters where the two do not agree; tries to get
 * a place.
 */
#define ROUNDS 3
/*
 * How often, and after how long each time, nothing may have changed before the counters are not
 * believed.
 */
#define STILL 20
#define NAP 1000

static enum status
hold_back(struct flow *f, enum held why, usec_t until)
{
	f->over->held = why;
	if (until < *f->wake)
		*f->wake = until;
	return ST_AGAIN;
}

/* ---- rate ------------------------------------------------------------- */

static usec_t
interval(const struct queue *q)
{
	return q->policy.rate_unit / q->policy.rate;
}

/*
 * The generic cell rate algorithm (ITU-T I.371): the word is the time at which the next one
 * is due if all keep to the rate; being early by less than the burst is allowed.  A time
 * further ahead than any claim could have set it is that of another clock or another policy:
 * it starts anew.
 */
static enum status
rate_take(struct flow *f, struct error *err)
{
	struct queue *q = f->q;
	char rate[32], left[DURATION_MAX];
	usec_t step, early, next, now = clock_now();
	_Atomic int64_t *turn;
	int64_t old;

	if (q->policy.rate == 0 || f->turn)
		return ST_OK;
	step = interval(q);
	early = step < BURST ? BURST / step * step - step : 0;
	turn = counters_turn(q);
	old = *turn;
	do {
		next = old > now && old <= now + early + step ? old : now;
		if (next > now + early) {
			(void)snprintf(rate, sizeof(rate), "%" PRId64 "/%s", q->policy.rate,
			    q->policy.rate_unit == USEC ? "s" : q->policy.rate_unit == 60 * USEC ?
			    "m" : "h");
			duration_format((next - early - now + 999) / 1000 * 1000, left);
			(void)hold_back(f, HELD_RATE, next - early);
			return error_set(err, ST_AGAIN, 0,
			    "queue '%s' gives out %s (rate): the next one "
			    "in %s", q->name, rate, left);
		}
	} while (!atomic_compare_exchange_weak(turn, &old, next + step));
	f->turn = true;
	return ST_OK;
}

/* A turn that came to nothing. */
static void
rate_return(struct flow *f)
{
	if (f->turn)
		*counters_turn(f->q) -= interval(f->q);
	f->turn = false;
}

/* ---- max_in_flight ---------------------------------------------------- */

/* The claims that stand, counted up to most. */
static enum status
count_once(struct queue *q, int64_t most, int64_t *n, struct error *err)
{
	struct place p;
	struct scan *s;
	enum status st;

	*n = 0;
	if ((st = scan_open(q, STATE_BIT(STATE_CLAIMED), &s, err)) != ST_OK)
		return st;
	while (*n < most && (st = scan_next(s, &p, err)) == ST_OK)
		*n += p.name.token[0] != '\0' && !name_ended(&p.name);
	/*
	 * What may not be looked into stops no claim: the search for what has lapsed tells of it.
	 */
	if (st != ST_OK && st != ST_NONE && scan_missed(s) != NULL && !error_is_ours(err)) {
		error_clear(err);
		st = ST_NONE;
	}
	scan_close(s);
	return st == ST_NONE ? ST_OK : st;
}

/*
 * The same, where more are expected than a listing shows: it may have missed what moved meanwhile.
 */
static enum status
count_claims(struct queue *q, int64_t most, int64_t expected, int64_t *n, struct error *err)
{
	enum status st = ST_OK;
	int64_t seen;

	*n = 0;
	for (int i = 0; st == ST_OK && i < ROUNDS && (i == 0 || (*n < most && *n < expected));
	    i++) {
		st = count_once(q, most, &seen, err);
		*n = seen > *n ? seen : *n;
	}
	return st;
}

static void
limit_return(struct flow *f)
{
	if (f->place > 0)
		(void)counters_claimed(f->q, -1);
	f->place = 0;
}

static enum status
limit_reached(struct flow *f, usec_t again, struct error *err)
{
	struct queue *q = f->q;

	(void)hold_back(f, HELD_LIMIT, again);
	return error_set(err, ST_AGAIN, 0,
	    "queue '%s' has %lld message%s claimed, and gives out no more at "
	    "once (max_in_flight)", q->name, (long long)q->policy.max_in_flight,
	    q->policy.max_in_flight == 1 ? "" : "s");
}

/*
 * The counters never say less than there are, for they are raised before a claim and lowered after
 * its end.  They say more for a moment at both, and until they are set right where somebody died
 * there; so that is done only if nothing has moved for a while, or it would be done to those that
 * live.
 */
static enum status
limit_settle(struct queue *q, int64_t *n, struct error *err)
{
	const struct timespec nap = { .tv_nsec = NAP * 1000L };
	int64_t limit = q->policy.max_in_flight, had = counters_claimed(q, 0);
	enum status st;

	*n = 0;
	if (had < limit)	/* one has just ended */
		return ST_OK;
	for (int i = 0; i < STILL; i++) {
		st = count_claims(q, limit, had, n, err);
		if (st != ST_OK || *n >= limit || counters_claimed(q, 0) != had)
			return st;
		(void)nanosleep(&nap, NULL);
	}
	(void)counters_set_claimed(q, had, *n);
	return ST_OK;
}

/*
 * A place among those in flight, taken in the counters before the claim: in the order in which
 * they came to this all but the first so many are refused.  place is which one it was.
 */
static enum status
limit_take(struct flow *f, struct error *err)
{
	struct queue *q = f->q;
	int64_t limit = q->policy.max_in_flight, n = 0;
	enum status st;

	if (limit == 0 || f->place > 0)
		return ST_OK;
	for (int i = 0; i < ROUNDS && n < limit; i++) {
		if ((f->place = counters_claimed(q, 1)) <= limit)
			return ST_OK;
		limit_return(f);
		if ((st = limit_settle(q, &n, err)) != ST_OK)
			return st;
	}
	/* Below the limit by the listing alone: others are between their place and their claim. */
	return limit_reached(f, n < limit ? clock_now() + SCATTER : USEC_MAX, err);
}

/* After the claim.  ST_AGAIN: there are too many, and we came last, or nobody can tell who did. */
static enum status
limit_confirm(struct flow *f, struct error *err)
{
	struct queue *q = f->q;
	int64_t limit = q->policy.max_in_flight, place = f->place, had, n;
	enum status st;

	if (place == 0)
		return ST_OK;
	f->place = 0;
	had = counters_claimed(q, -1);	/* the claim that stands is counted itself now */
	if ((st = count_claims(q, limit + 1, had, &n, err)) != ST_OK)
		return st;
	if (n <= limit)
		return ST_OK;
	/* More than the counters know of: they are new, or somebody claims without them. */
	if (had < n)
		(void)counters_set_claimed(q, had, n);
	else if (place <= limit)
		return ST_OK;
	return limit_reached(f, clock_now() + 1 + (usec_t)arc4random_uniform(SCATTER), err);
}

/* ---- single ----------------------------------------------------------- */

/* Its process, for people, as far as its file tells. */
static long
active_pid(int fd)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n > 0)
		text[strcspn(text, "\n")] = '\0';
	return (long)strtonum(text, 1, INT32_MAX, NULL);
}

static void
active_tell(int fd)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	struct stat sb;

	/* Where a queue is shared, it might be another's file by another name. */
	if (fstat(fd, &sb) == -1 || sb.st_nlink != 1 || sb.st_size > (off_t)sizeof(text))
		return;
	/* Advice: on a full disk there is none. */
	if (ftruncate(fd, 0) == -1 || pwrite(fd, text, (size_t)n, 0) == -1)
		return;
}

static enum status
another(struct flow *f, int fd, struct error *err)
{
	long pid = active_pid(fd);
	char who[40] = "";

	if (pid > 0)
		(void)snprintf(who, sizeof(who), " (process %ld)", pid);
	(void)hold_back(f, HELD_SINGLE, clock_now() + STAND_BY);
	return error_set(err, ST_AGAIN, 0,
	    "queue '%s' has a consumer%s, and takes one at a time (single)",
	    f->q->name, who);
}

static enum status
no_locks(const struct queue *q, struct error *err)
{
	return error_set(err, ST_CONF, 0,
	    "queue '%s': single cannot be had on this file system, whose locks "
	    "do not work or may be forgotten: set single=no", q->name);
}

/* For who does not live as long as the claim: whether there is another now. */
static enum status
single_ask(struct flow *f, struct error *err)
{
	int fd = fs_open_read(f->q->fd, ACTIVE_FILE), locked;
	enum status st = ST_OK;

	if (fd == -1)
		return errno == ENOENT ? ST_OK : error_sys(err, errno, "queue %s: %s", f->q->name,
		    ACTIVE_FILE);
	if ((locked = fs_locked(fd, 0)) != 0)
		st = locked == 1 ? another(f, fd, err) : no_locks(f->q, err);
	(void)close(fd);
	return st;
}

static void
single_drop(struct queue *q)
{
	if (q->active.fd != -1)
		(void)close(q->active.fd);
	q->active.fd = -1;
	q->active.held = false;
}

/* The file that we have open is no more the one of the name: a lock on it keeps nobody out. */
static bool
active_removed(const struct queue *q)
{
	struct stat sb;

	return q->active.fd != -1 && fstat(q->active.fd, &sb) == 0 && sb.st_nlink == 0;
}

static bool
regular(int fd)
{
	struct stat sb;

	return fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode);
}

static enum status
single_take(struct flow *f, bool hold, struct error *err)
{
	struct queue *q = f->q;

	if (q->policy.single == SINGLE_NO || active_removed(q))
		single_drop(q);
	if (q->policy.single == SINGLE_NO || q->active.held)
		return ST_OK;
	if (queue_remote(q))
		return no_locks(q, err);
	if (!hold)
		return single_ask(f, err);
	if (q->active.fd == -1 &&
	    (q->active.fd = fs_make_lock(q->fd, ACTIVE_FILE, queue_lock_mode(q), q->owner)) == -1)
		return error_sys(err, errno, "queue %s: %s", q->name, ACTIVE_FILE);
	if (!regular(q->active.fd)) {
		single_drop(q);
		return error_set(err, ST_IO, 0, "queue %s: %s is not a regular file", q->name,
		    ACTIVE_FILE);
	}
	if (!fs_lock(q->active.fd, 0, true))
		return errno == EAGAIN || errno == EACCES ? another(f, q->active.fd, err) :
		    no_locks(q, err);
	q->active.held = true;
	active_tell(q->active.fd);
	return ST_OK;
}

/* ---- all of it -------------------------------------------------------- */

enum status
flow_begin(struct flow *f, bool hold, struct error *err)
{
	struct queue *q = f->q;

	if (q->policy.paused & PAUSED_POP) {
		(void)hold_back(f, HELD_PAUSED, USEC_MAX);
		return error_set(err, ST_AGAIN, 0,
		    "queue '%s' is paused: 'mq resume %s' lets messages "
		    "out again", q->name, q->name);
	}
	return single_take(f, hold, err);
}

enum status
flow_take(struct flow *f, struct error *err)
{
	enum status st = limit_take(f, err);

	if (st == ST_OK && (st = rate_take(f, err)) != ST_OK)
		limit_return(f);
	return st;
}

enum status
flow_confirm(struct flow *f, struct error *err)
{
	enum status st = limit_confirm(f, err);

	if (st != ST_OK)
		rate_return(f);
	f->turn = false;
	return st;
}

void
flow_end(struct flow *f)
{
	limit_return(f);
	rate_return(f);
}
