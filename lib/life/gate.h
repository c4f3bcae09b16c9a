/*
 * gate.h: the queues that have to take what a topic gets.
 */
#ifndef LIFE_GATE_H
#define LIFE_GATE_H

#include "base/base.h"

struct gate;

/* The largest body that all take, and whose limit it is, if that is less than *max; 0: any. */
void gate_size(const struct gate *g, int64_t *max, const char **name);

#endif
