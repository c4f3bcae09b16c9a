/*
 * done.h: how a message ends that is done.
 */
#ifndef LIFE_DONE_H
#define LIFE_DONE_H

#include "base/base.h"

struct place;
struct queue;

/* The message of a claim is acknowledged: it goes, or is kept. */
enum status done_put(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;
/* Go on with a claim that was ended by a process which was stopped on the way: see name_ended. */
enum status done_complete(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;
/* Remove from done/ what the policy keeps no longer, a bounded number. */
enum status done_purge(struct queue *q, usec_t now, struct error *err) MUST_CHECK;

#endif
