/*
 * slowly.c: output whose reader may be slow.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "shared/alarm.h"
#include "shared/cmd.h"
#include "shared/out.h"

bool
out_slowly(const char *data, size_t len, void (*meanwhile)(void *arg), void *arg)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO, .events = POLLOUT };
	size_t done = 0;
	ssize_t n;
	int why;

	while (done < len) {
		alarm_let(true);
		n = write(STDOUT_FILENO, data + done, len - done);
		why = n == -1 ? errno : 0;
		if (why == EAGAIN)	/* another process made stdout non-blocking */
			(void)poll(&pfd, 1, -1);
		alarm_let(false);
		if (alarm_rang())
			meanwhile(arg);
		errno = run_stopped() ? EINTR : why;
		if (run_stopped() || (n == -1 && why != EAGAIN && why != EINTR))
			return false;
		if (n > 0)
			done += (size_t)n;
	}
	return true;
}
