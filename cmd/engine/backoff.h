/*
 * backoff.h: when to try again what failed.
 */
#ifndef CMD_ENGINE_BACKOFF_H
#define CMD_ENGINE_BACKOFF_H

#include "base/base.h"

/* With zeros all may be tried at once; zero 'tries' after a success, which a connection is not. */
struct backoff {
	unsigned tries;		/* in a row that failed */
	usec_t until;		/* clock_mono: until then nothing is tried */
};

/* It failed, and is tried again after a pause. */
void backoff_failed(struct backoff *b);
/* Whether it may be tried now. */
bool backoff_lets(const struct backoff *b);

#endif
