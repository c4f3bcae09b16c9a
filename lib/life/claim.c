/*
 * claim.c: the search for the next message; its claim is in attempt.c, the end of a claim in
 * ending.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "spool/queue.h"
#include "pattern/order.h"
#include "life/life.h"
#include "life/attempt.h"
#include "life/fail.h"
#include "life/reap.h"

/* How long a process that claims again and again uses one listing. */
#define WINDOW_AGE USEC
/* How long it does so after keys were passed over, whose next messages must not wait long. */
#define PASSED_AGE (USEC / 20)
/*
 * How many passes over ready/ one claim makes before it says that there is nothing; and how many at
 * most, while other processes move the messages.
 */
#define ROUNDS 3
#define ROUNDS_MAX 16
/* One search in so many looks for lanes that are stuck. */
#define SWEEP 64

/*
 * A listing that is taken while others rename may miss messages, so ready/ is listed again before
 * the claim says "empty".  A process that is about to sleep also parks the messages that wait for
 * their turn: it wakes when they arrive in ready/ because their turn has come.  If their turn has
 * come already, and no process has moved them, order_sweep finds them.
 */
static enum step
claim_look(struct attempt *a)
{
	unsigned returned = a->over->n;
	enum step step = window_hinted(a);
	bool young = true;

	for (int round = 0; round < ROUNDS_MAX && (step == STEP_NEXT || step == STEP_ANEW);
	    round++) {
		bool more = step == STEP_ANEW || a->again || (young && round < ROUNDS);
		if (!more && (a->park || a->q->window.npassed == 0) && !order_sweep(a->q, a->now))
			break;
		a->park |= step == STEP_ANEW || !more;
		a->over->n = returned;
		young = false;
		step = window_pass(a, &young);
	}
	if (step == STEP_ANEW) {
		a->again = true;
		step = STEP_NEXT;
	}
	return step;
}

/* Try the messages that are left of the last listing, if the listing is fresh. */
static enum step
claim_go_on(struct attempt *a)
{
	const struct window *w = &a->q->window;
	usec_t age = a->now - w->since;
	enum step step;

	if (age < 0 || age >= (w->npassed > 0 ? PASSED_AGE : WINDOW_AGE))
		return STEP_NEXT;
	step = window_try(a);
	if (step != STEP_STOP || a->status != ST_AGAIN || a->over->held != HELD_LIMIT)
		return step;
	/* Go on to the claims that have lapsed: to end them makes room below the limit. */
	a->over->held = HELD_NO;
	error_clear(a->err);
	return STEP_NEXT;
}

static enum step
claim_search(struct attempt *a, usec_t *wake)
{
	struct queue *q = a->q;
	enum step step;

	/*
	 * Now and then look for stuck lanes even when messages are ready: such a lane must not wait
	 * until ready/ is empty.
	 */
	if (arc4random_uniform(SWEEP) == 0 && order_sweep_some(q, a->now))
		q->window.since = 0;
	step = claim_go_on(a);
	if (step == STEP_OK || step == STEP_STOP)
		return step;
	reap_new(q, a->now, a->over);
	reap_due(q, a->now, wake, a->over);
	reap_lapsed(q, a->now, wake, a->over);
	if ((step = claim_look(a)) == STEP_NEXT && a->again)
		wake_at(wake, a->now);
	return step;
}

enum status
claim_next(struct queue *q, const struct claim_options *opt, usec_t now,
    struct claim *c, usec_t *wake, struct passed *over, struct error *err)
{
	struct attempt a = { .q = q, .opt = opt, .now = now, .claim = c, .over = over, .err = err,
	    .flow = { .q = q, .wake = wake, .over = over } };
	enum status st;

	memset(c, 0, sizeof(*c));
	c->fd = -1;
	*wake = USEC_MAX;
	memset(over, 0, sizeof(*over));
	if ((st = flow_begin(&a.flow, opt->hold, err)) != ST_OK)
		return st;
	switch (claim_search(&a, wake)) {
	case STEP_OK:
		break;
	case STEP_STOP:
		st = a.status;
		break;
	default:
		st = ST_NONE;
	}
	if (st == ST_NONE && over->n > 0)
		st = error_set(err, over->first.status, 0, "queue '%s': %s%s", q->name,
		    over->first.text,
		    over->n > 1 ? "; others, too, were passed over" : "");
	flow_end(&a.flow);
	return st;
}
