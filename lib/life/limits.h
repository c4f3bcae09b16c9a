/*
 * limits.h: what the policy lets in.
 */
#ifndef LIFE_LIMITS_H
#define LIFE_LIMITS_H

#include "base/base.h"

struct queue;

/* The part of push_allowed that is about the disk.  ST_AGAIN: too little space would be left. */
enum status disk_allowed(struct queue *q, uint64_t messages, uint64_t bytes,
    struct error *err) MUST_CHECK;

#endif
