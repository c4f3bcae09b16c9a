/*
 * tend.c: what dead producers left in once/, and markers whose time is over.
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
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/lock.h"
#include "spool/bucket.h"
#include "spool/counters.h"
#include "spool/log.h"
#include "view/scan.h"
#include "pattern/pattern.h"
#include "pattern/latest.h"
#include "pattern/once.h"
#include "pattern/marker.h"

/* How many markers one sweep looks at. */
#define SWEEP_MAX 1024
/* The age from which a message that no marker names, and whose writer is dead, is garbage. */
#define STALE (3600 * USEC)

struct tend {
	struct queue *q;
	int dir;
	struct listing l;
	usec_t now;
	bool act;
	bool certain;		/* no entry can be missing in the listing */
	void (*seen)(void *, enum once_kind, const char *, bool);
	void *arg;
	struct error *err;
};

static void
tend_tell(struct tend *t, enum once_kind kind, const char *name, bool done)
{
	if (t->seen != NULL)
		t->seen(t->arg, kind, name, done);
}

/* ST_OK: a marker names the message 'file'.  ST_NONE: none does. */
static enum status
tend_named(struct tend *t, const char *file)
{
	char text[NAME_MAX_LEN + 1];
	enum status st;

	for (size_t i = 0; i < t->l.n; i++) {
		if (t->l.e[i].name[0] != '=')
			continue;
		st = fs_read_link(t->dir, t->l.e[i].name, text, sizeof(text), t->err);
		if (st == ST_OK && strcmp(text, file) == 0)
			return ST_OK;
		if (st == ST_BADDATA)
			error_clear(t->err);
		else if (st != ST_OK && st != ST_GONE)
			return st;
	}
	return ST_NONE;
}

static enum status
tend_marker(struct tend *t, const char *marker)
{
	char file[NAME_MAX_LEN + 1];
	enum status st = ST_OK;
	struct msgname n;

	switch (marker_read(t->dir, marker, &n, file, t->err)) {
	case MARKER_NONE:
		break;
	case MARKER_NAMES:
		if (!marker_over(t->q, &n, t->now))
			break;
		if (t->act)
			st = marker_expire(t->q, t->dir, marker, file, t->now, t->err);
		tend_tell(t, ONCE_OVER, marker, t->act && st == ST_OK);
		return st;
	case MARKER_FOREIGN:
		error_clear(t->err);
		tend_tell(t, ONCE_FOREIGN, marker, false);
		break;
	case MARKER_FAILED:
		return t->err->status;
	}
	return ST_OK;
}

/*
 * Tend a message whose writer is dead and did not bring it into the queue.  If no marker names it,
 * it was never accepted, and never will be, because only its writer would have made the marker.
 */
static enum status
tend_message(struct tend *t, const char *file)
{
	int fd = fs_open_read(t->dir, file), locked;
	struct stat sb;
	enum status st;

	if (fd == -1)
		return errno == ENOENT ? ST_OK : error_sys(t->err, errno, "%s", file);
	st = fstat(fd, &sb) == 0 ? ST_OK : error_sys(t->err, errno, "%s", file);
	locked = fs_locked(fd, 1LL << 62);
	(void)close(fd);
	if (st != ST_OK || locked == 1)
		return st;
	if ((st = tend_named(t, file)) == ST_OK) {
		if (t->act)
			st = marker_bring_in(t->q, t->dir, file, t->now, t->err);
		tend_tell(t, ONCE_UNFINISHED, file, t->act && st == ST_OK);
	} else if (st == ST_NONE && locked == 0 && t->certain &&
	    t->now - stat_mtime(&sb) > STALE) {
		st = t->act ? fs_unlink(t->dir, file, t->err) : ST_OK;
		tend_tell(t, ONCE_LITTER, file, t->act && st == ST_OK);
	}
	return st == ST_NONE || st == ST_GONE ? ST_OK : st;
}

static enum status
tend_entry(struct tend *t, const struct entry *e)
{
	struct msgname n;

	if (e->name[0] == '=' && e->type == DT_LNK)
		return tend_marker(t, e->name);
	switch (name_parse(e->name, &n)) {
	case NAME_OK:
		if (e->type == DT_REG)
			return tend_message(t, e->name);
		break;
	case NAME_FOREIGN:
		break;
	case NAME_FUTURE:
		return ST_OK;
	}
	tend_tell(t, ONCE_FOREIGN, e->name, false);
	return ST_OK;
}

static enum status
tend_all(struct tend *t)
{
	size_t left = t->seen != NULL ? SIZE_MAX : SWEEP_MAX, start;
	struct stat before = { 0 }, after;
	enum status st;

	t->certain = !dir_is_young(t->dir) && fstat(t->dir, &before) == 0;
	if ((st = fs_list(t->dir, "", 0, false, &t->l, NULL, t->err)) != ST_OK)
		return st;
	t->certain = t->certain && fstat(t->dir, &after) == 0 &&
		     before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
		     before.st_ctim.tv_nsec == after.st_ctim.tv_nsec;
	/* Messages come first, because the markers that name them may be removed below. */
	for (size_t i = 0; st == ST_OK && i < t->l.n; i++)
		if (t->l.e[i].name[0] != '=')
			st = tend_entry(t, &t->l.e[i]);
	start = t->l.n > 0 ? arc4random_uniform((uint32_t)t->l.n) : 0;
	for (size_t i = 0; st == ST_OK && left > 0 && i < t->l.n; i++) {
		const struct entry *e = &t->l.e[(start + i) % t->l.n];
		if (e->name[0] == '=') {
			st = tend_entry(t, e);
			left--;
		}
	}
	listing_free(&t->l);
	return st;
}

enum status
once_tend(struct queue *q, int dir, usec_t now, bool act,
    void (*seen)(void *, enum once_kind, const char *, bool), void *arg, struct error *err)
{
	struct tend t = {
	    .q = q, .dir = dir, .now = now, .act = act, .seen = seen, .arg = arg, .err = err};
	enum status st;
	int fd;

	if ((st = slot_lock(q, dir, &fd, err)) != ST_OK)
		return st;
	st = tend_all(&t);
	queue_unlock(fd);
	return st;
}

void
once_sweep(struct queue *q, usec_t now)
{
	struct error ignored;
	int top, dir;
	char xx[3];

	error_clear(&ignored);
	if (fs_open_dir(q->fd, ONCE, false, &top, &ignored) != ST_OK)
		return;
	(void)snprintf(xx, sizeof(xx), "%02x", (unsigned)arc4random_uniform(256));
	if (fs_open_dir(top, xx, false, &dir, &ignored) == ST_OK) {
		if (once_tend(q, dir, now, true, NULL, NULL, &ignored) != ST_OK)
			error_clear(&ignored);	/* another sweep will do */
		(void)close(dir);
	}
	(void)close(top);
}
