/*
 * origin.h: which queue a dead letter came from.
 */
#ifndef SPOOL_ORIGIN_H
#define SPOOL_ORIGIN_H

#include "base/base.h"
#include "base/name.h"

struct queue;
struct spool;

/* ORIGIN_UNKNOWN: it came from a queue that is not there any more. */
enum origin { ORIGIN_NONE, ORIGIN_KNOWN, ORIGIN_UNKNOWN };
/* The queue that the message was first a dead letter of, and has left since. */
enum origin queue_origin(struct queue *q, const struct msgname *n, char name[QUEUE_NAME_MAX + 1]);

#endif
