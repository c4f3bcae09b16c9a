/*
 * fail.c: what becomes of a message that cannot go on as it did, because its attempt failed, it
 * expired, or it is torn.  It gets another attempt, or it becomes a dead letter.
 */
#include <string.h>

#include "base/name.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "spool/queue.h"
#include "spool/place.h"
#include "spool/counters.h"
#include "spool/log.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "pattern/order.h"
#include "pattern/leave.h"
#include "pattern/latest.h"
#include "pattern/reply.h"
#include "life/life.h"
#include "life/fail.h"
#include "life/redirect.h"

enum status
pass_over(struct passed *over, struct error *err)
{
	if (over->n++ == 0)
		over->first = *err;
	if (error_is_ours(err))
		return err->status;
	error_clear(err);
	return ST_OK;
}

/* Move a message that cannot go on to where it ends.  'sync' makes the move durable. */
static enum status
fail_put(struct queue *q, const struct place *p, struct queue *to, enum state s,
    const struct msgname *n,
    usec_t now, bool sync, struct error *err)
{
	struct leave l = { .to = to, .state = s, .name = *n, .event = "dead", .careful = sync };
	enum status st = leave(q, p, &l, now, err);

	if (st == ST_OK)
		counters_add(q, COUNT_DEAD, 1, now);
	return st == ST_OK && sync ? moves_sync(to, err) : st;
}

/* Move a message to the queue that the policy names for dead letters. */
static enum status
fail_redirect(struct queue *q, const struct place *p, const struct msgname *n, usec_t now,
    bool sync,
    struct error *err)
{
	struct msgname there;
	struct queue *to;
	enum status st;

	if ((st = queue_create(q->spool, q->policy.dead_queue, NULL, 0, &to, err)) != ST_OK)
		return st;
	there = redirect_name(q, to, n, now);
	st = fail_put(q, p, to, STATE_READY, &there, now, sync, err);
	if (st == ST_OK || st == ST_UNSURE) {
		counters_add(to, COUNT_PUSHED, 1, now);
		if (queue_is_topic(to))
			topic_poke(to);
	}
	queue_close(to);
	return st;
}

/* Move a message to dead/, or to the queue that the policy names for dead letters. */
static enum status
fail_aside(struct queue *q, const struct place *p, struct msgname *n, usec_t now, bool sync,
    struct error *err)
{
	enum status st;

	n->key = now;
	if (redirect_wanted(q, n)) {
		st = fail_redirect(q, p, n, now, sync, err);
		/* What this process lacks for a moment is no fault of that queue. */
		if (st == ST_OK || st == ST_UNSURE || st == ST_GONE || error_is_ours(err))
			return st;
		error_clear(err);	/* that queue cannot take it: use the dead/ of this one */
	}
	return fail_put(q, p, q, STATE_DEAD, n, now, sync, err);
}

/* Make the message a dead letter, and tell the process that waits for its reply, if any. */
static enum status
fail_dead(struct queue *q, const struct place *p, struct msgname *n, usec_t now, bool sync,
    struct error *err)
{
	char token[REPLY_LEN + 1], why[512] = "";
	struct place dying = *p;
	enum status st;

	reply_asker(q, p, token);
	if (token[0] != '\0') {
		dying.name = *n;
		msg_reason(q, &dying, why, sizeof(why));
	}
	st = fail_aside(q, p, n, now, sync, err);
	if (st == ST_OK || st == ST_UNSURE)
		reply_failed(q, token, why, now);
	return st;
}

enum status
fail_expired(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	char token[REPLY_LEN + 1];
	struct msgname n = p->name;
	enum status st;

	if (q->policy.expired == EXPIRED_DROP) {
		struct leave l = { .state = STATE_DEAD, .name = n, .event = "expired" };
		reply_asker(q, p, token);
		if ((st = leave(q, p, &l, now, err)) == ST_OK)
			reply_failed(q, token, "expired", now);
	} else {
		(void)strlcpy(n.reason, "expired", sizeof(n.reason));
		st = fail_dead(q, p, &n, now, false, err);
	}
	if (st == ST_OK)
		counters_add(q, COUNT_EXPIRED, 1, now);
	return st;
}

enum status
fail_torn(struct queue *q, const struct place *p, const char *reason, usec_t now,
    struct error *err)
{
	struct msgname n = p->name;

	name_unclaim(&n);
	(void)strlcpy(n.reason, reason, sizeof(n.reason));
	n.key = now;
	return fail_put(q, p, q, STATE_DEAD, &n, now, false, err);
}

/* ---- a failed attempt ------------------------------------------------- */

static usec_t
fail_delay(struct queue *q, const struct place *p, const struct msgname *n,
    const struct failure *why)
{
	if (latest_superseded(q, p))
		return 0;	/* there will be no next attempt */
	return why->delay >= 0 ? why->delay :
	    policy_jitter(&q->policy, policy_backoff(&q->policy, n->attempts));
}

static bool
fail_is_last(struct queue *q, const struct msgname *n, const struct failure *why)
{
	if (why->permanent || why->counted)
		return why->permanent;
	return n->attempts >= q->policy.attempts || n->attempts == INT32_MAX;
}

/* What the field of the lease says of a claim that is decided: the delay, in milliseconds and 1. */
static int64_t
fail_lease(usec_t delay)
{
	return (delay + 999) / 1000 + 1;
}

/* Let the name of a claim tell why its attempt failed, and what becomes of the message. */
static void
fail_mark(struct queue *q, const struct place *p, const struct failure *why, struct msgname *n)
{
	n->attempts = why->counted ? why->attempts : count_up(n->attempts);
	(void)strlcpy(n->reason, why->reason, sizeof(n->reason));
	n->beside = false;
	n->mono = n->claimed = 0;
	if (fail_is_last(q, n, why)) {
		n->failed = FAILED_DEAD;
		n->lease_ms = 1;
	} else {
		n->failed = FAILED_LATER;
		n->lease_ms = fail_lease(fail_delay(q, p, n, why));
	}
}

bool
fail_agrees(struct queue *q, const struct place *marked, const struct failure *why)
{
	const struct msgname *n = &marked->name;

	if (n->failed == 0 || fail_is_last(q, n, why))
		return n->failed == FAILED_DEAD;
	return n->failed == FAILED_LATER &&
	    (why->delay < 0 || n->lease_ms == fail_lease(fail_delay(q, marked, n, why)));
}

enum state
fail_state(const struct msgname *marked)
{
	return marked->failed == FAILED_DEAD ? STATE_DEAD :
	    marked->lease_ms > 1 ? STATE_DELAYED : STATE_READY;
}

static enum status
fail_for_good(struct queue *q, const struct place *p, const struct msgname *marked, usec_t now,
    struct error *err)
{
	struct msgname n = *marked;

	name_unclaim(&n);
	/*
	 * Pass the turn on before the move: a process that is stopped between the two then leaves a
	 * claim, and not a key without a turn.  But not before the mark has won the message, nor
	 * where it may block its key: that depends on whether the dead-letter queue takes it, and
	 * leave() passes the turn on if it does.
	 */
	if (p->name.failed != 0 && q->policy.order_dead == ORDER_SKIP)
		(void)order_leave(q, &n);
	return fail_dead(q, p, &n, now, true, err);
}

static enum status
fail_for_now(struct queue *q, const struct place *p, const struct msgname *marked, usec_t now,
    struct error *err)
{
	usec_t delay = (marked->lease_ms - 1) * 1000;
	struct leave l = { .to = q, .state = delay > 0 ? STATE_DELAYED : STATE_READY,
	    .name = *marked, .event = "failed" };
	enum status st;

	name_unclaim(&l.name);
	l.name.key = delay > 0 ? now + delay : id_time(&l.name.id);
	if ((st = leave(q, p, &l, now, err)) == ST_OK)
		latest_returned(q, &l.at, now);
	return st;
}

static enum status
fail_go(struct queue *q, const struct place *p, const struct msgname *marked, usec_t now,
    struct error *err)
{
	return marked->failed == FAILED_DEAD ? fail_for_good(q, p, marked, now, err) :
	    fail_for_now(q, p, marked, now, err);
}

enum status
fail_complete(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	return fail_go(q, p, &p->name, now, err);
}

/*
 * First the claim gets a name that tells what becomes of the message: the process that succeeds in
 * this has won.  Then it writes the record, and then it moves the message.  So a process that lost
 * has written nothing, a dead message always has its record, and what one process leaves undone,
 * another can complete.
 */
enum status
fail_attempt(struct queue *q, struct place *p, const struct failure *why,
    usec_t now, enum state *state, struct error *err)
{
	struct msgname n = p->name;
	enum status st, won;
	bool dead;

	fail_mark(q, p, why, &n);
	dead = n.failed == FAILED_DEAD;
	*state = fail_state(&n);
	if ((won = place_mark(q, p, &n, p, err)) != ST_OK && won != ST_NONE)
		return won;
	if (won == ST_OK)
		record_add(q, &n.id, n.attempts, why, now, dead);
	st = fail_go(q, p, &n, now, err);
	if (won == ST_OK && st == ST_GONE)
		st = ST_OK;	/* another process met the marked claim and completed it */
	if (won == ST_NONE && (st == ST_OK || st == ST_UNSURE))
		record_add(q, &n.id, n.attempts, why, now, dead);
	if (won == ST_OK || st == ST_OK)
		counters_add(q, COUNT_FAILED, 1, now);
	return st;
}
