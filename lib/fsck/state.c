/*
 * state.c: the checks of messages, of the buckets that they are in, and of the
 * turns of keys.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/lane.h"
#include "view/view.h"
#include "view/scan.h"
#include "pattern/turn.h"
#include "pattern/newest.h"
#include "pattern/order.h"
#include "life/fail.h"
#include "life/done.h"
#include "fsck/fsck.h"
#include "fsck/check.h"

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
	return !place_in_lane(p) || strcmp(p->lane, p->name.order) == 0;
}

/* What its name and bucket say.  True if it moved: the rest is for the next run. */
static bool
check_name(struct fsck *f, const struct place *p, const struct bucket *b, const char *path)
{
	struct msgname n = p->name;
	bool claim = n.token[0] != '\0', whole = claim && n.lease_ms > 0;
	char cls = place_in_lane(p) ? 0 : bucket_class(p->state, &n);
	bool fields = p->state == STATE_CLAIMED ? !whole :
	    claim || n.lease_ms > 0 || n.locked || n.finished;
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
		fsck_found(f, WRONG_FIELDS, f->repair && fsck_mended(f, st), path, to != p->state ?
		    "a claim without its token or lease" : "a claim's fields outside claimed/");
	else
		fsck_found(f, MISPLACED, f->repair &&
		    fsck_mended(f, st), path, "its bucket is that of "
		    "another class or of later keys");
	return f->repair;
}

/*
 * Whoever ended that claim is about to go on, or was stopped on the way.  Anybody may go on in its
 * place.
 */
static void
check_ended(struct fsck *f, const struct place *p, int dir, const char *path)
{
	bool old = fsck_older(f, dir, p->file, HALF_AGE), ok;

	if (!old && !f->repair)
		return;
	ok = f->repair && fsck_mended(f, done_complete(f->q, p, f->now, f->err));
	if (old)
		fsck_found(f, HALF_ENDED, ok, path, "whoever ended this claim died on the way");
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
		fsck_found(f, UNREADABLE, false, path, "it may not be read: %s",
		    strerror(f->err->errnum));
		error_clear(f->err);
		return ST_OK;
	}
	error_clear(f->err);
	st = f->repair ? fail_torn(f->q, p, fsck_kinds[kind].id, f->now, f->err) : ST_NONE;
	if (st != ST_GONE)
		fsck_found(f, kind, f->repair && fsck_mended(f, st), path, kind == TORN ?
		    "its size is not the one that its name says" : "the header block is broken");
	return ST_OK;
}

static enum status
check_entry(struct fsck *f, const struct shelf *sh, const struct bucket *b, int dir,
    const struct entry *e)
{
	struct place p = { 0 };
	enum status st;
	char path[600];

	shelf_place(sh, b->name, e->name, &p);
	(void)snprintf(path, sizeof(path), "%s/%s%s%s%s/%s", shelf_name(sh), sh->lane,
	    sh->lane[0] != '\0' ? "/" : "",
	    b->half ? "+" : "", b->name, e->name);
	if (e->type != DT_REG) {
		fsck_foreign(f, FOREIGN_TYPE, dir, e->name, path, "not a regular file");
		return ST_OK;
	}
	switch (name_parse(e->name, &p.name)) {
	case NAME_FOREIGN:
		fsck_foreign(f, FOREIGN_ENTRY, dir, e->name, path,
		    "the name is not that of a message");
		return ST_OK;
	case NAME_FUTURE:
		fsck_found(f, FUTURE_NAME, false, path,
		    "of a format that this mq does not know; left alone");
		return ST_OK;
	case NAME_OK:
		break;
	}
	if (p.state == STATE_CLAIMED && name_ended(&p.name)) {
		check_ended(f, &p, dir, path);
		return ST_OK;
	}
	if ((st = remember(f, &p.name.id)) != ST_OK)
		return st;
	if (check_name(f, &p, b, path))
		return ST_OK;
	return check_file(f, &p, path);
}

/* ---- states ----------------------------------------------------------- */

static enum status
check_bucket(struct fsck *f, struct shelf *sh, const struct bucket *b)
{
	const struct entry *e;
	struct walk w;
	enum status st;
	int dir;

	if ((st = bucket_open(sh, b, &dir, f->err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	walk_begin(&w, dir, "", SCAN_NAMES);
	while ((st = walk_next(&w, &e, f->err)) == ST_OK)
		if ((st = check_entry(f, sh, b, dir, e)) != ST_OK)
			break;
	walk_end(&w);
	(void)close(dir);
	return st == ST_NONE || st == ST_GONE ? ST_OK : st;
}

static void
check_half(struct fsck *f, const char *state, int dir, const struct bucket *b)
{
	char half[BUCKET_MAX + 1] = "+", path[120];
	bool ok = false;

	(void)strlcat(half, b->name, sizeof(half));
	if (!fsck_older(f, dir, half, HALF_AGE))
		return;	/* in the making */
	(void)snprintf(path, sizeof(path), "%s/%s", state, half);
	if (f->repair)
		ok = fs_rmdir(dir, half) || ((!queue_synced(f->q) ||
		    fs_sync(dir, f->err) == ST_OK) &&
		    fsck_mended(f, fs_move(dir, half, dir, half + 1, f->err)));
	fsck_found(f, HALF_BUCKET, ok, path, "its maker did not finish it");
}

/* The buckets of a state, or of a lane, whose directory is fd and has that name. */
static enum status
check_buckets(struct fsck *f, struct shelf *sh, int dir, const char *name, size_t *n)
{
	char path[600];
	struct listing l;
	struct bucket b;
	enum status st;

	*n = 0;
	if ((st = fs_list(dir, "", 0, false, &l, NULL, f->err)) != ST_OK)
		return fsck_pass(f, st, name);
	for (size_t i = 0; st == ST_OK && i < l.n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", name, l.e[i].name);
		if (!bucket_parse(l.e[i].name, &b))
			fsck_foreign(f, FOREIGN_ENTRY, dir, l.e[i].name, path, "not a bucket");
		else if (l.e[i].type != DT_DIR)
			fsck_foreign(f, FOREIGN_TYPE, dir, l.e[i].name, path, "not a directory");
		else {
			++*n;
			st = fsck_pass(f, check_bucket(f, sh, &b), path);
			if (st == ST_OK && b.half)
				check_half(f, name, dir, &b);
		}
	}
	listing_free(&l);
	return st;
}

enum status
fsck_state(struct fsck *f, enum state s)
{
	size_t buckets;
	enum status st;
	int dir;

	if ((st = queue_state(f->q, s, &dir, f->err)) != ST_OK)
		return fsck_pass(f, st, state_names[s]);
	st = check_buckets(f, shelf_of(f->q, s), dir, state_names[s], &buckets);
	if (st == ST_OK && buckets == 0)
		fsck_found(f, NO_BUCKET, f->repair &&
		    fsck_mended(f, queue_layout(f->q, f->now, f->err)),
		    state_names[s], "no bucket: on a full disk nothing could be moved there");
	return st;
}

/* ---- turns and lanes -------------------------------------------------- */

static enum status
check_lane(struct fsck *f, const char *order, const char *path)
{
	struct shelf lane;
	enum status st;
	size_t n;

	if ((st = lane_open(f->q, order, &lane, f->err)) == ST_OK)
		st = check_buckets(f, &lane, lane.fd, path, &n);
	shelf_close(&lane);
	return fsck_pass(f, st, path);
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
		return fsck_pass(f, st, path);
	if ((st = fs_list(dir, "", 0, true, &l, NULL, f->err)) == ST_OK) {
		for (size_t i = 0; i < l.n; i++)
			if (l.e[i].type != DT_REG || !turn_ok(l.e[i].name)) {
				(void)snprintf(entry, sizeof(entry), "%s/%s", path, l.e[i].name);
				fsck_foreign(f, FOREIGN_ENTRY, dir, l.e[i].name, entry,
				    "not the turn of a message");
			}
		listing_free(&l);
	}
	(void)close(dir);
	return st == ST_GONE ? ST_OK : st;
}

/*
 * Whether a directory holds nothing, or only empty directories, which are removed if it is to be
 * so.
 */
static bool
check_hollow(struct fsck *f, int dir, const char *name, int depth, bool remove)
{
	struct listing l;
	bool hollow;
	int fd;

	if (depth == 0 || fs_open_dir(dir, name, false, &fd, f->err) != ST_OK)
		return false;
	hollow = fs_list(fd, "", 0, true, &l, NULL, f->err) == ST_OK;
	for (size_t i = 0; hollow && i < l.n; i++)
		hollow = l.e[i].type == DT_DIR && check_hollow(f, fd, l.e[i].name, depth - 1,
		    remove);
	listing_free(&l);
	(void)close(fd);
	return hollow && (!remove || fs_rmdir(dir, name));
}

static enum status
check_turn(struct fsck *f, const char *order, const char *path)
{
	bool stuck, ok;
	const char *text = order_check(f->q, order, f->repair, &stuck, &ok, f->err);

	if (text != NULL)
		fsck_found(f, stuck ? STUCK_TURN : ORPHAN_TURN, ok, path, "%s", text);
	else if (fsck_older(f, f->q->fd, path, HALF_AGE) &&
	    check_hollow(f, f->q->fd, path, 2, false))
		fsck_found(f, ORPHAN_TURN, f->repair &&
		    check_hollow(f, f->q->fd, path, 2, true), path, "it is empty");
	error_clear(f->err);
	return ST_OK;
}

/* Each directory of an order key in waiting/ or turns/. */
static enum status
check_orders(struct fsck *f, const char *name,
    enum status (*check)(struct fsck *, const char *, const char *))
{
	const struct entry *e;
	char path[300];
	enum status st;
	struct walk w;
	int dir;

	if ((st = queue_sub_look(f->q, name, &dir, f->err)) != ST_OK)
		return fsck_pass(f, st, name);
	walk_begin(&w, dir, "", SCAN_LANES);
	while ((st = walk_next(&w, &e, f->err)) == ST_OK) {
		(void)snprintf(path, sizeof(path), "%s/%s", name, e->name);
		if (!order_ok(e->name) || e->type != DT_DIR)
			fsck_foreign(f, FOREIGN_ENTRY, dir, e->name, path, "not that of a key");
		else if ((st = check(f, e->name, path)) != ST_OK)
			break;
	}
	walk_end(&w);
	if (dir != -1)
		(void)close(dir);
	return st == ST_NONE ? ST_OK : fsck_pass(f, st, name);
}

enum status
fsck_keys(struct fsck *f)
{
	enum status st = check_orders(f, "waiting", check_lane);

	if (st == ST_OK)
		st = check_orders(f, "turns", check_entries);
	if (st == ST_OK)
		st = check_orders(f, "turns", check_turn);
	/* And those that wait though it is nobody's turn. */
	return st == ST_OK ? check_orders(f, "waiting", check_turn) : st;
}

/* ---- the newest of each key ------------------------------------------- */

static enum status
check_link(struct fsck *f, int dir, const struct entry *e)
{
	char path[300];
	struct msgid id;
	enum status st;
	struct place p;

	(void)snprintf(path, sizeof(path), "latest/%s", e->name);
	if (!order_ok(e->name) || e->type != DT_LNK || !newest_link(f->q, e->name, &p)) {
		fsck_foreign(f, FOREIGN_ENTRY, dir, e->name, path,
		    "not the newest message of a key");
		return ST_OK;
	}
	if (f->n > 0 && bsearch(&p.name.id, f->ids, f->n, sizeof(*f->ids), fsck_by_id) != NULL)
		return ST_OK;
	id = p.name.id;
	if ((st = scan_find(f->q, STATES_ALL, &id, &p, f->err)) != ST_NOTFOUND)
		return st;
	error_clear(f->err);
	/* Whoever removed that message may be about to remove its link. */
	if (!newest_link(f->q, e->name, &p) || strcmp(p.name.id.text, id.text) != 0)
		return ST_OK;
	fsck_found(f, STALE_LATEST, f->repair && fsck_mended(f,
	    newest_forget(f->q, e->name, f->err)), path,
	    "the message that it names is gone");
	return ST_OK;
}

enum status
fsck_latest(struct fsck *f)
{
	char after[NAME_MAX_LEN + 1] = "";
	enum status st = ST_OK;
	struct listing l;
	bool more = true;
	int dir;

	if ((st = fs_open_dir(f->q->fd, "latest", false, &dir, f->err)) != ST_OK)
		return fsck_pass(f, st, "latest");
	while (st == ST_OK && more) {
		if ((st = fs_list(dir, after, 1024, false, &l, &more, f->err)) != ST_OK)
			break;
		for (size_t i = 0; st == ST_OK && i < l.n; i++)
			st = check_link(f, dir, &l.e[i]);
		if (l.n > 0)
			(void)strlcpy(after, l.e[l.n - 1].name, sizeof(after));
		listing_free(&l);
	}
	(void)close(dir);
	return st == ST_GONE ? ST_OK : st;
}
