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
/* Purge done/ as the policy says. */
enum status done_purge(struct queue *, usec_t now, struct error *) MUST_CHECK;

#endif
