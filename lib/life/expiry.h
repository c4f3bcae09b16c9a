/*
 * expiry.h: when a message has expired.
 */
#ifndef LIFE_EXPIRY_H
#define LIFE_EXPIRY_H

#include "base/base.h"

struct msgname;
struct queue;

/* Whether a message has expired, by its own time or by the policy's. */
bool expired(const struct queue *q, const struct msgname *n, usec_t now);
/* Give a message that begins anew the time of the policy again, if it has expired. */
void renew_expiry(const struct queue *q, struct msgname *n, usec_t now);

#endif
