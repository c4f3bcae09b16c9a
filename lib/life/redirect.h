/*
 * redirect.h: where dead letters go.
 */
#ifndef LIFE_REDIRECT_H
#define LIFE_REDIRECT_H

#include "base/base.h"
#include "base/name.h"

struct queue;

/*
 * Whether a dead letter goes to the queue that the policy names for dead letters, and not to dead/
 * of its own queue.  A letter that this queue has redirected before stays here, because otherwise
 * it could go round for ever.
 */
bool redirect_wanted(struct queue *q, const struct msgname *n);
/* The name of a dead letter in the queue 'to': it begins anew, and tells where it came from. */
struct msgname redirect_name(
    struct queue *q, struct queue *to, const struct msgname *n, usec_t now);

#endif
