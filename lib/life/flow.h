/*
 * flow.h: what the policy allows one search for a message: flow.c (pauses, rate, messages in
 * flight), single.c (one consumer at a time), hold.c (how a search is held back).
 */
#ifndef LIFE_FLOW_H
#define LIFE_FLOW_H

#include "base/base.h"
#include "life/life.h"

struct passed;
struct queue;

/* The state of one search; it is made with { q, wake, over }. */
struct flow {
	struct queue *q;
	usec_t *wake;
	struct passed *over;
	bool turn;		/* a turn of the rate is taken and not used yet */
	int64_t place;		/* which place among those in flight is taken; 0: none */
};

/* ---- flow.c ---------------------------------------------------------------- */

/*
 * Whether this consumer may claim now.  'hold': its process lives as long as its claim.
 * ST_AGAIN: it may not; over->held says why, and *wake when to ask again.
 */
enum status flow_begin(struct flow *f, bool hold, struct error *err) MUST_CHECK;
/* Take a turn and a place, just before a claim.  ST_AGAIN: there is none; see flow_begin. */
enum status flow_take(struct flow *f, struct error *err) MUST_CHECK;
/*
 * Use the turn and the place, just after the claim.  After any failure the caller has to give the
 * message back.
 */
enum status flow_confirm(struct flow *f, struct error *err) MUST_CHECK;
/* Return a turn and a place that were taken and not used. */
void flow_end(struct flow *f);

/* ---- single.c -------------------------------------------------------------- */

/*
 * Become the only consumer, if the policy wants one at a time: 'hold' takes the lock and keeps it,
 * otherwise the lock is only looked at.  ST_AGAIN: there is another consumer.
 */
enum status single_take(struct flow *f, bool hold, struct error *err) MUST_CHECK;

/* ---- hold.c ---------------------------------------------------------------- */

/* Note why the search gets nothing and when to ask again at the latest.  It returns ST_AGAIN. */
enum status flow_hold_back(struct flow *f, enum held why, usec_t until);

#endif
