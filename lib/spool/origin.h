/*
 * origin.h: which queue a dead letter came from.
 */
#ifndef SPOOL_ORIGIN_H
#define SPOOL_ORIGIN_H

#include "base/base.h"
#include "base/name.h"

struct queue;
struct spool;

/*
 * ORIGIN_UNKNOWN: the message came from a queue that is not there any more, or cannot be found, or
 * cannot be told from another one, because their names have the same hash.
 */
enum origin { ORIGIN_NONE, ORIGIN_KNOWN, ORIGIN_UNKNOWN };
/* Find the queue that the message left as a dead letter first.  ORIGIN_NONE: it left none. */
enum origin queue_origin(struct queue *q, const struct msgname *n, char name[QUEUE_NAME_MAX + 1]);

#endif
