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

#define READER_WAIT (10 * USEC)	/* for a pipe to be read */

/* No reader is left; whether the last one read on between the two looks before it went. */
static bool
unread(void)
{
	int left;

	return ioctl(STDOUT_FILENO, FIONREAD, &left) == 0 && left > 0;
}

/*
 * A pipe has taken the bytes when its reader has: until then they are in the
 * kernel, and gone if the reader goes.  No event tells, so look, less and less
 * often.  Not for ever: a program that first waits for us and then reads would hang.
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
		/* First this: who has read all of it may go. */
		if (ioctl(STDOUT_FILENO, FIONREAD, &left) == -1 || left == 0 ||
		    clock_mono() >= deadline)
			return true;
		if (poll(&pfd, 1, round < 100 ? 0 : round < 1000 ? 1 : 20) > 0 &&
		    (pfd.revents & POLLERR) != 0 && unread()) {
			errno = EPIPE;
			return false;
		}
		(void)sched_yield();
	}
	errno = EINTR;
	return false;
}
