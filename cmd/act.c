/*
 * act.c: what retry, bury, hold, rm and mv have in common: ids or a selection,
 * and one move for each message.
 *
 * Ids are gathered and looked for in one pass over the queue, however many they
 * are; one that was not seen is looked for once more by itself before it is called
 * unknown, since it may have moved meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"

struct wanted {
	struct msgid id;
	bool seen;
};

struct act {
	struct run *r;
	struct action *a;
	struct select *sel;
	struct queue *q, *target;
	struct wanted *ids;
	size_t nids, cap;
	bool by_ids;
	bool all, force, dry;
	usec_t interval;
	uint64_t matched, done;
	enum status worst;
};

/* Trouble with one message that does not keep the others from being done. */
static void
trouble(struct act *c, enum status st, const char *text)
{
	run_note(c->r, "%s", text);
	if (status_exit(st) > status_exit(c->worst))
		c->worst = st;
}

/* ---- options and ids -------------------------------------------------- */

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
take_id(void *arg, const char *word, struct error *err)
{
	struct act *c = arg;

	if (!id_ok(word)) {
		error_clear(err);
		return error_set(err, ST_NOTFOUND, 0, "no message '%s' in queue '%s'", word,
		    queue_name(c->q));
	}
	if (c->nids == c->cap) {
		size_t cap = c->cap == 0 ? 64 : c->cap * 2;
		struct wanted *ids = reallocarray(c->ids, cap, sizeof(*ids));
		if (ids == NULL)
			return error_sys(err, ENOMEM, "ids");
		c->ids = ids;
		c->cap = cap;
	}
	memset(&c->ids[c->nids], 0, sizeof(*c->ids));
	(void)strlcpy(c->ids[c->nids++].id.text, word, sizeof(c->ids[0].id.text));
	return ST_OK;
}

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct wanted *)a)->id.text, ((const struct wanted *)b)->id.text);
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

/* ---- one message ------------------------------------------------------ */

static void
pace(struct act *c)
{
	struct timespec ts = { c->interval / USEC, c->interval % USEC * 1000 };

	if (c->interval > 0 && c->done > 0)
		while (nanosleep(&ts, &ts) == -1 && errno == EINTR)
			continue;
}

static enum status
claimed(struct act *c, const struct place *p)
{
	char text[300], handle[HANDLE_MAX], until[TIME_MAX];

	handle_format(p, handle);
	time_format(p->name.key, until);
	(void)snprintf(text, sizeof(text), "message %s is claimed until %s by %s; use --force "
	    "to take it away", p->name.id.text, until, handle);
	trouble(c, ST_LOST, text);
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
	st = c->a->act(c->a->arg, c->q, p, clock_now(), err);
	if (st == ST_OK) {
		c->matched++;
		c->done++;
		run_verbose(c->r, "%s %s", c->a->past, p->name.id.text);
	} else if (st == ST_DENIED || st == ST_BADDATA) {
		c->matched++;
		trouble(c, st, err->text);
		error_clear(err);
		st = ST_OK;
	}
	return st;
}

/* ---- all of them ------------------------------------------------------ */

static enum status
selected(struct act *c, const struct place *p, struct wanted **w)
{
	struct wanted key = { .seen = false };

	*w = NULL;
	if (c->by_ids) {
		key.id = p->name.id;
		*w = bsearch(&key, c->ids, c->nids, sizeof(*c->ids), by_id);
		if (*w == NULL || (*w)->seen)
			return ST_NONE;
	}
	return select_match(c->sel, c->q, p, clock_now(), &c->r->err);
}

static enum status
pass(struct act *c, unsigned states)
{
	struct error *err = &c->r->err;
	struct scan *scan;
	struct wanted *w;
	struct place p;
	enum status st;

	if ((st = scan_open(c->q, states, &scan, err)) != ST_OK)
		return st;
	while (c->matched < (uint64_t)select_limit(c->sel) &&
	    (st = scan_next(scan, &p, err)) == ST_OK) {
		if ((st = selected(c, &p, &w)) == ST_NONE)
			continue;
		if (st == ST_OK && (st = act_on(c, &p)) == ST_OK && w != NULL)
			w->seen = true;
		if (st != ST_OK && st != ST_GONE)
			break;
	}
	scan_close(scan);
	return st == ST_NONE || st == ST_GONE ? ST_OK : st;
}

/* An id that the pass did not meet: it moved, was not selected, or is not there. */
static enum status
look_again(struct act *c, struct wanted *w)
{
	struct error *err = &c->r->err;
	struct place p;
	enum status st;

	for (int round = 0; round < 4; round++) {
		st = scan_find(c->q, STATES_ALL, &w->id, &p, err);
		if (st == ST_NOTFOUND) {
			trouble(c, st, err->text);
			error_clear(err);
			return ST_OK;
		}
		if (st != ST_OK)
			return st;
		if ((STATE_BIT(p.state) & select_states(c->sel, STATES_ALL)) == 0 ||
		    (st = select_match(c->sel, c->q, &p, clock_now(), err)) == ST_NONE)
			return ST_OK;
		if (st != ST_OK || (st = act_on(c, &p)) != ST_GONE)
			return st;
	}
	return ST_OK;
}

static enum status
by_ids(struct act *c)
{
	enum status st = ST_OK;

	qsort(c->ids, c->nids, sizeof(*c->ids), by_id);
	/* A few are quicker found one by one, each by itself stopping where it stands. */
	if (c->nids > 2)
		st = pass(c, select_states(c->sel, STATES_ALL));
	for (size_t i = 0; st == ST_OK && i < c->nids &&
	    c->matched < (uint64_t)select_limit(c->sel); i++)
		if (!c->ids[i].seen && (i == 0 || by_id(&c->ids[i], &c->ids[i - 1]) != 0))
			st = look_again(c, &c->ids[i]);
	return st;
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
	if (c->by_ids) {
		st = run_each(r, c->a->first, take_id, c);
		if (st != ST_OK && st != ST_NOTFOUND)
			return st;
		if (st != ST_OK) {
			trouble(c, st, r->err.text);
			error_clear(&r->err);
		}
		st = c->nids > 0 ? by_ids(c) : ST_OK;
	} else
		st = pass(c, select_states(c->sel, c->a->all));
	if (c->done > 0 && move_sync(c->target, &r->err) != ST_OK && st == ST_OK)
		st = ST_UNSURE;
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
	if (c.done > 0 && (r->verbose || isatty(STDERR_FILENO) == 1))
		run_note(r, "%s %llu message%s", a->past, (unsigned long long)c.done,
		    c.done == 1 ? "" : "s");
	if (st == ST_OK && c.worst != ST_OK) {
		st = c.worst;
		r->told = true;
	} else if (st == ST_OK && c.matched == 0)
		st = ST_NONE;
	if (c.target != c.q)
		queue_close(c.target);
	queue_close(c.q);
	select_free(c.sel);
	free(c.ids);
	return st;
}
