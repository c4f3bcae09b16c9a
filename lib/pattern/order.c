/*
 * order.c: messages of one key, one at a time and in order (F15.1 of spool-format.md).
 *
 * Who meets a message whose turn has not come leaves it where it is, or, where there are
 * many, parks it in waiting/ORDER/, a state's directory in small, so that no claim has to
 * pass over it again.  What is parked is older than what is in ready but for the one that
 * has the turn.  Who ends a turn looks into the lane after, who parks looks at the turn
 * after: so one of them sees the other.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/policy.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/lane.h"
#include "view/view.h"
#include "view/scan.h"
#include "pattern/pattern.h"
#include "pattern/turn.h"
#include "pattern/order.h"

/* Rounds that a loop may lose against others. */
#define ROUNDS 100
/* One look for what is stuck is worth this many lanes; a process whose look was in vain takes it so often. */
#define SWEEP_LANES 64
#define SWEEP_EVERY (10 * USEC)

/* ---- the lane --------------------------------------------------------- */

/* The first of a bucket.  ST_NONE: it is empty. */
static enum status
first_in(struct shelf *lane, const struct bucket *b, struct place *p, struct error *err)
{
	struct listing l;
	enum status st;

	if ((st = bucket_list(lane, b, &l, err)) != ST_OK)
		return st == ST_GONE ? ST_NONE : st;
	st = ST_NONE;
	for (size_t i = 0; st == ST_NONE && i < l.n; i++)
		if (l.e[i].type == DT_REG && name_parse(l.e[i].name, &p->name) == NAME_OK) {
			shelf_place(lane, b->name, l.e[i].name, p);
			st = ST_OK;
		}
	if (l.n == 0)
		(void)fs_rmdir(lane->fd, b->name);
	listing_free(&l);
	return st;
}

/* The next of a lane.  ST_NONE: nothing waits there. */
static enum status
lane_first(struct queue *q, const char *order, struct place *p, struct error *err)
{
	struct buckets bs = { 0 };
	struct shelf lane;
	enum status st;

	if ((st = lane_open(q, order, &lane, err)) == ST_OK)
		st = buckets_list(&lane, &bs, err);
	if (st == ST_OK || st == ST_GONE)
		st = ST_NONE;
	for (size_t i = 0; st == ST_NONE && i < bs.n; i++)
		st = first_in(&lane, &bs.b[i], p, err);
	buckets_free(&bs);
	shelf_close(&lane);
	return st;
}

/* The newest of a lane.  False: none was seen. */
static bool
lane_last(struct shelf *lane, struct place *p, struct error *err)
{
	struct buckets bs = { 0 };
	struct listing l;
	bool found = false;

	if (buckets_list(lane, &bs, err) == ST_OK && bs.n > 0 && bucket_list(lane, &bs.b[bs.n - 1], &l, err) == ST_OK) {
		if (l.n > 0 && name_parse(l.e[l.n - 1].name, &p->name) == NAME_OK) {
			shelf_place(lane, bs.b[bs.n - 1].name, l.e[l.n - 1].name, p);
			found = true;
		}
		listing_free(&l);
	}
	buckets_free(&bs);
	return found;
}

/* ST_GONE: it is not there any more. */
static enum status
to_ready(struct queue *q, const struct place *p, struct error *err)
{
	struct msgname n = p->name;

	n.waited = true;
	return place_move(q, p, q, STATE_READY, &n, NULL, err);
}

/*
 * Whether a message that failed for good, or was set aside, keeps its turn.  One that was too old,
 * or that nobody wanted, did not fail: it blocks nobody.
 */
static bool
blocks(const struct queue *q, const struct place *p)
{
	if (q->policy.order_dead != ORDER_BLOCK)
		return false;
	return p->state == STATE_DEAD ? strcmp(p->name.reason, "expired") != 0 :
	    p->state == STATE_HELD && strcmp(p->name.reason, "unrouted") != 0;
}

/* Whether a message that stands there has its turn still. */
static bool
keeps(const struct queue *q, const struct place *p)
{
	/* Acknowledged: only its file is still there. */
	return !p->name.finished && (p->state < STATE_HELD || blocks(q, p));
}

/* ST_NONE: it does not wait in the lane of its key; or there is none. */
static enum status
lane_holds(struct queue *q, const char *order, const struct msgid *id, struct place *p, struct error *err)
{
	struct shelf lane;
	enum status st;

	if ((st = lane_open(q, order, &lane, err)) == ST_OK)
		st = place_find(&lane, id, NULL, NULL, p, err);
	shelf_close(&lane);
	return st == ST_GONE ? ST_NONE : st;
}

/* Where the message is that has the turn.  ST_NONE: it is done with. */
static enum status
holder_find(struct queue *q, const char *order, const struct turn *t, struct place *p, struct error *err)
{
	static const enum state states[] = { STATE_CLAIMED, STATE_DELAYED, STATE_READY, STATE_HELD, STATE_DEAD };
	enum status st = ST_NONE;
	struct bucket b;
	bool young = false;

	if (t->state != -1 && bucket_parse(t->bucket, &b) &&
	    bucket_find(shelf_of(q, (enum state)t->state), &b, &t->id, NULL, p, &young, err) == ST_OK)
		return keeps(q, p) ? ST_OK : ST_NONE;
	error_clear(err);
	st = ST_NONE;
	/* It may move from a state not yet looked at to one that was. */
	for (int round = 0; st == ST_NONE && round < 2; round++)
		for (size_t i = 0; st == ST_NONE && i < sizeof(states) / sizeof(states[0]); i++) {
			enum state s = states[i];
			if (s >= STATE_HELD && q->policy.order_dead != ORDER_BLOCK)
				continue;	/* it is over where it is */
			if (s == STATE_READY && (st = lane_holds(q, order, &t->id, p, err)) != ST_NONE)
				continue;
			st = place_find(shelf_of(q, s), &t->id, NULL, NULL, p, err);
			if (st == ST_OK && !keeps(q, p))
				st = ST_NONE;
		}
	return st;
}

/* Nobody has the turn: the first that waits gets it.  ST_GONE: another was at it, and it may be done with by now: look again. */
static enum status
start_next(struct queue *q, const char *order, bool *any, struct error *err)
{
	struct place p;
	enum status st;

	if ((st = lane_first(q, order, &p, err)) != ST_OK)
		return st == ST_NONE ? ST_OK : st;
	*any = true;
	if ((st = turn_take(q, order, &p.name.id, err)) != ST_OK)
		return st == ST_EXISTS ? ST_OK : st;
	return to_ready(q, &p, err);
}

/* ST_GONE: another was at it: look again. */
static enum status
end_turn(struct queue *q, const char *order, const struct turn *t, struct error *err)
{
	struct place next;
	enum status st;
	bool any;

	if ((st = lane_first(q, order, &next, err)) == ST_OK) {
		if ((st = turn_pass(q, order, t, next.name.id.text, err)) == ST_OK)
			st = to_ready(q, &next, err);
		return st;
	}
	if (st != ST_NONE || (st = turn_pass(q, order, t, NULL, err)) != ST_OK)
		return st;
	st = start_next(q, order, &any, err);	/* who parked meanwhile saw a turn that is over */
	lane_remove(q, order);
	return st;
}

/* Make it so that the turn is not that of the message, and that whose it is stands in ready. */
static enum status
settle(struct queue *q, const char *order, const struct msgid *id, struct error *err)
{
	enum status st = ST_GONE;
	struct place p;
	struct turn t;
	bool any, ends;

	for (int i = 0; st == ST_GONE && i < ROUNDS; i++) {
		if ((st = turn_read(q, order, &t, err)) == ST_NONE) {
			st = start_next(q, order, &any, err);
			continue;
		}
		if (st != ST_OK)
			return st;
		ends = id != NULL && strcmp(t.id.text, id->text) == 0;
		if (!ends && (st = holder_find(q, order, &t, &p, err)) == ST_OK)
			st = place_in_lane(&p) ? to_ready(q, &p, err) : ST_OK;
		if (ends || st == ST_NONE)
			st = end_turn(q, order, &t, err);
	}
	return st;
}

/* ---- what the rest of the library asks for ---------------------------- */

/* On a full disk no turn can be made: then what stands in claimed/ decides, and one that fails may be overtaken. */
static enum status
ask_claims(struct queue *q, const char *order, struct error *err)
{
	enum status st, busy = ST_OK;
	struct scan *scan;
	struct place p;

	if ((st = scan_open(q, STATE_BIT(STATE_CLAIMED), &scan, err)) != ST_OK)
		return st;
	while (busy == ST_OK && (st = scan_next(scan, &p, err)) == ST_OK)
		if (strcmp(p.name.order, order) == 0)
			busy = ST_NONE;
	scan_close(scan);
	return st == ST_OK || st == ST_NONE ? busy : st;
}

enum status
order_ask(struct queue *q, const struct place *p, bool take, struct msgid *turn, bool *again, struct error *err)
{
	const char *order = p->name.order;
	struct place holder;
	struct turn t;
	enum status st;
	bool any = false;

	for (int i = 0; i < ROUNDS; i++) {
		st = turn_read(q, order, &t, err);
		if (st == ST_NONE) {
			st = start_next(q, order, &any, err);
			if (st == ST_GONE)
				continue;
			if (st != ST_OK || any) {
				*again = any;
				return st == ST_OK ? ST_NONE : st;
			}
			if (!take)
				return ST_EXISTS;
			st = turn_take(q, order, &p->name.id, err);
			if (st == ST_EXISTS)
				continue;
			if (st == ST_AGAIN && error_is_full(err)) {
				error_clear(err);
				return ask_claims(q, order, err);
			}
			return st;
		}
		if (st != ST_OK || strcmp(t.id.text, p->name.id.text) == 0)
			return st;
		if ((st = holder_find(q, order, &t, &holder, err)) == ST_OK) {
			*turn = t.id;
			*again |= place_in_lane(&holder);
			if (place_in_lane(&holder))
				st = to_ready(q, &holder, err);
			else if (holder.state != STATE_CLAIMED)
				st = turn_note(q, &t, &holder, err);
			return st == ST_OK || st == ST_GONE ? ST_NONE : st;
		}
		if (st != ST_NONE || ((st = settle(q, order, &t.id, err)) != ST_OK && st != ST_GONE))
			return st;
	}
	return ST_NONE;
}

enum status
order_park(struct queue *q, int dir, const struct place *p, bool *again, struct error *err)
{
	const char *order = p->name.order;
	struct msgname n = p->name;
	struct turn t;
	enum status st;

	if ((st = lane_put(q, order, dir, p->file, &n, err)) != ST_OK) {
		if (st != ST_GONE && !error_is_full(err))
			return st;
		error_clear(err);	/* it is gone, or stays where it is, which is only slower */
		return ST_OK;
	}
	st = turn_read(q, order, &t, err);
	if (st == ST_NONE || (st == ST_OK && strcmp(t.id.text, p->name.id.text) == 0)) {
		*again = true;
		st = settle(q, order, NULL, err);
	}
	return st == ST_GONE ? ST_OK : st;
}

/* False: there is no memory for it. */
static bool
defer(struct queue *q, const struct msgname *n)
{
	size_t cap = q->deferred.cap == 0 ? 16 : q->deferred.cap * 2;
	struct ended *e;

	if (q->deferred.n == q->deferred.cap) {
		if ((e = reallocarray(q->deferred.e, cap, sizeof(*e))) == NULL)
			return false;
		q->deferred.e = e;
		q->deferred.cap = cap;
	}
	e = &q->deferred.e[q->deferred.n++];
	(void)strlcpy(e->order, n->order, sizeof(e->order));
	e->id = n->id;
	return true;
}

bool
order_leave(struct queue *q, const struct msgname *n)
{
	struct error ignored;

	if (n->order[0] == '\0' || (q->deferred.on && (!order_holds(q, n) || defer(q, n))))
		return true;
	error_clear(&ignored);
	return settle(q, n->order, &n->id, &ignored) == ST_OK;
}

void
order_defer(struct queue *q)
{
	q->deferred.on = true;
}

void
order_resume(struct queue *q)
{
	struct error ignored;

	q->deferred.on = false;
	for (size_t i = 0; i < q->deferred.n; i++) {
		error_clear(&ignored);
		(void)!settle(q, q->deferred.e[i].order, &q->deferred.e[i].id, &ignored);
	}
	free(q->deferred.e);
	memset(&q->deferred, 0, sizeof(q->deferred));
}

bool
order_waits(struct queue *q, const char *order, struct place *p)
{
	struct error ignored;

	if (order_holder(q, order, p) && (p->state == STATE_READY || p->state == STATE_DELAYED))
		return true;
	error_clear(&ignored);
	return lane_first(q, order, p, &ignored) == ST_OK;
}

bool
order_holder(struct queue *q, const char *order, struct place *p)
{
	struct error ignored;
	struct turn t;

	error_clear(&ignored);
	return turn_read(q, order, &t, &ignored) == ST_OK && holder_find(q, order, &t, p, &ignored) == ST_OK;
}

bool
order_last(struct queue *q, const char *order, struct place *p)
{
	struct error ignored;
	struct shelf lane;
	bool found;

	error_clear(&ignored);
	found = lane_open(q, order, &lane, &ignored) == ST_OK && lane_last(&lane, p, &ignored);
	shelf_close(&lane);
	return found;
}

void
order_lost(struct queue *q, const struct msgname *n)
{
	struct error ignored;

	error_clear(&ignored);
	if (n->order[0] != '\0')
		(void)!settle(q, n->order, NULL, &ignored);
}

/* One that comes back from where an operator had put it: those that were parked are not all older, so it joins them. */
static void
rejoin(struct queue *q, const struct place *p, struct error *err)
{
	struct place last;
	bool again;
	int dir;

	if (!order_last(q, p->name.order, &last) || p->name.key >= last.name.key || place_open(q, p, &dir, err) != ST_OK)
		return;
	(void)!order_park(q, dir, p, &again, err);
	(void)close(dir);
}

void
order_moved(struct queue *q, const struct place *to)
{
	struct error ignored;
	struct turn t;
	bool own;

	if (to->name.order[0] == '\0')
		return;
	if (!keeps(q, to)) {
		(void)order_leave(q, &to->name);
		return;
	}
	error_clear(&ignored);
	own = turn_read(q, to->name.order, &t, &ignored) == ST_OK && strcmp(t.id.text, to->name.id.text) == 0;
	if (!own && to->state == STATE_READY)
		rejoin(q, to, &ignored);
	/* A key that is blocked is to be so after a power failure, too. */
	if (own && turn_note(q, &t, to, &ignored) == ST_OK && blocks(q, to) && queue_synced(q))
		turn_sync(q, to->name.order);
}

bool
order_begun(const struct msgname *n)
{
	return n->order[0] != '\0' && (n->deliveries > 0 || n->attempts > 0);
}

/* Whether one that was had before, elsewhere, had the turn of its key there, as far as its name tells, and would have it here. */
static bool
keeps_turn(const struct queue *q, const struct place *p)
{
	return order_begun(&p->name) && (p->state == STATE_READY || p->state == STATE_DELAYED || blocks(q, p));
}

void
order_came(struct queue *q, const struct place *p)
{
	struct error ignored;

	error_clear(&ignored);
	if ((keeps_turn(q, p) && turn_take(q, p->name.order, &p->name.id, &ignored) == ST_OK) || p->state == STATE_READY)
		order_moved(q, p);
}

bool
order_turn(struct queue *q, const char *order, struct msgid *id)
{
	struct error ignored;
	struct turn t;

	error_clear(&ignored);
	if (turn_read(q, order, &t, &ignored) != ST_OK)
		return false;
	*id = t.id;
	return true;
}

bool
order_holds(struct queue *q, const struct msgname *n)
{
	struct msgid id;

	return n->order[0] != '\0' && order_turn(q, n->order, &id) && strcmp(id.text, n->id.text) == 0;
}

/* ---- checking --------------------------------------------------------- */

/* NULL: all is well, or was mended by the time that it was looked at. */
static const char *
wrong(struct queue *q, const char *order, struct error *err)
{
	struct place p;
	struct turn t;

	if (turn_read(q, order, &t, err) != ST_OK)
		return lane_first(q, order, &p, err) == ST_OK ? "messages wait, and it is nobody's turn" : NULL;
	switch (holder_find(q, order, &t, &p, err)) {
	case ST_NONE:
		return "it is the turn of a message that is done with";
	case ST_OK:
		return place_in_lane(&p) ? "it is the turn of a message that no claim can see" : NULL;
	default:
		return NULL;
	}
}

/* What is stuck in up to max of the lanes after the one of that name goes on.  How many there were; after becomes the last of them. */
static size_t
sweep_lanes(struct queue *q, char after[NAME_MAX_LEN + 1], size_t max, bool *mended)
{
	const struct entry *e;
	struct error ignored;
	struct walk w;
	size_t n = 0;
	int dir;

	error_clear(&ignored);
	if (lanes_look(q, &dir, &ignored) != ST_OK)
		return 0;
	walk_begin(&w, dir, after, max);
	for (; n < max && walk_next(&w, &e, &ignored) == ST_OK; n++) {
		(void)strlcpy(after, e->name, NAME_MAX_LEN + 1);
		*mended |= order_ok(after) && wrong(q, after, &ignored) != NULL && settle(q, after, NULL, &ignored) == ST_OK;
		error_clear(&ignored);
	}
	walk_end(&w);
	if (dir != -1)
		(void)close(dir);
	return n;
}

/*
 * Who is killed between ending a turn and giving it to the next leaves a lane without one; so does
 * who takes away by hand what blocks a key, or lets it pass by another policy.  A claim's end has
 * its own way back (see done_put); for the others this is it: all lanes, or as many chosen at random.
 */
bool
order_sweep(struct queue *q, usec_t now)
{
	char after[NAME_MAX_LEN + 1], first[NAME_MAX_LEN + 1] = "";
	bool mended = false;
	uint64_t random;
	size_t n;

	if (q->swept != 0 && now >= q->swept && now - q->swept < SWEEP_EVERY)
		return false;
	arc4random_buf(&random, sizeof(random));
	(void)snprintf(after, sizeof(after), "%016llx", (unsigned long long)random);
	n = sweep_lanes(q, after, SWEEP_LANES, &mended);
	if (n < SWEEP_LANES)
		(void)sweep_lanes(q, first, SWEEP_LANES - n, &mended);
	q->swept = mended ? 0 : now;
	return mended;
}

void
order_sweep_all(struct queue *q)
{
	char after[NAME_MAX_LEN + 1] = "";
	bool mended = false;

	while (sweep_lanes(q, after, SCAN_LANES, &mended) == SCAN_LANES)
		continue;
}

const char *
order_check(struct queue *q, const char *order, bool repair, bool *stuck, bool *mended, struct error *err)
{
	const char *text = NULL;
	struct place p;

	/* Others pass turns on meanwhile, in two steps. */
	for (int i = 0; i < 3; i++)
		if ((text = wrong(q, order, err)) == NULL)
			break;
	*stuck = text != NULL && lane_first(q, order, &p, err) == ST_OK;
	*mended = false;
	/* A file system that was cut off may have left more than one. */
	for (int i = 0; text != NULL && repair && !*mended && i < ROUNDS; i++)
		*mended = settle(q, order, NULL, err) == ST_OK && wrong(q, order, err) == NULL;
	error_clear(err);
	return text;
}
