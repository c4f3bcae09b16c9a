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

/* A hash is made of characters that any field may have. */
void way_hash(const char *queue, char hash[WAY_HASH + 1]);
/* Whether the message was a dead letter of that queue before. */
bool way_met(const struct msgname *n, const char *queue);
/*
 * It leaves that queue as a dead letter.  False: there is no room to note it, and the name is as
 * it was.
 */
bool way_add(struct msgname *n, const char *queue);
/*
 * Somebody gave it to that queue on purpose: what came after it had been there the first time is
 * forgotten.
 */
void way_home(struct msgname *n, const char *queue);

#endif
