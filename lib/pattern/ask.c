/*
 * ask.c: the side of a request that waits for the answer, and the place that the answer comes to.
 *
 * The place is made, locked and watched before the request is pushed, so no answer can come
 * too soon.  The lock says that the process that asks is alive: the kernel releases it when that
 * process ends, in whatever way.  A process that gives up removes the place with one rmdir, which
 * fails if an answer has come.  So no answer is lost between the last look and the end.
 */
#include <sys/inotify.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/lock.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/counters.h"
#include "spool/log.h"
#include "view/scan.h"
#include "pattern/pattern.h"
#include "pattern/reply.h"

#define POLL_LOCAL (2 * USEC)
#define POLL_REMOTE (USEC / 5)
#define POLL_BLIND (USEC / 20)	/* there is no inotify, of which a user may have few instances */
/* On the average one request of so many looks for places in which nobody waits. */
#define TIDY 16
/* How many buckets of delayed/ are looked into for a request that is withdrawn. */
#define WITHDRAW_MAX 16
#define WHY_MAX 1024

struct question {
	struct queue *q;
	char token[REPLY_LEN + 1];
	int replies, place;
	int watch;		/* inotify, -1: none */
	usec_t poll;
};

/* ---- the place -------------------------------------------------------- */

static void
question_arm(struct question *a)
{
	char path[PATH_MAX];
	struct queue *q = a->q;
	int n;

	a->poll = POLL_BLIND;
	if ((a->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) == -1)
		return;
	n = snprintf(path, sizeof(path), "%s/%s/" REPLIES "/%s", q->spool->path, q->name, a->token);
	if (n > 0 && (size_t)n < sizeof(path) &&
	    inotify_add_watch(a->watch, path,
		IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW) != -1)
		a->poll = queue_remote(q) ? POLL_REMOTE : POLL_LOCAL;
}

/* ST_GONE: before the place was locked a sweep took it for abandoned, and removed it. */
static enum status
question_make_place(struct question *a, struct error *err)
{
	char half[TOKEN_LEN + 1];
	enum status st;
	struct stat sb;
	int locked;

	token_make(half);
	(void)strlcpy(a->token, half, sizeof(a->token));
	token_make(half);
	(void)strlcat(a->token, half, sizeof(a->token));
	if ((st = fs_mkdir(a->replies, a->token, queue_lock_dir_mode(a->q), a->q->owner, err)) !=
	    ST_OK)
		return st;
	if ((st = fs_open_dir(a->replies, a->token, false, &a->place, err)) != ST_OK)
		return st;
	locked = fs_dir_locked(a->place);
	/* Nobody answers into a place without a lock, except where locks cannot be relied on. */
	if (locked == -1 && !queue_remote(a->q))
		return queue_fail(a->q, err, errno, "lock the place for the reply");
	if (locked != 1 && fstatat(a->replies, a->token, &sb, 0) == 0)
		return ST_OK;
	(void)close(a->place);
	a->place = -1;
	return ST_GONE;
}

enum status
question_open(struct queue *q, usec_t now, struct question **out, struct error *err)
{
	struct question *a = calloc(1, sizeof(*a));
	enum status st;

	*out = a;
	if (a == NULL)
		return queue_fail(q, err, ENOMEM, "request");
	a->q = q;
	a->replies = a->place = a->watch = -1;
	if ((st = replies_open(q, true, &a->replies, err)) == ST_OK) {
		if (arc4random_uniform(TIDY) == 0)
			replies_tidy(q, a->replies, now);
		st = question_make_place(a, err);
	}
	if (st == ST_GONE || st == ST_EXISTS)
		st = error_set(
		    err, ST_IO, 0, "queue %s: the place for the reply went away", q->name);
	if (st == ST_OK)
		question_arm(a);
	return st;
}

const char *
question_token(const struct question *a)
{
	return a->token;
}

void
question_path(const struct question *a, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s/%s/" REPLIES "/%s/" REPLY_ANSWER, a->q->spool->path,
	    a->q->name, a->token);
}

void
question_close(struct question *a, bool keep)
{
	if (a == NULL)
		return;
	if (a->place != -1 && !keep)
		(void)fs_remove_tree(a->replies, a->token);
	int fds[] = { a->replies, a->place, a->watch };
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] != -1)
			(void)close(fds[i]);
	free(a);
}

/* ---- waiting ---------------------------------------------------------- */

static enum status
question_open_answer(struct question *a, int *fd, struct error *err)
{
	struct stat sb;

	if ((*fd = fs_open_read(a->place, REPLY_ANSWER)) == -1)
		return errno == ENOENT ? ST_NONE
		       : errno == ELOOP || errno == ENXIO
			   ? error_set(err, ST_BADDATA, 0, "the answer is not a regular file")
			   : error_sys(err, errno, "the answer");
	if (fstat(*fd, &sb) == 0 && S_ISREG(sb.st_mode))
		return ST_OK;
	(void)close(*fd);
	return error_set(err, ST_BADDATA, 0, "the answer is not a regular file");
}

/* Look for an answer.  ST_NONE: none came yet. */
static enum status
question_look(struct question *a, int *fd, struct error *err)
{
	enum status st = question_open_answer(a, fd, err);
	struct stat sb;
	size_t len;
	char *why;

	if (st != ST_NONE)
		return st;
	st = fs_read_file(a->place, REPLY_FAILED, false, WHY_MAX, &why, &len, err);
	if (st == ST_OK) {
		st = error_set(err, ST_LOST, 0, "%s", why);
		free(why);
	} else if (st == ST_NOTFOUND) {
		st = ST_NONE;
		if (fstatat(a->replies, a->token, &sb, AT_SYMLINK_NOFOLLOW) == -1 &&
		    errno == ENOENT)
			st = error_set(err, ST_IO, 0,
			    "the place for the reply, " REPLIES "/%s, was removed", a->token);
	}
	return st;
}

/* The time is over: remove the place, so that nobody can answer, unless an answer just came. */
static enum status
question_give_up(struct question *a, int *fd, struct error *err)
{
	enum status st = ST_NONE;

	if (!fs_rmdir(a->replies, a->token))
		return question_look(a, fd, err);
	(void)close(a->place);
	a->place = -1;
	return st;
}

static enum status
question_sleep(struct question *a, usec_t deadline, struct error *err)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct pollfd pfd = { .fd = a->watch, .events = POLLIN };
	usec_t sleep = deadline - clock_mono();
	int r;

	sleep = sleep > a->poll ? a->poll : sleep < 0 ? 0 : sleep;
	r = poll(&pfd, 1, (int)((sleep + 999) / 1000));
	if (r == -1)
		return errno == EINTR ? ST_AGAIN : error_sys(err, errno, "poll");
	while (r > 0 && read(a->watch, buf, sizeof(buf)) > 0)
		continue;
	if (queue_remote(a->q))
		fs_touch(a->replies, a->token);
	return ST_OK;
}

enum status
question_wait(struct question *a, usec_t deadline, int *fd, struct error *err)
{
	enum status st;

	for (;;) {
		if ((st = question_look(a, fd, err)) != ST_NONE)
			return st;
		if (clock_mono() >= deadline)
			return question_give_up(a, fd, err);
		if ((st = question_sleep(a, deadline, err)) != ST_OK)
			return st;
	}
}

/* ---- withdrawing a request --------------------------------------------- */

/* Look for the request in the bucket that a push has put it into, and in those next to it. */
static enum status
question_find_ready(
    struct queue *q, const struct msgid *id, int priority, struct place *p, struct error *err)
{
	enum status st = ST_NONE;
	struct buckets bs;
	size_t i = 0;
	bool young = false;

	if (buckets_list(shelf_of(q, STATE_READY), &bs, err) != ST_OK)
		return err->status;
	while (i < bs.n && (bs.b[i].cls < '0' + priority ||
			       (bs.b[i].cls == '0' + priority && bs.b[i].key <= id_time(id))))
		i++;
	for (size_t k = i > 1 ? i - 2 : 0; st == ST_NONE && k < bs.n && k <= i; k++)
		st = bucket_find(shelf_of(q, STATE_READY), &bs.b[k], id, NULL, p, &young, err);
	buckets_free(&bs);
	return st;
}

/*
 * Look for the request in delayed/, where it is after a failed attempt.  Messages that are due soon
 * are in the first buckets.
 */
static enum status
question_find_delayed(struct queue *q, const struct msgid *id, struct place *p, struct error *err)
{
	enum status st = ST_NONE;
	struct buckets bs;
	bool young = false;

	if (buckets_list(shelf_of(q, STATE_DELAYED), &bs, err) != ST_OK)
		return err->status;
	for (size_t k = 0; st == ST_NONE && k < bs.n && k < WITHDRAW_MAX; k++)
		st = bucket_find(shelf_of(q, STATE_DELAYED), &bs.b[k], id, NULL, p, &young, err);
	buckets_free(&bs);
	return st;
}

enum status
question_withdraw(
    struct queue *q, const struct msgid *id, int priority, usec_t now, struct error *err)
{
	struct place p;
	enum status st;

	if ((st = question_find_ready(q, id, priority, &p, err)) == ST_NONE)
		st = question_find_delayed(q, id, &p, err);
	if (st == ST_OK)
		st = place_drop(q, &p, err);
	if (st == ST_OK) {
		counters_add(q, COUNT_REMOVED, 1, now);
		log_event(q, "removed", &p.name, STATE_DONE, now);
	}
	return st == ST_GONE ? ST_NONE : st;
}
