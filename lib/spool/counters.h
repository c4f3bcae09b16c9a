/*
 * counters.h: counts, rates and hints, which are advice.
 */
#ifndef SPOOL_COUNTERS_H
#define SPOOL_COUNTERS_H

#include "base/base.h"
#include "base/name.h"

struct queue;

/*
 * Count 'n' events of the kind 'what' (COUNT_*).  None of these functions can fail, because
 * counters are advice.
 */
void counters_add(struct queue *q, int what, uint64_t n, usec_t now);
/* Count messages that came into a state (1) or left it (-1), and their bytes. */
void counters_state(struct queue *q, enum state s, int messages, int64_t bytes);
void counters_close(struct queue *q);
/*
 * The HINTS_SIZE bytes beside the counters, as words.  NULL: there are none.  'open': open the
 * counters if this process has not used them yet.
 */
#define HINTS_SIZE 1280
_Atomic uint64_t *counters_hints(struct queue *q, bool open);
/*
 * The word that tells when the next claim is due by the queue's rate: see flow.c.  It is never
 * NULL.
 */
_Atomic int64_t *counters_turn(struct queue *q);
/* Count 'more' claims, and return how many there are then.  0: there are no counters. */
int64_t counters_claimed(struct queue *q, int more);
/*
 * Set the number of claims to 'is' if it is 'had'.  False: it is another number, or there are no
 * counters.
 */
bool counters_set_claimed(struct queue *q, int64_t had, int64_t is);
/*
 * The messages and bytes in ready, delayed and claimed as the counters have them, and when these
 * were last set from a listing.  False: there are no counters.
 */
bool counters_backlog(struct queue *q, uint64_t *messages, uint64_t *bytes, usec_t *since);
void counters_set_backlog(struct queue *q, uint64_t messages, uint64_t bytes, usec_t now);
/* Whether the file of the counters is sound, for fsck.  It may be missing. */
bool counters_ok(struct queue *q);

#endif
