/*
 * circle.h: whether messages that leave a queue would come back to it.
 */
#ifndef PATTERN_CIRCLE_H
#define PATTERN_CIRCLE_H

#include "base/base.h"

struct spool;

/*
 * Whether messages that come to the queue 'from' can get to the queue 'to', as dead letters or
 * through topics.  'way' becomes the queues on that way: "a, b, c".
 */
bool circle_reaches(struct spool *sp, const char *from, const char *to, char *way, size_t size);

#endif
