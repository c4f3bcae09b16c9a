/*
 * counters.h: counts, rates and hints: advice.
 */
#ifndef SPOOL_COUNTERS_H
#define SPOOL_COUNTERS_H

#include "base/base.h"
#include "base/name.h"

struct queue;

/* Advice: none of these fails. */
void counters_add(struct queue *q, int what, uint64_t n, usec_t now);
/* A message came into (+1) or left (-1) a state. */
void counters_state(struct queue *q, enum state s, int messages, int64_t bytes);
void counters_close(struct queue *q);
/*
 * HINTS_SIZE bytes beside the counters, as words; NULL: there are none.  open: also if this process
 * has not used counters yet.
 */
#define HINTS_SIZE 1280
_Atomic uint64_t *counters_hints(struct queue *q, bool open);
/* When the next claim is due by the queue's rate: see flow.c.  Never NULL. */
_Atomic int64_t *counters_turn(struct queue *q);
/* Claims, after this many more; 0 where there are no counters. */
int64_t counters_claimed(struct queue *q, int more);
/* If they are had, make them is. */
bool counters_set_claimed(struct queue *q, int64_t had, int64_t is);
/*
 * Messages and bytes in ready, delayed and claimed as far as counted, and when they were last
 * counted for sure.
 */
bool counters_backlog(struct queue *q, uint64_t *messages, uint64_t *bytes, usec_t *since);
void counters_set_backlog(struct queue *q, uint64_t messages, uint64_t bytes, usec_t now);
/* fsck: whether the file is what it should be (absent is fine); remove it. */
bool counters_ok(struct queue *q);

#endif
