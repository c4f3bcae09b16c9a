/*
 * fail.c: what becomes of a message that cannot go on as it did: its attempt failed,
 * it expired, or it is torn.  It gets another attempt, or it is a dead letter.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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

/* With what a failed attempt made of it on disk: the attempts are over. */
static enum status
put_dead(struct queue *q, const struct place *p, struct queue *to, enum state s,
    struct msgname *n, usec_t now, bool sync, struct error *err)
{
	struct place at;
	enum status st;

	latest_done(q, n);
	to->careful = sync;
	st = place_move(q, p, to, s, n, &at, err);
	to->careful = false;
	if (st == ST_OK && to != q) {
		(void)order_leave(q, n);
		log_moved(q, to, n, s, now);
	} else if (st == ST_OK) {
		order_moved(q, &at);
		log_event(q, "dead", n, s, now);
	}
	return st == ST_OK && sync ? moves_sync(to, err) : st;
}

/* To dead/, or to the queue that the policy names for dead letters. */
static enum status
put_aside(struct queue *q, const struct place *p, struct msgname *n, usec_t now, bool sync,
    struct error *err)
{
	struct error ignored;
	struct queue *to;
	enum status st;

	counters_add(q, COUNT_DEAD, 1, now);
	n->key = now;
	if (!redirect_wanted(q, n))
		return put_dead(q, p, q, STATE_DEAD, n, now, sync, err);
	error_clear(&ignored);
	if (queue_create(q->spool, q->policy.dead_queue, NULL, 0, &to, &ignored) == ST_OK) {
		struct msgname redirected = redirect_name(q, to, n, now);
		st = put_dead(q, p, to, STATE_READY, &redirected, now, sync, &ignored);
		if (st == ST_OK || st == ST_UNSURE) {
			record_move(q, &n->id, to);
			counters_add(to, COUNT_PUSHED, 1, now);
			if (queue_is_topic(to))
				topic_poke(to);
		}
		queue_close(to);
		if (st == ST_UNSURE)
			*err = ignored;
		if (st == ST_OK || st == ST_UNSURE || st == ST_GONE)
			return st;
	}
	/* It can't be had: the queue's own dead/ always can. */
	return put_dead(q, p, q, STATE_DEAD, n, now, sync, err);
}

/* And who waits for an answer is told. */
static enum status
to_dead(struct queue *q, const struct place *p, struct msgname *n, usec_t now, bool sync,
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
	st = put_aside(q, p, n, now, sync, err);
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
		reply_asker(q, p, token);
		latest_done(q, &n);
		if ((st = place_drop(q, p, err)) == ST_OK) {
			(void)order_leave(q, &n);
			log_event(q, "expired", &n, STATE_DEAD, now);
			reply_failed(q, token, "expired", now);
		}
	} else {
		(void)strlcpy(n.reason, "expired", sizeof(n.reason));
		(void)order_leave(q, &n);	/* what is too old blocks nobody */
		st = to_dead(q, p, &n, now, false, err);
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
	counters_add(q, COUNT_DEAD, 1, now);
	return put_dead(q, p, q, STATE_DEAD, &n, now, false, err);
}

/* ---- a failed attempt ------------------------------------------------- */

/* Whether it still stands there: a claim that is lost must not leave a record. */
static enum status
stands(struct queue *q, const struct place *p, struct error *err)
{
	struct stat sb;
	enum status st;
	int dir;

	if ((st = place_open(q, p, &dir, err)) != ST_OK)
		return st;
	if (fstatat(dir, p->file, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		st = errno == ENOENT ? ST_GONE : error_sys(err, errno, "message %s",
		    p->name.id.text);
	(void)close(dir);
	return st;
}

static usec_t
next_attempt(struct queue *q, const struct msgname *n, const struct failure *why)
{
	if (latest_superseded(q, n))
		return 0;	/* there will be none */
	return why->delay >= 0 ? why->delay : policy_jitter(&q->policy, policy_backoff(&q->policy, n->attempts));
}

enum status
fail_attempt(struct queue *q, const struct place *p, const struct failure *why,
    usec_t now, enum state *state, struct error *err)
{
	struct msgname n = p->name;
	struct place at;
	bool dead;
	enum status st;
	usec_t delay;

	if ((st = stands(q, p, err)) != ST_OK)
		return st;
	name_unclaim(&n);
	n.attempts++;
	(void)strlcpy(n.reason, why->reason, sizeof(n.reason));
	dead = why->permanent || n.attempts >= q->policy.attempts;
	/* Before the move: whoever sees it dead can read why.  A block too many does no harm. */
	record_add(q, &n.id, n.attempts, why, now, dead);
	if (dead) {
		*state = STATE_DEAD;
		/* Before the move: a crash between the two leaves a claim, and that comes back here. */
		if (q->policy.order_dead == ORDER_SKIP || redirect_wanted(q, &n))
			(void)order_leave(q, &n);
		st = to_dead(q, p, &n, now, true, err);
	} else {
		delay = next_attempt(q, &n, why);
		*state = delay > 0 ? STATE_DELAYED : STATE_READY;
		n.key = delay > 0 ? now + delay : id_time(&n.id);
		st = place_move(q, p, q, *state, &n, &at, err);
		if (st == ST_OK) {
			order_moved(q, &at);
			log_event(q, "failed", &n, *state, now);
			latest_returned(q, &at, now);
		}
	}
	if (st == ST_OK)
		counters_add(q, COUNT_FAILED, 1, now);
	return st;
}
