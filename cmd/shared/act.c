/*
 * act.c: what retry, bury, hold, rm and mv have in common: they take ids or a selection, and do one
 * move for each message.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/progress.h"
#include "shared/select.h"
#include "shared/ids.h"
#include "shared/act.h"
#include "shared/distribute.h"

struct act {
	struct run *r;
	struct action *a;
	struct select *sel;
	struct queue *q, *target;
	bool by_ids;
	bool all, force, dry;
	usec_t interval, turn;	/* turn: when the next message may be taken, by clock_mono */
	uint64_t matched, done, total;
	struct progress progress;
	bool counted;
	enum status worst;	/* the worst failure that did not stop the others */
};

/* ---- options ---------------------------------------------------------- */

static enum status
options(struct act *c)
{
	enum status st;
	const char *arg;
	int key;

	while ((key = run_option(c->r, &arg)) != 0) {
		st = select_option(c->sel, key, arg);
		if (st == ST_NONE && c->a->option != NULL)
			st = c->a->option(c->a->arg, c->r, key, arg);
		if (st == ST_NONE) {
			st = ST_OK;
			if (key == ACT_ALL)
				c->all = true;
			else if (key == ACT_FORCE)
				c->force = true;
			else if (key == ACT_DRY)
				c->dry = true;
			else if (key == ACT_RATE)
				st = arg_rate(c->r, "--rate", arg, &c->interval);
		}
		if (st != ST_OK)
			return st;
	}
	return ST_OK;
}

static enum status
act_usage(struct act *c)
{
	struct run *r = c->r;
	enum status st;

	if ((st = run_operands(r, c->a->first, -1)) != ST_OK)
		return st;
	c->by_ids = r->noperands > c->a->first;
	if (!c->by_ids && !c->all && !select_given(c->sel))
		return run_usage(r,
		    "which messages? Give ids, --all, or a selection such as --older 1h");
	if (c->by_ids && select_last(c->sel))
		return run_usage(r, "--last goes with a selection, not with ids");
	if (c->a->destroys && c->all && !c->force && !c->dry)
		return run_usage(r, "--all removes messages for good: say --force as well");
	return ST_OK;
}

/* ---- what people see -------------------------------------------------- */

/*
 * Count the messages, for the progress line.  Counting costs a listing, so it is done only once the
 * verb has run so long that somebody wants to know.
 */
static void
act_count(struct act *c)
{
	struct error ignored;
	struct tally t;

	error_clear(&ignored);
	c->counted = true;
	if (select_limit(c->sel) != INT64_MAX ||
	    queue_tally(c->q, select_states(c->sel, c->a->all), &t, &ignored) != ST_OK)
		return;
	for (int s = 0; s < NSTATES; s++)
		c->total += t.count[s];
	c->total += c->done;	/* these were there at the beginning, too */
}

static void
act_draw(void *arg, uint64_t seen, uint64_t selected)
{
	struct act *c = arg;
	char eta[DURATION_MAX];

	(void)selected;
	if (!progress_due(&c->progress))
		return;
	if (!c->counted)
		act_count(c);
	if (c->total < seen)
		progress_draw("%s: %s %llu, %.0f/s", queue_name(c->q), c->a->past,
		    (unsigned long long)c->done, progress_rate(&c->progress, c->done));
	else {
		progress_left(&c->progress, seen, c->total - seen, eta);
		progress_draw("%s: %s %llu, looked at %llu of %llu (%d%%), %.0f/s, %s left",
		    queue_name(c->q), c->a->past, (unsigned long long)c->done,
		    (unsigned long long)seen, (unsigned long long)c->total,
		    (int)(100 * seen / c->total), progress_rate(&c->progress, c->done), eta);
	}
}

/* ---- one message ------------------------------------------------------ */

/*
 * Wait until the next message may be taken.  The time that the last one took is part of the
 * interval.  Sleep in slices, because a signal that comes just before a sleep does not end it.
 */
static void
act_pace(struct act *c)
{
	usec_t now = clock_mono();

	if (c->interval == 0)
		return;
	for (; !run_stopped() && c->turn > now; now = clock_mono()) {
		usec_t slice = c->turn - now < USEC ? c->turn - now : USEC;
		struct timespec ts = { slice / USEC, slice % USEC * 1000 };
		(void)nanosleep(&ts, NULL);
	}
	c->turn = (c->turn > now ? c->turn : now) + c->interval;
}

static enum status
act_claimed(struct act *c, const struct place *p)
{
	char handle[HANDLE_MAX], until[TIME_MAX];

	handle_format(p, handle);
	time_format(p->name.key, until);
	run_trouble(c->r, error_set(&c->r->err, ST_LOST, 0, "message %s is claimed until %s by %s; "
	    "use --force to take it away", p->name.id.text, until, handle), &c->worst);
	return ST_OK;
}

/* Do what the verb does to one message.  ST_GONE: it moved on in the meantime. */
static enum status
act_on(struct act *c, const struct place *p)
{
	struct error *err = &c->r->err;
	enum status st;

	if (c->a->fits != NULL && !c->a->fits(c->a->arg, c->q, p))
		return ST_NONE;
	if ((int)p->state == c->a->wanted) {
		c->matched++;
		run_verbose(c->r, "message %s is %s already", p->name.id.text,
		    state_names[p->state]);
		return ST_OK;
	}
	if (p->state == STATE_CLAIMED && !c->force && c->a->all != STATE_BIT(STATE_DONE)) {
		c->matched++;
		return act_claimed(c, p);
	}
	if (c->dry) {
		c->matched++;
		(void)printf("would %s %s\n", c->a->name, p->name.id.text);
		return ST_OK;
	}
	act_pace(c);
	if (run_stopped())
		return ST_OK;
	/* A verb that changes the state is for messages that are still to be delivered. */
	if (p->state == STATE_DONE && c->a->wanted != -1)
		st = error_set(err, ST_BADDATA, 0, "message %s was acknowledged: it is kept, not "
		    "waiting", p->name.id.text);
	else
		st = c->a->act(c->a->arg, c->q, p, clock_now(), err);
	if (st == ST_OK) {
		c->matched++;
		c->done++;
		run_verbose(c->r, "%s %s", c->a->past, p->name.id.text);
	} else if (st == ST_DENIED || st == ST_BADDATA) {
		c->matched++;
		run_trouble(c->r, st, &c->worst);
		st = ST_OK;
	}
	return st;
}

/* ---- all of them ------------------------------------------------------ */

static enum status
act_visit_one(void *arg, const struct place *p)
{
	return act_on(arg, p);
}

static enum status
act(struct act *c)
{
	struct visit v = { act_visit_one, c->by_ids ? NULL : act_draw, c };
	struct run *r = c->r;
	enum status st;

	if ((st = run_queue(r, r->operand[0], &c->q)) != ST_OK)
		return st;
	c->target = c->q;
	if (c->a->ready != NULL && (st = c->a->ready(c->a->arg, r, c->q, &c->target)) != ST_OK)
		return st;
	progress_start(&c->progress, r);
	c->progress.on &= !c->dry && !r->verbose;
	run_stoppable();
	st = c->by_ids ? ids_each(r, c->q, c->sel, c->a->first, &v, &c->worst) :
	    select_each(c->sel, c->q, c->a->all, clock_now(), &v, &c->worst);
	progress_clear();
	if (c->done > 0 && moves_sync(c->target, &r->err) != ST_OK)
		run_trouble(r, ST_UNSURE, &c->worst);
	/* The ready messages of a topic go to its subscribers. */
	if (c->done > 0 && queue_is_topic(c->target))
		run_distribute(r, c->target);
	return st;
}

enum status
act_run(struct run *r, struct action *a)
{
	struct act c = { .r = r, .a = a, .sel = select_new(r) };
	enum status st;

	if (c.sel == NULL)
		return error_sys(&r->err, ENOMEM, "%s", a->name);
	if ((st = options(&c)) == ST_OK && (st = act_usage(&c)) == ST_OK)
		st = act(&c);
	if ((c.done > 0 && (r->verbose || !c.by_ids || isatty(STDERR_FILENO) == 1)) ||
	    (run_stopped() && stderr_ready(0)))
		run_note(r, "%s%s %llu message%s", run_stopped() ? "stopped: " : "", a->past,
		    (unsigned long long)c.done, c.done == 1 ? "" : "s");
	if (st == ST_OK && c.worst != ST_OK)
		st = c.worst;
	else if (st == ST_OK && c.matched == 0)
		st = ST_NONE;
	if (c.target != c.q)
		queue_close(c.target);
	queue_close(c.q);
	select_free(c.sel);
	return st;
}
