/*
 * flow.c: how many messages a queue gives out: so many in a time (rate), so many at
 * once (max_in_flight), and to how many consumers (single.c).
 *
 * The counters are advice, and so is whatever is built on them.  The rate is kept in one word of
 * the counters; without it each process keeps its own.  The number of claims is taken from the
 * counters, and checked with a listing of claimed/ before a consumer is refused.  A process that
 * has just claimed looks again, so that the limit holds even where the counters are gone or wrong.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/name.h"
#include "spool/policy.h"
#include "spool/queue.h"
#include "spool/counters.h"
#include "view/view.h"
#include "life/life.h"
#include "life/flow.h"

/* The burst of a rate: what it allows in that time, but at least one. */
#define BURST (USEC / 10)
/* After several claimed at once, the last of them looks again within this time. */
#define SCATTER (USEC / 50)
/*
 * How many listings of claimed/ are made while they show fewer claims than the counters; also how
 * often a search tries to get a place.
 */
#define ROUNDS 3
/*
 * The counters are held to be wrong only if they disagree with a listing this often in a row,
 * unchanged, with a nap of so many microseconds after each time.
 */
#define STILL 20
#define NAP 1000

/* ---- rate ------------------------------------------------------------- */

static usec_t
interval(const struct queue *q)
{
	return q->policy.rate_unit / q->policy.rate;
}

/*
 * The generic cell rate algorithm (ITU-T I.371): the word is the time at which the next claim is
 * due if all keep to the rate.  A claim may come early by less than the burst.  If the time is
 * further ahead than any claim could have set it, the clock or the policy has changed since, and
 * the word starts anew.
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
			(void)flow_hold_back(f, HELD_RATE, next - early);
			return error_set(err, ST_AGAIN, 0,
			    "queue '%s' gives out %s (rate): the next one "
			    "in %s", q->name, rate, left);
		}
	} while (!atomic_compare_exchange_weak(turn, &old, next + step));
	f->turn = true;
	return ST_OK;
}

/* Return a turn that was taken, but did not lead to a claim. */
static void
rate_return(struct flow *f)
{
	if (f->turn)
		*counters_turn(f->q) -= interval(f->q);
	f->turn = false;
}

/* ---- max_in_flight ---------------------------------------------------- */

/* Count the claims in one listing, up to 'most'. */
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
	 * A bucket that may not be read stops no claim.  The search for claims that have lapsed
	 * reports it.
	 */
	if (st != ST_OK && st != ST_NONE && scan_missed(s) != NULL && !error_is_ours(err)) {
		error_clear(err);
		st = ST_NONE;
	}
	scan_close(s);
	return st == ST_NONE ? ST_OK : st;
}

/*
 * Count the claims up to 'most', as above, but list again while a listing shows fewer than
 * 'expected': it may have missed claims that moved meanwhile.  *n is the highest count.
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

	(void)flow_hold_back(f, HELD_LIMIT, again);
	return error_set(err, ST_AGAIN, 0,
	    "queue '%s' has %lld message%s claimed, and gives out no more at "
	    "once (max_in_flight)", q->name, (long long)q->policy.max_in_flight,
	    q->policy.max_in_flight == 1 ? "" : "s");
}

/*
 * Compare the counters with a listing, and correct them if they are wrong.  *n becomes the number
 * of claims.
 *
 * The counters are raised before a claim and lowered after its end, so they never say less than
 * there are.  For a moment before a claim and after its end they say more.  If a process dies in
 * such a moment, they say more until they are corrected here.  They are corrected only when nothing
 * has moved for a while: otherwise the place of a living process might be taken off.
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
 * Take a place among the messages in flight: it is taken in the counters, before the claim.  The
 * counters put the searches in an order, and those beyond the limit are refused.  f->place becomes
 * the number of the place.
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
	/* If the listing shows fewer claims, other searches have a place but no claim yet. */
	return limit_reached(f, n < limit ? clock_now() + SCATTER : USEC_MAX, err);
}

/*
 * Look again after the claim.  ST_AGAIN: there are too many claims, and this one came last, or
 * nobody can tell which one did.
 */
static enum status
limit_confirm(struct flow *f, struct error *err)
{
	struct queue *q = f->q;
	int64_t limit = q->policy.max_in_flight, place = f->place, had, n;
	enum status st;

	if (place == 0)
		return ST_OK;
	f->place = 0;
	had = counters_claimed(q, -1);	/* the move to claimed/ has counted the claim itself */
	if ((st = count_claims(q, limit + 1, had, &n, err)) != ST_OK)
		return st;
	if (n <= limit)
		return ST_OK;
	/* The counters know of fewer: they were made anew, or somebody claims without them. */
	if (had < n)
		(void)counters_set_claimed(q, had, n);
	else if (place <= limit)
		return ST_OK;
	return limit_reached(f, clock_now() + 1 + (usec_t)arc4random_uniform(SCATTER), err);
}

/* ---- the door -------------------------------------------------------- */

enum status
flow_begin(struct flow *f, bool hold, struct error *err)
{
	struct queue *q = f->q;

	if (q->policy.paused & PAUSED_POP) {
		(void)flow_hold_back(f, HELD_PAUSED, USEC_MAX);
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
