/*
 * progress.c: a line on a terminal that tells how far a long command is.
 */
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "shared/progress.h"

/* A command that ends sooner draws nothing. */
#define PATIENCE USEC
#define REDRAW (USEC / 2)

/* Whether a line is on the terminal.  Other output must remove it first. */
static bool drawn;

void
progress_start(struct progress *p, const struct run *r)
{
	p->on = !r->quiet && isatty(STDERR_FILENO) == 1;
	p->began = clock_mono();
	p->next = p->began + PATIENCE;
}

bool
progress_due(struct progress *p)
{
	usec_t now;

	if (!p->on || (now = clock_mono()) < p->next)
		return false;
	p->next = now + REDRAW;
	return stderr_ready(0);	/* a terminal that nobody reads must not block the work */
}

void
progress_draw(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("\r\033[K", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fflush(stderr);
	drawn = true;
}

double
progress_rate(const struct progress *p, uint64_t done)
{
	usec_t took = clock_mono() - p->began;

	return took > 0 ? (double)done * USEC / (double)took : 0;
}

void
progress_left(const struct progress *p, uint64_t done, uint64_t left, char buf[DURATION_MAX])
{
	double rate = progress_rate(p, done);

	(void)strlcpy(buf, "?", DURATION_MAX);
	if (rate > 0)
		age_format((usec_t)((double)left / rate * USEC), buf);
}

void
progress_clear(void)
{
	if (drawn)
		(void)fputs("\r\033[K", stderr);
	drawn = false;
	(void)fflush(stderr);	/* stdout may be the same terminal */
}

/* When poll says that a pipe can be written, a short line does not block: see pipe(7). */
bool
stderr_ready(int timeout)
{
	struct pollfd pfd = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&pfd, 1, timeout) != 0;	/* write will report an error */
}
