/*
 * leave.c: the one way in which a message leaves its place (spool-format.md F5.45, F5.46).
 *
 * A process that ends, fails or moves a message first has to win it, by a rename or unlink of the
 * very name that it examined.  Before that it must not change anything else on behalf of the
 * message, because another process may win it, and one that lost must have changed nothing.
 */
#include "base/name.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "spool/queue.h"
#include "spool/place.h"
#include "spool/log.h"
#include "pattern/order.h"
#include "pattern/newest.h"
#include "pattern/leave.h"

bool
leave_waits(enum state s)
{
	return s == STATE_READY || s == STATE_DELAYED;
}

static void
leave_turn(struct queue *q, const struct leave *l)
{
	if (l->to == q) {
		order_moved(q, &l->at);
		return;
	}
	/*
	 * A message that is ready in the other queue does not bring the turn along, because older
	 * ones of its key may have come there before it.
	 */
	if (l->to != NULL && l->state == STATE_READY)
		order_moved(l->to, &l->at);
	else if (l->to != NULL)
		order_came(l->to, &l->at);
	(void)order_leave(q, &l->name);
}

enum status
leave(struct queue *q, const struct place *p, struct leave *l, usec_t now, struct error *err)
{
	enum status st;

	if (l->to == NULL)
		st = place_drop(q, p, err);
	else {
		l->to->careful = l->careful;
		st = place_move(q, p, l->to, l->state, &l->name, &l->at, err);
		l->to->careful = false;
	}
	if (st != ST_OK)
		return st;
	if (!l->passed)
		leave_turn(q, l);
	newest_follow(q, &p->name, l->to == q && leave_waits(l->state) ? &l->at : NULL);
	if (l->to != NULL && l->to != q) {
		if (l->name.reason[0] != '\0')
			record_move(q, &l->name.id, l->to);
		log_moved(q, l->to, &l->name, l->state, now);
	} else
		log_event(q, l->event, &l->name, l->state, now);
	return ST_OK;
}
