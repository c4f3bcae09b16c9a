/*
 * progress.c: one line on a terminal that tells how far a long command is.
 */
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

/* Who is done sooner draws nothing. */
#define PATIENCE USEC
#define REDRAW (USEC / 2)

void
progress_start(struct progress *p, const struct run *r)
{
	p->on = !r->quiet && isatty(STDERR_FILENO) == 1;
	p->drawn = false;
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
	return true;
}

void
progress_draw(struct progress *p, const char *fmt, ...)
{
	va_list ap;

	(void)fputs("\r\033[K", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fflush(stderr);
	p->drawn = true;
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
progress_clear(struct progress *p)
{
	if (p->drawn)
		(void)fputs("\r\033[K", stderr);
	p->drawn = false;
}
