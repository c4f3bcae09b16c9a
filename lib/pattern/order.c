/*
 * order.c: messages of one key, one at a time and in order (F15.1 of spool-format.md).
 *
 * A claim that meets a message whose turn has not come leaves the message where it is.  If there
 * are many such messages, the claim parks them in the lane of the key, waiting/ORDER/, so that no
 * later claim has to pass over them again.  A lane has buckets like the directory of a state.
 *
 * Of one key, every parked message is older than those in ready/, except the one whose turn it is.
 * A process that ends a turn looks into the lane afterwards, and a process that parks a message
 * looks at the turn afterwards.  So at least one of the two sees what the other did.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "spool/policy.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/lane.h"
#include "view/view.h"
#include "view/scan.h"
#include "pattern/pattern.h"
#include "pattern/turn.h"
#include "pattern/passing.h"
#include "pattern/order.h"

/* ---- whose turn it is ------------------------------------------------- */

/*
 * On a full disk no turn can be written.  Then a message has its turn if no other message of its
 * key is claimed.  A message that fails meanwhile may be overtaken by a later one of its key.
 */
static enum order_is
order_by_claims(struct queue *q, const char *order, struct error *err)
{
	enum order_is is = ORDER_ITS_TURN;
	struct scan *scan;
	struct place p;
	enum status st;

	if (scan_open(q, STATE_BIT(STATE_CLAIMED), &scan, err) != ST_OK)
		return ORDER_FAILED;
	while (is == ORDER_ITS_TURN && (st = scan_next(scan, &p, err)) != ST_NONE)
		if (st != ST_OK)
			is = ORDER_FAILED;
		else if (strcmp(p.name.order, order) == 0)
			is = ORDER_NOT_YET;
	scan_close(scan);
	return is;
}

/*
 * order_ask for a key whose turn nobody has.  '*look' becomes true if another process changed the
 * turn meanwhile, so that the caller has to look again.
 */
static enum order_is
order_ask_free(struct queue *q, const struct place *p, bool take, bool *again, bool *look,
    struct error *err)
{
	bool any = false;

	*look = false;
	switch (passing_start(q, p->name.order, &any, err)) {
	case PASSING_DONE:
		break;
	case PASSING_AGAIN:
		*look = true;
		return ORDER_NOT_YET;
	case PASSING_FAILED:
		*again = any;
		return ORDER_FAILED;
	}
	if (any) {
		*again = true;
		return ORDER_NOT_YET;
	}
	if (!take)
		return ORDER_NOBODYS;
	switch (turn_take(q, p->name.order, &p->name.id, err)) {
	case TURN_DONE:
		return ORDER_ITS_TURN;
	case TURN_NOBODYS:
	case TURN_ANOTHERS:
		*look = true;
		return ORDER_NOT_YET;
	case TURN_FAILED:
		break;
	}
	if (!error_is_full(err))
		return ORDER_FAILED;
	error_clear(err);
	return order_by_claims(q, p->name.order, err);
}

/*
 * Another message, 'holder', has the turn.  See to it that a claim finds that message: move it
 * from its lane to ready/, or note in the entry of the turn where it is.
 */
static enum order_is
order_show(struct queue *q, const struct turn *t, const struct place *holder, bool *again,
    struct error *err)
{
	if (place_in_lane(holder)) {
		*again = true;
		return passing_to_ready(q, holder, err) == PASSING_FAILED ? ORDER_FAILED :
		    ORDER_NOT_YET;
	}
	if (holder->state != STATE_CLAIMED && turn_note(q, t, holder, err) == TURN_FAILED)
		return ORDER_FAILED;
	return ORDER_NOT_YET;
}

enum order_is
order_ask(struct queue *q, const struct place *p, bool take, struct msgid *turn, bool *again,
    struct error *err)
{
	const char *order = p->name.order;
	struct place holder;
	enum order_is is;
	struct turn t;
	bool look;

	for (int i = 0; i < PASSING_ROUNDS; i++) {
		switch (turn_read(q, order, &t, err)) {
		case TURN_DONE:
			break;
		case TURN_FAILED:
			return ORDER_FAILED;
		case TURN_NOBODYS:
		case TURN_ANOTHERS:
			is = order_ask_free(q, p, take, again, &look, err);
			if (look)
				continue;
			return is;
		}
		if (strcmp(t.id.text, p->name.id.text) == 0)
			return ORDER_ITS_TURN;
		switch (holder_find(q, order, &t, &holder, err)) {
		case HOLDER_STANDS:
			*turn = t.id;
			return order_show(q, &t, &holder, again, err);
		case HOLDER_FAILED:
			return ORDER_FAILED;
		case HOLDER_GONE:
			if (passing_settle(q, order, &t.id, err) == PASSING_FAILED)
				return ORDER_FAILED;
		}
	}
	return ORDER_NOT_YET;
}

bool
order_turn(struct queue *q, const char *order, struct msgid *id)
{
	struct error ignored;
	struct turn t;

	error_clear(&ignored);
	if (turn_read(q, order, &t, &ignored) != TURN_DONE)
		return false;
	*id = t.id;
	return true;
}

bool
order_holds(struct queue *q, const struct msgname *n)
{
	struct msgid id;

	return n->order[0] != '\0' && order_turn(q, n->order, &id) &&
	    strcmp(id.text, n->id.text) == 0;
}

bool
order_holder(struct queue *q, const char *order, struct place *p)
{
	struct error ignored;
	struct turn t;

	error_clear(&ignored);
	return turn_read(q, order, &t, &ignored) == TURN_DONE &&
	    holder_find(q, order, &t, p, &ignored) == HOLDER_STANDS;
}

bool
order_last(struct queue *q, const char *order, struct place *p)
{
	struct error ignored;

	error_clear(&ignored);
	return lane_last(q, order, p, &ignored) == LANE_WAITS;
}

bool
order_waits(struct queue *q, const char *order, struct place *p)
{
	struct error ignored;

	if (order_holder(q, order, p) && (p->state == STATE_READY || p->state == STATE_DELAYED))
		return true;
	error_clear(&ignored);
	return lane_first(q, order, p, &ignored) == LANE_WAITS;
}

/* ---- waiting for a turn --------------------------------------------------- */

enum status
order_park(struct queue *q, int dir, const struct place *p, bool *again, struct error *err)
{
	const char *order = p->name.order;
	struct msgname n = p->name;
	enum status st;
	struct turn t;

	st = lane_put(q, order, dir, p->file, &n, err);
	if (st == ST_GONE || (st != ST_OK && error_is_full(err))) {
		/* Gone, there is nothing to park; on a full disk it stays, which is only slower. */
		error_clear(err);
		return ST_OK;
	}
	if (st != ST_OK)
		return st;
	switch (turn_read(q, order, &t, err)) {
	case TURN_FAILED:
		return err->status;
	case TURN_DONE:
		if (strcmp(t.id.text, p->name.id.text) != 0)
			return ST_OK;
		break;
	case TURN_NOBODYS:
	case TURN_ANOTHERS:
		break;
	}
	*again = true;
	return passing_settle(q, order, NULL, err) == PASSING_FAILED ? err->status : ST_OK;
}

/*
 * Park a message that came back to ready/, for example because an operator moved it, if a newer
 * message of its key is parked.  Otherwise a parked message would not be older than all in ready/.
 */
static void
order_rejoin(struct queue *q, const struct place *p, struct error *err)
{
	struct place last;
	bool again;
	int dir;

	if (!order_last(q, p->name.order, &last) || p->name.key >= last.name.key ||
	    place_open(q, p, &dir, err) != ST_OK)
		return;
	(void)!order_park(q, dir, p, &again, err);
	(void)close(dir);
}

/* ---- the end of a turn ------------------------------------------------ */

/* Remember until order_resume that this turn ended.  False: there is no memory for that. */
static bool
order_put_off(struct queue *q, const struct msgname *n)
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
order_settle(struct queue *q, const char *order, const struct msgid *id)
{
	struct error ignored;

	error_clear(&ignored);
	return passing_settle(q, order, id, &ignored) == PASSING_DONE;
}

bool
order_leave(struct queue *q, const struct msgname *n)
{
	if (n->order[0] == '\0' || (q->deferred.on && (!order_holds(q, n) || order_put_off(q, n))))
		return true;
	return order_settle(q, n->order, &n->id);
}

void
order_defer(struct queue *q)
{
	q->deferred.on = true;
}

void
order_resume(struct queue *q)
{
	q->deferred.on = false;
	for (size_t i = 0; i < q->deferred.n; i++)
		(void)order_settle(q, q->deferred.e[i].order, &q->deferred.e[i].id);
	free(q->deferred.e);
	memset(&q->deferred, 0, sizeof(q->deferred));
}

void
order_lost(struct queue *q, const struct msgname *n)
{
	if (n->order[0] != '\0')
		(void)order_settle(q, n->order, NULL);
}

/* ---- a message that moves, and its turn ----------------------------------- */

void
order_moved(struct queue *q, const struct place *to)
{
	struct error ignored;
	struct turn t;
	bool own;

	if (to->name.order[0] == '\0')
		return;
	if (!holder_keeps(q, to)) {
		(void)order_leave(q, &to->name);
		return;
	}
	error_clear(&ignored);
	own = turn_read(q, to->name.order, &t, &ignored) == TURN_DONE &&
	    strcmp(t.id.text, to->name.id.text) == 0;
	if (!own && to->state == STATE_READY)
		order_rejoin(q, to, &ignored);
	/* A key that this message blocks has to be blocked after a power failure, too. */
	if (own && turn_note(q, &t, to, &ignored) == TURN_DONE && holder_blocks(q, to) &&
	    queue_synced(q))
		turn_sync(q, to->name.order);
}

bool
order_begun(const struct msgname *n)
{
	return n->order[0] != '\0' && (n->deliveries > 0 || n->attempts > 0);
}

/*
 * Whether a message that came from another queue is to have the turn of its key here: its name
 * tells that it had the turn there, and where it stands now a message keeps its turn.
 */
static bool
order_brings_turn(const struct queue *q, const struct place *p)
{
	return order_begun(&p->name) &&
	    (p->state == STATE_READY || p->state == STATE_DELAYED || holder_blocks(q, p));
}

void
order_came(struct queue *q, const struct place *p)
{
	struct error ignored;

	error_clear(&ignored);
	if ((order_brings_turn(q, p) && turn_take(q, p->name.order, &p->name.id,
	    &ignored) == TURN_DONE) ||
	    p->state == STATE_READY)
		order_moved(q, p);
}
