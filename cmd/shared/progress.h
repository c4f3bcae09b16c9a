/*
 * progress.h: a progress line on stderr, if that is a terminal.
 */
#ifndef CMD_SHARED_PROGRESS_H
#define CMD_SHARED_PROGRESS_H

#include "base/base.h"

struct run;

struct progress {
	bool on;
	usec_t began, next;	/* by clock_mono */
};
void progress_start(struct progress *p, const struct run *r);
/*
 * Whether it is time to draw: first after a second, then twice a second.  This is cheap, so call it
 * for each message.
 */
bool progress_due(struct progress *p);
void progress_draw(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Remove the line before anything else is written.  run_note and the like do that themselves. */
void progress_clear(void);
/* Wait for at most 'timeout' ms.  Returns whether stderr can be written without blocking. */
bool stderr_ready(int timeout);
/*
 * progress_rate returns how many were done per second since the start.  progress_left tells how
 * long those that are left will take at that rate ("?" if that is unknown).
 */
double progress_rate(const struct progress *p, uint64_t done);
void progress_left(const struct progress *p, uint64_t done, uint64_t left, char buf[DURATION_MAX]);

#endif
