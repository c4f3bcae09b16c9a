/*
 * done.c: how an acknowledged message ends: it is removed, or kept in done/ for a time and purged
 * later.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/counters.h"
#include "spool/log.h"
#include "pattern/order.h"
#include "pattern/leave.h"
#include "life/fail.h"
#include "life/done.h"
#include "life/reap.h"

/* How often a process looks for kept messages in a queue that keeps none. */
#define PURGE_EVERY (10 * USEC)

/* Remove at most *left messages of one bucket of done/ whose key is not above 'before'. */
static enum status
purge_bucket(struct queue *q, const struct bucket *b, usec_t before, usec_t now, unsigned *left,
    bool *empty, struct error *err)
{
	struct place p = { .state = STATE_DONE };
	struct listing l;
	enum status st;

	*empty = false;
	if ((st = bucket_list(shelf_of(q, STATE_DONE), b, &l, err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	*empty = l.n == 0;
	(void)strlcpy(p.bucket, b->name, sizeof(p.bucket));
	for (size_t i = 0; i < l.n && *left > 0 && st == ST_OK; i++) {
		if (l.e[i].type != DT_REG || name_parse(l.e[i].name, &p.name) != NAME_OK)
			continue;
		if (p.name.key > before) {
			*left = 0;
			break;
		}
		(void)strlcpy(p.file, l.e[i].name, sizeof(p.file));
		--*left;
		if ((st = place_drop(q, &p, err)) == ST_OK)
			log_event(q, "removed", &p.name, STATE_DONE, now);
		if (st == ST_GONE)
			st = ST_OK;
	}
	listing_free(&l);
	return st;
}

/*
 * Count the kept messages, bucket by bucket from the newest, up to the number that the policy
 * keeps.  *before becomes the key of the first message beyond it: that message and all older ones
 * are to go.
 */
static enum status
keep_limit(struct queue *q, const struct buckets *bs, usec_t *before, struct error *err)
{
	int64_t kept = 0, keep = q->policy.keep_count;
	struct msgname n;
	struct listing l;
	enum status st;
	int dir;

	*before = 0;
	for (size_t i = bs->n; i-- > 0;) {
		if ((st = bucket_open(shelf_of(q, STATE_DONE), &bs->b[i], &dir, err)) == ST_GONE)
			continue;
		if (st != ST_OK)
			return st;
		st = fs_list(dir, "", 0, false, &l, NULL, err);
		(void)close(dir);
		if (st != ST_OK)
			return st == ST_GONE ? ST_OK : st;
		if (kept + (int64_t)l.n > keep) {
			size_t cut = l.n - (size_t)(keep - kept) - 1;
			if (name_parse(l.e[cut].name, &n) == NAME_OK)
				*before = n.key;
			listing_free(&l);
			return ST_OK;
		}
		kept += (int64_t)l.n;
		listing_free(&l);
	}
	return ST_OK;
}

/* Remove a bounded number of messages from done/ that the policy keeps no longer. */
static enum status
done_purge(struct queue *q, usec_t now, struct error *err)
{
	unsigned left = REAP_MAX;
	struct buckets bs;
	usec_t before;
	enum status st;
	bool empty;

	/*
	 * A queue that keeps nothing may hold messages that were kept under an earlier policy.
	 * They are purged now and then, but only if the policy says "keep" explicitly: the default
	 * also holds when the file of policies has been lost.
	 */
	if (q->policy.keep == KEEP_NO && (!policy_said(&q->policy, "keep") ||
	    (q->purged != 0 && now >= q->purged && now - q->purged < PURGE_EVERY)))
		return ST_OK;
	/* Counting lists all that is kept: only one ack in so many does it, and purges as many. */
	if (q->policy.keep == KEEP_COUNT && q->policy.keep_count > REAP_MAX &&
	    arc4random_uniform(REAP_MAX / 2) != 0)
		return ST_OK;
	if ((st = buckets_list(shelf_of(q, STATE_DONE), &bs, err)) != ST_OK)
		return st;
	before = q->policy.keep == KEEP_NO ? now : now - q->policy.keep_time;
	if (q->policy.keep == KEEP_COUNT)
		st = keep_limit(q, &bs, &before, err);
	for (size_t i = 0; st == ST_OK && left > 0 && i < bs.n && bs.b[i].key <= before; i++) {
		st = purge_bucket(q, &bs.b[i], before, now, &left, &empty, err);
		if (empty)
			bucket_remove_empty(shelf_of(q, STATE_DONE), &bs, i);
	}
	buckets_free(&bs);
	q->purged = left == REAP_MAX ? now : 0;
	return st;
}

enum status
done_put(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	bool kept = q->policy.keep != KEEP_NO && !p->name.replayed;
	struct leave l = { .to = kept ? q : NULL, .state = STATE_DONE, .name = p->name,
	    .event = "acked",
	    .passed = p->name.finished };
	enum status st;

	/*
	 * If the turn cannot be passed on, the claim stays marked as finished, and the next process
	 * that meets it tries again.
	 */
	if (p->name.finished && !order_leave(q, &p->name))
		return ST_OK;
	name_unclaim(&l.name);
	l.name.suspect = false;
	l.name.key = now;
	st = leave(q, p, &l, now, err);
	if (st == ST_AGAIN && error_is_full(err)) {
		/* On a full disk the message cannot be kept: remove it, which makes room. */
		error_clear(err);
		l.to = NULL;
		st = leave(q, p, &l, now, err);
	}
	if (p->name.finished && st == ST_GONE)
		return ST_OK;	/* another process met the marked claim and completed it */
	if (st != ST_OK)
		return st;
	counters_add(q, COUNT_ACKED, 1, now);
	/* The ack has succeeded, even if the purge of older messages fails. */
	if (done_purge(q, now, err) != ST_OK)
		error_clear(err);
	return ST_OK;
}

enum status
done_complete(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	return p->name.finished ? done_put(q, p, now, err) : fail_complete(q, p, now, err);
}
