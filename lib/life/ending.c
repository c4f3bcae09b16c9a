/*
 * ending.c: what the holder of a claim may do with it, and the four ways it ends.
 *
 * All goes by the name that has the claim's token, so a claim that was taken back
 * answers ENOENT: that is the fence.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/log.h"
#include "view/scan.h"
#include "pattern/order.h"
#include "pattern/latest.h"
#include "life/life.h"
#include "life/fail.h"
#include "life/done.h"
#include "life/lease.h"

static enum status
lost(const struct place *p, struct error *err)
{
	char handle[HANDLE_MAX];

	handle_format(p, handle);
	return error_set(err, ST_LOST, 0, "claim %s is lost: it was ended, or its lease ran "
	    "out and it was taken back", handle);
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
	if (st == ST_OK && c->at.name.finished)
		st = ST_NONE;
	if (st == ST_NONE)
		return error_set(err, ST_LOST, 0, "claim %s is lost: it was ended, or its "
		    "lease ran out and it was taken back", handle);
	return st;
}

/* The claim may have been extended by somebody who has its handle: find it anew. */
static enum status
refind(struct queue *q, struct claim *c, struct error *err)
{
	char bucket[BUCKET_MAX];
	struct place p;
	enum status st;

	(void)strlcpy(bucket, c->at.bucket, sizeof(bucket));
	st = place_find(shelf_of(q, STATE_CLAIMED), &c->at.name.id, c->at.name.token, bucket, &p, err);
	if (st == ST_OK && p.name.finished && !c->at.name.finished)
		st = ST_NONE;	/* acknowledged by somebody who has its handle */
	if (st == ST_OK)
		c->at = p;
	return st == ST_NONE ? lost(&c->at, err) : st;
}

/* In the same bucket, so that handles go on finding it; unless it would sink below the bucket's key. */
static enum status
extend_once(struct queue *q, struct claim *c, struct msgname *n, struct error *err)
{
	char file[NAME_MAX_LEN + 1];
	struct bucket b;
	enum status st;
	int dir;

	if (!bucket_parse(c->at.bucket, &b) || n->key < b.key)
		return place_move(q, &c->at, q, STATE_CLAIMED, n, &c->at, err);
	if ((st = place_open(q, &c->at, &dir, err)) != ST_OK)
		return st;
	name_format(n, file);
	st = fs_move(dir, c->at.file, dir, file, err);
	(void)close(dir);
	if (st == ST_OK || st == ST_EXISTS) {	/* exists: the same deadline already */
		(void)strlcpy(c->at.file, file, sizeof(c->at.file));
		c->at.name = *n;
		st = ST_OK;
	}
	return st;
}

/*
 * The claim of a message that has the turn of its key ends in two steps, and the name tells that the first is done: else a
 * crash between them could leave the key without a turn.  Where there is no room for the longer name it ends in one.
 */
static enum status
mark_finished(struct queue *q, struct claim *c, struct error *err)
{
	struct msgname n = c->at.name;
	enum status st;

	if (n.finished || !order_holds(q, &n))
		return ST_OK;
	n.finished = true;
	st = extend_once(q, c, &n, err);
	if (st != ST_AGAIN || (err->errnum != ENOSPC && err->errnum != EDQUOT))
		return st;
	error_clear(err);
	return ST_OK;
}

static enum status
ack_once(struct queue *q, struct claim *c, usec_t now, struct error *err)
{
	enum status st = mark_finished(q, c, err);

	if (st == ST_OK)
		st = done_put(q, &c->at, now, err);
	return st;
}

enum status
claim_ack(struct queue *q, struct claim *c, usec_t now, struct error *err)
{
	enum status st;

	while ((st = ack_once(q, c, now, err)) == ST_GONE)
		if ((st = refind(q, c, err)) != ST_OK)
			return st;
	return st;
}

enum status
claim_fail(struct queue *q, struct claim *c, const struct failure *why, usec_t now,
    enum state *state, struct error *err)
{
	enum status st;

	/* Its handler said so, whatever that was: it does not kill those who work on it. */
	c->at.name.suspect = false;
	while ((st = fail_attempt(q, &c->at, why, now, state, err)) == ST_GONE)
		if ((st = refind(q, c, err)) != ST_OK)
			return st;
	return st;
}

enum status
claim_release(struct queue *q, struct claim *c, usec_t delay, usec_t now,
    struct error *err)
{
	bool wait = delay > 0 && !latest_superseded(q, &c->at.name);
	enum state to = wait ? STATE_DELAYED : STATE_READY;
	struct place at;
	struct msgname n;
	enum status st;

	for (;;) {
		n = c->at.name;
		name_unclaim(&n);
		n.key = wait ? now + delay : id_time(&n.id);
		st = place_move(q, &c->at, q, to, &n, &at, err);
		if (st == ST_OK) {
			log_event(q, "released", &n, to, now);
			latest_returned(q, &at, now);
		}
		if (st != ST_GONE || (st = refind(q, c, err)) != ST_OK)
			return st;
	}
}

enum status
claim_extend(struct queue *q, struct claim *c, usec_t lease, usec_t now,
    struct error *err)
{
	struct msgname n;
	enum status st;

	for (;;) {
		n = c->at.name;
		n.claimed = name_since(STATE_CLAIMED, &n);
		lease_begin(&n, lease, now);
		if ((st = extend_once(q, c, &n, err)) != ST_GONE)
			return st;
		if ((st = refind(q, c, err)) != ST_OK)
			return st;
	}
}

void
claim_close(struct claim *c)
{
	if (c->fd != -1) {
		(void)close(c->fd);
		own_forget(c->at.name.token);
	}
	c->fd = -1;
}
