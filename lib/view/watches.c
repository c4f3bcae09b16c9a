/*
 * watches.c: which directories are watched, for the events of event.c.
 *
 * Watched are new/, the directory of each state, and each bucket in it.  A bucket, or a whole
 * queue, may be filled before it can be watched.  So it is listed once it is watched, and the
 * messages that are in it are noted, to be told as if their arrival had been seen.
 */
#include <sys/inotify.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/name.h"
#include "base/look.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "view/scan.h"
#include "view/event.h"

/* The events of the kernel that say that a name left a directory. */
#define LEAVE (IN_DELETE | IN_MOVED_FROM)

/* ---- watches ---------------------------------------------------------- */

struct watched *
watches_find(struct events *ev, int wd)
{
	for (size_t i = 0; i < ev->nw; i++)
		if (ev->w[i].wd == wd)
			return &ev->w[i];
	return NULL;
}

/*
 * Pass over what cannot be watched: its first error is kept for events_missed, and ST_GONE is
 * returned.  An error that cannot be passed over is returned as it is.
 */
static enum status
watches_status(struct events *ev, enum status st, struct error *err)
{
	return passed_over(&ev->missed, st, err) ? ST_GONE : st;
}

/* ST_GONE: the directory is not there, or it cannot be watched, and that is noted. */
static enum status
watches_watch(struct events *ev, size_t queue, enum what what, enum state s, const char *bucket,
    bool half, struct error *err)
{
	char path[PATH_MAX];
	struct watched *w;
	int wd, n;

	n = snprintf(path, sizeof(path), "%s/%s/%s%s%s%s", ev->spool->path,
	    ev->queue[queue]->name, what == DIR_NEW ? "new" : state_names[s],
	    bucket[0] != '\0' ? "/" : "", half ? "+" : "", bucket);
	if (n < 0 || (size_t)n >= sizeof(path))
		return error_set(err, ST_IO, 0, "the path of the spool is too long");
	wd = inotify_add_watch(ev->fd, path, ARRIVE | LEAVE | IN_ONLYDIR | IN_DONT_FOLLOW);
	if (wd == -1 && (errno == ENOENT || errno == ENOTDIR))
		return ST_GONE;
	if (wd == -1 && errno == ENOSPC)
		return error_set(err, ST_AGAIN, 0, "no more inotify watches: raise the sysctl "
		    "fs.inotify.max_user_watches");
	if (wd == -1)
		return watches_status(ev, error_sys(err, errno, "watch %s", path), err);
	if ((w = watches_find(ev, wd)) == NULL) {
		if (ev->nw == ev->cap) {
			size_t cap = ev->cap == 0 ? 64 : ev->cap * 2;
			struct watched *grown = reallocarray(ev->w, cap, sizeof(*grown));
			if (grown == NULL)
				return error_sys(err, ENOMEM, "watch");
			ev->w = grown;
			ev->cap = cap;
		}
		w = &ev->w[ev->nw++];
	}
	*w = (struct watched){ .wd = wd, .queue = queue, .what = what, .state = s };
	(void)strlcpy(w->bucket, bucket, sizeof(w->bucket));
	return ST_OK;
}

/* ---- what was there before it was watched ------------------------------ */

bool
watched_place(struct events *ev, const struct watched *w, const char *file, struct place *p)
{
	struct error ignored;
	int dir;

	memset(p, 0, sizeof(*p));
	p->state = w->state;
	if (w->what == DIR_BUCKET) {
		(void)strlcpy(p->bucket, w->bucket, sizeof(p->bucket));
		return strlcpy(p->file, file, sizeof(p->file)) < sizeof(p->file) &&
		    name_parse(file, &p->name) == NAME_OK;
	}
	error_clear(&ignored);
	return queue_new(ev->queue[w->queue], &dir, &ignored) == ST_OK &&
	    arrival_at(dir, file, file, p, &ignored) == ST_OK;
}

bool
watched_before(const struct events *ev, size_t queue, const struct place *p)
{
	for (size_t i = 0; i < ev->nfound; i++)
		if (ev->found[i].queue == queue && ev->found[i].at.state == p->state &&
		    strcmp(ev->found[i].at.file, p->file) == 0)
			return true;
	return false;
}

/*
 * Note a message, or a file of new/, that was there before its directory could be watched.  A file
 * that is no message is passed over.
 */
static enum status
watches_found(struct events *ev, const struct watched *w, const char *file, struct error *err)
{
	struct place p;

	if (!watched_place(ev, w, file, &p) || watched_before(ev, w->queue, &p))
		return ST_OK;
	if (ev->nfound == ev->capfound) {
		size_t cap = ev->capfound == 0 ? 64 : ev->capfound * 2;
		void *grown = reallocarray(ev->found, cap, sizeof(*ev->found));
		if (grown == NULL)
			return error_sys(err, ENOMEM, "watch");
		ev->found = grown;
		ev->capfound = cap;
	}
	ev->found[ev->nfound].queue = w->queue;
	ev->found[ev->nfound++].at = p;
	return ST_OK;
}

static enum status
watches_found_in_bucket(struct events *ev, size_t queue, enum state s, const struct bucket *b,
    struct error *err)
{
	struct watched w = { .queue = queue, .what = DIR_BUCKET, .state = s };
	struct listing l;
	enum status st;

	if ((st = bucket_list(shelf_of(ev->queue[queue], s), b, &l, err)) != ST_OK)
		return watches_status(ev, st, err);
	(void)strlcpy(w.bucket, b->name, sizeof(w.bucket));
	for (size_t i = 0; st == ST_OK && i < l.n; i++)
		st = watches_found(ev, &w, l.e[i].name, err);
	listing_free(&l);
	return st;
}

static enum status
watches_found_in_new(struct events *ev, size_t queue, struct error *err)
{
	struct watched w = { .queue = queue, .what = DIR_NEW };
	unsigned char type;
	const char *name;
	struct each *d;
	enum status st;
	int dir;

	if ((st = queue_new(ev->queue[queue], &dir, err)) == ST_OK)
		st = each_open(dir, &d, err);
	if (st != ST_OK)
		return watches_status(ev, st, err);
	while ((st = each_next(d, &name, &type, err)) == ST_OK)
		if ((st = watches_found(ev, &w, name, err)) != ST_OK)
			break;
	each_close(d);
	return st == ST_NONE ? ST_OK : watches_status(ev, st, err);
}

/* ST_GONE: the state is not there, or it cannot be watched, and that is noted. */
static enum status
watches_state(struct events *ev, size_t queue, enum state s, bool list, struct error *err)
{
	struct buckets bs;
	enum status st;

	if ((st = watches_watch(ev, queue, DIR_STATE, s, "", false, err)) != ST_OK ||
	    (st = buckets_list(shelf_of(ev->queue[queue], s), &bs, err)) != ST_OK)
		return watches_status(ev, st, err);
	for (size_t i = 0; (st == ST_OK || st == ST_GONE) && i < bs.n; i++) {
		st = watches_watch(ev, queue, DIR_BUCKET, s, bs.b[i].name, bs.b[i].half, err);
		if (st == ST_OK && list)
			st = watches_found_in_bucket(ev, queue, s, &bs.b[i], err);
	}
	buckets_free(&bs);
	return st;
}

enum status
watches_queue(struct events *ev, size_t queue, bool list, struct error *err)
{
	enum status st = watches_watch(ev, queue, DIR_NEW, STATE_READY, "", false, err);

	if (st == ST_OK && list)
		st = watches_found_in_new(ev, queue, err);
	for (int s = 0; (st == ST_OK || st == ST_GONE) && s < NSTATES; s++)
		st = watches_state(ev, queue, (enum state)s, list, err);
	return st == ST_GONE ? ST_OK : st;
}

/* ---- queues ----------------------------------------------------------- */

enum status
watches_queue_open(struct events *ev, const char *name, bool list, struct error *err)
{
	struct queue **grown;
	enum status st;

	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	if ((grown = reallocarray(ev->queue, ev->nqueues + 1, sizeof(*grown))) == NULL)
		return error_sys(err, ENOMEM, "watch");
	ev->queue = grown;
	if ((st = queue_open(ev->spool, name, &ev->queue[ev->nqueues], err)) != ST_OK)
		return st;
	return watches_queue(ev, ev->nqueues++, list, err);
}

enum status
watches_queue_made(struct events *ev, const char *name, bool list, struct error *err)
{
	enum status st;

	if (!queue_name_ok(name))
		return ST_OK;
	for (size_t i = 0; i < ev->nqueues; i++)
		if (strcmp(ev->queue[i]->name, name) == 0 && queue_stands(ev->queue[i]))
			return ST_OK;
	st = watches_queue_open(ev, name, list, err);
	if (st == ST_NOTFOUND) {
		error_clear(err);
		return ST_OK;
	}
	return watches_status(ev, st, err) == ST_GONE ? ST_OK : st;
}

enum status
watches_all(struct events *ev, bool list, struct error *err)
{
	struct names names;
	enum status st;

	if ((st = spool_list(ev->spool, SPOOL_QUEUE, &names, err)) != ST_OK)
		return st;
	for (size_t i = 0; st == ST_OK && i < names.n; i++)
		st = watches_queue_made(ev, names.name[i], list, err);
	names_free(&names);
	return st;
}

/* ---- buckets ---------------------------------------------------------- */

enum status
watches_bucket_made(struct events *ev, const struct watched *state, const char *name,
    struct error *err)
{
	size_t queue = state->queue, known = ev->nw;
	enum state s = state->state;
	struct bucket b;
	enum status st;

	if (!bucket_parse(name, &b))
		return ST_OK;
	/*
	 * If the watch is not a new one, the bucket only lost the "+" of its name: it is the same
	 * directory, and was listed before.
	 */
	if ((st = watches_watch(ev, queue, DIR_BUCKET, s, b.name, b.half, err)) == ST_OK &&
	    ev->nw > known)
		st = watches_found_in_bucket(ev, queue, s, &b, err);
	return st == ST_GONE ? ST_OK : st;
}
