/*
 * wait.c: mq wait: block until a queue is ready, empty, or below a number of messages.
 */
#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"
#include "life/life.h"
#include "shared/cmd.h"

enum { READY = OPT_LONG, EMPTY, BELOW, TIMEOUT };

static const struct opt opts[] = {
	{ READY, "ready", NULL, false, "until a message is ready" },
	{ EMPTY, "empty", NULL, false, "until none is ready, delayed or claimed" },
	{ BELOW, "below", "N", false, "until fewer than N are ready, delayed or claimed" },
	{ TIMEOUT, "timeout", "DUR", false, "give up after DUR: exit 1" },
	OPT_END
};

struct want {
	struct run *r;
	struct queue *q;
	int what;		/* READY, EMPTY or BELOW */
	int64_t below;
	usec_t deadline;
	bool told;		/* it was reported that something could not be read */
};

static enum status
options(struct want *w)
{
	enum status st = ST_OK;
	const char *arg;
	usec_t d;
	int key;

	while (st == ST_OK && (key = run_option(w->r, &arg)) != 0) {
		if (key == TIMEOUT) {
			if ((st = arg_duration(w->r, "--timeout", arg, &d)) == ST_OK)
				w->deadline = clock_mono() + d;
			continue;
		}
		if (w->what != 0)
			return run_usage(w->r, "only one of --ready, --empty and --below");
		w->what = key;
		if (key == BELOW)
			st = arg_number(w->r, "--below", arg, 1, INT64_MAX - 1, &w->below);
	}
	if (st == ST_OK && w->what == 0)
		return run_usage(w->r, "for what? --ready, --empty or --below N");
	return st;
}

/*
 * Report once that something cannot be read, and return ST_NONE, so that the wait goes on.  Our own
 * failures are returned as they are.
 */
static enum status
look_past(struct want *w, enum status st)
{
	if (st == ST_OK || st == ST_NONE || error_is_ours(&w->r->err))
		return st;
	if (!w->told)
		run_note(w->r, "%s", w->r->err.text);
	w->told = true;
	error_clear(&w->r->err);
	return ST_NONE;
}

/* Find the first message of a state, which has the earliest key. */
static enum status
first(struct want *w, enum state s, struct place *p)
{
	struct scan *scan;
	enum status st;

	if ((st = scan_open(w->q, STATE_BIT(s), &scan, &w->r->err)) != ST_OK)
		return st;
	st = scan_next(scan, p, &w->r->err);
	scan_close(scan);
	return st;
}

/*
 * Whether a claim would find a message: one that is ready or due, or whose lease has lapsed.
 * '*wake' is when the next one is due.
 */
static enum status
ready(struct want *w, bool *yes, usec_t *wake)
{
	static const enum state states[] = { STATE_READY, STATE_DELAYED };
	usec_t now = clock_now();
	struct place p;
	enum status st;

	for (size_t i = 0; !*yes && i < 2; i++) {
		st = look_past(w, first(w, states[i], &p));
		if (st == ST_NONE)
			continue;
		if (st != ST_OK)
			return st;
		if (states[i] == STATE_READY || p.name.key <= now)
			*yes = true;
		else if (p.name.key < *wake)
			*wake = p.name.key;
	}
	st = *yes ? ST_OK : look_past(w, claims_lapsed(w->q, now, yes, wake, &w->r->err));
	return st == ST_NONE ? ST_OK : st;
}

static enum status
look(struct want *w, bool *yes, usec_t *wake)
{
	uint64_t limit = w->what == BELOW ? (uint64_t)w->below : 1, n;
	enum status st;

	*yes = false;
	*wake = USEC_MAX;
	if (w->what == READY)
		return ready(w, yes, wake);
	/* If a part of the queue cannot be read, it is not called empty or below the limit. */
	if ((st = look_past(w, queue_backlog(w->q, limit, &n, &w->r->err))) == ST_OK)
		*yes = n < limit;
	return st == ST_NONE ? ST_OK : st;
}

static enum status
run_wait(struct run *r)
{
	struct want w = { .r = r, .deadline = USEC_MAX };
	struct waiter *waiter = NULL;
	bool yes = false;
	enum status st;
	usec_t wake;

	if ((st = options(&w)) != ST_OK || (st = run_operands(r, 1, 1)) != ST_OK ||
	    (st = run_queue(r, r->operand[0], &w.q)) != ST_OK)
		return st;
	run_stoppable();	/* without a handler, PID 1 ignores signals */
	st = waiter_open(w.q, true, &waiter, &r->err);
	while ((st == ST_OK || st == ST_AGAIN) && !run_stopped()) {
		if ((st = waiter_arm(waiter, &r->err)) != ST_OK ||
		    (st = run_reload(r, w.q)) != ST_OK ||
		    (st = look(&w, &yes, &wake)) != ST_OK)
			break;
		if (yes)
			break;
		st = waiter_wait(waiter, wake, w.deadline, &r->err);
	}
	waiter_close(waiter);
	queue_close(w.q);
	return st;
}

const struct cmd cmd_wait = {
	.name = "wait",
	.operands = "QUEUE",
	.summary = "block until a queue is ready, empty or short",
	.opts = opts,
	.run = run_wait,
};
