/*
 * limits.h: how much the policy lets into a queue.
 */
#ifndef LIFE_LIMITS_H
#define LIFE_LIMITS_H

#include "base/base.h"

struct queue;

/* Check min_free and min_inodes, as push_allowed does.  ST_AGAIN: too little would be left. */
enum status disk_allowed(struct queue *q, uint64_t messages, uint64_t bytes,
    struct error *err) MUST_CHECK;

#endif
