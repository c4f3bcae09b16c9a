/*
 * gate.h: the queues that have to take what a topic gets.
 */
#ifndef LIFE_GATE_H
#define LIFE_GATE_H

#include "base/base.h"

struct gate;

/*
 * The smallest limit of a body's size among the queues, and the name of its queue, if it is less
 * than *max.  0: no limit.
 */
void gate_size(const struct gate *g, int64_t *max, const char **name);

#endif
