/*
 * gate.c: whether the queues that subscribe to a topic take what is about to be
 * pushed to it.  Asked before anything is published: what is in the topic is
 * distributed whatever the limits say.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/envelope.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "view/view.h"
#include "life/life.h"
#include "life/gate.h"

struct gate {
	struct queue **q;
	size_t n;
};

/* What cannot be had now is not a reason to refuse: the distribution tells.  What is gone wants nothing. */
static enum status
wants(struct queue *topic, const char *name, const struct headers *h, bool *wanted, bool *known, struct error *err)
{
	struct names filters;
	enum status st = subscription_filters(topic, name, &filters, err);

	*known = st == ST_OK;
	*wanted = st != ST_NOTFOUND && (st != ST_OK || filters_match(&filters, h));
	names_free(&filters);
	if (!*known && error_is_ours(err))
		return st;
	error_clear(err);
	return ST_OK;
}

static enum status
add(struct gate *g, struct queue *topic, const char *name, const struct headers *h, size_t *wanting, struct error *err)
{
	struct queue *q = NULL;
	bool wanted, known;
	enum status st;

	if ((st = wants(topic, name, h, &wanted, &known, err)) != ST_OK || !wanted)
		return st;
	st = queue_open(topic->spool, name, &q, err);
	if (st != ST_OK && error_is_ours(err))
		return st;
	error_clear(err);
	*wanting += st != ST_NOTFOUND;
	if (st == ST_OK && known)
		g->q[g->n++] = q;
	else
		queue_close(q);
	return ST_OK;
}

static void
empty(struct gate *g)
{
	for (size_t i = 0; i < g->n; i++)
		queue_close(g->q[i]);
	free(g->q);
	memset(g, 0, sizeof(*g));
}

enum status
gate_reload(struct gate *g, struct queue *topic, const struct headers *h, struct error *err)
{
	struct names subs;
	size_t wanting = 0;
	enum status st;

	empty(g);
	if ((st = subscriptions_list(topic, &subs, err)) != ST_OK)
		return st;
	if ((g->q = calloc(subs.n + 1, sizeof(struct queue *))) == NULL) {
		names_free(&subs);
		return queue_fail(topic, err, ENOMEM, "push");
	}
	for (size_t i = 0; st == ST_OK && i < subs.n; i++)
		st = add(g, topic, subs.name[i], h, &wanting, err);
	if (st == ST_OK && wanting == 0 && topic->policy.unrouted == UNROUTED_ERROR)
		st = error_set(err, ST_NOTFOUND, 0, "no queue subscribes to topic '%s'%s, and its policy says "
		    "unrouted = error", topic->name, subs.n > 0 ? " with filters that this message passes" : "");
	names_free(&subs);
	return st;
}

enum status
gate_open(struct queue *topic, const struct headers *h, struct gate **out, struct error *err)
{
	enum status st = ST_OK;

	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return queue_fail(topic, err, ENOMEM, "push");
	if (h != NULL && (st = gate_reload(*out, topic, h, err)) != ST_OK) {
		gate_close(*out);
		*out = NULL;
	}
	return st;
}

enum status
gate_allowed(struct gate *g, uint64_t ahead, uint64_t ahead_bytes, uint64_t messages, uint64_t bytes, usec_t now,
    struct error *err)
{
	enum status st = ST_OK;

	for (size_t i = 0; st == ST_OK && i < g->n; i++) {
		g->q[i]->promised = ahead;
		g->q[i]->promised_bytes = ahead_bytes;
		st = push_allowed(g->q[i], messages, bytes, now, err);
	}
	return st;
}

void
gate_size(const struct gate *g, int64_t *max, const char **name)
{
	for (size_t i = 0; i < g->n; i++) {
		int64_t size = g->q[i]->policy.max_size;
		if (size > 0 && (*max == 0 || size < *max)) {
			*max = size;
			*name = g->q[i]->name;
		}
	}
}

void
gate_close(struct gate *g)
{
	if (g == NULL)
		return;
	empty(g);
	free(g);
}
