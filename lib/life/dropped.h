/*
 * dropped.h: messages of a drop box, whose files belong to their senders.
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
 * Make the claim of a drop box's message independent of the sender, who owns the file and may still
 * have it open.  If the message is small, the claim's descriptor becomes a copy that nobody else
 * can write; if no copy can be made, the message is handled as it is.  The file itself stays: the
 * ids of a drop box are made from inode numbers, so a number must not become free while its
 * message lives.
 */
void dropped_own(struct queue *q, struct claim *c);
/* Whether a message that may not be read has waited long enough for a consumer that may. */
bool dropped_sealed(struct queue *q, int dir, const struct place *p, usec_t now);

#endif
