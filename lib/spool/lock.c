/*
 * lock.c: exclusion between processes that change something in several steps.
 *
 * The file QUEUE/lock is empty.  Each purpose locks a byte of its own, and the kernel drops a lock
 * when its holder dies.  So the mere file means nothing, and it may be removed at any time.  Only
 * users who may write to the queue can open it, so that those who may only read cannot keep others
 * waiting.
 */
#include <sys/stat.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/queue.h"
#include "spool/lock.h"

#define LOCK_PAUSE 10000000L	/* 10 ms, in ns */

mode_t
queue_lock_mode(const struct queue *q)
{
	mode_t writers = queue_file_mode(q) & 0222;

	return writers | writers << 1;
}

mode_t
queue_lock_dir_mode(const struct queue *q)
{
	mode_t m = queue_lock_mode(q);

	return m | (m & 0222) >> 1 | (queue_dir_mode(q) & S_ISGID);
}

static bool
lock_removed(int fd)
{
	struct stat sb;

	return fstat(fd, &sb) == 0 && sb.st_nlink == 0;
}

/*
 * Try to lock that byte once.  1: we have the lock.  0: another process has it, or the file was
 * removed.  -1: locks do not work here.
 */
static int
lock_once(int fd, int64_t byte)
{
	if (fs_lock(fd, byte, true))
		return !lock_removed(fd);
	return errno == EAGAIN || errno == EACCES ? 0 : -1;
}

enum status
queue_lock(struct queue *q, int64_t byte, usec_t patience, int *fd, struct error *err)
{
	const struct timespec pause = { 0, LOCK_PAUSE };
	const usec_t until = clock_mono() + patience;
	int got;

	for (;;) {
		if ((*fd = fs_make_lock(q->fd, LOCK_FILE, queue_lock_mode(q), q->owner)) == -1)
			return queue_fail(q, err, errno, "%s", LOCK_FILE);
		if ((got = lock_once(*fd, byte)) == 1)
			return ST_OK;
		(void)close(*fd);
		*fd = -1;
		if (got == -1)
			return ST_OK;
		if (clock_mono() >= until)
			return ST_EXISTS;
		(void)nanosleep(&pause, NULL);
	}
}

void
queue_unlock(int fd)
{
	if (fd != -1)
		(void)close(fd);
}
