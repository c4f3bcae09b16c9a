/*
 * backoff.c: when to try again what failed.
 *
 * The engine may be away for days.  Whoever needs it waits, with full jitter (Marc Brooker,
 * "Exponential Backoff And Jitter", 2015), so that a thousand of them do not come back at once:
 * from 0 to twice as long each time, 30 s at most.
 */
#include <stdlib.h>

#include "engine/backoff.h"

#define PAUSE_FIRST (USEC / 10)
#define PAUSE_MAX (30 * USEC)

void
backoff_failed(struct backoff *b)
{
	usec_t most = PAUSE_FIRST;

	if (clock_mono() < b->until)
		return;	/* of one failure, many messages tell */
	for (unsigned i = 0; i < b->tries && most < PAUSE_MAX; i++)
		most *= 2;
	if (most > PAUSE_MAX)
		most = PAUSE_MAX;
	b->tries++;
	b->until = clock_mono() + (usec_t)arc4random_uniform((uint32_t)most) + 1000;
}

bool
backoff_lets(const struct backoff *b)
{
	return clock_mono() >= b->until;
}
