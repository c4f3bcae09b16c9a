/*
 * dropped.h: messages on files of those who may only put messages in.
 */
#ifndef LIFE_DROPPED_H
#define LIFE_DROPPED_H

#include "base/base.h"

struct claim;
struct place;
struct queue;

/* How long a message in a drop box that a consumer may not read waits for one that may. */
#define SEALED_GRACE (60 * USEC)

/*
 * A message of a drop box was claimed, on a file that its sender owns, and may have open.  If it
 * is small, the claim's descriptor becomes a copy of it, which nobody else has; where this cannot
 * be had, it is handled as it is.  The file itself stays: ids of the drop box go by inodes, so
 * none is to be free for another as long as its message lives.
 */
void dropped_own(struct queue *q, struct claim *c);
/* Whether a message that may not be read has been so for longer than others are waited for. */
bool dropped_sealed(struct queue *q, int dir, const struct place *p, usec_t now);

#endif
