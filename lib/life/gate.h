/*
 * gate.h: the queues that have to take a message which is pushed to a topic.
 */
#ifndef LIFE_GATE_H
#define LIFE_GATE_H

#include "base/base.h"

struct gate;

/*
 * Find the queue with the smallest max_size.  If that is less than *max, or *max is 0 (no limit),
 * *max becomes that size, and *name the name of the queue.
 */
void gate_size(const struct gate *g, int64_t *max, const char **name);

#endif
