/*
 * dirs.c: the checks of what is in a queue's directory besides its states.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/policy.h"
#include "spool/record.h"
#include "spool/queue.h"
#include "spool/lock.h"
#include "spool/counters.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "pattern/reply.h"
#include "pattern/once.h"
#include "life/reap.h"
#include "fsck/check.h"

/* ---- the queue's directory -------------------------------------------- */

/* Whether a queue has no tmp/, which is made last: its maker died, or is making it now. */
static bool
dirs_half_made(struct fsck *f)
{
	struct stat sb;
	int fd;

	if (name_stands(f->q->fd, "tmp") != STANDS_NOT)
		return false;
	if (fstat(f->q->fd, &sb) == 0 && f->now - stat_mtime(&sb) > HALF_AGE)
		fsck_found(f, HALF_QUEUE, f->repair &&
		    fsck_mended(f, queue_tmp(f->q, &fd, f->err)), "tmp",
		    "who made the queue died before its end");
	return true;
}

static enum status
dirs_check(struct fsck *f, const char *name, bool *there)
{
	enum status st = ST_OK;
	struct stat sb;
	int fd;

	if (fstatat(f->q->fd, name, &sb, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(sb.st_mode))
			return ST_OK;
		fsck_foreign(f, FOREIGN_TYPE, f->q->fd, name, name, "not a directory");
	} else if (errno != ENOENT)
		return error_sys(f->err, errno, "%s", name);
	*there = f->repair;
	if (f->repair && (st = queue_layout(f->q, f->now, f->err)) == ST_OK)
		st = queue_tmp(f->q, &fd, f->err);
	fsck_found(f, MISSING_DIR, f->repair && fsck_mended(f, st), name,
	    "the directory is missing");
	return ST_OK;
}

enum status
fsck_dirs(struct fsck *f, bool *all)
{
	static const char *const dirs[] = { "new", "ready", "delayed", "claimed", "held", "dead",
	    "done" };
	enum status st = ST_OK;

	*all = true;
	for (size_t i = 0; st == ST_OK && *all && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		st = dirs_check(f, dirs[i], all);
	return st != ST_OK || !*all || dirs_half_made(f) ? st : dirs_check(f, "tmp", all);
}

/* Check the types of the directories and files that are made only when they are first needed. */
void
fsck_others(struct fsck *f)
{
	static const char *const dirs[] = { "waiting", "turns", "latest", "once", "subscriptions",
	    "topics", "replies",
	    "failures" };
	static const char *const files[] = { ACTIVE_FILE, LOCK_FILE };
	struct stat sb;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (fstatat(f->q->fd, dirs[i], &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
		    !S_ISDIR(sb.st_mode))
			fsck_foreign(f, FOREIGN_TYPE, f->q->fd, dirs[i], dirs[i],
			    "not a directory");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (fstatat(f->q->fd, files[i], &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
		    !S_ISREG(sb.st_mode))
			fsck_foreign(f, FOREIGN_TYPE, f->q->fd, files[i], files[i],
			    "not a regular file");
}

enum status
fsck_entries(struct fsck *f, const struct entries *e)
{
	char path[600];
	struct listing l;
	enum status st;
	int dir;

	if ((st = fs_open_dir(f->q->fd, e->dir, false, &dir, f->err)) != ST_OK)
		return fsck_pass(f, st, e->dir);
	st = fs_list(dir, "", 0, false, &l, NULL, f->err);
	for (size_t i = 0; st == ST_OK && i < l.n; i++) {
		const char *name = l.e[i].name;
		(void)snprintf(path, sizeof(path), "%s/%s", e->dir, name);
		if (!e->ok(name))
			fsck_foreign(f, FOREIGN_ENTRY, dir, name, path, e->other);
		else if (l.e[i].type != e->type)
			fsck_foreign(f, FOREIGN_TYPE, dir, name, path,
			    e->type == DT_DIR ? "not a directory" : "not a regular file");
		else if (e->check != NULL)
			st = e->check(f, dir, name);
	}
	listing_free(&l);
	(void)close(dir);
	return fsck_pass(f, st, e->dir);
}

bool
fsck_conf(struct fsck *f)
{
	struct policy scratch;
	struct error err;

	error_clear(&err);
	if (conf_policy(f->q->spool->conf, f->q->name, f->q->fd, &scratch, &err) == ST_OK)
		return true;
	fsck_found(f, BAD_CONF, false, "queue.conf", "%s", err.text);
	return false;
}

enum status
fsck_new(struct fsck *f)
{
	char path[600];
	struct listing l;
	enum status st;
	int dir;

	if ((st = queue_new(f->q, &dir, f->err)) != ST_OK ||
	    (st = fs_list(dir, "", 0, false, &l, NULL, f->err)) != ST_OK)
		return fsck_pass(f, st, "new");
	for (size_t i = 0; i < l.n; i++)
		if (l.e[i].type != DT_REG) {
			(void)snprintf(path, sizeof(path), "new/%s", l.e[i].name);
			fsck_foreign(f, FOREIGN_TYPE, dir, l.e[i].name, path, "not a regular file");
		}
	listing_free(&l);
	return ST_OK;
}

void
fsck_stale(void *arg, const char *name, bool removed)
{
	struct fsck *f = arg;
	char path[300];

	(void)snprintf(path, sizeof(path), "%s%s", f->litter, name);
	fsck_found(f, STALE_TMP, removed, path, "left by a writer that died");
}

static enum status
dirs_check_record(struct fsck *f, int dir, const char *shard, const char *name)
{
	char path[600];
	struct msgid id;
	struct place p;
	enum status st;

	(void)snprintf(path, sizeof(path), "failures/%s/%s", shard, name);
	if (!id_ok(name)) {
		fsck_foreign(f, FOREIGN_ENTRY, dir, name, path, "not a failure record");
		return ST_OK;
	}
	(void)strlcpy(id.text, name, sizeof(id.text));
	if ((f->n > 0 && bsearch(&id, f->ids, f->n, sizeof(*f->ids), fsck_by_id) != NULL) ||
	    !fsck_older(f, dir, name, RECORD_AGE))
		return ST_OK;
	st = scan_find(f->q, STATES_ALL, &id, &p, f->err);
	if (st != ST_NOTFOUND)
		return fsck_pass(f, st, path);
	error_clear(f->err);
	if (f->repair)
		record_drop(f->q, &id);
	fsck_found(f, ORPHAN_RECORD, f->repair, path, "its message is gone");
	return ST_OK;
}

enum status
fsck_records(struct fsck *f)
{
	struct listing shards, l;
	char path[600];
	enum status st;
	int top, dir;

	st = fs_open_dir(f->q->fd, "failures", false, &top, f->err);
	if (st != ST_OK)
		return fsck_pass(f, st, "failures");
	st = fs_list(top, "", 0, false, &shards, NULL, f->err);
	for (size_t i = 0; st == ST_OK && i < shards.n; i++) {
		(void)snprintf(path, sizeof(path), "failures/%s", shards.e[i].name);
		if ((st = fs_open_dir(top, shards.e[i].name, false, &dir, f->err)) != ST_OK) {
			st = fsck_pass(f, st, path);
			continue;
		}
		st = fs_list(dir, "", 0, false, &l, NULL, f->err);
		for (size_t k = 0; st == ST_OK && k < l.n; k++)
			st = dirs_check_record(f, dir, shards.e[i].name, l.e[k].name);
		listing_free(&l);
		(void)close(dir);
	}
	listing_free(&shards);
	(void)close(top);
	return st;
}

/* ---- keys of push --id ------------------------------------------------- */

struct look {
	struct fsck *f;
	int dir;
	const char *xx;		/* the name of the shard below once/ */
	unsigned old, removed;	/* keys whose time is over: all of them, and those removed */
	char first[NAME_MAX_LEN + 1];
};

static void
dirs_left_in_once(void *arg, enum once_kind kind, const char *name, bool done)
{
	struct look *l = arg;
	char path[600];

	(void)snprintf(path, sizeof(path), "once/%s/%s", l->xx, name);
	if (kind == ONCE_OVER) {
		if (l->old++ == 0)
			(void)strlcpy(l->first, name, sizeof(l->first));
		l->removed += done;
		return;
	}
	if (kind == ONCE_FOREIGN)
		fsck_foreign(l->f, FOREIGN_ENTRY, l->dir, name, path,
		    "neither a message nor the marker of a key");
	else if (kind == ONCE_LITTER)
		fsck_found(l->f, STALE_TMP, done, path, "left by a writer that died");
	else
		fsck_found(l->f, UNFINISHED_PUSH, done, path,
		    "accepted under a key by a writer that died before it was ready");
}

static bool
dirs_shard_ok(const char *xx)
{
	return strlen(xx) == 2 && strspn(xx, "0123456789abcdef") == 2;
}

static enum status
dirs_check_shard(struct fsck *f, int once, const char *xx)
{
	struct look look = { .f = f, .xx = xx };
	char path[600];
	enum status st;

	(void)snprintf(path, sizeof(path), "once/%s", xx);
	if ((st = fs_open_dir(once, xx, false, &look.dir, f->err)) != ST_OK)
		return fsck_pass(f, st, path);
	st = once_tend(f->q, look.dir, f->now, f->repair, dirs_left_in_once, &look, f->err);
	if (look.old > 0)
		fsck_found(f, OLD_KEY, look.removed == look.old, path,
		    "%u key%s that nobody needs any more, such as %s", look.old,
		    look.old == 1 ? "" : "s", look.first);
	(void)close(look.dir);
	return fsck_pass(f, st, path);
}

enum status
fsck_once(struct fsck *f)
{
	static const struct entries keys = { "once", dirs_shard_ok, "not a directory of keys",
	    DT_DIR,
	    dirs_check_shard };

	return fsck_entries(f, &keys);
}

static void
dirs_orphan(void *arg, const char *name, bool removed)
{
	struct fsck *f = arg;
	char path[300];

	(void)snprintf(path, sizeof(path), REPLIES "/%s", name);
	fsck_found(f, ORPHAN_REPLY, removed, path, "who asked has gone");
}

enum status
fsck_replies(struct fsck *f)
{
	static const struct entries places = { REPLIES, reply_ok, "not a place for a reply", DT_DIR,
	    NULL };
	enum status st;
	int dir;

	if ((st = fsck_entries(f, &places)) != ST_OK)
		return st;
	if ((st = replies_open(f->q, false, &dir, f->err)) != ST_OK)
		return fsck_pass(f, st, REPLIES);
	replies_sweep(f->q, dir, "", 0, f->now, f->repair, dirs_orphan, f);
	(void)close(dir);
	return ST_OK;
}

void
fsck_counters(struct fsck *f)
{
	if (counters_ok(f->q))
		return;
	fsck_found(f, BAD_COUNTERS, f->repair && fsck_mended(f,
	    fs_unlink(f->q->fd, "counters", f->err)),
	    "counters", "not the file that mq makes");
}

void
fsck_litter(struct fsck *f)
{
	int dir;

	f->litter = "";
	reap_litter(f->q->fd, TMP_PREFIX, true, f->now, f->repair, fsck_stale, f);
	f->litter = "new/";
	/* mq makes no directories in new/, so none there is litter, whatever its name. */
	if (queue_new(f->q, &dir, f->err) == ST_OK)
		reap_litter(dir, TMP_PREFIX, false, f->now, f->repair, fsck_stale, f);
	f->litter = "tmp/";
	if (fs_open_dir(f->q->fd, "tmp", false, &dir, f->err) == ST_OK) {
		reap_litter(dir, "", true, f->now, f->repair, fsck_stale, f);
		(void)close(dir);
	}
	error_clear(f->err);
}
