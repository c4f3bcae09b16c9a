/*
 * batch.c: what all publishers share: whether the queue takes a message, how a new message is
 * named, and how a visible one is counted and logged.
 */
#include <string.h>

#include "base/name.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/counters.h"
#include "spool/log.h"
#include "pattern/order.h"
#include "pattern/newest.h"
#include "pattern/latest.h"
#include "life/life.h"
#include "life/batch.h"

enum state
batch_target(const struct batch *b)
{
	return b->opt.delay > 0 ? STATE_DELAYED : STATE_READY;
}

enum status
batch_taken(const struct batch *b, uint64_t ahead, uint64_t ahead_bytes, uint64_t messages,
    uint64_t bytes, usec_t now, struct error *err)
{
	enum status st = push_allowed(b->q, messages, bytes, now, err);

	if (st != ST_OK || b->opt.gate == NULL)
		return st;
	return gate_allowed(b->opt.gate, ahead, ahead_bytes, messages, bytes, now, err);
}

enum status
batch_robbed(const struct batch *b, struct error *err)
{
	return error_set(
	    err, ST_IO, 0, "queue %s: a file of ours in %s was removed", b->q->name, b->how->where);
}

void
batch_name(struct batch *b, const struct pending *p, usec_t now, struct msgname *n)
{
	usec_t at = now > b->last ? now : b->last + 1, policy = b->q->policy.expire;
	usec_t named = at > b->named ? at : b->named + 1;

	b->last = at;
	memset(n, 0, sizeof(*n));
	n->size = p->size;
	n->priority = p->priority;
	n->head = p->head;
	if (p->order[0] != '\0') {
		(void)strlcpy(n->order, p->order, sizeof(n->order));
		/* The newest of its key has the greatest id, also when the clock was set back. */
		named = newest_after(b->q, n->order, named);
	}
	b->named = named;
	id_make(named, &n->id);
	n->key = b->opt.delay > 0 ? at + b->opt.delay : named;
	if (p->expire > 0)
		n->expires = at + (policy > 0 && policy < p->expire ? policy : p->expire);
}

/*
 * If the queue keeps only the latest message of a key, the one before it in this batch is dropped
 * now: its push has not been reported yet.  A message from before the batch stays until the batch
 * is durable (see batch_publish).
 */
void
batch_seen(struct batch *b, const struct place *at, bool imported, usec_t now)
{
	const struct msgname *n = &at->name;
	struct error ignored;

	counters_state(b->q, at->state, 1, n->size);
	counters_add(b->q, COUNT_PUSHED, 1, now);
	log_event(b->q,
	    imported                     ? "imported"
	    : at->state == STATE_DELAYED ? "delayed"
					 : "pushed",
	    n, at->state, now);
	error_clear(&ignored);
	if (b->q->policy.latest && b->opt.key != NULL && b->newest.file[0] != '\0')
		(void)!latest_drop(b->q, &b->newest, now, &ignored);
	b->newest = *at;
}
