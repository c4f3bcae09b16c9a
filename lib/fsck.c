/*
 * fsck.c: check a queue against the invariants of spool-format.md section 11.
 *
 * It runs beside live traffic: what another process may just have moved is looked
 * at again, by its exact name, before it is called a finding.  No body is ever
 * removed; what does not belong is moved to lost+found/ with a note.  Each repair
 * is one step that may be repeated, so a checker killed anywhere is run again.
 * Of memory it takes 37 bytes a message, to find ids that stand twice.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

#define LOST_FOUND "lost+found"
/* What may be in the making, or on its way, is left alone for so long. */
#define HALF_AGE (60 * USEC)
#define RECORD_AGE (3600 * USEC)

/* One list: enum, table, and (by a test) spool-format.md and mq-fsck(1). */
#define KINDS(X) \
	X(BAD_CONF, "bad-conf", SEV_ERROR, "queue.conf parses", "") \
	X(MISSING_DIR, "missing-dir", SEV_ERROR, "each directory from tmp to done is there", "make it") \
	X(HALF_QUEUE, "half-queue", SEV_INFO, "a queue has its tmp/, which is made last", "make it") \
	X(NO_BUCKET, "no-bucket", SEV_WARNING, "each state holds a bucket", "make one") \
	X(HALF_BUCKET, "half-bucket", SEV_INFO, "no bucket keeps its +", "remove the +, or the bucket if it is empty") \
	X(FOREIGN_ENTRY, "foreign-entry", SEV_WARNING, "every name parses", "move it to lost+found/") \
	X(FOREIGN_TYPE, "foreign-type", SEV_WARNING, "buckets are directories, messages are regular files", "move it to lost+found/") \
	X(FUTURE_NAME, "future-name", SEV_INFO, "no name has an unknown upper-case field", "") \
	X(TORN, "torn", SEV_ERROR, "the size of a file is the one in its name", "move to dead/") \
	X(BAD_HEADER, "bad-header", SEV_ERROR, "the header block parses and has its length", "move to dead/") \
	X(DUPLICATE_ID, "duplicate-id", SEV_ERROR, "an id stands once in a queue", "move the later one to lost+found/") \
	X(WRONG_FIELDS, "wrong-fields", SEV_WARNING, "c, t and l are in claimed/, and only there", "rename without them; a claim without token becomes ready") \
	X(MISPLACED, "misplaced", SEV_WARNING, "class and key of a message fit its bucket", "move it to its bucket") \
	X(UNREADABLE, "unreadable", SEV_ERROR, "whoever may claim may read", "") \
	X(STUCK_TURN, "stuck-turn", SEV_WARNING, "a key whose messages wait has the turn of one that can be claimed", "give the turn to the next") \
	X(ORPHAN_TURN, "orphan-turn", SEV_INFO, "a turn is that of a message of the queue", "remove it") \
	X(STALE_TMP, "stale-tmp", SEV_INFO, "files being written have a living writer", "remove") \
	X(UNFINISHED_PUSH, "unfinished-push", SEV_INFO, "each message accepted under a key was put into the queue", "put it there") \
	X(ORPHAN_RECORD, "orphan-record", SEV_INFO, "each file in failures/ has its message", "remove") \
	X(ORPHAN_REPLY, "orphan-reply", SEV_INFO, "somebody waits in each place of replies/", "remove it") \
	X(LOST_SUBSCRIPTION, "lost-subscription", SEV_WARNING, "the queue of each subscription is there", "remove it") \
	X(LOST_MARKER, "lost-marker", SEV_INFO, "a subscription has its note in topics/ of the queue, and the other way round", "make or remove the note") \
	X(BAD_FILTER, "bad-filter", SEV_ERROR, "each line of a subscription is a filter", "") \
	X(BAD_COUNTERS, "bad-counters", SEV_INFO, "counters is what mq made it", "remove; it is made again")

#define NUMBER(kind, id, severity, must, repair) kind,
enum kind { KINDS(NUMBER) NKINDS };

#define ROW(kind, id, severity, must, repair) { id, severity, must, repair },
const struct fsck_kind fsck_kinds[] = { KINDS(ROW) { NULL, SEV_INFO, NULL, NULL } };

struct fsck {
	struct queue *q;
	bool repair;
	usec_t now;
	void (*report)(void *, const struct finding *);
	void *arg;
	const char *litter;	/* where stale() is, with a slash */
	unsigned left;
	struct msgid *ids;
	size_t n, cap;
	struct error *err;
};

/* ---- reporting -------------------------------------------------------- */

static void found(struct fsck *, enum kind, bool, const char *, const char *, ...) PRINTF_LIKE(5, 6);

static void
found(struct fsck *f, enum kind kind, bool repaired, const char *path, const char *fmt, ...)
{
	const struct fsck_kind *k = &fsck_kinds[kind];
	struct finding finding = { k->id, k->severity, path, NULL, k->repair, repaired };
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	finding.text = text;
	if (!repaired && kind != FUTURE_NAME)
		f->left++;
	f->report(f->arg, &finding);
}

/* A repair's outcome: what others did meanwhile is as good as done by us. */
static bool
mended(struct fsck *f, enum status st)
{
	if (st == ST_OK || st == ST_GONE)
		return true;
	error_clear(f->err);
	return false;
}

/* Move a doubtful entry aside, unread, with a note of where it was. */
static bool
lost_found(struct fsck *f, int dir, const char *name, const char *path, const char *why)
{
	char to[NAME_MAX_LEN + 1], note[NAME_MAX_LEN + 1], text[900], unique[40];
	char at[TIME_MAX];
	enum status st;
	int lost;

	st = fs_mkdir(f->q->fd, LOST_FOUND, queue_dir_mode(f->q), f->q->owner, f->err);
	if (st == ST_OK || st == ST_EXISTS)
		st = fs_open_dir(f->q->fd, LOST_FOUND, false, &lost, f->err);
	if (st != ST_OK)
		return mended(f, st == ST_GONE ? ST_IO : st);
	tmp_name(unique);
	(void)snprintf(to, sizeof(to), "%.180s.%s", name, unique);
	st = fs_move(dir, name, lost, to, f->err);
	if (st == ST_OK) {
		time_format(f->now, at);
		(void)snprintf(text, sizeof(text), "From: %s\nTime: %s\nWhy: %s\n", path, at, why);
		(void)snprintf(note, sizeof(note), "%.240s.note", to);
		/* The note is a kindness; the file is what counts. */
		if (fs_replace_file(lost, note, text, strlen(text), queue_file_mode(f->q),
		    f->q->owner, false, f->err) != ST_OK)
			error_clear(f->err);
	}
	(void)close(lost);
	return mended(f, st);
}

static void
foreign(struct fsck *f, enum kind kind, int dir, const char *name, const char *path,
    const char *text)
{
	struct stat sb;

	if (fstatat(dir, name, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return;	/* it went by itself */
	found(f, kind, f->repair && lost_found(f, dir, name, path, text), path, "%s", text);
}

/* ---- one message ------------------------------------------------------ */

static enum status
remember(struct fsck *f, const struct msgid *id)
{
	if (f->n == f->cap) {
		size_t cap = f->cap == 0 ? 1024 : f->cap * 2;
		struct msgid *ids = reallocarray(f->ids, cap, sizeof(*ids));
		if (ids == NULL)
			return error_sys(f->err, ENOMEM, "fsck");
		f->ids = ids;
		f->cap = cap;
	}
	f->ids[f->n++] = *id;
	return ST_OK;
}

static bool
in_its_lane(const struct place *p)
{
	return strchr(p->bucket, '/') == NULL || strncmp(p->bucket, p->name.order, ORDER_LEN) == 0;
}

/* What its name and bucket say.  True if it moved: the rest is for the next run. */
static bool
check_name(struct fsck *f, const struct place *p, const struct bucket *b, const char *path)
{
	struct msgname n = p->name;
	bool claim = n.token[0] != '\0', whole = claim && n.lease_ms > 0;
	char cls = strchr(p->bucket, '/') != NULL ? 0 : bucket_class(p->state, &n);
	bool fields = p->state == STATE_CLAIMED ? !whole : claim || n.lease_ms > 0 || n.locked || n.finished;
	enum state to = p->state == STATE_CLAIMED && fields ? STATE_READY : p->state;
	enum status st;

	if (!fields && b->cls == cls && n.key >= b->key && in_its_lane(p))
		return false;
	if (fields) {
		name_unclaim(&n);
		if (to != p->state)
			n.key = id_time(&n.id);
	}
	st = f->repair ? place_move(f->q, p, f->q, to, &n, NULL, f->err) : ST_NONE;
	if (st == ST_GONE)
		return true;
	if (fields)
		found(f, WRONG_FIELDS, f->repair && mended(f, st), path, to != p->state ?
		    "a claim without its token or lease" : "a claim's fields outside claimed/");
	else
		found(f, MISPLACED, f->repair && mended(f, st), path, "its bucket is that of "
		    "another class or of later keys");
	return f->repair;
}

static enum status
check_file(struct fsck *f, const struct place *p, const char *path)
{
	enum kind kind = TORN;
	struct headers h;
	enum status st;
	int fd;

	/* Found and set aside before: it says so itself. */
	if (p->state == STATE_DEAD && (strcmp(p->name.reason, "torn") == 0 ||
	    strcmp(p->name.reason, "bad-header") == 0))
		return ST_OK;
	st = msg_open(f->q, p, &fd, f->err);
	if (st == ST_OK) {
		kind = BAD_HEADER;
		st = msg_headers(fd, &p->name, &h, f->err);
		headers_free(&h);
		(void)close(fd);
	}
	if (st == ST_OK || st == ST_GONE)
		return ST_OK;
	if (st != ST_BADDATA) {
		found(f, UNREADABLE, false, path, "it may not be read: %s", strerror(f->err->errnum));
		error_clear(f->err);
		return ST_OK;
	}
	error_clear(f->err);
	st = f->repair ? reap_torn(f->q, p, fsck_kinds[kind].id, f->now, f->err) : ST_NONE;
	if (st != ST_GONE)
		found(f, kind, f->repair && mended(f, st), path, kind == TORN ?
		    "its size is not the one that its name says" : "the header block is broken");
	return ST_OK;
}

static enum status
check_entry(struct fsck *f, enum state s, const struct bucket *b, int dir,
    const struct entry *e)
{
	struct place p = { .state = s };
	enum status st;
	char path[600];

	if (s == STATE_LANE) {
		p.state = STATE_READY;
		lane_place(&p, f->q->lane, b->name);
		(void)snprintf(path, sizeof(path), "waiting/%s/%s", p.bucket, e->name);
	} else {
		(void)strlcpy(p.bucket, b->name, sizeof(p.bucket));
		(void)snprintf(path, sizeof(path), "%s/%s%s/%s", state_names[s], b->half ? "+" : "",
		    b->name, e->name);
	}
	if (e->type != DT_REG) {
		foreign(f, FOREIGN_TYPE, dir, e->name, path, "not a regular file");
		return ST_OK;
	}
	switch (name_parse(e->name, &p.name)) {
	case NAME_FOREIGN:
		foreign(f, FOREIGN_ENTRY, dir, e->name, path, "the name is not that of a message");
		return ST_OK;
	case NAME_FUTURE:
		found(f, FUTURE_NAME, false, path, "of a format that this mq does not know; left alone");
		return ST_OK;
	case NAME_OK:
		break;
	}
	(void)strlcpy(p.file, e->name, sizeof(p.file));
	if ((st = remember(f, &p.name.id)) != ST_OK)
		return st;
	if (check_name(f, &p, b, path))
		return ST_OK;
	return check_file(f, &p, path);
}

/* ---- states ----------------------------------------------------------- */

static enum status
check_bucket(struct fsck *f, enum state s, const struct bucket *b)
{
	char after[NAME_MAX_LEN + 1] = "";
	struct listing l;
	bool more = true;
	enum status st;
	int dir;

	if ((st = bucket_open(f->q, s, b, &dir, f->err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	while (st == ST_OK && more) {
		if ((st = fs_list(dir, after, 8192, false, &l, &more, f->err)) != ST_OK)
			break;
		for (size_t i = 0; st == ST_OK && i < l.n; i++)
			st = check_entry(f, s, b, dir, &l.e[i]);
		if (l.n > 0)
			(void)strlcpy(after, l.e[l.n - 1].name, sizeof(after));
		listing_free(&l);
	}
	(void)close(dir);
	return st == ST_GONE ? ST_OK : st;
}

static bool
older_than(struct fsck *f, int dir, const char *name, usec_t age)
{
	struct stat sb;

	return fstatat(dir, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    f->now - (usec_t)sb.st_ctim.tv_sec * USEC > age;
}

static void
check_half(struct fsck *f, const char *state, int dir, const struct bucket *b)
{
	char half[BUCKET_MAX + 1] = "+", path[120];
	bool ok = false;

	(void)strlcat(half, b->name, sizeof(half));
	if (!older_than(f, dir, half, HALF_AGE))
		return;	/* in the making */
	(void)snprintf(path, sizeof(path), "%s/%s", state, half);
	if (f->repair)
		ok = fs_rmdir(dir, half) || ((!queue_synced(f->q) || fs_sync(dir, f->err) == ST_OK) &&
		    mended(f, fs_move(dir, half, dir, half + 1, f->err)));
	found(f, HALF_BUCKET, ok, path, "its maker did not finish it");
}

/* The buckets of a state, whose directory is named so, or of the lane that is open. */
static enum status
check_buckets(struct fsck *f, enum state s, const char *name, size_t *n)
{
	char path[600];
	struct listing l;
	struct bucket b;
	enum status st;
	int dir;

	*n = 0;
	if ((st = queue_state(f->q, s, &dir, f->err)) != ST_OK ||
	    (st = fs_list(dir, "", 0, false, &l, NULL, f->err)) != ST_OK)
		return st;
	for (size_t i = 0; st == ST_OK && i < l.n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", name, l.e[i].name);
		if (!bucket_parse(l.e[i].name, &b))
			foreign(f, FOREIGN_ENTRY, dir, l.e[i].name, path, "not a bucket");
		else if (l.e[i].type != DT_DIR)
			foreign(f, FOREIGN_TYPE, dir, l.e[i].name, path, "not a directory");
		else {
			++*n;
			st = check_bucket(f, s, &b);
			if (st == ST_OK && b.half)
				check_half(f, name, dir, &b);
		}
	}
	listing_free(&l);
	return st;
}

static enum status
check_state(struct fsck *f, enum state s)
{
	size_t buckets;
	enum status st = check_buckets(f, s, state_names[s], &buckets);

	if (st == ST_OK && buckets == 0)
		found(f, NO_BUCKET, f->repair && mended(f, queue_layout(f->q, f->now, f->err)),
		    state_names[s], "no bucket: on a full disk nothing could be moved there");
	return st;
}

/* ---- turns and lanes -------------------------------------------------- */

static enum status
check_lane(struct fsck *f, const char *order, const char *path)
{
	enum status st;
	size_t n;

	if ((st = lane_open(f->q, order, false, f->err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	st = check_buckets(f, STATE_LANE, path, &n);
	if (st == ST_IO && f->err->errnum == 0)	/* its last message was taken out meanwhile */
		error_clear(f->err);
	return st == ST_IO && f->err->status == ST_OK ? ST_OK : st == ST_GONE ? ST_OK : st;
}

/* While it lies there nobody can take the turn of that key. */
static enum status
check_entries(struct fsck *f, const char *order, const char *path)
{
	char entry[600];
	struct listing l;
	enum status st;
	int dir;

	(void)order;
	if ((st = fs_open_dir(f->q->fd, path, false, &dir, f->err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	if ((st = fs_list(dir, "", 0, true, &l, NULL, f->err)) == ST_OK) {
		for (size_t i = 0; i < l.n; i++)
			if (l.e[i].type != DT_REG || !turn_ok(l.e[i].name)) {
				(void)snprintf(entry, sizeof(entry), "%s/%s", path, l.e[i].name);
				foreign(f, FOREIGN_ENTRY, dir, l.e[i].name, entry, "not the turn of a message");
			}
		listing_free(&l);
	}
	(void)close(dir);
	return st == ST_GONE ? ST_OK : st;
}

static enum status
check_turn(struct fsck *f, const char *order, const char *path)
{
	bool stuck, ok;
	const char *text = order_check(f->q, order, f->repair, &stuck, &ok, f->err);

	if (text != NULL)
		found(f, stuck ? STUCK_TURN : ORPHAN_TURN, ok, path, "%s", text);
	return ST_OK;
}

/* Each directory of an order key in waiting/ or turns/. */
static enum status
check_orders(struct fsck *f, const char *name,
    enum status (*list)(struct queue *, const char *, size_t, struct listing *, bool *, struct error *),
    enum status (*check)(struct fsck *, const char *, const char *))
{
	char after[NAME_MAX_LEN + 1] = "", path[300];
	enum status st = ST_OK;
	struct listing l;
	bool more = true;
	int dir;

	while (st == ST_OK && more) {
		if ((st = list(f->q, after, 1024, &l, &more, f->err)) != ST_OK)
			return st;
		for (size_t i = 0; st == ST_OK && i < l.n; i++) {
			(void)snprintf(path, sizeof(path), "%s/%s", name, l.e[i].name);
			if (order_ok(l.e[i].name) && l.e[i].type == DT_DIR) {
				st = check(f, l.e[i].name, path);
			} else if (fs_open_dir(f->q->fd, name, false, &dir, f->err) == ST_OK) {
				foreign(f, FOREIGN_ENTRY, dir, l.e[i].name, path, "not that of a key");
				(void)close(dir);
			}
		}
		if (l.n > 0)
			(void)strlcpy(after, l.e[l.n - 1].name, sizeof(after));
		listing_free(&l);
	}
	return st;
}

static enum status
check_keys(struct fsck *f)
{
	enum status st = check_orders(f, "waiting", lanes_list, check_lane);

	if (st == ST_OK)
		st = check_orders(f, "turns", turns_list, check_entries);
	if (st == ST_OK)
		st = check_orders(f, "turns", turns_list, check_turn);
	/* And those that wait though it is nobody's turn. */
	return st == ST_OK ? check_orders(f, "waiting", lanes_list, check_turn) : st;
}

/* ---- the queue's directory -------------------------------------------- */

/* A queue that has all but tmp/ was made by somebody who died, or is being made now. */
static bool
half_made(struct fsck *f)
{
	struct stat sb;
	int fd;

	if (fstatat(f->q->fd, "tmp", &sb, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT ||
	    fs_open_dir(f->q->fd, "new", false, &fd, f->err) != ST_OK) {
		error_clear(f->err);
		return false;
	}
	(void)close(fd);
	if (fstat(f->q->fd, &sb) == 0 && f->now - (usec_t)sb.st_mtim.tv_sec * USEC > HALF_AGE)
		found(f, HALF_QUEUE, f->repair && mended(f, queue_tmp(f->q, &fd, f->err)), "tmp",
		    "who made the queue died before its end");
	return true;
}

static enum status
check_dirs(struct fsck *f)
{
	static const char *const dirs[] = { "new", "ready", "delayed", "claimed", "held", "dead",
	    "done", "tmp" };
	enum status st;
	int fd;

	if (half_made(f))
		return ST_OK;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		st = fs_open_dir(f->q->fd, dirs[i], false, &fd, f->err);
		if (st == ST_OK) {
			(void)close(fd);
			continue;
		}
		if (st != ST_GONE) {
			if (f->err->errnum != ENOTDIR && f->err->errnum != ELOOP)
				return st;
			error_clear(f->err);
			foreign(f, FOREIGN_TYPE, f->q->fd, dirs[i], dirs[i], "not a directory");
		}
		st = f->repair ? queue_layout(f->q, f->now, f->err) : ST_NONE;
		if (st == ST_OK)
			st = queue_tmp(f->q, &fd, f->err);
		found(f, MISSING_DIR, f->repair && mended(f, st), dirs[i], "the directory is missing");
		if (!f->repair)
			return ST_NONE;	/* the rest cannot be looked at */
	}
	return ST_OK;
}

/* Those that are made when they are first needed. */
static void
check_others(struct fsck *f)
{
	static const char *const dirs[] = { "waiting", "turns", "latest", "once", "subscriptions", "topics", "replies",
	    "failures" };
	struct stat sb;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (fstatat(f->q->fd, dirs[i], &sb, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(sb.st_mode))
			foreign(f, FOREIGN_TYPE, f->q->fd, dirs[i], dirs[i], "not a directory");
}

/* What could not be looked into was told by check_others. */
static enum status
told(struct fsck *f, enum status st)
{
	if (st == ST_OK || (f->err->errnum != ENOTDIR && f->err->errnum != ELOOP))
		return st;
	error_clear(f->err);
	return ST_OK;
}

static void
check_conf(struct fsck *f)
{
	struct policy scratch;
	struct error err;

	error_clear(&err);
	if (conf_policy(f->q->spool->conf, f->q->name, f->q->fd, &scratch, &err) != ST_OK)
		found(f, BAD_CONF, false, "queue.conf", "%s", err.text);
}

static enum status
check_new(struct fsck *f)
{
	char path[600];
	struct listing l;
	enum status st;
	int dir;

	if ((st = queue_new(f->q, &dir, f->err)) != ST_OK ||
	    (st = fs_list(dir, "", 0, false, &l, NULL, f->err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	for (size_t i = 0; i < l.n; i++)
		if (l.e[i].type != DT_REG) {
			(void)snprintf(path, sizeof(path), "new/%s", l.e[i].name);
			foreign(f, FOREIGN_TYPE, dir, l.e[i].name, path, "not a regular file");
		}
	listing_free(&l);
	return ST_OK;
}

static void
stale(void *arg, const char *name, bool removed)
{
	struct fsck *f = arg;
	char path[300];

	(void)snprintf(path, sizeof(path), "%s%s", f->litter, name);
	found(f, STALE_TMP, removed, path, "left by a writer that died");
}

/* ---- ids -------------------------------------------------------------- */

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct msgid *)a)->text, ((const struct msgid *)b)->text);
}

/* All places of an id, in the order of the states: at most max. */
static enum status
places_of(struct fsck *f, const struct msgid *id, struct place *p, size_t max, size_t *n)
{
	struct scan *scan;
	enum status st;

	*n = 0;
	if ((st = scan_open(f->q, STATES_ALL, &scan, f->err)) != ST_OK)
		return st;
	while (*n < max && (st = scan_next(scan, &p[*n], f->err)) == ST_OK)
		if (strcmp(p[*n].name.id.text, id->text) == 0 && p[*n].bucket[0] != '\0')
			++*n;
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}

static bool
stands(struct fsck *f, const struct place *p, int *dir)
{
	struct stat sb;

	if (place_open(f->q, p, dir, f->err) != ST_OK) {
		error_clear(f->err);
		return false;
	}
	if (fstatat(*dir, p->file, &sb, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	(void)close(*dir);
	return false;
}

/* A message seen twice may have moved between two looks: both names have to stand at once. */
static enum status
check_duplicate(struct fsck *f, const struct msgid *id)
{
	struct place p[2];
	char path[600];
	enum status st;
	int dir, other;
	size_t n;

	if ((st = places_of(f, id, p, 2, &n)) != ST_OK || n < 2)
		return st;
	if (!stands(f, &p[1], &dir))
		return ST_OK;
	if (stands(f, &p[0], &other)) {
		(void)close(other);
		place_path(f->q, &p[1], path, sizeof(path));
		if (stands(f, &p[1], &other)) {
			(void)close(other);
			found(f, DUPLICATE_ID, f->repair && lost_found(f, dir, p[1].file, path,
			    "its id stands elsewhere too"), strchr(path, '/') + 1,
			    "id %s stands in %s/ too", id->text, state_names[p[0].state]);
		}
	}
	(void)close(dir);
	return ST_OK;
}

static enum status
check_ids(struct fsck *f)
{
	enum status st = ST_OK;

	if (f->n > 1)
		qsort(f->ids, f->n, sizeof(*f->ids), by_id);
	for (size_t i = 1; st == ST_OK && i < f->n; i++)
		if (by_id(&f->ids[i], &f->ids[i - 1]) == 0)
			st = check_duplicate(f, &f->ids[i]);
	return st;
}

static enum status
check_record(struct fsck *f, int dir, const char *shard, const char *name)
{
	char path[600];
	struct msgid id;
	struct place p;
	enum status st;

	(void)snprintf(path, sizeof(path), "failures/%s/%s", shard, name);
	if (!id_ok(name)) {
		foreign(f, FOREIGN_ENTRY, dir, name, path, "not a failure record");
		return ST_OK;
	}
	(void)strlcpy(id.text, name, sizeof(id.text));
	if ((f->n > 0 && bsearch(&id, f->ids, f->n, sizeof(*f->ids), by_id) != NULL) ||
	    !older_than(f, dir, name, RECORD_AGE))
		return ST_OK;
	st = scan_find(f->q, STATES_ALL, &id, &p, f->err);
	if (st != ST_NOTFOUND)
		return st;
	error_clear(f->err);
	if (f->repair)
		record_drop(f->q, &id);
	found(f, ORPHAN_RECORD, f->repair, path, "its message is gone");
	return ST_OK;
}

static enum status
check_records(struct fsck *f)
{
	struct listing shards, l;
	enum status st;
	int top, dir;

	st = fs_open_dir(f->q->fd, "failures", false, &top, f->err);
	if (st != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	st = fs_list(top, "", 0, false, &shards, NULL, f->err);
	for (size_t i = 0; st == ST_OK && i < shards.n; i++) {
		if (fs_open_dir(top, shards.e[i].name, false, &dir, f->err) != ST_OK) {
			error_clear(f->err);
			continue;
		}
		st = fs_list(dir, "", 0, false, &l, NULL, f->err);
		for (size_t k = 0; st == ST_OK && k < l.n; k++)
			st = check_record(f, dir, shards.e[i].name, l.e[k].name);
		listing_free(&l);
		(void)close(dir);
	}
	listing_free(&shards);
	(void)close(top);
	return st;
}

/* ---- keys of push --id ------------------------------------------------- */

struct look { struct fsck *f; int dir; const char *xx; };

static void
left_in_once(void *arg, enum once_kind kind, const char *name, bool done)
{
	struct look *l = arg;
	char path[600];

	(void)snprintf(path, sizeof(path), "once/%s/%s", l->xx, name);
	if (kind == ONCE_FOREIGN)
		foreign(l->f, FOREIGN_ENTRY, l->dir, name, path, "neither a message nor the marker of a key");
	else if (kind == ONCE_LITTER)
		found(l->f, STALE_TMP, done, path, "left by a writer that died");
	else
		found(l->f, UNFINISHED_PUSH, done, path, "accepted under a key by a writer that died before it was ready");
}

static enum status
check_once(struct fsck *f)
{
	struct listing l;
	char path[600];
	enum status st;
	int top, dir;

	if ((st = fs_open_dir(f->q->fd, "once", false, &top, f->err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	st = fs_list(top, "", 0, false, &l, NULL, f->err);
	for (size_t i = 0; st == ST_OK && i < l.n; i++) {
		const char *xx = l.e[i].name;
		(void)snprintf(path, sizeof(path), "once/%s", xx);
		if (strlen(xx) != 2 || strspn(xx, "0123456789abcdef") != 2)
			foreign(f, FOREIGN_ENTRY, top, xx, path, "not a directory of keys");
		else if (l.e[i].type != DT_DIR)
			foreign(f, FOREIGN_TYPE, top, xx, path, "not a directory");
		else if ((st = fs_open_dir(top, xx, false, &dir, f->err)) == ST_OK) {
			struct look look = { f, dir, xx };
			st = once_tend(f->q, dir, f->now, f->repair, left_in_once, &look, f->err);
			(void)close(dir);
		}
	}
	listing_free(&l);
	(void)close(top);
	return st == ST_GONE ? ST_OK : st;
}

static void
orphan(void *arg, const char *name, bool removed)
{
	struct fsck *f = arg;
	char path[300];

	(void)snprintf(path, sizeof(path), REPLIES "/%s", name);
	found(f, ORPHAN_REPLY, removed, path, "who asked has gone");
}

static enum status
check_replies(struct fsck *f)
{
	char path[300];
	struct listing l;
	enum status st;
	int dir;

	if ((st = replies_open(f->q, false, &dir, f->err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	st = fs_list(dir, "", 0, false, &l, NULL, f->err);
	for (size_t i = 0; st == ST_OK && i < l.n; i++) {
		(void)snprintf(path, sizeof(path), REPLIES "/%s", l.e[i].name);
		if (!reply_ok(l.e[i].name))
			foreign(f, FOREIGN_ENTRY, dir, l.e[i].name, path, "not a place for a reply");
		else if (l.e[i].type != DT_DIR)
			foreign(f, FOREIGN_TYPE, dir, l.e[i].name, path, "not a directory");
	}
	listing_free(&l);
	if (st == ST_OK)
		replies_sweep(f->q, dir, "", 0, f->now, f->repair, orphan, f);
	(void)close(dir);
	return st == ST_GONE ? ST_OK : st;
}

static void
check_counters(struct fsck *f)
{
	if (counters_ok(f->q))
		return;
	found(f, BAD_COUNTERS, f->repair && mended(f, fs_unlink(f->q->fd, "counters", f->err)),
	    "counters", "not the file that mq makes");
}

/* ---- topics ------------------------------------------------------------ */

static enum status
check_subscription(struct fsck *f, const char *name)
{
	struct names filters, topics;
	struct error ignored;
	struct queue *q;
	enum status st;
	char path[200];
	bool has = false;

	(void)snprintf(path, sizeof(path), "subscriptions/%s", name);
	st = subscription_filters(f->q, name, &filters, f->err);
	for (size_t i = 0; st == ST_OK && i < filters.n; i++) {
		error_clear(&ignored);
		if (filter_check(filters.name[i], &ignored) != ST_OK)
			found(f, BAD_FILTER, false, path, "%s", ignored.text);
	}
	names_free(&filters);
	if (st != ST_OK)
		return st == ST_NOTFOUND ? ST_OK : st;
	error_clear(&ignored);
	if ((st = queue_open_raw(f->q->spool, name, &q, &ignored)) == ST_NOTFOUND) {
		found(f, LOST_SUBSCRIPTION, f->repair && mended(f, subscription_drop(f->q, name, f->err)), path,
		    "there is no queue '%s'", name);
		return ST_OK;
	}
	if (st != ST_OK)
		return ST_OK;	/* another user's, perhaps */
	st = topics_of(q, &topics, f->err);
	if (st == ST_OK) {
		for (size_t i = 0; i < topics.n; i++)
			has |= strcmp(topics.name[i], f->q->name) == 0;
		if (!has)
			found(f, LOST_MARKER, f->repair && mended(f, marker_put(q, f->q->name, f->err)), path,
			    "queue '%s' does not know of it", name);
	}
	names_free(&topics);
	queue_close(q);
	return told(f, st);
}

/* Whoever subscribes makes the note first: it may be on the way. */
static enum status
check_marker(struct fsck *f, const char *topic)
{
	struct names filters = { 0 };
	struct queue *q;
	char path[200];
	enum status st;
	int dir;

	st = queue_open_raw(f->q->spool, topic, &q, f->err);
	if (st == ST_OK) {
		st = subscription_filters(q, f->q->name, &filters, f->err);
		queue_close(q);
		names_free(&filters);
	}
	error_clear(f->err);
	if (st != ST_NOTFOUND || fs_open_dir(f->q->fd, "topics", false, &dir, f->err) != ST_OK)
		return ST_OK;
	(void)snprintf(path, sizeof(path), "topics/%s", topic);
	if (older_than(f, dir, topic, HALF_AGE))
		found(f, LOST_MARKER, f->repair && mended(f, marker_drop(f->q, topic, f->err)), path,
		    "this queue does not subscribe to '%s'", topic);
	(void)close(dir);
	return ST_OK;
}

static enum status
check_topics(struct fsck *f)
{
	struct names names;
	enum status st;

	if ((st = subscriptions_list(f->q, &names, f->err)) == ST_OK)
		for (size_t i = 0; st == ST_OK && i < names.n; i++)
			st = check_subscription(f, names.name[i]);
	names_free(&names);
	if (st != ST_OK || (st = topics_of(f->q, &names, f->err)) != ST_OK)
		return st;
	for (size_t i = 0; st == ST_OK && i < names.n; i++)
		st = check_marker(f, names.name[i]);
	names_free(&names);
	return st;
}

static void
check_litter(struct fsck *f)
{
	int dir;

	f->litter = "";
	reap_litter(f->q->fd, TMP_PREFIX, true, f->now, f->repair, stale, f);
	f->litter = "new/";
	/* Directories there are not ours, whatever their name. */
	if (queue_new(f->q, &dir, f->err) == ST_OK)
		reap_litter(dir, TMP_PREFIX, false, f->now, f->repair, stale, f);
	f->litter = "tmp/";
	if (fs_open_dir(f->q->fd, "tmp", false, &dir, f->err) == ST_OK) {
		reap_litter(dir, "", true, f->now, f->repair, stale, f);
		(void)close(dir);
	}
	error_clear(f->err);
}

void
fsck_spool(struct spool *sp, bool repair, usec_t now,
    void (*report)(void *, const struct finding *), void *arg, unsigned *left)
{
	struct fsck f = { .repair = repair, .now = now, .report = report, .arg = arg,
	    .litter = "" };

	reap_litter(sp->fd, TMP_PREFIX, true, now, repair, stale, &f);
	reap_litter(sp->fd, NEW_PREFIX, true, now, repair, stale, &f);
	*left = f.left;
}

enum status
fsck_queue(struct queue *q, bool repair, usec_t now,
    void (*report)(void *, const struct finding *), void *arg, unsigned *left,
    struct error *err)
{
	struct fsck f = { .q = q, .repair = repair, .now = now, .report = report, .arg = arg,
	    .err = err };
	enum status st;

	check_conf(&f);
	st = check_dirs(&f);
	for (int s = 0; st == ST_OK && s < NSTATES; s++)
		st = check_state(&f, (enum state)s);
	if (st == ST_OK) {
		check_others(&f);
		st = check_keys(&f);
	}
	if (st == ST_OK && (st = check_new(&f)) == ST_OK && (st = check_ids(&f)) == ST_OK &&
	    (st = told(&f, check_records(&f))) == ST_OK && (st = told(&f, check_replies(&f))) == ST_OK &&
	    (st = told(&f, check_topics(&f))) == ST_OK && (st = told(&f, check_once(&f))) == ST_OK) {
		check_litter(&f);
		check_counters(&f);
	}
	free(f.ids);
	*left = f.left;
	return st == ST_NONE ? ST_OK : st;
}
