/*
 * taken.c: whether the reader of our output has taken it.
 */
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "shared/out.h"

#define READER_WAIT (10 * USEC)	/* how long to wait until a pipe is read */

/* Whether bytes are left in the pipe.  The last reader may have read on before it went. */
static bool
taken_unread(void)
{
	int left;

	return ioctl(STDOUT_FILENO, FIONREAD, &left) == 0 && left > 0;
}

/*
 * Wait until the reader of a pipe has read everything.  Until then the bytes are in the kernel, and
 * are lost if the reader goes.  There is no event for this, so look again, less and less often.
 * Give up after READER_WAIT: a program that waits for us before it reads would hang for ever.
 */
bool
out_taken(void (*meanwhile)(void *), void *arg)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO, .events = 0 };
	usec_t deadline = clock_mono() + READER_WAIT;
	struct stat sb;
	int left;

	if (fstat(STDOUT_FILENO, &sb) == -1 || !S_ISFIFO(sb.st_mode))
		return true;
	for (unsigned round = 0; !run_stopped(); round++) {
		if (meanwhile != NULL)
			meanwhile(arg);
		/* Check this before the reader's end: a reader that has read everything may go. */
		if (ioctl(STDOUT_FILENO, FIONREAD, &left) == -1 || left == 0 ||
		    clock_mono() >= deadline)
			return true;
		if (poll(&pfd, 1, round < 100 ? 0 : round < 1000 ? 1 : 20) > 0 &&
		    (pfd.revents & POLLERR) != 0 && taken_unread()) {
			errno = EPIPE;
			return false;
		}
		(void)sched_yield();
	}
	errno = EINTR;
	return false;
}
