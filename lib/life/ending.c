/*
 * ending.c: what the holder of a claim may do with it, and the four ways it ends.
 *
 * Each operation uses the file name that holds the claim's token.  Once the claim is taken back
 * that name is gone, and the operation fails with ENOENT: that is the fence.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "view/scan.h"
#include "pattern/order.h"
#include "pattern/leave.h"
#include "pattern/latest.h"
#include "life/life.h"
#include "life/fail.h"
#include "life/done.h"
#include "life/lease.h"

/* How often a claim may be found again, and yet not be moved, before that is an error. */
#define ENDING_ROUNDS 100

static enum status
ending_lost(const char *handle, struct error *err)
{
	return error_set(err, ST_LOST, 0, "claim %s is lost: it was ended, or its lease ran "
	    "out and it was taken back", handle);
}

static enum status
ending_lost_at(const struct place *p, struct error *err)
{
	char handle[HANDLE_MAX];

	handle_format(p, handle);
	return ending_lost(handle, err);
}

enum status
claim_find(struct queue *q, const char *handle, struct claim *c, struct error *err)
{
	char token[TOKEN_LEN + 1], bucket[BUCKET_MAX];
	struct msgid id;
	enum status st;

	memset(c, 0, sizeof(*c));
	c->fd = -1;
	if (!handle_parse(handle, &id, token, bucket))
		return error_set(err, ST_BADDATA, 0, "'%s' is no handle: 'mq claim' prints them",
		    handle);
	st = place_find(shelf_of(q, STATE_CLAIMED), &id, token, bucket, &c->at, err);
	return st == ST_NONE ? ending_lost(handle, err) : st;
}

/*
 * A claim was not where it was expected.  Another process that has its handle may have extended it,
 * so look for it anew.  'round' says how often that was done before.
 */
static enum status
ending_refind(struct queue *q, struct claim *c, int round, struct error *err)
{
	char bucket[BUCKET_MAX];
	struct place p;
	enum status st;

	if (round == ENDING_ROUNDS)
		return error_set(err, ST_IO, ESTALE, "message %s is there, and cannot be moved",
		    c->at.name.id.text);
	(void)strlcpy(bucket, c->at.bucket, sizeof(bucket));
	st = place_find(shelf_of(q, STATE_CLAIMED), &c->at.name.id, c->at.name.token, bucket, &p,
	    err);
	if (st == ST_NONE || (st == ST_OK && name_ended(&p.name)))
		return ending_lost_at(&c->at, err);
	if (st == ST_OK)
		c->at = p;
	return st;
}

/* ---- one try, and another one ------------------------------------------- */

/* What the holder of a claim wants. */
struct ending {
	enum status (*go)(struct queue *q, struct claim *c, const struct ending *e, usec_t now,
	    struct error *err);
	const struct failure *why;	/* of an attempt that failed */
	enum state *state;		/* becomes what fail_attempt says */
	usec_t time;			/* the delay, or the lease */
	bool acks;
};

/*
 * The claim was ended before: by a process that was stopped on the way, or by this one, which
 * failed to go on.  Complete that.  If the caller wants the same end, it has succeeded; otherwise
 * the claim is lost for it.
 */
static enum status
ending_complete(struct queue *q, const struct claim *c, const struct ending *e, usec_t now,
    struct error *err)
{
	const struct msgname *n = &c->at.name;
	bool same = e->why != NULL ? fail_agrees(q, &c->at, e->why) : e->acks && n->finished;
	enum status st;

	if (e->state != NULL)
		*e->state = fail_state(n);
	st = done_complete(q, &c->at, now, err);
	if (st != ST_OK && st != ST_GONE)
		return st;
	return same ? ST_OK : ending_lost_at(&c->at, err);
}

static enum status
ending_try(struct queue *q, struct claim *c, const struct ending *e, usec_t now,
    struct error *err)
{
	enum status st;

	if (name_ended(&c->at.name))
		return ending_complete(q, c, e, now, err);
	for (int i = 0; (st = e->go(q, c, e, now, err)) == ST_GONE; i++)
		if ((st = ending_refind(q, c, i, err)) != ST_OK)
			return st;
	return st;
}

/*
 * What this process was short of for a moment, such as descriptors, must not let the claim lapse,
 * and the message count as one that lost its holder.  So there is another try, unless the first one
 * has moved the message.
 */
static enum status
ending_run(struct queue *q, struct claim *c, const struct ending *e, usec_t now,
    struct error *err)
{
	enum status st = ending_try(q, c, e, now, err);

	if (st == ST_OK || st == ST_UNSURE || !error_is_ours(err))
		return st;
	error_clear(err);
	return ending_try(q, c, e, now, err);
}

/* ---- ack, nack, release, extend ------------------------------------------- */

/*
 * The claim of a message that has the turn of its key is marked before it ends.  Otherwise a
 * process that is stopped between the end and the passing of the turn would leave the key without
 * a turn.  If there is no room for the mark, the claim ends without one.
 */
static enum status
ending_ack(struct queue *q, struct claim *c, const struct ending *e, usec_t now,
    struct error *err)
{
	struct msgname n = c->at.name;
	enum status st = ST_NONE;

	(void)e;
	n.finished = true;
	if (order_holds(q, &n))
		st = place_mark(q, &c->at, &n, &c->at, err);
	if (st == ST_OK || st == ST_NONE)
		st = done_put(q, &c->at, now, err);
	return st;
}

enum status
claim_ack(struct queue *q, struct claim *c, usec_t now, struct error *err)
{
	struct ending e = { .go = ending_ack, .acks = true };

	return ending_run(q, c, &e, now, err);
}

static enum status
ending_fail(struct queue *q, struct claim *c, const struct ending *e, usec_t now,
    struct error *err)
{
	struct place at;
	enum status st;

	/* The handler lived to report a failure, so this message does not kill its workers. */
	c->at.name.suspect = false;
	at = c->at;
	st = fail_attempt(q, &at, e->why, now, e->state, err);
	/* Another try goes on from the mark; else the name tells as before which attempt it was. */
	if (st != ST_OK)
		c->at = at;
	return st;
}

enum status
claim_fail(struct queue *q, struct claim *c, const struct failure *why, usec_t now,
    enum state *state, struct error *err)
{
	struct ending e = { .go = ending_fail, .why = why, .state = state };

	return ending_run(q, c, &e, now, err);
}

static enum status
ending_release(struct queue *q, struct claim *c, const struct ending *e, usec_t now,
    struct error *err)
{
	usec_t delay = e->time > 0 && latest_superseded(q, &c->at) ? 0 : e->time;
	struct leave l = { .to = q, .state = delay > 0 ? STATE_DELAYED : STATE_READY,
	    .name = c->at.name,
	    .event = "released" };
	enum status st;

	name_unclaim(&l.name);
	l.name.key = delay > 0 ? now + delay : id_time(&l.name.id);
	if ((st = leave(q, &c->at, &l, now, err)) == ST_OK)
		latest_returned(q, &l.at, now);
	return st;
}

enum status
claim_release(struct queue *q, struct claim *c, usec_t delay, usec_t now,
    struct error *err)
{
	struct ending e = { .go = ending_release, .time = delay };

	return ending_run(q, c, &e, now, err);
}

/*
 * The claim stays in its bucket, so that its handle still finds it; but it moves to another bucket
 * if its new key would be below that of the bucket.
 */
static enum status
ending_extend(struct queue *q, struct claim *c, const struct ending *e, usec_t now,
    struct error *err)
{
	struct msgname n = c->at.name;
	struct place from = c->at;
	struct bucket b;

	n.claimed = name_since(STATE_CLAIMED, &n);
	lease_begin(&n, e->time, now);
	if (bucket_parse(from.bucket, &b) && n.key >= b.key)
		return place_rename(q, &from, &n, &c->at, err);
	return place_move(q, &from, q, STATE_CLAIMED, &n, &c->at, err);
}

enum status
claim_extend(struct queue *q, struct claim *c, usec_t lease, usec_t now,
    struct error *err)
{
	struct ending e = { .go = ending_extend, .time = lease };

	return ending_run(q, c, &e, now, err);
}

void
claim_close(struct claim *c)
{
	if (c->fd != -1) {
		(void)close(c->fd);
		if (c->copied)
			(void)close(c->fence);
		own_forget(c->at.name.token);
	}
	c->fd = -1;
}
