/*
 * output.c: whether our own stdout and stderr take what handlers say.
 *
 * Handlers write to our stdout themselves, and we pass on what they write to stderr.  When
 * nobody reads that any more, or there is no room for it, each handler would fail for that
 * reason, until the whole backlog is dead.  So the worker stops, and an attempt that failed
 * while the output was gone does not count.
 */
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "worker/handler.h"
#include "worker/sources.h"
#include "worker/work.h"

/* ENOSPC if 'fd' is a file or device without room; else 0. */
static int
output_full(int fd)
{
	struct statvfs fs;
	struct stat sb;

	if (fstat(fd, &sb) == -1)
		return 0;
	if (S_ISCHR(sb.st_mode))	/* /dev/full, for one, refuses even to write 0 bytes */
		return write(fd, "", 0) == -1 && errno == ENOSPC ? ENOSPC : 0;
	if (!S_ISREG(sb.st_mode) || fstatvfs(fd, &fs) == -1 || fs.f_blocks == 0)
		return 0;
	return (geteuid() == 0 ? fs.f_bfree : fs.f_bavail) == 0 ? ENOSPC : 0;
}

static int
output_failed(int fd)
{
	struct pollfd pfd = { .fd = fd };

	if (poll(&pfd, 1, 0) > 0 && (pfd.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
		return EPIPE;
	return output_full(fd);
}

bool
output_heard(const struct work *w, int fd)
{
	return !w->lost[fd] && (fd == STDERR_FILENO || w->mode != MODE_STAY);
}

void
output_lost(struct work *w, int fd, int why)
{
	struct error err;

	if (!output_heard(w, fd))
		return;
	w->lost[fd] = true;
	error_clear(&err);
	(void)error_set(&err, ST_IO, why, fd == STDOUT_FILENO ? "stdout" : "stderr");
	work_trouble(w, &err);
	work_enter(w, PHASE_ENDING);
}

bool
output_failed_it(struct work *w, const struct handler *h)
{
	int code = handler_exit(h), why;

	/*
	 * A handler that ended with 65 or 100 found fault with its message, so it did not fail
	 * because of stdout.  An answer does not go to our stdout.
	 */
	if (w->mode == MODE_STAY || h->why != WHY_NONE || code == 0 || code == 65 || code == 100 ||
	    h->answer.fd != -1)
		return false;
	if (!w->lost[STDOUT_FILENO] && (why = output_failed(STDOUT_FILENO)) != 0)
		output_lost(w, STDOUT_FILENO, why);
	return w->lost[STDOUT_FILENO];
}
