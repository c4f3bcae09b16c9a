/*
 * ids.c: messages by many ids.
 *
 * Ids are gathered, each once, and up to BATCH of them are looked for in one pass over the queue.
 * A message may move during the pass and be missed.  So each id that was not seen is looked for
 * once more by itself before it is called unknown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/idset.h"
#include "spool/spool.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "shared/cmd.h"
#include "shared/select.h"
#include "shared/ids.h"

#define BATCH 4096

struct wanted {
	struct msgid id;
	bool seen;
};

struct ids {
	struct run *r;
	struct queue *q;
	struct select *sel;
	const struct visit *v;
	struct idset *given;	/* all ids so far, found or not, to skip repeated ones */
	struct wanted *w;	/* room for BATCH ids */
	size_t n, unseen;
	uint64_t looked_at, visited;
	enum status *worst;	/* the worst failure that did not stop the visit */
	enum status ended;	/* the failure that stopped it */
};

/* Visit the message if it is selected.  ST_GONE: it moved on, so its id is still unseen. */
static enum status
ids_consider(struct ids *c, const struct place *p)
{
	struct error *err = &c->r->err;
	enum status st;

	if ((STATE_BIT(p->state) & select_states(c->sel, STATES_ALL)) == 0)
		return ST_OK;
	if ((st = select_match(c->sel, c->q, p, clock_now(), err)) == ST_OK) {
		st = c->v->one(c->v->arg, p);
		c->visited += st == ST_OK;
	} else if (st == ST_DENIED) {
		run_trouble(c->r, st, c->worst);
		st = ST_NONE;
	}
	if (st == ST_NONE)
		error_clear(err);
	return st == ST_NONE ? ST_OK : st;
}

static bool
ids_enough(const struct ids *c)
{
	return run_stopped() || c->visited >= (uint64_t)select_limit(c->sel) || c->unseen == 0;
}

static int
ids_by_id(const void *a, const void *b)
{
	return strcmp(((const struct wanted *)a)->id.text, ((const struct wanted *)b)->id.text);
}

/* Return the entry for the id if the id is wanted and was not seen yet, else NULL. */
static struct wanted *
ids_wanted(struct ids *c, const struct msgid *id)
{
	struct wanted key = { .id = *id }, *w;

	w = bsearch(&key, c->w, c->n, sizeof(*c->w), ids_by_id);
	return w != NULL && !w->seen ? w : NULL;
}

static enum status
ids_pass(struct ids *c)
{
	struct error *err = &c->r->err;
	enum status st = ST_OK;
	struct wanted *w;
	struct scan *scan;
	struct place p;

	if ((st = scan_open(c->q, STATES_ALL, &scan, err)) != ST_OK)
		return st;
	while (!ids_enough(c) && (st = scan_next(scan, &p, err)) == ST_OK) {
		if ((w = ids_wanted(c, &p.name.id)) == NULL)
			continue;
		if (c->v->seen != NULL)
			c->v->seen(c->v->arg, ++c->looked_at, c->visited);
		st = ids_consider(c, &p);
		if (st != ST_OK && st != ST_GONE)
			break;
		if (st == ST_OK) {
			w->seen = true;
			c->unseen--;
		}
	}
	/* ids_look_again reports what cannot be read, for each id that is not found. */
	if (st != ST_OK && scan_missed(scan) != NULL && !error_is_ours(err)) {
		error_clear(err);
		st = ST_NONE;
	}
	scan_close(scan);
	return st == ST_NONE || st == ST_GONE ? ST_OK : st;
}

/* Look for an id that the pass did not meet.  Its message moved, or does not exist. */
static enum status
ids_look_again(struct ids *c, const struct wanted *w)
{
	struct error *err = &c->r->err;
	struct place p;
	enum status st;

	for (int round = 0; round < 4; round++) {
		st = scan_find(c->q, STATES_ALL, &w->id, &p, err);
		if (st != ST_OK && !error_is_ours(err)) {
			run_trouble(c->r, st, c->worst);
			return ST_OK;
		}
		if (st != ST_OK || (st = ids_consider(c, &p)) != ST_GONE)
			return st;
	}
	return ST_OK;
}

/* Look for the ids gathered so far. */
static enum status
ids_batch(struct ids *c)
{
	enum status st = ST_OK;

	qsort(c->w, c->n, sizeof(*c->w), ids_by_id);
	c->unseen = c->n;
	order_defer(c->q);
	/* One or two ids are found faster one by one, because each search stops at its message. */
	if (c->n > 2)
		st = ids_pass(c);
	for (size_t i = 0; st == ST_OK && i < c->n && !ids_enough(c); i++)
		if (!c->w[i].seen)
			st = ids_look_again(c, &c->w[i]);
	order_resume(c->q);
	c->n = 0;
	return st;
}

static enum status
ids_take(void *arg, const char *word, struct error *err)
{
	struct ids *c = arg;
	struct wanted *w = &c->w[c->n];
	enum status st;

	if (c->ended != ST_OK || run_stopped())
		return ST_OK;
	/* 'err' is the run's error, which id_resolve fills, too. */
	if ((st = id_resolve(c->r, c->q, word, &w->id)) != ST_OK ||
	    (st = idset_add(c->given, &w->id, err)) != ST_OK)
		return st == ST_EXISTS ? ST_OK : st;
	w->seen = false;
	if (++c->n == BATCH)
		c->ended = ids_batch(c);
	return ST_OK;
}

enum status
ids_each(struct run *r, struct queue *q, struct select *sel, int first, const struct visit *v,
    enum status *worst)
{
	struct ids c = { .r = r, .q = q, .sel = sel, .v = v, .worst = worst, .given = idset_new(),
	    .w = calloc(BATCH, sizeof(*c.w)) };
	enum status st;

	if (c.given == NULL || c.w == NULL)
		c.ended = error_sys(&r->err, ENOMEM, "ids");
	else if (status_exit(st = run_each(r, first, ids_take, &c)) > status_exit(*worst))
		*worst = st;
	if (c.ended == ST_OK && c.n > 0)
		c.ended = ids_batch(&c);
	idset_free(c.given);
	free(c.w);
	return c.ended;
}
