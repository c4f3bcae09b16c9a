/*
 * event.c: what happens in queues, told by inotify, for mq watch.
 *
 * A change of state is a rename: IN_MOVED_FROM and IN_MOVED_TO with one cookie.
 * The two need not be neighbours, so the last departures are remembered; what an
 * arrival means follows from where the message came from and from its name.  The events
 * are no ledger: the kernel may drop some, which is told as an overflow.  A bucket, or a
 * whole queue, that was made and filled before it could be watched is listed then.
 */
#include <sys/inotify.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/lane.h"
#include "view/view.h"
#include "view/scan.h"

#define ARRIVE (IN_CREATE | IN_MOVED_TO)
#define LEAVE (IN_DELETE | IN_MOVED_FROM)
/* Departures remembered, and how long one may wait for its arrival: in ms. */
#define PARTED 64
#define PATIENCE 20
/* Whoever watches all queues looks so often whether the spool is still there, in ms. */
#define SPOOL_LOOK 2000

enum what { DIR_STATE, DIR_BUCKET, DIR_NEW };

/* A watched directory, found by its watch descriptor. */
struct watched {
	int wd;
	size_t queue;
	enum what what;
	enum state state;
	char bucket[BUCKET_MAX];
};

struct departure {
	uint32_t cookie;	/* 0: free */
	size_t queue;
	struct place at;
	bool arrived_new;	/* it left new/: it was told when it came */
	bool untold;		/* or could not be: it had left already */
};

struct unseen { size_t queue; char file[NAME_MAX_LEN + 1]; };

struct events {
	int fd;
	int spoolwd;
	struct spool *spool;
	bool all;		/* queues that are made later are watched, too */
	struct queue **queue;
	size_t nqueues;
	/* The first error of what could not be watched since events_missed was last called. */
	struct error missed;
	struct watched *w;
	size_t nw, cap;
	struct departure parted[PARTED];
	size_t next_parted;
	struct unseen unseen[PARTED];
	size_t next_unseen;
	/* Messages found by listing a new bucket: still to be told, then not to be told again. */
	struct { size_t queue; struct place at; } *found;
	size_t nfound, capfound, told;
	char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	size_t have, pos;
};

/* ---- watches ---------------------------------------------------------- */

static struct watched *
watched_find(struct events *ev, int wd)
{
	for (size_t i = 0; i < ev->nw; i++)
		if (ev->w[i].wd == wd)
			return &ev->w[i];
	return NULL;
}

/* ST_GONE for what cannot be watched and is passed over. */
static enum status
watch_status(struct events *ev, enum status st, struct error *err)
{
	return passed_over(&ev->missed, st, err) ? ST_GONE : st;
}

static enum status
watch(struct events *ev, size_t queue, enum what what, enum state s, const char *bucket,
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
		return watch_status(ev, error_sys(err, errno, "watch %s", path), err);
	if ((w = watched_find(ev, wd)) == NULL) {
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

static bool
place_of(struct events *ev, const struct watched *w, const char *file, struct place *p)
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

static bool
found_before(const struct events *ev, size_t queue, const struct place *p)
{
	for (size_t i = 0; i < ev->nfound; i++)
		if (ev->found[i].queue == queue && ev->found[i].at.state == p->state &&
		    strcmp(ev->found[i].at.file, p->file) == 0)
			return true;
	return false;
}

/* Note a message, or a file of new/, that was there before it could be watched. */
static enum status
found_add(struct events *ev, const struct watched *w, const char *file, struct error *err)
{
	struct place p;

	if (!place_of(ev, w, file, &p) || found_before(ev, w->queue, &p))
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
found_in_bucket(struct events *ev, size_t queue, enum state s, const struct bucket *b,
    struct error *err)
{
	struct watched w = { .queue = queue, .what = DIR_BUCKET, .state = s };
	struct listing l;
	enum status st;

	if ((st = bucket_list(shelf_of(ev->queue[queue], s), b, &l, err)) != ST_OK)
		return watch_status(ev, st, err);
	(void)strlcpy(w.bucket, b->name, sizeof(w.bucket));
	for (size_t i = 0; st == ST_OK && i < l.n; i++)
		st = found_add(ev, &w, l.e[i].name, err);
	listing_free(&l);
	return st;
}

static enum status
found_in_new(struct events *ev, size_t queue, struct error *err)
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
		return watch_status(ev, st, err);
	while ((st = each_next(d, &name, &type, err)) == ST_OK)
		if ((st = found_add(ev, &w, name, err)) != ST_OK)
			break;
	each_close(d);
	return st == ST_NONE ? ST_OK : watch_status(ev, st, err);
}

/* ST_GONE: it is not there, or cannot be watched, which is noted. */
static enum status
watch_state(struct events *ev, size_t queue, enum state s, bool list, struct error *err)
{
	struct buckets bs;
	enum status st;

	if ((st = watch(ev, queue, DIR_STATE, s, "", false, err)) != ST_OK ||
	    (st = buckets_list(shelf_of(ev->queue[queue], s), &bs, err)) != ST_OK)
		return watch_status(ev, st, err);
	for (size_t i = 0; (st == ST_OK || st == ST_GONE) && i < bs.n; i++) {
		st = watch(ev, queue, DIR_BUCKET, s, bs.b[i].name, bs.b[i].half, err);
		if (st == ST_OK && list)
			st = found_in_bucket(ev, queue, s, &bs.b[i], err);
	}
	buckets_free(&bs);
	return st;
}

/* list: what is there already is to be told, too. */
static enum status
watch_queue(struct events *ev, size_t queue, bool list, struct error *err)
{
	enum status st = watch(ev, queue, DIR_NEW, STATE_READY, "", false, err);

	if (st == ST_OK && list)
		st = found_in_new(ev, queue, err);
	for (int s = 0; (st == ST_OK || st == ST_GONE) && s < NSTATES; s++)
		st = watch_state(ev, queue, (enum state)s, list, err);
	return st == ST_GONE ? ST_OK : st;
}

/* ---- queues ----------------------------------------------------------- */

static enum status
queue_add(struct events *ev, const char *name, bool list, struct error *err)
{
	struct queue **grown;
	enum status st;

	if ((grown = reallocarray(ev->queue, ev->nqueues + 1, sizeof(*grown))) == NULL)
		return error_sys(err, ENOMEM, "watch");
	ev->queue = grown;
	if ((st = queue_open(ev->spool, name, &ev->queue[ev->nqueues], err)) != ST_OK)
		return st;
	return watch_queue(ev, ev->nqueues++, list, err);
}

/* A queue was made, or moved into the spool; what is none, or cannot be opened, is passed over. */
static enum status
queue_made(struct events *ev, const char *name, bool list, struct error *err)
{
	enum status st;

	if (!queue_name_ok(name))
		return ST_OK;
	for (size_t i = 0; i < ev->nqueues; i++)
		if (strcmp(ev->queue[i]->name, name) == 0 && queue_stands(ev->queue[i]))
			return ST_OK;
	st = queue_add(ev, name, list, err);
	if (st == ST_NOTFOUND) {
		error_clear(err);
		return ST_OK;
	}
	return watch_status(ev, st, err) == ST_GONE ? ST_OK : st;
}

static enum status
queues_made(struct events *ev, bool list, struct error *err)
{
	struct names names;
	enum status st;

	if ((st = spool_list(ev->spool, SPOOL_QUEUE, &names, err)) != ST_OK)
		return st;
	for (size_t i = 0; st == ST_OK && i < names.n; i++)
		st = queue_made(ev, names.name[i], list, err);
	names_free(&names);
	return st;
}

enum status
events_open(struct spool *sp, const struct names *names, struct events **out,
    struct error *err)
{
	struct events *ev = calloc(1, sizeof(*ev));
	enum status st = ST_OK;

	*out = ev;
	if (ev == NULL)
		return error_sys(err, ENOMEM, "watch");
	ev->spool = sp;
	ev->all = names == NULL;
	error_clear(&ev->missed);
	if ((ev->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) == -1)
		return errno == EMFILE ? error_set(err, ST_AGAIN, 0, "no more inotify instances: "
		    "raise the sysctl fs.inotify.max_user_instances") :
		    error_sys(err, errno, "inotify");
	ev->spoolwd = inotify_add_watch(ev->fd, sp->path, IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR |
	    (ev->all ? IN_MOVED_TO : 0));
	/* What is there now is not to be told: only what comes. */
	if (ev->all)
		return queues_made(ev, false, err);
	for (size_t i = 0; st == ST_OK && i < names->n; i++)
		st = queue_add(ev, names->name[i], false, err);
	return st;
}

bool
events_missed(struct events *ev, struct error *err)
{
	if (ev->missed.status == ST_OK)
		return false;
	*err = ev->missed;
	error_clear(&ev->missed);
	return true;
}

void
events_close(struct events *ev)
{
	if (ev == NULL)
		return;
	for (size_t i = 0; i < ev->nqueues; i++)
		queue_close(ev->queue[i]);
	if (ev->fd != -1)
		(void)close(ev->fd);
	free(ev->queue);
	free(ev->found);
	free(ev->w);
	free(ev);
}

/* ---- what it means ---------------------------------------------------- */

static struct departure *
departure(struct events *ev, uint32_t cookie)
{
	for (size_t i = 0; cookie != 0 && i < PARTED; i++)
		if (ev->parted[i].cookie == cookie)
			return &ev->parted[i];
	return NULL;
}

/*
 * What the arrival of a message means that was not seen to leave another place: it was pushed, or
 * it came from a queue that is not watched.
 */
static const char *
came(const struct place *to)
{
	if (to->name.waited)
		return NULL;	/* it waited for its turn, which counts as ready all the time */
	switch (to->state) {
	case STATE_READY:
		return to->name.deliveries == 0 && to->name.reason[0] == '\0' ? "pushed" : "moved";
	case STATE_DELAYED:
		return to->name.deliveries == 0 ? "delayed" : "moved";
	default:
		return "moved";
	}
}

/* NULL: nothing that matters happened. */
static const char *
meaning(const struct departure *from, const struct place *to)
{
	if (from == NULL || from->untold)
		return came(to);
	if (from->arrived_new)
		return NULL;
	if (from->at.state == to->state)
		return to->state == STATE_CLAIMED && !name_ended(&to->name) ? "extended" : NULL;
	switch (to->state) {
	case STATE_CLAIMED:
		return "claimed";
	case STATE_HELD:
		return "held";
	case STATE_DEAD:
		return "dead";
	case STATE_DONE:
		return "acked";
	default:
		break;
	}
	/* An attempt that failed is counted at its end, or before, with the mark that says so. */
	if (from->at.state == STATE_CLAIMED)
		return from->at.name.failed != 0 || to->name.attempts > from->at.name.attempts ?
		    "failed" : "released";
	return from->at.state == STATE_DELAYED && to->name.attempts == from->at.name.attempts &&
	    to->state == STATE_READY && from->at.name.key <= clock_now() ? "due" : "retried";
}

static bool
tell(struct events *ev, struct event *e, size_t queue, const char *what, const struct place *p)
{
	if (what == NULL)
		return false;
	e->time = clock_now();
	e->what = what;
	e->queue = queue < ev->nqueues ? ev->queue[queue]->name : "-";
	e->have = p != NULL;
	if (p != NULL)
		e->at = *p;
	return true;
}

/* Watch a bucket that has just appeared, and note what is in it already. */
static enum status
new_bucket(struct events *ev, const struct watched *state, const char *name, struct error *err)
{
	size_t queue = state->queue, known = ev->nw;
	enum state s = state->state;
	struct bucket b;
	enum status st;

	if (!bucket_parse(name, &b))
		return ST_OK;
	/* If there is no new watch, it lost its "+": the same directory. */
	if ((st = watch(ev, queue, DIR_BUCKET, s, b.name, b.half, err)) == ST_OK && ev->nw > known)
		st = found_in_bucket(ev, queue, s, &b, err);
	return st == ST_GONE ? ST_OK : st;
}

/* ---- one event of the kernel ------------------------------------------ */

/*
 * A file came to new/ and was adopted before we could look at it: its arrival in ready/ is told
 * instead.
 */
static void
untold(struct events *ev, size_t queue, const char *file)
{
	struct unseen *u = &ev->unseen[ev->next_unseen];

	u->queue = queue;
	(void)strlcpy(u->file, file, sizeof(u->file));
	ev->next_unseen = (ev->next_unseen + 1) % PARTED;
}

static bool
was_untold(struct events *ev, size_t queue, const char *file)
{
	for (size_t i = 0; i < PARTED; i++)
		if (ev->unseen[i].queue == queue && strcmp(ev->unseen[i].file, file) == 0) {
			ev->unseen[i].file[0] = '\0';
			return true;
		}
	return false;
}

/* Whether one that left ready/ only waits for the turn of its key. */
static bool
parked(struct events *ev, const struct departure *d)
{
	struct queue *q = ev->queue[d->queue];
	const struct msgname *n = &d->at.name;
	struct error ignored;
	struct shelf lane;
	struct place p;
	bool yes;

	error_clear(&ignored);
	if (d->at.state != STATE_READY || n->order[0] == '\0')
		return false;
	yes = lane_open(q, n->order, &lane, &ignored) == ST_OK &&
	    place_find(&lane, &n->id, NULL, NULL, &p, &ignored) == ST_OK;
	shelf_close(&lane);
	error_clear(&ignored);
	return yes || scan_find(q, STATES_ALL, &n->id, &p, &ignored) == ST_OK;
}

/* One that left, and did not arrive anywhere that we watch. */
static bool
moved_away(struct events *ev, const struct departure *d, struct event *e)
{
	return !d->arrived_new && !parked(ev, d) && tell(ev, e, d->queue, "moved", &d->at);
}

static bool
depart(struct events *ev, const struct inotify_event *ie, const struct watched *w,
    struct event *e)
{
	struct departure *d = &ev->parted[ev->next_parted];
	struct departure old = *d;
	struct place p;

	memset(&p, 0, sizeof(p));
	p.state = w->state;
	(void)strlcpy(p.file, ie->name, sizeof(p.file));
	(void)strlcpy(p.bucket, w->bucket, sizeof(p.bucket));
	if (w->what == DIR_BUCKET && name_parse(ie->name, &p.name) != NAME_OK)
		return false;
	*d = (struct departure){ .cookie = ie->cookie, .queue = w->queue, .at = p,
	    .arrived_new = w->what == DIR_NEW,
	    .untold = w->what == DIR_NEW && was_untold(ev, w->queue, ie->name) };
	ev->next_parted = (ev->next_parted + 1) % PARTED;
	return old.cookie != 0 && moved_away(ev, &old, e);
}

static bool
arrive(struct events *ev, const struct inotify_event *ie, const struct watched *w,
    struct event *e)
{
	struct departure *from = departure(ev, ie->cookie);
	struct place p;

	if (from != NULL)
		from->cookie = 0;	/* the rest stands until the next one departs */
	if (!place_of(ev, w, ie->name, &p)) {
		if (w->what == DIR_NEW)
			untold(ev, w->queue, ie->name);
		return false;
	}
	if (found_before(ev, w->queue, &p))
		return false;
	if (w->what == DIR_NEW)
		return tell(ev, e, w->queue, "pushed", &p);
	if (from != NULL && from->queue != w->queue)
		return tell(ev, e, w->queue, "moved", &p);
	return tell(ev, e, w->queue, meaning(from, &p), &p);
}

static bool
deleted(struct events *ev, const struct inotify_event *ie, const struct watched *w,
    struct event *e)
{
	struct place p;

	if (w->what != DIR_BUCKET || !place_of(ev, w, ie->name, &p))
		return false;
	return tell(ev, e, w->queue, w->state == STATE_CLAIMED ? "acked" : "removed", &p);
}

static enum status
overflow(struct events *ev, struct error *err)
{
	enum status st = ST_OK;

	memset(ev->parted, 0, sizeof(ev->parted));
	for (size_t i = 0; st == ST_OK && i < ev->nqueues; i++)
		st = watch_queue(ev, i, false, err);
	return st == ST_OK && ev->all ? queues_made(ev, true, err) : st;
}

static enum status
none_left(struct error *err)
{
	return error_set(err, ST_NOTFOUND, 0, "no queue that is watched is left");
}

/* In the spool: a queue was made, removed, or moved.  ST_NONE: go on. */
static enum status
in_spool(struct events *ev, const struct inotify_event *ie, struct error *err)
{
	enum status st;

	if ((ie->mask & IN_MOVED_TO) != 0 && (ie->mask & IN_ISDIR) != 0 && ie->len > 0)
		return (st = queue_made(ev, ie->name, true, err)) == ST_OK ? ST_NONE : st;
	if (ev->all)
		return ST_NONE;	/* there may be others */
	for (size_t i = 0; i < ev->nqueues; i++)
		if (queue_stands(ev->queue[i]))
			return ST_NONE;
	return none_left(err);
}

/* ST_NONE: nothing to tell. */
static enum status
decode(struct events *ev, const struct inotify_event *ie, struct event *e, struct error *err)
{
	struct watched *w = watched_find(ev, ie->wd);
	enum status st;

	if ((ie->mask & IN_Q_OVERFLOW) != 0) {
		st = overflow(ev, err);
		(void)tell(ev, e, ev->nqueues, "overflow", NULL);
		return st;
	}
	if (ie->wd == ev->spoolwd)
		return in_spool(ev, ie, err);
	if (w == NULL)
		return ST_NONE;
	if ((ie->mask & IN_IGNORED) != 0) {
		*w = ev->w[--ev->nw];
		return ST_NONE;
	}
	if (ie->len == 0 || ie->name[0] == '.')
		return ST_NONE;
	if ((ie->mask & IN_ISDIR) != 0) {
		if (w->what == DIR_STATE && (ie->mask & ARRIVE) != 0 &&
		    (st = new_bucket(ev, w, ie->name, err)) != ST_OK)
			return st;
		return ST_NONE;
	}
	if (w->what == DIR_STATE)
		return ST_NONE;
	if ((ie->mask & IN_MOVED_FROM) != 0)
		return depart(ev, ie, w, e) ? ST_OK : ST_NONE;
	if ((ie->mask & ARRIVE) != 0)
		return arrive(ev, ie, w, e) ? ST_OK : ST_NONE;
	return deleted(ev, ie, w, e) ? ST_OK : ST_NONE;
}

/* ---- the queue of events ---------------------------------------------- */

/* One that left and did not arrive in time has moved out of sight. */
static bool
give_up_on_one(struct events *ev, struct event *e)
{
	for (size_t i = 0; i < PARTED; i++) {
		struct departure *d = &ev->parted[i];
		if (d->cookie == 0)
			continue;
		d->cookie = 0;
		if (moved_away(ev, d, e))
			return true;
	}
	return false;
}

static bool
waiting_for_arrivals(const struct events *ev)
{
	for (size_t i = 0; i < PARTED; i++)
		if (ev->parted[i].cookie != 0)
			return true;
	return false;
}

/* ST_NONE: something to tell was found, or there is something to read now. */
static enum status
fill(struct events *ev, int reader, bool *late, struct error *err)
{
	struct pollfd pfd[2] = { { .fd = ev->fd, .events = POLLIN }, { .fd = reader } };
	struct stat sb;
	ssize_t n;
	int r;

	*late = false;
	n = read(ev->fd, ev->buf, sizeof(ev->buf));
	if (n > 0) {
		ev->have = (size_t)n;
		ev->pos = 0;
		return ST_OK;
	}
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		return error_sys(err, errno, "inotify");
	/* All read: what was found by listing cannot come again. */
	ev->nfound = ev->told = 0;
	r = poll(pfd, 2, waiting_for_arrivals(ev) ? PATIENCE : ev->all ? SPOOL_LOOK : -1);
	if (r == -1)
		return errno == EINTR ? ST_AGAIN : error_sys(err, errno, "poll");
	if ((pfd[1].revents & POLLERR) != 0)
		return error_set(err, ST_IO, EPIPE, "stdout");
	/* Its removal raises no event, for we have it open. */
	if (r == 0 && ev->all && fstat(ev->spool->fd, &sb) == 0 && sb.st_nlink == 0)
		return none_left(err);
	*late = r == 0;
	return ST_OK;
}

enum status
events_next(struct events *ev, struct event *e, int reader, struct error *err)
{
	const struct inotify_event *ie;
	enum status st;
	bool late;

	for (;;) {
		if (ev->told < ev->nfound) {
			size_t i = ev->told++;
			const struct place *at = &ev->found[i].at;
			if (tell(ev, e, ev->found[i].queue, came(at), at))
				return ST_OK;
			continue;
		}
		if (ev->pos < ev->have) {
			ie = (const struct inotify_event *)(const void *)(ev->buf + ev->pos);
			ev->pos += sizeof(*ie) + ie->len;
			if ((st = decode(ev, ie, e, err)) != ST_NONE)
				return st;
			continue;
		}
		if ((st = fill(ev, reader, &late, err)) != ST_OK)
			return st;
		if (late && give_up_on_one(ev, e))
			return ST_OK;
	}
}
