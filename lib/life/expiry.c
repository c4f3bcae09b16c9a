/*
 * expiry.c: when a message has expired.
 */
#include "base/name.h"
#include "spool/policy.h"
#include "spool/queue.h"
#include "life/expiry.h"

bool
expired(const struct queue *q, const struct msgname *n, usec_t now)
{
	if (n->expires != 0)
		return n->expires <= now;
	return q->policy.expire != 0 && id_time(&n->id) + q->policy.expire <= now;
}

void
renew_expiry(const struct queue *q, struct msgname *n, usec_t now)
{
	if (!expired(q, n, now))
		return;
	n->expires = q->policy.expire != 0 ? now + q->policy.expire : 0;
}
