/*
 * single.c: one consumer at a time.
 *
 * The consumer holds a lock on a file.  The kernel releases the lock when its holder exits or is
 * killed, so no dead consumer stands in the way of the next one.
 */
#include <sys/stat.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "spool/policy.h"
#include "spool/queue.h"
#include "spool/lock.h"
#include "life/life.h"
#include "life/flow.h"

/* How often a consumer that stands by asks again; an event also tells it when the holder ends. */
#define STAND_BY (USEC / 2)

/* The process that holds the lock, as its file says, for messages to people.  0: unknown. */
static long
single_pid(int fd)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n > 0)
		text[strcspn(text, "\n")] = '\0';
	return (long)strtonum(text, 1, INT32_MAX, NULL);
}

static void
single_tell(int fd)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	struct stat sb;

	/* In a shared queue the name may have been linked to a file of somebody else. */
	if (fstat(fd, &sb) == -1 || sb.st_nlink != 1 || sb.st_size > (off_t)sizeof(text))
		return;
	/* The number is advice: on a full disk it is not written. */
	if (ftruncate(fd, 0) == -1 || pwrite(fd, text, (size_t)n, 0) == -1)
		return;
}

static enum status
single_refuse(struct flow *f, int fd, struct error *err)
{
	long pid = single_pid(fd);
	char who[40] = "";

	if (pid > 0)
		(void)snprintf(who, sizeof(who), " (process %ld)", pid);
	(void)flow_hold_back(f, HELD_SINGLE, clock_now() + STAND_BY);
	return error_set(err, ST_AGAIN, 0,
	    "queue '%s' has a consumer%s, and takes one at a time (single)",
	    f->q->name, who);
}

static enum status
single_no_locks(const struct queue *q, struct error *err)
{
	return error_set(err, ST_CONF, 0,
	    "queue '%s': single cannot be had on this file system, whose locks "
	    "do not work or may be forgotten: set single=no", q->name);
}

/*
 * Ask whether another consumer holds the lock, without taking it: a process that exits before its
 * claim ends cannot hold one.
 */
static enum status
single_ask(struct flow *f, struct error *err)
{
	int fd = fs_open_read(f->q->fd, ACTIVE_FILE), locked;
	enum status st = ST_OK;

	if (fd == -1)
		return errno == ENOENT ? ST_OK : error_sys(err, errno, "queue %s: %s", f->q->name,
		    ACTIVE_FILE);
	if ((locked = fs_locked(fd, 0)) != 0)
		st = locked == 1 ? single_refuse(f, fd, err) : single_no_locks(f->q, err);
	(void)close(fd);
	return st;
}

static void
single_drop(struct queue *q)
{
	if (q->active.fd != -1)
		(void)close(q->active.fd);
	q->active.fd = -1;
	q->active.held = false;
}

/* Whether the file that we have open was removed: a lock on it would keep nobody out. */
static bool
single_removed(const struct queue *q)
{
	struct stat sb;

	return q->active.fd != -1 && fstat(q->active.fd, &sb) == 0 && sb.st_nlink == 0;
}

static bool
single_regular(int fd)
{
	struct stat sb;

	return fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode);
}

enum status
single_take(struct flow *f, bool hold, struct error *err)
{
	struct queue *q = f->q;

	if (q->policy.single == SINGLE_NO || single_removed(q))
		single_drop(q);
	if (q->policy.single == SINGLE_NO || q->active.held)
		return ST_OK;
	if (queue_remote(q))
		return single_no_locks(q, err);
	if (!hold)
		return single_ask(f, err);
	if (q->active.fd == -1 &&
	    (q->active.fd = fs_make_lock(q->fd, ACTIVE_FILE, queue_lock_mode(q), q->owner)) == -1)
		return error_sys(err, errno, "queue %s: %s", q->name, ACTIVE_FILE);
	if (!single_regular(q->active.fd)) {
		single_drop(q);
		return error_set(err, ST_IO, 0, "queue %s: %s is not a regular file", q->name,
		    ACTIVE_FILE);
	}
	if (!fs_lock(q->active.fd, 0, true))
		return errno == EAGAIN || errno == EACCES ? single_refuse(f, q->active.fd, err) :
		    single_no_locks(q, err);
	q->active.held = true;
	single_tell(q->active.fd);
	return ST_OK;
}
