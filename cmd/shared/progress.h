/*
 * progress.h: a line on stderr, if that is a terminal.
 */
#ifndef CMD_SHARED_PROGRESS_H
#define CMD_SHARED_PROGRESS_H

#include "base/base.h"

struct run;

struct progress {
	bool on;
	usec_t began, next;	/* clock_mono */
};
void progress_start(struct progress *p, const struct run *r);
/*
 * Whether it is time to draw: not before a second has gone, then twice a second.  Cheap; call it
 * for each message.
 */
bool progress_due(struct progress *p);
void progress_draw(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Take the line away, before anything else is written; run_note and the like do that themselves. */
void progress_clear(void);
/* Whether stderr takes something without blocking, within timeout ms. */
bool stderr_ready(int timeout);
/*
 * So many a second since the start; how long as many as are left will take at that rate ("?" if
 * unknown).
 */
double progress_rate(const struct progress *p, uint64_t done);
void progress_left(const struct progress *p, uint64_t done, uint64_t left, char buf[DURATION_MAX]);

#endif
