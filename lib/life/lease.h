/*
 * lease.h: how long a claim holds, and who may take it back.
 */
#ifndef LIFE_LEASE_H
#define LIFE_LEASE_H

#include "base/base.h"

struct msgname;
struct place;

/*
 * A lease (0: as long as it was) begins now: by the wall clock, and for a locked claim by the clock
 * that never steps.
 */
void lease_begin(struct msgname *name, usec_t lease, usec_t now);

/* What is to be said of a claim by its name and its lock. */
enum lease {
	LEASE_HOLDS,
	LEASE_OVER,	/* its time is over */
	LEASE_LOST,	/* its holder is dead */
	LEASE_REBASE	/* the clock was set back: it has to begin anew */
};
/* dir: the bucket of the claim.  *wake becomes the time to ask again, if that is sooner. */
enum lease lease_ask(int dir, const struct place *claim, usec_t now, usec_t *wake);
/* While claims of other living processes stand, their locks are asked this often. */
#define PROBE_INTERVAL (USEC / 2)
/* How far a lease may start in the future before the clock is held to have gone back. */
#define CLOCK_SLACK (60 * USEC)

/* Where the lock is in the file of a claim, by its token: one claim's is not another's. */
int64_t token_offset(const char *token);

/* The claims that this process holds, by their tokens: what it holds it never takes back. */
void own_remember(const char *token);
void own_forget(const char *token);

#endif
