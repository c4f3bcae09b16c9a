/*
 * wait.c: sleep until a queue may have changed.
 *
 * inotify is armed before the caller looks, so no change falls between the two.  Its events are
 * hints, and are thrown away unread.  An overflow is a hint like any other.  There is also a slow
 * poll, for changes that raise no event: those by other clients of a network file system, and a
 * clock that was set.  Where there is no inotify, only the poll is left, and it is quicker.
 */
#include <sys/inotify.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/name.h"
#include "spool/policy.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "view/view.h"

#define POLL_LOCAL (30 * USEC)
#define POLL_REMOTE USEC
#define POLL_BLIND (USEC / 2)	/* no inotify */
/*
 * How many buckets of a state are watched.  ready/ has few buckets while a consumer waits, so
 * all of them are watched (up to a limit).  In delayed/ and claimed/ a message that is due sooner
 * than those we wait for goes to one of the first buckets.
 */
#define WATCH_LOW 16
#define WATCH_ALL 512

#define ARRIVE (IN_CREATE | IN_MOVED_TO)
#define LEAVE (IN_DELETE | IN_MOVED_FROM)

struct waiter {
	struct queue *q;
	int fd;
	bool changes;
	bool blind;
	usec_t poll;
};

enum status
waiter_open(struct queue *q, bool changes, struct waiter **out, struct error *err)
{
	struct waiter *w = calloc(1, sizeof(*w));

	*out = w;
	if (w == NULL)
		return queue_fail(q, err, ENOMEM, "wait");
	w->q = q;
	w->changes = changes;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	w->blind = w->fd == -1 || q->drop;
	w->poll = w->blind ? POLL_BLIND : queue_remote(q) ? POLL_REMOTE : POLL_LOCAL;
	return ST_OK;
}

void
waiter_close(struct waiter *w)
{
	if (w == NULL)
		return;
	if (w->fd != -1)
		(void)close(w->fd);
	free(w);
}

/*
 * Watch a directory.  If the kernel gives no watch (see the limits fs.inotify), the waiter polls
 * instead.  A directory that is gone needs no watch.
 */
static void
waiter_watch(struct waiter *w, const char *queue, const char *state, const char *bucket,
    uint32_t mask)
{
	char path[PATH_MAX];
	int n;

	if (w->blind)
		return;
	n = snprintf(path, sizeof(path), "%s/%s/%s%s%s", w->q->spool->path, queue,
	    state, bucket[0] != '\0' ? "/" : "", bucket);
	if (n < 0 || (size_t)n >= sizeof(path) ||
	    (inotify_add_watch(w->fd, path, mask | IN_ONLYDIR | IN_DONT_FOLLOW) == -1 &&
	    errno != ENOENT && errno != ENOTDIR)) {
		w->blind = true;
		w->poll = POLL_BLIND;
	}
}

static enum status
waiter_watch_state(struct waiter *w, enum state s, struct error *err)
{
	/* With max_in_flight a claim that ends makes room for another, so wake for that, too. */
	bool leave = w->changes || (s == STATE_CLAIMED && w->q->policy.max_in_flight > 0);
	uint32_t mask = ARRIVE | (leave ? LEAVE : 0);
	size_t max = s == STATE_READY || leave ? WATCH_ALL : WATCH_LOW;
	struct buckets bs;
	enum status st;

	waiter_watch(w, w->q->name, state_names[s], "", ARRIVE);
	if ((st = buckets_list(shelf_of(w->q, s), &bs, err)) != ST_OK)
		return st;
	for (size_t i = 0; i < bs.n; i++) {
		bool last = i + 1 == bs.n || bs.b[i + 1].cls != bs.b[i].cls;
		if (i < max || last)
			waiter_watch(w, w->q->name, state_names[s], bs.b[i].name, mask);
	}
	buckets_free(&bs);
	return ST_OK;
}

/* Messages dropped into a topic, or due there, come to this queue: see topic_poke. */
static enum status
waiter_watch_topics(struct waiter *w, struct error *err)
{
	struct names topics;
	enum status st = topics_of(w->q, &topics, err);

	waiter_watch(w, w->q->name, "topics", "", ARRIVE | IN_ATTRIB);
	for (size_t i = 0; i < topics.n; i++)
		waiter_watch(w, topics.name[i], "new", "", ARRIVE | IN_CLOSE_WRITE);
	names_free(&topics);
	return st;
}

enum status
waiter_arm(struct waiter *w, struct error *err)
{
	char path[PATH_MAX];
	int n;
	enum status st;

	if (w->blind)
		return ST_OK;
	waiter_watch(w, w->q->name, "", "", IN_MOVED_TO);	/* queue.conf: a pause that ended */
	/* With "single" wake when the consumer that has the queue to itself ends. */
	if (w->q->policy.single == SINGLE_YES && (n = snprintf(path, sizeof(path),
	    "%s/%s/" ACTIVE_FILE,
	    w->q->spool->path, w->q->name)) > 0 && (size_t)n < sizeof(path))
		(void)inotify_add_watch(w->fd, path, IN_CLOSE_WRITE | IN_DONT_FOLLOW);
	/*
	 * Notice that the queue is removed.  A process that may not read the directory of the spool
	 * cannot watch it, and notices that at its next slow poll.
	 */
	(void)inotify_add_watch(w->fd, w->q->spool->path, IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR);
	waiter_watch(w, w->q->name, "new", "", ARRIVE | IN_CLOSE_WRITE);
	if ((st = waiter_watch_topics(w, err)) != ST_OK ||
	    (st = waiter_watch_state(w, STATE_READY, err)) != ST_OK ||
	    (st = waiter_watch_state(w, STATE_DELAYED, err)) != ST_OK)
		return st;
	return waiter_watch_state(w, STATE_CLAIMED, err);
}

int
waiter_fd(const struct waiter *w)
{
	return w->blind ? -1 : w->fd;
}

usec_t
waiter_poll(const struct waiter *w)
{
	return w->poll;
}

void
waiter_drain(struct waiter *w)
{
	char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (w->fd != -1 && read(w->fd, buf, sizeof(buf)) > 0)
		continue;
}

enum status
waiter_wait(struct waiter *w, usec_t wake, usec_t deadline, struct error *err)
{
	struct pollfd pfd = { .fd = waiter_fd(w), .events = POLLIN };
	usec_t sleep = w->poll, left;
	int r;

	if (wake != USEC_MAX) {
		left = wake - clock_now();
		sleep = left < sleep ? left : sleep;
	}
	if (deadline != USEC_MAX) {
		left = deadline - clock_mono();
		if (left <= 0)
			return ST_NONE;
		sleep = left < sleep ? left : sleep;
	}
	if (sleep < 0)
		sleep = 0;
	r = poll(&pfd, 1, (int)((sleep + 999) / 1000));
	if (r == -1 && errno == EINTR)
		return ST_AGAIN;
	if (r == -1)
		return error_sys(err, errno, "poll");
	if (r > 0)
		waiter_drain(w);
	return ST_OK;
}

