/*
 * find.c: where one message is.
 *
 * A message may move from a place that was not looked at yet to one that was.  So if any of the
 * directories is young (see dir_is_young), that the message was not seen proves nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/lane.h"
#include "view/view.h"
#include "view/scan.h"

static bool
names_id(const char *file, const struct msgid *id)
{
	return strlen(file) > KEY_LEN + 1 + ID_LEN &&
	    memcmp(file + KEY_LEN + 1, id->text, ID_LEN) == 0;
}

enum status
bucket_find(struct shelf *sh, const struct bucket *b,
    const struct msgid *id, const char *token, struct place *p, bool *young,
    struct error *err)
{
	const struct entry *e;
	enum status st;
	struct walk w;
	int dir;

	if ((st = bucket_open(sh, b, &dir, err)) != ST_OK)
		return st == ST_GONE ? ST_NONE : st;
	walk_begin(&w, dir, "", SCAN_NAMES);
	while ((st = walk_next(&w, &e, err)) == ST_OK)
		if (names_id(e->name, id) && name_parse(e->name, &p->name) == NAME_OK &&
		    (token == NULL ? !p->name.finished : strcmp(p->name.token, token) == 0)) {
			shelf_place(sh, b->name, e->name, p);
			break;
		}
	walk_end(&w);
	*young |= dir_is_young(dir);
	(void)close(dir);
	return st;
}

/* A search in many places. */
struct search {
	const struct msgid *id;
	const char *token;	/* the message has to have it; NULL: it may have any */
	struct place *p;
	bool young;		/* one of the places has just changed: see dir_is_young */
	struct error missed;	/* the first error of what could not be looked into */
};

/* What 'st' means for the search.  ST_NONE: the message was not found there, so go on. */
static enum status
find_search_status(struct search *f, enum status st, struct error *err)
{
	return st == ST_GONE || passed_over(&f->missed, st, err) ? ST_NONE : st;
}

static enum status
find_in_buckets(struct search *f, struct shelf *sh, struct error *err)
{
	struct buckets bs;
	enum status st;

	if ((st = buckets_list(sh, &bs, err)) != ST_OK)
		return find_search_status(f, st, err);
	st = ST_NONE;
	for (size_t i = 0; st == ST_NONE && i < bs.n; i++)
		st = find_search_status(f,
		    bucket_find(sh, &bs.b[i], f->id, f->token, f->p, &f->young, err), err);
	buckets_free(&bs);
	return st;
}

static enum status
find_in_lane(struct search *f, struct queue *q, const char *order, struct error *err)
{
	struct shelf lane;
	enum status st;

	if ((st = lane_open(q, order, &lane, err)) == ST_OK)
		st = find_in_buckets(f, &lane, err);
	shelf_close(&lane);
	return find_search_status(f, st, err);
}

static enum status
find_in_lanes(struct search *f, struct queue *q, struct error *err)
{
	enum status st, found = ST_NONE;
	const struct entry *e;
	struct walk w;
	int dir;

	if ((st = lanes_look(q, &dir, err)) != ST_OK)
		return find_search_status(f, st, err);
	walk_begin(&w, dir, "", SCAN_LANES);
	while (found == ST_NONE && (st = walk_next(&w, &e, err)) == ST_OK)
		if (order_ok(e->name))
			found = find_in_lane(f, q, e->name, err);
	walk_end(&w);
	if (dir != -1)
		(void)close(dir);
	return st == ST_OK ? found : find_search_status(f, st, err);
}

static enum status
find_in_new(struct search *f, struct queue *q, struct error *err)
{
	struct each *d;
	enum status st;
	int dir;

	if ((st = queue_new(q, &dir, err)) == ST_OK)
		st = each_open(dir, &d, err);
	if (st != ST_OK)
		return find_search_status(f, st, err);
	while ((st = arrivals_next(dir, d, f->p, err)) == ST_OK &&
	    strcmp(f->p->name.id.text, f->id->text) != 0)
		continue;
	each_close(d);
	return find_search_status(f, st, err);
}

/* Look in the buckets of a state or lane.  Files that will be ready are in new/, so look there. */
static enum status
find_in_shelf(struct search *f, struct shelf *sh, struct error *err)
{
	enum status st = find_in_buckets(f, sh, err);

	if (st == ST_NONE && sh->state == STATE_READY && sh->lane[0] == '\0')
		st = find_in_new(f, sh->queue, err);
	return st;
}

/* If a directory could not be looked into, that the message was not found is an error. */
static enum status
find_search_end(const struct search *f, enum status st, struct error *err)
{
	if (st != ST_NONE || f->missed.status == ST_OK)
		return st;
	*err = f->missed;
	return err->status;
}

enum status
place_find(struct shelf *sh, const struct msgid *id, const char *token, const char *bucket,
    struct place *p, struct error *err)
{
	struct search f = { .id = id, .token = token, .p = p, .young = true };
	enum status st = ST_NONE;
	struct bucket b;

	for (int round = 0; st == ST_NONE && f.young && round < 3; round++) {
		f.young = false;
		if (bucket != NULL && bucket_parse(bucket, &b))
			st = find_search_status(&f, bucket_find(sh, &b, id, token, p, &f.young,
			    err),
			    err);
		if (st == ST_NONE)
			st = find_in_shelf(&f, sh, err);
	}
	return find_search_end(&f, st, err);
}

enum status
scan_find(struct queue *q, unsigned states, const struct msgid *id, struct place *p,
    struct error *err)
{
	struct search f = { .id = id, .p = p, .young = true };
	enum status st = ST_NONE;

	/* The message may move to a state that was looked at already, so look more than once. */
	for (int round = 0; st == ST_NONE && f.young && round < 4; round++) {
		f.young = false;
		for (int s = 0; st == ST_NONE && s < NSTATES; s++)
			if ((states & STATE_BIT(s)) != 0)
				st = find_in_shelf(&f, shelf_of(q, (enum state)s), err);
		if (st == ST_NONE && (states & STATE_BIT(STATE_READY)) != 0)
			st = find_in_lanes(&f, q, err);
	}
	st = find_search_end(&f, st, err);
	if (st == ST_NONE)
		return error_set(err, ST_NOTFOUND, 0, "no message '%s' in queue '%s'", id->text,
		    q->name);
	return st;
}
