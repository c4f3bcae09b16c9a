/*
 * gate.c: whether the queues that subscribe to a topic take what is about to be
 * pushed to it.  Asked before anything is published: what is in the topic is
 * distributed whatever the limits say.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

struct gate {
	struct queue **q;
	size_t n;
};

/* One subscription that wants it.  A queue that is gone, or cannot be had, is not a reason to refuse: the distribution tells. */
static enum status
add(struct gate *g, struct queue *topic, const char *name, struct error *err)
{
	enum status st = queue_open(topic->spool, name, &g->q[g->n], err);

	if (st == ST_OK)
		g->n++;
	else if (err->errnum != EMFILE && err->errnum != ENFILE && err->errnum != ENOMEM) {
		error_clear(err);
		st = ST_OK;
	}
	return st;
}

static enum status
fill(struct gate *g, struct queue *topic, const struct headers *h, const struct names *subs, size_t *wanting,
    struct error *err)
{
	struct names filters;
	enum status st = ST_OK;

	if ((g->q = calloc(subs->n + 1, sizeof(struct queue *))) == NULL)
		return queue_fail(topic, err, ENOMEM, "push");
	for (size_t i = 0; st == ST_OK && i < subs->n; i++) {
		st = subscription_filters(topic, subs->name[i], &filters, err);
		if (st == ST_OK && filters_match(&filters, h)) {
			++*wanting;
			st = add(g, topic, subs->name[i], err);
		}
		names_free(&filters);
		if (st == ST_NOTFOUND)
			st = ST_OK;	/* unsubscribed just now */
	}
	return st;
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
	if ((st = subscriptions_list(topic, &subs, err)) == ST_OK)
		st = fill(g, topic, h, &subs, &wanting, err);
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
gate_close(struct gate *g)
{
	if (g == NULL)
		return;
	empty(g);
	free(g);
}
