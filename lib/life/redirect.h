/*
 * redirect.h: where dead letters go.
 */
#ifndef LIFE_REDIRECT_H
#define LIFE_REDIRECT_H

#include "base/base.h"
#include "base/name.h"

struct queue;

/*
 * Whether a dead letter of the queue goes to the queue that the policy names for them, and not to
 * dead/ of its own: a letter that this queue has redirected before stays, or it would go round for
 * ever.
 */
bool redirect_wanted(struct queue *q, const struct msgname *n);
/* The name that it has there: it begins anew, and tells where it came from. */
struct msgname redirect_name(
    struct queue *q, struct queue *to, const struct msgname *n, usec_t now);

#endif
