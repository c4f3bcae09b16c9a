/*
 * way.h: the queues that a dead letter has come through, as its name tells (F2.32 and F2.34 of
 * spool-format.md).
 */
#ifndef BASE_WAY_H
#define BASE_WAY_H

#include "base/base.h"

struct msgname;

#define WAY_HASH 4	/* characters for each queue, the first one first */
#define WAY_QUEUES 6

/* The hash of a queue's name.  It is made of characters that any field of a name may have. */
void way_hash(const char *queue, char hash[WAY_HASH + 1]);
/* Whether the message was a dead letter of that queue before. */
bool way_met(const struct msgname *n, const char *queue);
/*
 * Note that the message leaves that queue as a dead letter.  False: the name has no room for the
 * note, and is as it was.
 */
bool way_add(struct msgname *n, const char *queue);
/*
 * Somebody moved the message to that queue on purpose.  Forget the note of that queue, and of those
 * after it.
 */
void way_home(struct msgname *n, const char *queue);

#endif
