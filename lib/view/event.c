/*
 * event.c: what happens in queues, told by inotify, for mq watch.
 *
 * The events are no ledger: the kernel may drop some, which is told as an overflow.
 */
#include <sys/inotify.h>
#include <sys/stat.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/name.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "view/view.h"
#include "view/event.h"

/* How long the arrival may take that belongs to a departure, in ms. */
#define PATIENCE 20
/* How often a process that watches all queues looks whether the spool is still there, in ms. */
#define SPOOL_LOOK 2000

/* ---- opening and closing ----------------------------------------------- */

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
	/* Of the messages that are there now none is told: only what happens from now on is. */
	if (names == NULL)
		return watches_all(ev, false, err);
	for (size_t i = 0; st == ST_OK && i < names->n; i++)
		st = watches_queue_open(ev, names->name[i], false, err);
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

/* ---- one event of the kernel ------------------------------------------ */

/*
 * The kernel dropped events.  Forget the departures, whose arrivals may be among them, and watch
 * the directories that were made meanwhile.
 */
static enum status
events_overflow(struct events *ev, struct error *err)
{
	enum status st = ST_OK;

	memset(ev->parted, 0, sizeof(ev->parted));
	for (size_t i = 0; st == ST_OK && i < ev->nqueues; i++)
		st = watches_queue(ev, i, false, err);
	return st == ST_OK && ev->all ? watches_all(ev, true, err) : st;
}

static enum status
events_none_left(struct error *err)
{
	return error_set(err, ST_NOTFOUND, 0, "no queue that is watched is left");
}

/* A queue was made in the spool, removed, or moved.  ST_NONE: go on with the next event. */
static enum status
events_in_spool(struct events *ev, const struct inotify_event *ie, struct error *err)
{
	enum status st;

	if ((ie->mask & IN_MOVED_TO) != 0 && (ie->mask & IN_ISDIR) != 0 && ie->len > 0)
		return (st = watches_queue_made(ev, ie->name, true, err)) == ST_OK ? ST_NONE : st;
	if (ev->all)
		return ST_NONE;	/* others may be left, or may be made */
	for (size_t i = 0; i < ev->nqueues; i++)
		if (queue_stands(ev->queue[i]))
			return ST_NONE;
	return events_none_left(err);
}

/* Take one event of the kernel apart.  ST_NONE: there is nothing to tell. */
static enum status
events_decode(struct events *ev, const struct inotify_event *ie, struct event *e, struct error *err)
{
	struct watched *w = watches_find(ev, ie->wd);
	enum status st;

	if ((ie->mask & IN_Q_OVERFLOW) != 0) {
		st = events_overflow(ev, err);
		(void)meaning_tell(ev, e, ev->nqueues, "overflow", NULL);
		return st;
	}
	if (ie->wd == ev->spoolwd)
		return events_in_spool(ev, ie, err);
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
		    (st = watches_bucket_made(ev, w, ie->name, err)) != ST_OK)
			return st;
		return ST_NONE;
	}
	if (w->what == DIR_STATE)
		return ST_NONE;
	if ((ie->mask & IN_MOVED_FROM) != 0)
		return meaning_depart(ev, ie, w, e) ? ST_OK : ST_NONE;
	if ((ie->mask & ARRIVE) != 0)
		return meaning_arrive(ev, ie, w, e) ? ST_OK : ST_NONE;
	return meaning_deleted(ev, ie, w, e) ? ST_OK : ST_NONE;
}

/* ---- the queue of events ---------------------------------------------- */

/*
 * Read the next events of the kernel, or wait until there are some.  ST_OK: look again for an event
 * to tell.  '*late' becomes true if the wait ended without one.
 */
static enum status
events_fill(struct events *ev, int reader, bool *late, struct error *err)
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
	/* Nothing is left to read, so what was found by listing is not reported again. */
	ev->nfound = ev->told = 0;
	r = poll(pfd, 2, meaning_awaits(ev) ? PATIENCE : ev->all ? SPOOL_LOOK : -1);
	if (r == -1)
		return errno == EINTR ? ST_AGAIN : error_sys(err, errno, "poll");
	if ((pfd[1].revents & POLLERR) != 0)
		return error_set(err, ST_IO, EPIPE, "stdout");
	/* We have the directory of the spool open, so its removal raises no event. */
	if (r == 0 && ev->all && fstat(ev->spool->fd, &sb) == 0 && sb.st_nlink == 0)
		return events_none_left(err);
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
			if (meaning_tell(ev, e, ev->found[i].queue, meaning_came(at), at))
				return ST_OK;
			continue;
		}
		if (ev->pos < ev->have) {
			ie = (const struct inotify_event *)(const void *)(ev->buf + ev->pos);
			ev->pos += sizeof(*ie) + ie->len;
			if ((st = events_decode(ev, ie, e, err)) != ST_NONE)
				return st;
			continue;
		}
		if ((st = events_fill(ev, reader, &late, err)) != ST_OK)
			return st;
		if (late && meaning_overdue(ev, e))
			return ST_OK;
	}
}
