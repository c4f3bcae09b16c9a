/*
 * keys.c: the checks of what a queue keeps for keys: their lanes, their turns, and the newest
 * message of each key.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
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
#include "fsck/fsck.h"
#include "fsck/check.h"

/* ---- turns and lanes -------------------------------------------------- */

static enum status
keys_check_lane(struct fsck *f, const char *order, const char *path)
{
	struct shelf lane;
	enum status st;
	size_t n;

	if ((st = lane_open(f->q, order, &lane, f->err)) == ST_OK)
		st = fsck_buckets(f, &lane, lane.fd, path, &n);
	shelf_close(&lane);
	return fsck_pass(f, st, path);
}

/* Check the entries of a key's turn.  While a foreign one lies there, nobody can take the turn. */
static enum status
keys_check_entries(struct fsck *f, const char *order, const char *path)
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
 * Whether a directory holds nothing but empty directories, down to 'depth' levels.  'remove' also
 * removes them, and the directory itself; then the answer is whether it is gone.
 */
static bool
keys_check_hollow(struct fsck *f, int dir, const char *name, int depth, bool remove)
{
	struct listing l;
	bool hollow;
	int fd;

	if (depth == 0 || fs_open_dir(dir, name, false, &fd, f->err) != ST_OK)
		return false;
	hollow = fs_list(fd, "", 0, true, &l, NULL, f->err) == ST_OK;
	for (size_t i = 0; hollow && i < l.n; i++)
		hollow = l.e[i].type == DT_DIR && keys_check_hollow(f, fd, l.e[i].name, depth - 1,
		    remove);
	listing_free(&l);
	(void)close(fd);
	return hollow && (!remove || fs_rmdir(dir, name));
}

static enum status
keys_check_turn(struct fsck *f, const char *order, const char *path)
{
	bool stuck, ok;
	const char *text = order_check(f->q, order, f->repair, &stuck, &ok, f->err);

	if (text != NULL)
		fsck_found(f, stuck ? STUCK_TURN : ORPHAN_TURN, ok, path, "%s", text);
	else if (fsck_older(f, f->q->fd, path, HALF_AGE) &&
	    keys_check_hollow(f, f->q->fd, path, 2, false))
		fsck_found(f, ORPHAN_TURN, f->repair &&
		    keys_check_hollow(f, f->q->fd, path, 2, true), path, "it is empty");
	error_clear(f->err);
	return ST_OK;
}

/* Call 'check' for each key that has a directory in 'name', which is waiting/ or turns/. */
static enum status
keys_check_orders(struct fsck *f, const char *name,
    enum status (*check)(struct fsck *f, const char *order, const char *path))
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
	enum status st = keys_check_orders(f, "waiting", keys_check_lane);

	if (st == ST_OK)
		st = keys_check_orders(f, "turns", keys_check_entries);
	if (st == ST_OK)
		st = keys_check_orders(f, "turns", keys_check_turn);
	/* A key may have messages that wait although nobody has its turn. */
	return st == ST_OK ? keys_check_orders(f, "waiting", keys_check_turn) : st;
}

/* ---- the newest of each key ------------------------------------------- */

static enum status
keys_check_link(struct fsck *f, int dir, const struct entry *e)
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
	/* The process that removed the message may have changed its link meanwhile. */
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
			st = keys_check_link(f, dir, &l.e[i]);
		if (l.n > 0)
			(void)strlcpy(after, l.e[l.n - 1].name, sizeof(after));
		listing_free(&l);
	}
	(void)close(dir);
	return st == ST_GONE ? ST_OK : st;
}
