/*
 * done.h: how a message ends that is done.
 */
#ifndef LIFE_DONE_H
#define LIFE_DONE_H

#include "base/base.h"

struct place;
struct queue;

/* The message of a claim is acknowledged: it goes, or is kept. */
enum status done_put(struct queue *, const struct place *, usec_t now, struct error *) MUST_CHECK;
/* Goes on with a claim that was ended by somebody who was stopped on the way: name_ended. */
enum status done_complete(struct queue *q, const struct place *p, usec_t now, struct error *err) MUST_CHECK;
/* Purge done/ as the policy says. */
enum status done_purge(struct queue *, usec_t now, struct error *) MUST_CHECK;

#endif
