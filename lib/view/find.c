/*
 * find.c: where one message is.
 *
 * It may move from a place not yet looked at to one that was: where any of the
 * directories is young (see dir_is_young), having seen nothing proves nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
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
	enum status st, found = ST_NONE;
	char after[NAME_MAX_LEN + 1] = "";
	struct listing l;
	bool more = true;
	int dir;

	if ((st = bucket_open(sh, b, &dir, err)) != ST_OK)
		return st == ST_GONE ? ST_NONE : st;
	while (found == ST_NONE && more) {
		if ((st = fs_list(dir, after, SCAN_NAMES, false, &l, &more, err)) != ST_OK)
			break;
		for (size_t i = 0; found == ST_NONE && i < l.n; i++) {
			if (!names_id(l.e[i].name, id) ||
			    name_parse(l.e[i].name, &p->name) != NAME_OK ||
			    (token != NULL && strcmp(p->name.token, token) != 0))
				continue;
			shelf_place(sh, b->name, l.e[i].name, p);
			found = ST_OK;
		}
		if (l.n > 0)
			(void)strlcpy(after, l.e[l.n - 1].name, sizeof(after));
		listing_free(&l);
	}
	*young |= dir_is_young(dir);
	(void)close(dir);
	return st == ST_OK || st == ST_GONE ? found : st;
}

static enum status
find_in_buckets(struct shelf *sh, const struct msgid *id, const char *token,
    struct place *p, bool *young, struct error *err)
{
	struct buckets bs;
	enum status st;

	if ((st = buckets_list(sh, &bs, err)) != ST_OK)
		return st;
	st = ST_NONE;
	for (size_t i = 0; st == ST_NONE && i < bs.n; i++)
		st = bucket_find(sh, &bs.b[i], id, token, p, young, err);
	buckets_free(&bs);
	return st;
}

static enum status
find_in_lane(struct queue *q, const char *order, const struct msgid *id, struct place *p, bool *young, struct error *err)
{
	struct shelf lane;
	enum status st;

	if ((st = lane_open(q, order, &lane, err)) == ST_OK)
		st = find_in_buckets(&lane, id, NULL, p, young, err);
	shelf_close(&lane);
	return st == ST_GONE ? ST_NONE : st;
}

static enum status
find_in_lanes(struct queue *q, const struct msgid *id, struct place *p, bool *young, struct error *err)
{
	char after[ORDER_LEN + 1] = "";
	enum status st = ST_NONE;
	struct listing l;
	bool more = true;

	while (st == ST_NONE && more) {
		enum status listed = lanes_list(q, after, SCAN_LANES, &l, &more, err);
		if (listed != ST_OK)
			return listed;
		for (size_t i = 0; st == ST_NONE && i < l.n; i++)
			if (order_ok(l.e[i].name))
				st = find_in_lane(q, l.e[i].name, id, p, young, err);
		if (l.n > 0)
			(void)strlcpy(after, l.e[l.n - 1].name, sizeof(after));
		listing_free(&l);
	}
	return st;
}

static enum status
find_in_shelf(struct shelf *sh, const struct msgid *id,
    const char *token, struct place *p, bool *young, struct error *err)
{
	struct arrivals a = { 0 };
	enum status st = find_in_buckets(sh, id, token, p, young, err);

	if (st != ST_NONE || sh->state != STATE_READY || sh->lane[0] != '\0')
		return st;
	do {
		struct place last = { .state = STATE_READY };
		if (a.n > 0)
			last = a.p[a.n - 1];
		arrivals_free(&a);
		st = arrivals_list(sh->queue, last.file[0] != '\0' ? &last : NULL, SCAN_ARRIVALS, &a, err);
		if (st != ST_OK)
			return st;
		st = ST_NONE;
		for (size_t i = 0; st == ST_NONE && i < a.n; i++)
			if (strcmp(a.p[i].name.id.text, id->text) == 0) {
				*p = a.p[i];
				st = ST_OK;
			}
	} while (st == ST_NONE && a.more);
	arrivals_free(&a);
	return st;
}

/* A bucket that was named (by a handle) is looked into first. */
enum status
place_find(struct shelf *sh, const struct msgid *id,
    const char *token, const char *bucket, struct place *p, struct error *err)
{
	enum status st = ST_NONE;
	struct bucket b;
	bool young = true;

	for (int round = 0; st == ST_NONE && young && round < 3; round++) {
		young = false;
		if (bucket != NULL && bucket_parse(bucket, &b))
			st = bucket_find(sh, &b, id, token, p, &young, err);
		if (st == ST_NONE)
			st = find_in_shelf(sh, id, token, p, &young, err);
	}
	return st;
}

enum status
scan_find(struct queue *q, unsigned states, const struct msgid *id,
    struct place *p, struct error *err)
{
	enum status st = ST_NONE;
	bool young = true;

	/* It may move from a state not yet looked at to one that was: go round again. */
	for (int round = 0; st == ST_NONE && young && round < 4; round++) {
		young = false;
		for (int s = 0; st == ST_NONE && s < NSTATES; s++)
			if ((states & STATE_BIT(s)) != 0)
				st = find_in_shelf(shelf_of(q, (enum state)s), id, NULL, p, &young, err);
		if (st == ST_NONE && (states & STATE_BIT(STATE_READY)) != 0)
			st = find_in_lanes(q, id, p, &young, err);
	}
	if (st == ST_NONE)
		return error_set(err, ST_NOTFOUND, 0, "no message '%s' in queue '%s'",
		    id->text, q->name);
	return st;
}
