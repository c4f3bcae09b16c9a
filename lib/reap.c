/*
 * reap.c: what any command does on its way, because there is no daemon: return
 * what is due and what has lapsed, adopt what lies in new/, end what expired or
 * is torn, purge what was kept long enough.
 *
 * Each step is one rename of the very name that was examined, so any number of
 * processes may do this at once; who comes second gets ST_GONE and goes on.  The
 * work of one call is bounded.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

/* Files adopted from new/ by one call. */
#define ADOPT_MAX 4096
/* How long an arrival that a consumer may not read waits for one that may. */
#define SEALED_GRACE (60 * USEC)
/* Names of delayed/ that are looked at at a time. */
#define DUE_WINDOW 128
/* Buckets of claimed/ without class that one call looks into. */
#define LAPSE_BUCKETS 4
/* Claims that one call looks at. */
#define LAPSE_MAX 256
/* While claims of other living processes stand, their locks are asked this often. */
#define PROBE_INTERVAL (USEC / 2)
/* How far a lease may start in the future before the clock is held to have gone back. */
#define CLOCK_SLACK (60 * USEC)
/* Age at which what nobody has locked in tmp/ is garbage: a file, a directory. */
#define STALE_FILE (3600 * USEC)
#define STALE_DIR (36LL * 3600 * USEC)

int64_t
token_offset(const char *token)
{
	uint64_t t = strtoull(token, NULL, 16);

	return (int64_t)((1ULL << 62) + t % (1ULL << 61));
}

enum status
pass_over(struct passed *over, struct error *err)
{
	if (over->n++ == 0)
		over->first = *err;
	if (err->errnum == EMFILE || err->errnum == ENFILE || err->errnum == ENOMEM)
		return err->status;
	error_clear(err);
	return ST_OK;
}

void
wake_at(usec_t *wake, usec_t at)
{
	if (at < *wake)
		*wake = at;
}

/* ---- expiry ----------------------------------------------------------- */

bool
expired(const struct queue *q, const struct msgname *n, usec_t now)
{
	if (n->expires != 0)
		return n->expires <= now;
	return q->policy.expire != 0 && id_time(&n->id) + q->policy.expire <= now;
}

void
renew_expiry(const struct queue *q, struct msgname *n, usec_t now)
{
	if (!expired(q, n, now))
		return;
	n->expires = q->policy.expire != 0 ? now + q->policy.expire : 0;
}

/* With what a failed attempt made of it on disk: the attempts are over. */
static enum status
put_dead(struct queue *q, const struct place *p, struct queue *to, enum state s,
    struct msgname *n, usec_t now, bool sync, struct error *err)
{
	struct place at;
	enum status st;

	to->careful = sync;
	st = place_move(q, p, to, s, n, &at, err);
	to->careful = false;
	if (st == ST_OK && to != q) {
		key_left(q, n);
		log_moved(q, to, n, s, now);
	} else if (st == ST_OK) {
		order_moved(q, &at);
		log_event(q, "dead", n, s, now);
	}
	return st == ST_OK && sync ? moves_sync(to, err) : st;
}

static bool
has_dead_queue(const struct queue *q)
{
	return q->policy.dead_queue[0] != '\0' && strcmp(q->policy.dead_queue, q->name) != 0;
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
	if (!has_dead_queue(q))
		return put_dead(q, p, q, STATE_DEAD, n, now, sync, err);
	error_clear(&ignored);
	if (queue_create(q->spool, q->policy.dead_queue, NULL, 0, &to, &ignored) == ST_OK) {
		struct msgname redirected = *n;
		redirected.attempts = 0;
		redirected.replayed = false;
		redirected.key = id_time(&n->id);
		renew_expiry(to, &redirected, now);
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
reap_expired(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	char token[REPLY_LEN + 1];
	struct msgname n = p->name;
	enum status st;

	if (q->policy.expired == EXPIRED_DROP) {
		reply_asker(q, p, token);
		if ((st = place_drop(q, p, err)) == ST_OK) {
			key_left(q, &n);
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
reap_torn(struct queue *q, const struct place *p, const char *reason, usec_t now,
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

enum status
reap_fail(struct queue *q, const struct place *p, const struct failure *why,
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
		if (q->policy.order_dead == ORDER_SKIP || has_dead_queue(q))
			(void)order_leave(q, &n);
		st = to_dead(q, p, &n, now, true, err);
	} else {
		delay = why->delay >= 0 ? why->delay :
		    policy_jitter(&q->policy, policy_backoff(&q->policy, n.attempts));
		*state = delay > 0 ? STATE_DELAYED : STATE_READY;
		n.key = delay > 0 ? now + delay : id_time(&n.id);
		st = place_move(q, p, q, *state, &n, &at, err);
		if (st == ST_OK) {
			order_moved(q, &at);
			log_event(q, "failed", &n, *state, now);
		}
	}
	if (st == ST_OK)
		counters_add(q, COUNT_FAILED, 1, now);
	return st;
}

/* ---- due -------------------------------------------------------------- */

static enum status
return_due(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	struct msgname n = p->name;
	struct place at;
	enum status st;

	if (expired(q, &n, now))
		return reap_expired(q, p, now, err);
	n.key = id_time(&n.id);
	if ((st = place_move(q, p, q, STATE_READY, &n, &at, err)) == ST_OK) {
		order_moved(q, &at);
		log_event(q, "due", &n, STATE_READY, now);
	}
	return st;
}

/* One bucket of delayed/, the names of which are not above now. */
static enum status
due_in_bucket(struct queue *q, const struct bucket *b, usec_t now, unsigned *left,
    bool *empty, usec_t *wake, struct passed *over, struct error *err)
{
	struct place p = { .state = STATE_DELAYED };
	char after[NAME_MAX_LEN + 1] = "";
	enum status st = ST_OK;
	struct listing l;
	bool more = true;
	int dir;

	*empty = false;
	if ((st = bucket_open(q, STATE_DELAYED, b, &dir, err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	(void)strlcpy(p.bucket, b->name, sizeof(p.bucket));
	while (st == ST_OK && more) {
		if ((st = fs_list(dir, after, DUE_WINDOW, false, &l, &more, err)) != ST_OK)
			break;
		*empty = l.n == 0 && after[0] == '\0';
		for (size_t i = 0; i < l.n && st == ST_OK; i++) {
			if (l.e[i].type != DT_REG || name_parse(l.e[i].name, &p.name) != NAME_OK)
				continue;
			if (p.name.key > now || *left == 0) {
				wake_at(wake, p.name.key > now ? p.name.key : now);
				more = false;
				break;
			}
			(void)strlcpy(p.file, l.e[i].name, sizeof(p.file));
			st = return_due(q, &p, now, err);
			if (st == ST_OK)
				--*left;
			else
				st = st == ST_GONE ? ST_OK : pass_over(over, err);
		}
		if (l.n > 0)
			(void)strlcpy(after, l.e[l.n - 1].name, sizeof(after));
		listing_free(&l);
	}
	(void)close(dir);
	return st == ST_GONE ? ST_OK : st;
}

void
reap_due(struct queue *q, usec_t now, usec_t *wake, struct passed *over)
{
	unsigned left = REAP_MAX;
	struct error err;
	struct buckets bs;
	enum status st;
	bool empty;

	error_clear(&err);
	if ((st = buckets_before(q, STATE_DELAYED, now, &bs, &err)) != ST_OK) {
		(void)pass_over(over, &err);
		return;
	}
	for (size_t i = 0; st == ST_OK && i < bs.n; i++) {
		if (bs.b[i].key > now || left == 0) {
			/* The name of a bucket is a lower bound of what is in it. */
			wake_at(wake, bs.b[i].key > now ? bs.b[i].key : now);
			break;
		}
		st = due_in_bucket(q, &bs.b[i], now, &left, &empty, wake, over, &err);
		if (empty)
			bucket_remove_empty(q, STATE_DELAYED, &bs, i);
		if (st != ST_OK)
			st = pass_over(over, &err);
	}
	buckets_free(&bs);
}

/* ---- lapsed ----------------------------------------------------------- */

/* Whether the holder of a locked claim is dead for sure. */
static bool
holder_died(int dir, const struct place *p)
{
	bool dead;
	int fd;

	if (!p->name.locked || (fd = fs_open_read(dir, p->file)) == -1)
		return false;
	dead = fs_locked(fd, token_offset(p->name.token)) == 0;
	(void)close(fd);
	return dead;
}

/* The clock was set back: the lease starts anew (spool-format.md, "rebase"). */
static enum status
rebase(int dir, const struct place *p, usec_t now, usec_t *wake, struct error *err)
{
	char file[NAME_MAX_LEN + 1];
	struct msgname n = p->name;

	n.key = now + n.lease_ms * 1000;
	wake_at(wake, n.key);
	name_format(&n, file);
	return fs_move(dir, p->file, dir, file, err);
}

/* Who distributed a message of a topic died: no handler has seen it, so it is no attempt, and is done again at once. */
static enum status
undistributed(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	struct msgname n = p->name;
	enum status st;

	name_unclaim(&n);
	n.key = id_time(&n.id);
	if ((st = place_move(q, p, q, STATE_READY, &n, NULL, err)) == ST_OK)
		log_event(q, "released", &n, STATE_READY, now);
	return st;
}

static enum status
lapse_one(struct queue *q, int dir, const struct place *p, usec_t now, usec_t *wake,
    struct error *err)
{
	struct failure why = { .reason = "lapsed", .delay = -1 };
	const struct msgname *n = &p->name;
	enum state state;

	if (n->token[0] == '\0')
		return ST_OK;	/* not ours to end: a checker's business */
	if (holder_died(dir, p))
		why.reason = "lost";
	else if (n->key > now) {
		wake_at(wake, n->locked && now + PROBE_INTERVAL < n->key ?
		    now + PROBE_INTERVAL : n->key);
		if (n->key - n->lease_ms * 1000 > now + CLOCK_SLACK && !n->locked)
			return rebase(dir, p, now, wake, err);
		return ST_OK;
	}
	if (n->finished)	/* its holder died between the two steps of an ack */
		return reap_finish(q, p, now, err);
	return q->topic ? undistributed(q, p, now, err) : reap_fail(q, p, &why, now, &state, err);
}

static enum status
lapsed_in_bucket(struct queue *q, const struct bucket *b, usec_t now,
    unsigned *left, bool *empty, usec_t *wake, struct passed *over, struct error *err)
{
	struct place p = { .state = STATE_CLAIMED };
	struct listing l;
	enum status st;
	size_t start;
	int dir;

	*empty = false;
	if ((st = bucket_open(q, STATE_CLAIMED, b, &dir, err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	(void)strlcpy(p.bucket, b->name, sizeof(p.bucket));
	st = fs_list(dir, "", 0, false, &l, NULL, err);
	*empty = st == ST_OK && l.n == 0;
	/* More than there is time for: begin anywhere, and come back so soon that each has its turn in time. */
	start = b->cls != 0 && l.n > *left ? arc4random_uniform((uint32_t)l.n) : 0;
	for (size_t k = 0; st == ST_OK && k < l.n; k++) {
		size_t i = (start + k) % l.n;
		if (*left == 0) {
			wake_at(wake, now + PROBE_INTERVAL * LAPSE_MAX / (usec_t)l.n);
			break;
		}
		if (l.e[i].type != DT_REG || name_parse(l.e[i].name, &p.name) != NAME_OK)
			continue;
		/* Sorted by deadline: without a lock to ask, the first in the future ends it. */
		if (b->cls == 0 && !p.name.locked && p.name.key > now &&
		    p.name.key - p.name.lease_ms * 1000 <= now + CLOCK_SLACK) {
			wake_at(wake, p.name.key);
			break;
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
 * Which buckets: all of class w, for their locks tell at once; of the others those
 * whose name is not in the future (their deadlines may have passed), some of them
 * in turn, since an extended claim stays in its bucket; and those so far in the
 * future that the clock must have gone back.
 */
void
reap_lapsed(struct queue *q, usec_t now, usec_t *wake, struct passed *over)
{
	unsigned left = LAPSE_MAX, looked = 0;
	struct error err;
	struct buckets bs;
	enum status st;
	size_t start;
	bool empty;

	error_clear(&err);
	if ((st = buckets_before(q, STATE_CLAIMED, now, &bs, &err)) != ST_OK) {
		(void)pass_over(over, &err);
		return;
	}
	/* Where there are many, begin anywhere, so that each has its turn. */
	start = bs.n > LAPSE_BUCKETS ? arc4random_uniform((uint32_t)bs.n) : 0;
	for (size_t k = 0; st == ST_OK && left > 0 && k < bs.n; k++) {
		size_t i = (start + k) % bs.n;
		const struct bucket *b = &bs.b[i];
		if (b->cls == 0 && b->key > now && b->key <= now + q->policy.lease + CLOCK_SLACK) {
			wake_at(wake, b->key);
			continue;
		}
		if (b->cls == 0 && looked++ >= LAPSE_BUCKETS) {
			wake_at(wake, now + PROBE_INTERVAL);
			continue;
		}
		st = lapsed_in_bucket(q, b, now, &left, &empty, wake, over, &err);
		if (empty)
			bucket_remove_empty(q, STATE_CLAIMED, &bs, i);
		if (st != ST_OK)
			st = pass_over(over, &err);
	}
	buckets_free(&bs);
}

enum status
claims_lapsed(struct queue *q, usec_t now, bool *any, usec_t *wake, struct error *err)
{
	struct scan *scan;
	struct place p;
	enum status st;
	int fd;

	if ((st = scan_open(q, STATE_BIT(STATE_CLAIMED), &scan, err)) != ST_OK)
		return st;
	while (!*any && (st = scan_next(scan, &p, err)) == ST_OK) {
		*any = p.name.token[0] != '\0' && p.name.key <= now;
		wake_at(wake, p.name.locked && now + PROBE_INTERVAL < p.name.key ?
		    now + PROBE_INTERVAL : p.name.key);
		if (*any || !p.name.locked)
			continue;
		if (msg_open(q, &p, &fd, err) != ST_OK) {	/* moved, or not for us to read */
			error_clear(err);
			continue;
		}
		*any = fs_locked(fd, token_offset(p.name.token)) == 0;
		(void)close(fd);
	}
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}

/* ---- new/, tmp/, done/ ------------------------------------------------ */

/* Whether it is the file that was looked at, and not another that its producer has put under that name since. */
static enum status
adopted(struct queue *q, const struct place *p, const struct place *at, struct error *err)
{
	struct place is;
	enum status st;
	int dir;

	if ((st = place_open(q, at, &dir, err)) != ST_OK)
		return st;
	st = arrival_at(dir, at->file, p->file, &is, err);
	if (st == ST_OK && (is.name.size != p->name.size ||
	    memcmp(is.name.id.text + ID_RANDOM, p->name.id.text + ID_RANDOM, ID_LEN - ID_RANDOM) != 0))
		st = bucket_put(q, dir, at->file, STATE_READY, &is.name, NULL, err);
	(void)close(dir);
	return st == ST_NONE ? ST_OK : st;
}

static bool
unreadable(struct queue *q, const struct place *p)
{
	return faccessat(q->newfd, p->file, R_OK, AT_EACCESS) == -1 && errno == EACCES;
}

/* Adopt one.  *at: where it went. */
static enum status
adopt(struct queue *q, struct place *p, usec_t now, struct place *at, struct error *err)
{
	struct failure why = { .reason = "unreadable", .text = "whoever consumes here may not read it" };
	bool sealed = queue_is_drop_box(q) && unreadable(q, p);
	enum state to = sealed ? STATE_DEAD : STATE_READY;
	enum status st;

	if (sealed) {
		/* What its user lets nobody read must not stand in the way for ever; but others may be allowed to. */
		if (now - p->name.key < SEALED_GRACE)
			return error_set(err, ST_DENIED, EACCES, "message %s may not be read", p->name.id.text);
		(void)strlcpy(p->name.reason, why.reason, sizeof(p->name.reason));
		p->name.key = now;
	}
	st = bucket_put(q, q->newfd, p->file, to, &p->name, at, err);
	if (st != ST_OK)
		return st;
	counters_state(q, to, 1, p->name.size);
	counters_add(q, sealed ? COUNT_DEAD : COUNT_PUSHED, 1, now);
	log_event(q, sealed ? "dead" : "pushed", &p->name, to, now);
	if (sealed)
		record_add(q, &p->name.id, 0, &why, now, false);
	return ST_OK;
}

void
reap_new(struct queue *q, usec_t now, struct passed *over)
{
	struct arrivals a;
	struct error err;
	struct place at;
	enum status st;
	usec_t last = 0;

	error_clear(&err);
	if ((st = arrivals_list(q, NULL, ADOPT_MAX, &a, &err)) != ST_OK) {
		(void)pass_over(over, &err);
		return;
	}
	for (size_t i = 0; st == ST_OK && i < a.n; i++) {
		struct place *p = &a.p[i];
		/* In the order of arrival also those that came within one tick of the clock. */
		if (p->name.key <= last)
			p->name.key = last + 1;
		last = p->name.key;
		if ((st = adopt(q, p, now, &at, &err)) == ST_OK)
			st = adopted(q, p, &at, &err);
		if (st != ST_OK)
			st = st == ST_GONE ? ST_OK : pass_over(over, &err);
	}
	arrivals_free(&a);
}

static bool
is_litter(int dir, const char *name, usec_t now, bool *tree)
{
	struct stat sb;
	int fd = fs_open_read(dir, name);
	usec_t age;
	bool yes;

	if (fd == -1)
		return false;
	yes = fstat(fd, &sb) == 0;
	age = now - (usec_t)sb.st_mtim.tv_sec * USEC;
	*tree = S_ISDIR(sb.st_mode);
	yes = yes && (*tree ? age > STALE_DIR : S_ISREG(sb.st_mode) && age > STALE_FILE &&
	    fs_locked(fd, 1LL << 62) == 0);
	(void)close(fd);
	return yes;
}

void
reap_litter(int dir, const char *prefix, bool trees, usec_t now, bool remove,
    void (*seen)(void *, const char *, bool), void *arg)
{
	struct error err;
	struct listing l;
	bool tree, removed;

	error_clear(&err);
	if (fs_list(dir, "", 0, true, &l, NULL, &err) != ST_OK)
		return;
	for (size_t i = 0; i < l.n; i++) {
		if (strncmp(l.e[i].name, prefix, strlen(prefix)) != 0 ||
		    !is_litter(dir, l.e[i].name, now, &tree) || (tree && !trees))
			continue;
		removed = remove && (tree ? fs_remove_tree(dir, l.e[i].name) :
		    fs_unlink(dir, l.e[i].name, &err) == ST_OK);
		error_clear(&err);
		if (seen != NULL)
			seen(arg, l.e[i].name, removed);
	}
	listing_free(&l);
}

/* Remove from the low end of done/ what is older than before, at most *left. */
static enum status
purge_bucket(struct queue *q, const struct bucket *b, usec_t before, usec_t now, unsigned *left,
    bool *empty, struct error *err)
{
	struct place p = { .state = STATE_DONE };
	struct listing l;
	enum status st;
	int dir;

	*empty = false;
	if ((st = bucket_open(q, STATE_DONE, b, &dir, err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	st = fs_list(dir, "", 0, false, &l, NULL, err);
	(void)close(dir);
	if (st != ST_OK)
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
		if (bucket_open(q, STATE_DONE, &bs->b[i], &dir, err) != ST_OK)
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
reap_done(struct queue *q, usec_t now, struct error *err)
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
	if ((st = buckets_list(q, STATE_DONE, &bs, err)) != ST_OK)
		return st;
	before = now - q->policy.keep_time;
	if (q->policy.keep == KEEP_COUNT)
		st = keep_limit(q, &bs, &before, err);
	for (size_t i = 0; st == ST_OK && left > 0 && i < bs.n && bs.b[i].key <= before; i++) {
		st = purge_bucket(q, &bs.b[i], before, now, &left, &empty, err);
		if (empty)
			bucket_remove_empty(q, STATE_DONE, &bs, i);
	}
	buckets_free(&bs);
	return st;
}

/* ---- acknowledged ----------------------------------------------------- */

enum status
reap_finish(struct queue *q, const struct place *p, usec_t now, struct error *err)
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
	if (reap_done(q, now, err) != ST_OK)
		error_clear(err);
	return ST_OK;
}
