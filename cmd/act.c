/*
 * act.c: what retry, bury, hold, rm and mv have in common: ids or a selection,
 * and one move for each message.
 *
 * Ids are gathered, and up to BATCH of them are looked for in one pass over the queue; one
 * that was not seen is looked for once more by itself before it is called unknown, since it
 * may have moved meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"

#define BATCH 4096

struct wanted {
	struct msgid id;
	bool seen;
};

struct act {
	struct run *r;
	struct action *a;
	struct select *sel;
	struct queue *q, *target;
	struct wanted *ids;	/* BATCH of them */
	size_t nids, unseen;
	bool by_ids;
	bool all, force, dry;
	usec_t interval, turn;	/* turn: clock_mono, when the next may be had */
	uint64_t matched, done, total;
	struct progress progress;
	bool counted;
	enum status worst;	/* of what did not keep the others from being done */
	enum status ended;	/* of what did */
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
usage(struct act *c)
{
	struct run *r = c->r;
	enum status st;

	if ((st = run_operands(r, c->a->first, -1)) != ST_OK)
		return st;
	c->by_ids = r->noperands > c->a->first;
	if (!c->by_ids && !c->all && !select_given(c->sel))
		return run_usage(r, "which messages? Give ids, --all, or a selection such as --older 1h");
	if (c->by_ids && select_last(c->sel))
		return run_usage(r, "--last goes with a selection, not with ids");
	if (c->a->destroys && c->all && !c->force && !c->dry)
		return run_usage(r, "--all removes messages for good: say --force as well");
	return ST_OK;
}

/* ---- what people see -------------------------------------------------- */

/* How many there may be: only worth a look if it takes so long that somebody wants to know. */
static void
count(struct act *c)
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
	c->total += c->done;	/* they were here when it began */
}

static void
draw(void *arg, uint64_t seen, uint64_t selected)
{
	struct act *c = arg;
	char eta[DURATION_MAX];

	(void)selected;
	if (!progress_due(&c->progress))
		return;
	if (!c->counted)
		count(c);
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
 * Until the next one's turn; what one took is not added to the pause.  In slices, for a signal
 * that comes just before a sleep does not end it.
 */
static void
pace(struct act *c)
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
claimed(struct act *c, const struct place *p)
{
	char handle[HANDLE_MAX], until[TIME_MAX];

	handle_format(p, handle);
	time_format(p->name.key, until);
	run_trouble(c->r, error_set(&c->r->err, ST_LOST, 0, "message %s is claimed until %s by %s; "
	    "use --force to take it away", p->name.id.text, until, handle), &c->worst);
	return ST_OK;
}

/* ST_GONE: it moved on meanwhile. */
static enum status
act_on(struct act *c, const struct place *p)
{
	struct error *err = &c->r->err;
	enum status st;

	if ((int)p->state == c->a->wanted) {
		c->matched++;
		run_verbose(c->r, "message %s is %s already", p->name.id.text, state_names[p->state]);
		return ST_OK;
	}
	if (p->state == STATE_CLAIMED && !c->force) {
		c->matched++;
		return claimed(c, p);
	}
	if (c->dry) {
		c->matched++;
		(void)printf("would %s %s\n", c->a->name, p->name.id.text);
		return ST_OK;
	}
	pace(c);
	if (run_stopped())
		return ST_OK;
	/* What gives a message another state is for those that are to be delivered yet. */
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

/* One of the ids: act on it if it is selected.  ST_GONE: it moved on meanwhile, nothing is settled. */
static enum status
consider(struct act *c, const struct place *p)
{
	enum status st;

	if ((STATE_BIT(p->state) & select_states(c->sel, STATES_ALL)) == 0)
		return ST_OK;
	st = select_match(c->sel, c->q, p, clock_now(), &c->r->err);
	if (st == ST_OK)
		return act_on(c, p);
	if (st == ST_DENIED)
		run_trouble(c->r, st, &c->worst);
	return st == ST_NONE || st == ST_DENIED ? ST_OK : st;
}

static bool
enough(const struct act *c)
{
	return run_stopped() || c->matched >= (uint64_t)select_limit(c->sel) || c->unseen == 0;
}

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct wanted *)a)->id.text, ((const struct wanted *)b)->id.text);
}

/* The one of the ids that this is and that was not met before. */
static struct wanted *
wanted(struct act *c, const struct msgid *id)
{
	struct wanted key = { .id = *id }, *w;

	w = bsearch(&key, c->ids, c->nids, sizeof(*c->ids), by_id);
	return w != NULL && !w->seen ? w : NULL;
}

static enum status
pass(struct act *c)
{
	struct error *err = &c->r->err;
	enum status st = ST_OK;
	struct wanted *w;
	struct scan *scan;
	struct place p;

	if ((st = scan_open(c->q, STATES_ALL, &scan, err)) != ST_OK)
		return st;
	while (!enough(c) && (st = scan_next(scan, &p, err)) == ST_OK) {
		if ((w = wanted(c, &p.name.id)) == NULL)
			continue;
		st = consider(c, &p);
		if (st != ST_OK && st != ST_GONE)
			break;
		if (st == ST_OK) {
			w->seen = true;
			c->unseen--;
		}
	}
	scan_close(scan);
	return st == ST_NONE || st == ST_GONE ? ST_OK : st;
}

/* An id that the pass did not meet: it moved, or is not there. */
static enum status
look_again(struct act *c, struct wanted *w)
{
	struct error *err = &c->r->err;
	struct place p;
	enum status st;

	for (int round = 0; round < 4; round++) {
		st = scan_find(c->q, STATES_ALL, &w->id, &p, err);
		if (st == ST_NOTFOUND) {
			run_trouble(c->r, st, &c->worst);
			return ST_OK;
		}
		if (st != ST_OK || (st = consider(c, &p)) != ST_GONE)
			return st;
	}
	return ST_OK;
}

/* The ids gathered so far. */
static enum status
batch(struct act *c)
{
	enum status st = ST_OK;
	size_t n = 0;

	qsort(c->ids, c->nids, sizeof(*c->ids), by_id);
	for (size_t i = 0; i < c->nids; i++)
		if (n == 0 || by_id(&c->ids[i], &c->ids[n - 1]) != 0)
			c->ids[n++] = c->ids[i];
	c->nids = c->unseen = n;
	/* A few are quicker found one by one, each by itself stopping where it stands. */
	if (n > 2)
		st = pass(c);
	for (size_t i = 0; st == ST_OK && i < n && !enough(c); i++)
		if (!c->ids[i].seen)
			st = look_again(c, &c->ids[i]);
	c->nids = 0;
	return st;
}

static enum status
take_id(void *arg, const char *word, struct error *err)
{
	struct act *c = arg;
	enum status st;

	if (c->ended != ST_OK || run_stopped())
		return ST_OK;
	(void)err;	/* is the run's */
	if ((st = id_resolve(c->r, c->q, word, &c->ids[c->nids].id)) != ST_OK)
		return st;
	c->ids[c->nids++].seen = false;
	if (c->nids == BATCH)
		c->ended = batch(c);
	return ST_OK;
}

static enum status
each_id(struct act *c)
{
	enum status st;

	if ((c->ids = calloc(BATCH, sizeof(*c->ids))) == NULL)
		return error_sys(&c->r->err, ENOMEM, "ids");
	st = run_each(c->r, c->a->first, take_id, c);
	if (status_exit(st) > status_exit(c->worst))
		c->worst = st;
	return c->ended != ST_OK || c->nids == 0 ? c->ended : batch(c);
}

static enum status
visit_one(void *arg, const struct place *p)
{
	return act_on(arg, p);
}

static enum status
act(struct act *c)
{
	struct visit v = { visit_one, draw, c };
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
	st = c->by_ids ? each_id(c) :
	    select_each(c->sel, c->q, c->a->all, clock_now(), &v, &c->worst);
	progress_clear();
	if (c->done > 0 && moves_sync(c->target, &r->err) != ST_OK)
		run_trouble(r, ST_UNSURE, &c->worst);
	return st;
}

enum status
act_run(struct run *r, struct action *a)
{
	struct act c = { .r = r, .a = a, .sel = select_new(r) };
	enum status st;

	if (c.sel == NULL)
		return error_sys(&r->err, ENOMEM, "%s", a->name);
	if ((st = options(&c)) == ST_OK && (st = usage(&c)) == ST_OK)
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
	free(c.ids);
	return st;
}
