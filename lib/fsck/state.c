/*
 * state.c: the checks of messages, and of the buckets that they are in.
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
#include "life/fail.h"
#include "life/done.h"
#include "fsck/fsck.h"
#include "fsck/check.h"

/* ---- one message ------------------------------------------------------ */

static enum status
state_remember(struct fsck *f, const struct msgid *id)
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
state_in_its_lane(const struct place *p)
{
	return !place_in_lane(p) || strcmp(p->lane, p->name.order) == 0;
}

/*
 * Check that the fields of the name fit the state, and that the message lies in the right bucket.
 * True if the message was to be moved: then its content is left to the next run.
 */
static bool
state_check_name(struct fsck *f, const struct place *p, const struct bucket *b, const char *path)
{
	struct msgname n = p->name;
	bool claim = n.token[0] != '\0', whole = claim && n.lease_ms > 0;
	char cls = place_in_lane(p) ? 0 : bucket_class(p->state, &n);
	bool fields = p->state == STATE_CLAIMED ? !whole :
	    claim || n.lease_ms > 0 || n.locked || n.finished;
	enum state to = p->state == STATE_CLAIMED && fields ? STATE_READY : p->state;
	enum status st;

	if (!fields && b->cls == cls && n.key >= b->key && state_in_its_lane(p))
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
 * The claim is marked as ended.  Its process is about to finish the end, or died before it could.
 * Any other process may finish it.
 */
static void
state_check_ended(struct fsck *f, const struct place *p, int dir, const char *path)
{
	bool old = fsck_older(f, dir, p->file, HALF_AGE), ok;

	if (!old && !f->repair)
		return;
	ok = f->repair && fsck_mended(f, done_complete(f->q, p, f->now, f->err));
	if (old)
		fsck_found(f, HALF_ENDED, ok, path, "whoever ended this claim died on the way");
}

static enum status
state_check_file(struct fsck *f, const struct place *p, const char *path)
{
	enum kind kind = TORN;
	struct headers h;
	enum status st;
	int fd;

	/* An earlier run has set this message aside, and its name says why. */
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
state_check_entry(struct fsck *f, const struct shelf *sh, const struct bucket *b, int dir,
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
		state_check_ended(f, &p, dir, path);
		return ST_OK;
	}
	if ((st = state_remember(f, &p.name.id)) != ST_OK)
		return st;
	if (state_check_name(f, &p, b, path))
		return ST_OK;
	return state_check_file(f, &p, path);
}

/* ---- states ----------------------------------------------------------- */

static enum status
state_check_bucket(struct fsck *f, struct shelf *sh, const struct bucket *b)
{
	const struct entry *e;
	struct walk w;
	enum status st;
	int dir;

	if ((st = bucket_open(sh, b, &dir, f->err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	walk_begin(&w, dir, "", SCAN_NAMES);
	while ((st = walk_next(&w, &e, f->err)) == ST_OK)
		if ((st = state_check_entry(f, sh, b, dir, e)) != ST_OK)
			break;
	walk_end(&w);
	(void)close(dir);
	return st == ST_NONE || st == ST_GONE ? ST_OK : st;
}

static void
state_check_half(struct fsck *f, const char *state, int dir, const struct bucket *b)
{
	char half[BUCKET_MAX + 1] = "+", path[120];
	bool ok = false;

	(void)strlcat(half, b->name, sizeof(half));
	if (!fsck_older(f, dir, half, HALF_AGE))
		return;	/* somebody may be making it now */
	(void)snprintf(path, sizeof(path), "%s/%s", state, half);
	if (f->repair)
		ok = fs_rmdir(dir, half) || ((!queue_synced(f->q) ||
		    fs_sync(dir, f->err) == ST_OK) &&
		    fsck_mended(f, fs_move(dir, half, dir, half + 1, f->err)));
	fsck_found(f, HALF_BUCKET, ok, path, "its maker did not finish it");
}

enum status
fsck_buckets(struct fsck *f, struct shelf *sh, int dir, const char *name, size_t *n)
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
			st = fsck_pass(f, state_check_bucket(f, sh, &b), path);
			if (st == ST_OK && b.half)
				state_check_half(f, name, dir, &b);
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
	st = fsck_buckets(f, shelf_of(f->q, s), dir, state_names[s], &buckets);
	if (st == ST_OK && buckets == 0)
		fsck_found(f, NO_BUCKET, f->repair &&
		    fsck_mended(f, queue_layout(f->q, f->now, f->err)),
		    state_names[s], "no bucket: on a full disk nothing could be moved there");
	return st;
}
