/*
 * done.h: how an acknowledged message ends.
 */
#ifndef LIFE_DONE_H
#define LIFE_DONE_H

#include "base/base.h"

struct place;
struct queue;

/* End a claim whose message is acknowledged: remove the message, or keep it in done/. */
enum status done_put(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;
/* Finish the end of a claim for a process that was stopped on the way: see name_ended. */
enum status done_complete(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;

#endif
