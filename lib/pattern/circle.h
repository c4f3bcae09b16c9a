/*
 * circle.h: whether messages that leave a queue would come back to it.
 */
#ifndef PATTERN_CIRCLE_H
#define PATTERN_CIRCLE_H

#include "base/base.h"

struct spool;

/*
 * Whether what comes into one queue can get into the other, as a dead letter or through topics; way
 * is how: "a, b, c".
 */
bool circle_reaches(struct spool *sp, const char *from, const char *to, char *way, size_t size);

#endif
