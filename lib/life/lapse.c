/*
 * lapse.c: claims whose lease is over, and claims whose holder died, which its lock tells at once.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/record.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "view/view.h"
#include "pattern/leave.h"
#include "pattern/latest.h"
#include "life/life.h"
#include "life/fail.h"
#include "life/done.h"
#include "life/lease.h"
#include "life/reap.h"

/* Buckets of claimed/ without class that one call looks into. */
#define LAPSE_BUCKETS 4
/* Claims that one call looks at. */
#define LAPSE_MAX 256

/* The clock was set back: the lease begins anew (F7.10 of spool-format.md). */
static enum status
lapse_rebase(int dir, const struct place *p, usec_t now, usec_t *wake, struct error *err)
{
	char file[NAME_MAX_LEN + 1];
	struct msgname n = p->name;

	lease_begin(&n, 0, now);
	wake_at(wake, n.key);
	name_format(&n, file);
	return fs_move(dir, p->file, dir, file, err);
}

/*
 * Move a message back to its place in ready/, without counting an attempt.  'why' goes to its
 * record, unless it is NULL.
 */
static enum status
lapse_uncounted(struct queue *q, const struct place *p, const struct msgname *n,
    const struct failure *why, usec_t now, struct error *err)
{
	struct leave l = { .to = q, .state = STATE_READY, .name = *n, .event = "released" };
	enum status st;

	name_unclaim(&l.name);
	l.name.key = id_time(&l.name.id);
	if ((st = leave(q, p, &l, now, err)) != ST_OK)
		return st;
	if (why != NULL)
		record_add(q, &n->id, 0, why, now, false);
	latest_returned(q, &l.at, now);
	return ST_OK;
}

/*
 * The holder held other messages, too, and went away; nobody can tell which message caused that.
 * So no attempt is counted for any of them.  From now on each is tried alone, and then it counts.
 */
static enum status
lapse_suspect(struct queue *q, const struct place *p, const char *reason, usec_t now,
    struct error *err)
{
	struct failure why = { .reason = reason, .delay = -1,
	    .text = "not counted: its worker had other messages, too; it is tried alone next" };
	struct msgname n = p->name;

	n.suspect = true;
	(void)strlcpy(n.reason, reason, sizeof(n.reason));	/* it tells of the record, too */
	return lapse_uncounted(q, p, &n, &why, now, err);
}

static enum status
lapse_one(struct queue *q, int dir, const struct place *p, usec_t now, usec_t *wake,
    struct error *err)
{
	struct failure why = { .reason = "lapsed", .delay = -1 };
	struct msgname n = p->name;
	struct place at = *p;
	enum lease holds;
	enum state state;

	if (n.token[0] == '\0')
		return ST_OK;	/* not a proper claim: mq fsck reports it */
	holds = lease_ask(dir, p, now, wake);
	/* If the process that ended the claim lives, it goes on itself; if not, finish it. */
	if (name_ended(&n))
		return n.locked && holds == LEASE_HOLDS ? ST_OK : done_complete(q, p, now, err);
	switch (holds) {
	case LEASE_HOLDS:
		return ST_OK;
	case LEASE_REBASE:
		return lapse_rebase(dir, p, now, wake, err);
	case LEASE_LOST:
		why.reason = "lost";
		break;
	case LEASE_OVER:
		break;
	}
	/* The claims of a topic are those of its distribution: no handler has seen the message. */
	if (q->topic)
		return lapse_uncounted(q, p, &n, NULL, now, err);
	if (n.beside)
		return lapse_suspect(q, p, why.reason, now, err);
	return fail_attempt(q, &at, &why, now, &state, err);
}

/*
 * Whether the name of a claim seems to say that it was ended (F2.21, F2.22).  It is a quick look,
 * as it is done for many names.
 */
static bool
lapse_marked(const char *name)
{
	return strstr(name, ",f") != NULL || strstr(name, ",F") != NULL;
}

static enum status
lapsed_in_bucket(struct queue *q, const struct bucket *b, usec_t now,
    unsigned *left, bool *empty, usec_t *wake, struct passed *over, struct error *err)
{
	struct place p = { .state = STATE_CLAIMED };
	bool later = false;
	struct listing l;
	enum status st;
	size_t start;
	int dir;

	*empty = false;
	if ((st = bucket_open(shelf_of(q, STATE_CLAIMED), b, &dir, err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	(void)strlcpy(p.bucket, b->name, sizeof(p.bucket));
	st = fs_list(dir, "", 0, false, &l, NULL, err);
	*empty = st == ST_OK && l.n == 0;
	/*
	 * If there are more claims than one call looks at, begin anywhere, and come back so soon
	 * that each of them is looked at in time.
	 */
	start = b->cls != 0 && l.n > *left ? arc4random_uniform((uint32_t)l.n) : 0;
	for (size_t k = 0; st == ST_OK && k < l.n; k++) {
		size_t i = (start + k) % l.n;
		if (*left == 0) {
			wake_at(wake, now + PROBE_INTERVAL * LAPSE_MAX / (usec_t)l.n);
			break;
		}
		if (l.e[i].type != DT_REG || (later && !lapse_marked(l.e[i].name)) ||
		    name_parse(l.e[i].name, &p.name) != NAME_OK)
			continue;
		/*
		 * The claims of this class are sorted by deadline.  Behind the first one whose
		 * deadline is in the future, only claims that are marked as ended are of interest.
		 */
		if (b->cls == 0 && !later && !p.name.locked && !name_ended(&p.name) &&
		    p.name.key > now &&
		    p.name.key - p.name.lease_ms * 1000 <= now + CLOCK_SLACK) {
			wake_at(wake, p.name.key);
			later = true;
			continue;
		}
		--*left;
		(void)strlcpy(p.file, l.e[i].name, sizeof(p.file));
		st = lapse_one(q, dir, &p, now, wake, err);
		if (st != ST_OK)
			st = st == ST_GONE ? ST_OK : pass_over(over, err);
	}
	listing_free(&l);
	(void)close(dir);
	return st == ST_GONE ? ST_OK : st;
}

/*
 * Which buckets are looked into: all of class w, because the locks of their claims tell at once
 * when a holder dies.  Of the others, some of those whose key is not in the future: their deadlines
 * may have passed, but need not, since an extended claim stays in its bucket.  Also those whose key
 * is so far in the future that the clock must have gone back.  If none of the others is due, one of
 * them is looked into all the same, for claims whose end was not completed.
 */
void
reap_lapsed(struct queue *q, usec_t now, usec_t *wake, struct passed *over)
{
	unsigned left = LAPSE_MAX, looked = 0, future = 0;
	struct error err;
	struct buckets bs;
	enum status st;
	size_t start, one = 0;
	bool empty;

	error_clear(&err);
	if ((st = buckets_before(shelf_of(q, STATE_CLAIMED), now, &bs, &err)) != ST_OK) {
		(void)pass_over(over, &err);
		return;
	}
	/* If there are many buckets, begin anywhere, so that each of them is looked into. */
	start = bs.n > LAPSE_BUCKETS ? arc4random_uniform((uint32_t)bs.n) : 0;
	for (size_t k = 0; st == ST_OK && left > 0 && k < bs.n; k++) {
		size_t i = (start + k) % bs.n;
		const struct bucket *b = &bs.b[i];
		if (b->cls == 0 && b->key > now && b->key <= now + q->policy.lease + CLOCK_SLACK) {
			wake_at(wake, b->key);
			if (arc4random_uniform(++future) == 0)
				one = i;
			continue;
		}
		if (b->cls == 0 && looked++ >= LAPSE_BUCKETS) {
			wake_at(wake, now + PROBE_INTERVAL);
			continue;
		}
		st = lapsed_in_bucket(q, b, now, &left, &empty, wake, over, &err);
		if (empty)
			bucket_remove_empty(shelf_of(q, STATE_CLAIMED), &bs, i);
		if (st != ST_OK)
			st = pass_over(over, &err);
	}
	if (st == ST_OK && looked == 0 && future > 0 && left > 0 &&
	    lapsed_in_bucket(q, &bs.b[one], now, &left, &empty, wake, over, &err) != ST_OK)
		(void)pass_over(over, &err);
	buckets_free(&bs);
}

/* Whether a claim has lapsed.  It is not taken back. */
static bool
has_lapsed(struct queue *q, const struct place *p, usec_t now, usec_t *wake)
{
	struct error ignored;
	enum lease lease;
	int dir;

	error_clear(&ignored);
	if (p->name.token[0] == '\0' || place_open(q, p, &dir, &ignored) != ST_OK)
		return false;	/* the claim moved, or its bucket may not be read */
	lease = lease_ask(dir, p, now, wake);
	(void)close(dir);
	return lease == LEASE_OVER || lease == LEASE_LOST;
}

enum status
claims_lapsed(struct queue *q, usec_t now, bool *any, usec_t *wake, struct error *err)
{
	struct scan *scan;
	struct place p;
	enum status st;

	if ((st = scan_open(q, STATE_BIT(STATE_CLAIMED), &scan, err)) != ST_OK)
		return st;
	while (!*any && (st = scan_next(scan, &p, err)) == ST_OK)
		*any = has_lapsed(q, &p, now, wake);
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}
