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
	uint64_t seen, matched, done, total;
	struct progress progress;
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
	if (c->a->destroys && c->all && !c->force && !c->dry)
		return run_usage(r, "--all removes messages for good: say --force as well");
	return ST_OK;
}

/* ---- what people see -------------------------------------------------- */

/* How many there may be: only worth a look if somebody sees it. */
static void
begin(struct act *c, unsigned states)
{
	struct error ignored;
	struct tally t;

	progress_start(&c->progress, c->r);
	c->progress.on &= !c->dry && !c->r->verbose;
	error_clear(&ignored);
	if (!c->progress.on || c->by_ids || queue_tally(c->q, states, &t, &ignored) != ST_OK)
		return;
	for (int s = 0; s < NSTATES; s++)
		c->total += t.count[s];
	if (c->total > (uint64_t)select_limit(c->sel))
		c->total = (uint64_t)select_limit(c->sel);
}

static void
draw(struct act *c)
{
	char eta[DURATION_MAX];

	if (!progress_due(&c->progress))
		return;
	if (c->total < c->seen)
		progress_draw(&c->progress, "%s: %s %llu, %.0f/s", queue_name(c->q), c->a->past,
		    (unsigned long long)c->done, progress_rate(&c->progress, c->done));
	else {
		progress_left(&c->progress, c->seen, c->total - c->seen, eta);
		progress_draw(&c->progress, "%s: %s %llu, looked at %llu of %llu (%d%%), %.0f/s, %s left",
		    queue_name(c->q), c->a->past, (unsigned long long)c->done,
		    (unsigned long long)c->seen, (unsigned long long)c->total,
		    (int)(100 * c->seen / c->total), progress_rate(&c->progress, c->done), eta);
	}
}

/* ---- one message ------------------------------------------------------ */

/* Until the next one's turn; what one took is not added to the pause. */
static void
pace(struct act *c)
{
	usec_t now = clock_mono();
	struct timespec ts = { c->turn / USEC, c->turn % USEC * 1000 };

	if (c->interval == 0)
		return;
	while (!run_stopped() && c->turn > now &&
	    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		continue;
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

/* Act on it if it is selected.  ST_GONE: it moved on meanwhile, nothing is settled. */
static enum status
consider(struct act *c, const struct place *p)
{
	enum status st;

	if (c->by_ids && (STATE_BIT(p->state) & select_states(c->sel, STATES_ALL)) == 0)
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
	return run_stopped() || c->matched >= (uint64_t)select_limit(c->sel) ||
	    (c->by_ids && c->unseen == 0);
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
pass(struct act *c, unsigned states)
{
	struct error *err = &c->r->err;
	enum status st = ST_OK;
	struct wanted *w = NULL;
	struct scan *scan;
	struct place p;

	if ((st = scan_open(c->q, states, &scan, err)) != ST_OK)
		return st;
	while (!enough(c) && (st = scan_next(scan, &p, err)) == ST_OK) {
		if (c->by_ids && (w = wanted(c, &p.name.id)) == NULL)
			continue;
		c->seen++;
		draw(c);
		st = consider(c, &p);
		if (st != ST_OK && st != ST_GONE)
			break;
		if (st == ST_OK && w != NULL) {
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
		st = pass(c, STATES_ALL);
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

	if (c->ended != ST_OK)
		return ST_OK;
	if (!id_ok(word))
		return error_set(err, ST_NOTFOUND, 0, "no message '%s' in queue '%s'", word,
		    queue_name(c->q));
	c->ids[c->nids].seen = false;
	(void)strlcpy(c->ids[c->nids++].id.text, word, sizeof(c->ids[0].id.text));
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
act(struct act *c)
{
	struct run *r = c->r;
	enum status st;

	if ((st = run_queue(r, r->operand[0], &c->q)) != ST_OK)
		return st;
	c->target = c->q;
	if (c->a->ready != NULL && (st = c->a->ready(c->a->arg, r, c->q, &c->target)) != ST_OK)
		return st;
	begin(c, select_states(c->sel, c->a->all));
	run_stoppable();
	st = c->by_ids ? each_id(c) : pass(c, select_states(c->sel, c->a->all));
	progress_clear(&c->progress);
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
	if ((c.done > 0 && (r->verbose || isatty(STDERR_FILENO) == 1)) || run_stopped())
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
