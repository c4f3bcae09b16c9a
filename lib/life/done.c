/*
 * done.c: the message of a claim that was acknowledged: it goes, or is kept in done/
 * for a time; and the purge of what was kept long enough.
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
#include "pattern/latest.h"
#include "life/done.h"
#include "life/reap.h"

/* Remove from the low end of done/ what is older than before, at most *left. */
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

/* How many there are, counted bucket by bucket from the newest, up to keep; the key below which the rest lies. */
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
		if (bucket_open(shelf_of(q, STATE_DONE), &bs->b[i], &dir, err) != ST_OK)
			continue;
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

enum status
done_purge(struct queue *q, usec_t now, struct error *err)
{
	unsigned left = REAP_MAX;
	struct buckets bs;
	usec_t before;
	enum status st;
	bool empty;

	if (q->policy.keep == KEEP_NO)
		return ST_OK;
	/* Counting costs as much as is kept; one ack in so many pays it, and purges as many. */
	if (q->policy.keep == KEEP_COUNT && q->policy.keep_count > REAP_MAX &&
	    arc4random_uniform(REAP_MAX / 2) != 0)
		return ST_OK;
	if ((st = buckets_list(shelf_of(q, STATE_DONE), &bs, err)) != ST_OK)
		return st;
	before = now - q->policy.keep_time;
	if (q->policy.keep == KEEP_COUNT)
		st = keep_limit(q, &bs, &before, err);
	for (size_t i = 0; st == ST_OK && left > 0 && i < bs.n && bs.b[i].key <= before; i++) {
		st = purge_bucket(q, &bs.b[i], before, now, &left, &empty, err);
		if (empty)
			bucket_remove_empty(shelf_of(q, STATE_DONE), &bs, i);
	}
	buckets_free(&bs);
	return st;
}

enum status
done_put(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	struct msgname n = p->name;
	enum status st;

	/* Else it stays a claim, and who takes it back comes here again. */
	if (n.finished && !order_leave(q, &n))
		return ST_OK;
	name_unclaim(&n);
	n.key = now;
	st = q->policy.keep == KEEP_NO || n.replayed ? place_drop(q, p, err) :
	    place_move(q, p, q, STATE_DONE, &n, NULL, err);
	if (st == ST_AGAIN && (err->errnum == ENOSPC || err->errnum == EDQUOT)) {
		/* On a full disk a message that is done with is worth less than the room it takes. */
		error_clear(err);
		st = place_drop(q, p, err);
	}
	if (p->name.finished && st == ST_GONE)
		return ST_OK;	/* whoever saw it finished it */
	if (st != ST_OK)
		return st;
	if (!p->name.finished)
		(void)order_leave(q, &n);
	latest_done(q, &n);
	log_event(q, "acked", &n, STATE_DONE, now);
	counters_add(q, COUNT_ACKED, 1, now);
	/* The ack is done, whatever becomes of the old ones. */
	if (done_purge(q, now, err) != ST_OK)
		error_clear(err);
	return ST_OK;
}
