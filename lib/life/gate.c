/*
 * gate.c: whether the queues that subscribe to a topic take a message that is about to be pushed
 * to it.  They are asked before it is published, because messages that are in the topic are
 * distributed whatever the limits of the queues say.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/name.h"
#include "base/fs.h"
#include "base/envelope.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "view/view.h"
#include "life/life.h"
#include "life/gate.h"

/* How many descriptors one queue needs while it is asked. */
#define GATE_DESCRIPTORS 12

struct gate {
	struct spool *spool;
	struct asked {
		char name[QUEUE_NAME_MAX + 1];
		int64_t max_size;
		/* NULL: there are too few descriptors, so it is opened for each question. */
		struct queue *q;
	} *e;
	size_t n;
	size_t keep;		/* how many may stay open */
};

/*
 * Whether a subscription wants messages with the headers 'h'.  If it cannot be read now, *known is
 * false: that is no reason to refuse a message, and the distribution reports it.  A subscription
 * that is gone wants nothing.
 */
static enum status
gate_wants(struct queue *topic, const char *name, const struct headers *h, bool *wanted,
    bool *known, struct error *err)
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
gate_add(struct gate *g, struct queue *topic, const char *name, const struct headers *h,
    size_t *wanting, struct error *err)
{
	struct asked *e = &g->e[g->n];
	struct queue *q = NULL;
	bool wanted, known;
	enum status st;

	if ((st = gate_wants(topic, name, h, &wanted, &known, err)) != ST_OK || !wanted)
		return st;
	st = queue_open(topic->spool, name, &q, err);
	if (st != ST_OK && error_is_ours(err))
		return st;
	error_clear(err);
	*wanting += st != ST_NOTFOUND;
	if (st != ST_OK || !known) {
		queue_close(q);
		return ST_OK;
	}
	(void)strlcpy(e->name, q->name, sizeof(e->name));
	e->max_size = q->policy.max_size;
	e->q = g->n < g->keep ? q : NULL;
	if (e->q == NULL)
		queue_close(q);
	g->n++;
	return ST_OK;
}

static void
gate_empty(struct gate *g)
{
	for (size_t i = 0; i < g->n; i++)
		queue_close(g->e[i].q);
	free(g->e);
	memset(g, 0, sizeof(*g));
}

enum status
gate_reload(struct gate *g, struct queue *topic, const struct headers *h, struct error *err)
{
	struct names subs;
	size_t wanting = 0;
	enum status st;

	gate_empty(g);
	g->spool = topic->spool;
	g->keep = fs_descriptors_left(topic->fd) / 2 / GATE_DESCRIPTORS;
	if ((st = subscriptions_list(topic, &subs, err)) != ST_OK)
		return st;
	if ((g->e = calloc(subs.n + 1, sizeof(*g->e))) == NULL) {
		names_free(&subs);
		return queue_fail(topic, err, ENOMEM, "push");
	}
	for (size_t i = 0; st == ST_OK && i < subs.n; i++)
		st = gate_add(g, topic, subs.name[i], h, &wanting, err);
	if (st == ST_OK && wanting == 0 && topic->policy.unrouted == UNROUTED_ERROR)
		st = error_set(err, ST_NOTFOUND, 0,
		    "no queue subscribes to topic '%s'%s, and its policy says "
		    "unrouted = error", topic->name, subs.n > 0 ?
		    " with filters that this message passes" : "");
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

/* Open a queue to ask it.  *q is NULL if it cannot be opened any more: then it is not asked. */
static enum status
gate_open_asked(struct gate *g, struct asked *e, struct queue **q, struct error *err)
{
	enum status st = ST_OK;

	if ((*q = e->q) != NULL || (st = queue_open(g->spool, e->name, q, err)) == ST_OK ||
	    error_is_ours(err))
		return st;
	error_clear(err);
	return ST_OK;
}

enum status
gate_allowed(struct gate *g, uint64_t ahead, uint64_t ahead_bytes, uint64_t messages,
    uint64_t bytes, usec_t now,
    struct error *err)
{
	enum status st = ST_OK;
	struct queue *q;

	for (size_t i = 0; st == ST_OK && i < g->n; i++) {
		struct asked *e = &g->e[i];
		if ((st = gate_open_asked(g, e, &q, err)) != ST_OK || q == NULL)
			continue;
		q->promised = ahead;
		q->promised_bytes = ahead_bytes;
		st = push_allowed(q, messages, bytes, now, err);
		if (e->q == NULL)
			queue_close(q);
	}
	return st;
}

void
gate_size(const struct gate *g, int64_t *max, const char **name)
{
	for (size_t i = 0; i < g->n; i++) {
		int64_t size = g->e[i].max_size;
		if (size > 0 && (*max == 0 || size < *max)) {
			*max = size;
			*name = g->e[i].name;
		}
	}
}

void
gate_close(struct gate *g)
{
	if (g == NULL)
		return;
	gate_empty(g);
	free(g);
}
