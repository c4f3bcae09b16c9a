/*
 * move.c: what operators do to a message.  Each is one rename or unlink; a claim
 * is moved like any other message (the caller asks first), and its holder is
 * then fenced off by its token.
 */
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/way.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "spool/queue.h"
#include "spool/place.h"
#include "spool/counters.h"
#include "spool/log.h"
#include "pattern/pattern.h"
#include "pattern/order.h"
#include "pattern/latest.h"
#include "pattern/reply.h"
#include "life/life.h"
#include "life/fail.h"

/* Move into a state of queue to, out of any claim.  *at: where it went. */
static enum status
operate(struct queue *q, const struct place *p, struct queue *to, enum state s,
    struct msgname *n, struct place *at, struct error *err)
{
	enum status st;

	name_unclaim(n);
	if (to != q || s == STATE_HELD || s == STATE_DEAD)
		latest_done(q, n);
	to->careful = true;
	st = place_move(q, p, to, s, n, at, err);
	to->careful = false;
	/* What is ready has its place among the others of its key: older ones may have come before it. */
	if (st == ST_OK && to != q && s != STATE_READY)
		order_came(to, at);
	else if (st == ST_OK)
		order_moved(to, at);
	if (st == ST_OK && to != q)
		(void)order_leave(q, n);
	return st;
}

enum status
move_retry(struct queue *q, const struct place *p, struct queue *to, bool keep_attempts, usec_t now,
    struct error *err)
{
	struct msgname n = p->name;
	struct place at;
	enum status st;

	if (!keep_attempts)
		n.attempts = 0;
	n.suspect = false;
	n.key = id_time(&n.id);
	if (to != q)
		n.replayed = false;	/* what it is another name of stays behind */
	way_home(&n, to->name);
	renew_expiry(to, &n, now);
	st = operate(q, p, to, STATE_READY, &n, &at, err);
	if (st != ST_OK)
		return st;
	counters_add(q, COUNT_RETRIED, 1, now);
	if (to == q)
		log_event(q, "retried", &n, STATE_READY, now);
	else {
		record_move(q, &n.id, to);
		counters_add(to, COUNT_PUSHED, 1, now);
		log_moved(q, to, &n, STATE_READY, now);
	}
	latest_arrived(to, &at, now);
	return ST_OK;
}

enum status
move_hold(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	struct msgname n = p->name;
	struct place at;
	enum status st;

	n.key = now;
	st = operate(q, p, q, STATE_HELD, &n, &at, err);
	if (st == ST_OK)
		log_event(q, "held", &n, STATE_HELD, now);
	return st;
}

enum status
move_bury(struct queue *q, const struct place *p, const char *reason, usec_t now,
    struct error *err)
{
	struct failure why = { .reason = "buried", .text = reason };
	char token[REPLY_LEN + 1];
	struct msgname n = p->name;
	struct place at;
	enum status st;

	reply_asker(q, p, token);
	n.key = now;
	(void)strlcpy(n.reason, why.reason, sizeof(n.reason));
	st = operate(q, p, q, STATE_DEAD, &n, &at, err);
	if (st == ST_OK) {
		record_add(q, &n.id, 0, &why, now, true);
		counters_add(q, COUNT_DEAD, 1, now);
		log_event(q, "dead", &n, STATE_DEAD, now);
		reply_failed(q, token, reason != NULL ? reason : why.reason, now);
	}
	return st;
}

enum status
move_drop(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	char token[REPLY_LEN + 1];
	enum status st;

	reply_asker(q, p, token);
	latest_done(q, &p->name);
	if ((st = place_drop(q, p, err)) == ST_OK) {
		(void)order_leave(q, &p->name);
		counters_add(q, COUNT_REMOVED, 1, now);
		log_event(q, "removed", &p->name, STATE_DONE, now);
		reply_failed(q, token, "removed", now);
	}
	return st;
}

enum status
move_to(struct queue *q, const struct place *p, struct queue *to, usec_t now,
    struct error *err)
{
	/* A claim ends with the move: its holder is of the old queue. */
	enum state s = p->state == STATE_CLAIMED ? STATE_READY : p->state;
	struct msgname n = p->name;
	struct place at;
	enum status st;

	if (s != p->state)
		n.key = id_time(&n.id);
	n.replayed = false;	/* what it is another name of stays behind */
	way_home(&n, to->name);
	st = operate(q, p, to, s, &n, &at, err);
	if (st == ST_OK && n.reason[0] != '\0')
		record_move(q, &n.id, to);
	if (st == ST_OK) {
		counters_add(to, COUNT_PUSHED, 1, now);
		log_moved(q, to, &n, s, now);
		latest_arrived(to, &at, now);
	}
	return st;
}
