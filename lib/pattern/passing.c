/*
 * passing.c: how the turn of a key goes from one message to the next (F15.1 to F15.30 of
 * spool-format.md).
 */
#include <dirent.h>
#include <string.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/policy.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/lane.h"
#include "view/scan.h"
#include "pattern/turn.h"
#include "pattern/passing.h"

/* ---- the lane --------------------------------------------------------- */

static bool
lane_message(const struct shelf *lane, const struct bucket *b, const struct entry *e,
    struct place *p)
{
	if (e->type != DT_REG || name_parse(e->name, &p->name) != NAME_OK)
		return false;
	shelf_place(lane, b->name, e->name, p);
	return true;
}

/* Find the first or the last message of a bucket.  An empty bucket is removed. */
static enum lane_is
lane_bucket(struct shelf *lane, const struct bucket *b, bool last, struct place *p,
    struct error *err)
{
	enum lane_is is = LANE_EMPTY;
	struct listing l;
	enum status st;

	if ((st = bucket_list(lane, b, &l, err)) != ST_OK)
		return st == ST_GONE ? LANE_EMPTY : LANE_FAILED;
	for (size_t i = 0; is == LANE_EMPTY && i < l.n; i++)
		if (lane_message(lane, b, &l.e[last ? l.n - 1 - i : i], p))
			is = LANE_WAITS;
	if (l.n == 0)
		(void)fs_rmdir(lane->fd, b->name);
	listing_free(&l);
	return is;
}

static enum lane_is
lane_end(struct queue *q, const char *order, bool last, struct place *p, struct error *err)
{
	struct buckets bs = { 0 };
	enum lane_is is = LANE_EMPTY;
	struct shelf lane;
	enum status st;

	if ((st = lane_open(q, order, &lane, err)) == ST_OK)
		st = buckets_list(&lane, &bs, err);
	if (st != ST_OK && st != ST_GONE)
		is = LANE_FAILED;
	for (size_t i = 0; is == LANE_EMPTY && i < bs.n; i++)
		is = lane_bucket(&lane, &bs.b[last ? bs.n - 1 - i : i], last, p, err);
	buckets_free(&bs);
	shelf_close(&lane);
	return is;
}

enum lane_is
lane_first(struct queue *q, const char *order, struct place *p, struct error *err)
{
	return lane_end(q, order, false, p, err);
}

enum lane_is
lane_last(struct queue *q, const char *order, struct place *p, struct error *err)
{
	return lane_end(q, order, true, p, err);
}

/* ---- the message that has the turn ----------------------------------- */

/* A message that expired, or that no subscriber wanted, did not fail, so it blocks nobody. */
bool
holder_blocks(const struct queue *q, const struct place *p)
{
	if (q->policy.order_dead != ORDER_BLOCK)
		return false;
	return p->state == STATE_DEAD ? strcmp(p->name.reason, "expired") != 0 :
	    p->state == STATE_HELD && strcmp(p->name.reason, "unrouted") != 0;
}

bool
holder_keeps(const struct queue *q, const struct place *p)
{
	/* A message that was acknowledged is done with, although its file is still there. */
	return !p->name.finished && (p->state < STATE_HELD || holder_blocks(q, p));
}

static enum holder_is
holder_seen(const struct queue *q, enum status st, const struct place *p)
{
	if (st == ST_OK)
		return holder_keeps(q, p) ? HOLDER_STANDS : HOLDER_GONE;
	return st == ST_NONE || st == ST_GONE ? HOLDER_GONE : HOLDER_FAILED;
}

static enum holder_is
holder_in_lane(struct queue *q, const char *order, const struct msgid *id, struct place *p,
    struct error *err)
{
	struct shelf lane;
	enum status st;

	if ((st = lane_open(q, order, &lane, err)) == ST_OK)
		st = place_find(&lane, id, NULL, NULL, p, err);
	shelf_close(&lane);
	return holder_seen(q, st, p);
}

static enum holder_is
holder_in(struct queue *q, enum state s, const char *order, const struct msgid *id, struct place *p,
    struct error *err)
{
	enum holder_is is = HOLDER_GONE;

	if (s >= STATE_HELD && q->policy.order_dead != ORDER_BLOCK)
		return HOLDER_GONE;	/* in these states a message does not keep its turn */
	if (s == STATE_READY)
		is = holder_in_lane(q, order, id, p, err);
	return is == HOLDER_GONE ? holder_seen(q, place_find(shelf_of(q, s), id, NULL, NULL, p,
	    err), p) : is;
}

enum holder_is
holder_find(struct queue *q, const char *order, const struct turn *t, struct place *p,
    struct error *err)
{
	static const enum state states[] = { STATE_CLAIMED, STATE_DELAYED, STATE_READY, STATE_HELD,
	    STATE_DEAD };
	enum holder_is is = HOLDER_GONE;
	struct bucket b;
	bool young = false;

	if (t->state != -1 && bucket_parse(t->bucket, &b) &&
	    bucket_find(shelf_of(q, (enum state)t->state), &b, &t->id, NULL, p, &young,
	    err) == ST_OK)
		return holder_seen(q, ST_OK, p);
	error_clear(err);
	/* The message may move to a state that was looked at already, so look twice. */
	for (int round = 0; is == HOLDER_GONE && round < 2; round++)
		for (size_t i = 0; is == HOLDER_GONE && i < sizeof(states) / sizeof(states[0]); i++)
			is = holder_in(q, states[i], order, &t->id, p, err);
	return is;
}

/* ---- from one to the next --------------------------------------------- */

enum passing
passing_to_ready(struct queue *q, const struct place *p, struct error *err)
{
	struct msgname n = p->name;
	enum status st;

	n.waited = true;
	st = place_move(q, p, q, STATE_READY, &n, NULL, err);
	return st == ST_OK ? PASSING_DONE : st == ST_GONE ? PASSING_AGAIN : PASSING_FAILED;
}

enum passing
passing_start(struct queue *q, const char *order, bool *any, struct error *err)
{
	struct place p;

	switch (lane_first(q, order, &p, err)) {
	case LANE_WAITS:
		break;
	case LANE_EMPTY:
		return PASSING_DONE;
	case LANE_FAILED:
		return PASSING_FAILED;
	}
	*any = true;
	switch (turn_take(q, order, &p.name.id, err)) {
	case TURN_DONE:
		return passing_to_ready(q, &p, err);
	case TURN_NOBODYS:
	case TURN_ANOTHERS:
		return PASSING_DONE;
	case TURN_FAILED:
		break;
	}
	return PASSING_FAILED;
}

static enum passing
passing_outcome(enum turn_is is)
{
	return is == TURN_DONE ? PASSING_DONE : is == TURN_FAILED ? PASSING_FAILED : PASSING_AGAIN;
}

/* End the turn 't': pass it to the first message of the lane, or to nobody. */
static enum passing
passing_end(struct queue *q, const char *order, const struct turn *t, struct error *err)
{
	enum passing passed;
	struct place next;
	bool any;

	switch (lane_first(q, order, &next, err)) {
	case LANE_WAITS:
		passed = passing_outcome(turn_pass(q, order, t, next.name.id.text, err));
		return passed == PASSING_DONE ? passing_to_ready(q, &next, err) : passed;
	case LANE_FAILED:
		return PASSING_FAILED;
	case LANE_EMPTY:
		break;
	}
	if ((passed = passing_outcome(turn_pass(q, order, t, NULL, err))) != PASSING_DONE)
		return passed;
	/* A process that parked a message meanwhile still saw this turn, so look at the lane. */
	passed = passing_start(q, order, &any, err);
	lane_remove(q, order);
	return passed;
}

/* One round of passing_settle. */
static enum passing
passing_once(struct queue *q, const char *order, const struct msgid *id, struct error *err)
{
	struct place p;
	struct turn t;
	bool any;

	switch (turn_read(q, order, &t, err)) {
	case TURN_DONE:
		break;
	case TURN_NOBODYS:
	case TURN_ANOTHERS:
		return passing_start(q, order, &any, err);
	case TURN_FAILED:
		return PASSING_FAILED;
	}
	if (id != NULL && strcmp(t.id.text, id->text) == 0)
		return passing_end(q, order, &t, err);
	switch (holder_find(q, order, &t, &p, err)) {
	case HOLDER_STANDS:
		return place_in_lane(&p) ? passing_to_ready(q, &p, err) : PASSING_DONE;
	case HOLDER_GONE:
		return passing_end(q, order, &t, err);
	case HOLDER_FAILED:
		break;
	}
	return PASSING_FAILED;
}

enum passing
passing_settle(struct queue *q, const char *order, const struct msgid *id, struct error *err)
{
	enum passing passed = PASSING_AGAIN;

	for (int i = 0; passed == PASSING_AGAIN && i < PASSING_ROUNDS; i++)
		passed = passing_once(q, order, id, err);
	return passed;
}
