/*
 * lease.h: how long a claim holds, and who may take it back.
 */
#ifndef LIFE_LEASE_H
#define LIFE_LEASE_H

#include "base/base.h"

struct msgname;
struct place;

/*
 * Let a lease of this length (0: as long as it was) begin at 'now', by the wall clock.  The lease
 * of a locked claim is noted by the clock that never steps, too.
 */
void lease_begin(struct msgname *name, usec_t lease, usec_t now);

/* What the name of a claim and its lock tell. */
enum lease {
	LEASE_HOLDS,
	LEASE_OVER,	/* the lease has run out */
	LEASE_LOST,	/* the holder is dead */
	LEASE_REBASE	/* the clock was set back: the lease has to begin anew */
};
/*
 * Ask whether a claim holds.  'dir' is its open bucket.  If the claim holds, *wake becomes the time
 * to ask again, if that is sooner.
 */
enum lease lease_ask(int dir, const struct place *claim, usec_t now, usec_t *wake);
/* While claims of other living processes stand, their locks are asked this often. */
#define PROBE_INTERVAL (USEC / 2)
/* How far a lease may start in the future before the clock is held to have gone back. */
#define CLOCK_SLACK (60 * USEC)

/*
 * The offset of a claim's lock in its file.  It follows from the token, so that two claims of one
 * file do not share a lock.
 */
int64_t token_offset(const char *token);

/*
 * Remember the tokens of the claims that this process holds: it never takes its own claims back
 * from itself.
 */
void own_remember(const char *token);
void own_forget(const char *token);

#endif
