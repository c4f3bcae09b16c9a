/*
 * push.c: messages that come in.
 *
 * Pushes that come together are one batch and share its syncs, as long as they go to one queue with
 * the same delay, and all or none of them have a once key.  A batch is published before the next
 * one begins, so messages are stored in the order in which they came.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/mq/store.h"

#define DELAY_MAX_MS (100LL * 365 * 24 * 3600 * 1000)

/* ---- all that wait ------------------------------------------------------- */

static void
push_published(void *arg, const struct msgid *id)
{
	struct pushing *p = arg;

	p->waiting[p->published++].id = *id;
}

/* What is not given to a subscriber now stays in the topic, and is given later. */
static void
push_undelivered(void *arg, const char *queue, const struct error *why)
{
	(void)arg;
	(void)fprintf(stderr, "%s%s%s\n", queue != NULL ? queue : "", queue != NULL ? ": " : "",
	    why->text);
}

static void
push_distribute(struct queue *topic)
{
	struct error ignored = { 0 };
	uint64_t given;
	usec_t wake;

	if (topic_distribute(topic, 0, push_undelivered, NULL, &given, &wake, &ignored) != ST_OK)
		push_undelivered(NULL, NULL, &ignored);
	if (wake != USEC_MAX)
		topic_poke(topic);
}

static void
push_answer(struct store *s, enum status st, const struct error *err)
{
	struct pushing *p = &s->pushing;

	for (size_t i = 0; i < p->n; i++)
		if (i < p->published && st != ST_UNSURE)
			helper_ok_word(s->h, p->waiting[i].tag, p->waiting[i].id.text);
		else
			helper_err(s->h, p->waiting[i].tag,
			    i < p->published ? CLASS_UNKNOWN : error_class(err), "%s", err->text);
}

/* The batch is done with, whatever became of it. */
static void
push_end(struct pushing *p)
{
	batch_close(p->b);
	gate_close(p->opt.gate);
	p->opt = (struct push_options){ 0 };
	p->b = NULL;
	p->q = NULL;
	p->n = p->published = 0;
}

void
push_flush(struct store *s)
{
	struct pushing *p = &s->pushing;
	struct error err = { 0 };
	enum status st;

	if (p->b == NULL)
		return;
	st = batch_publish(p->b, p->now, push_published, p, &err);
	if (p->published > 0 && queue_is_topic(p->q))
		push_distribute(p->q);
	push_answer(s, st, &err);
	push_end(p);
}

void
push_free(struct store *s)
{
	free(s->pushing.waiting);
	headers_free(&s->pushing.headers);
	free(s->pushing.key);
}

/* ---- a batch --------------------------------------------------------------- */

/*
 * Whether the message is a batch of its own: the subscribers of a topic are asked about each, and
 * where only the newest of a key waits, the batch tells which one that is.
 */
static bool
push_is_alone(struct queue *q, const struct message *m)
{
	return queue_is_topic(q) || (m->key != NULL && queue_policy(q)->latest != 0);
}

/* Whether the message can go with those that wait. */
static bool
push_fits(const struct pushing *p, struct queue *q, const struct message *m)
{
	return p->q == q && !p->alone && !push_is_alone(q, m) &&
	       p->opt.delay == m->delay_ms * 1000 && (p->opt.once != NULL) == (m->once != NULL) &&
	       !batch_full(p->b);
}

/* Begin a batch that the message is the first one of. */
static enum status
push_begin(struct pushing *p, struct queue *q, const struct message *m, struct error *err)
{
	const char *accept;
	enum status st;

	p->q = q;
	p->now = clock_now();
	p->alone = push_is_alone(q, m);
	p->opt.delay = m->delay_ms * 1000;
	p->opt.once = m->once;
	if ((st = queue_accept(q, &accept, err)) != ST_OK)
		return st;
	if (accept != NULL)
		return error_set(err, ST_DENIED, 0,
		    "queue '%s' has 'accept', and only 'mq push' checks messages", queue_name(q));
	if (queue_is_topic(q) && (st = gate_open(q, &p->headers, &p->opt.gate, err)) != ST_OK)
		return st;
	if ((st = push_allowed(q, 1, m->bodylen, p->now, err)) != ST_OK)
		return st;
	return batch_open(q, &p->opt, &p->b, err);
}

/* ---- one message ----------------------------------------------------------- */

static enum status
push_headers(struct pushing *p, const struct message *m, struct error *err)
{
	struct message rest = *m;

	/* The spool itself has places for these. */
	rest.priority = PRIORITY_DEFAULT;
	rest.expires = 0;
	headers_free(&p->headers);
	if ((p->headers.block = map_block(&rest, &p->headers.len)) == NULL)
		return error_sys(err, ENOMEM, "push");
	if (p->headers.len == 1)	/* the empty line alone */
		headers_free(&p->headers);
	else if (p->headers.len > HEADERS_MAX)
		return error_set(err, ST_BADDATA, 0, "%zu bytes of headers; a spool takes %d",
		    p->headers.len, HEADERS_MAX);
	else if (!headers_valid(&p->headers))
		return error_set(err, ST_BADDATA, 0, "the headers are none that a spool takes");
	return ST_OK;
}

static enum status
push_write(struct pushing *p, const struct message *m, struct error *err)
{
	enum status st;

	/* The key has to last until the batch is published. */
	free(p->key);
	p->key = NULL;
	if ((m->key != NULL && (p->key = strdup(m->key)) == NULL))
		return error_sys(err, ENOMEM, "push");
	p->opt.key = p->key;
	p->opt.once = m->once;
	p->opt.headers = &p->headers;
	p->opt.priority = m->priority;
	p->opt.expire = m->expires == 0 ? 0 : m->expires > p->now ? m->expires - p->now : 1;
	batch_options(p->b, &p->opt);
	if ((st = batch_begin(p->b, err)) != ST_OK)
		return st;
	if ((st = batch_write(p->b, m->body, m->bodylen, err)) != ST_OK)
		return st == ST_BADDATA ? (err->status = ST_LARGE) : st;
	return batch_end(p->b, err);
}

static enum status
push_remember(struct pushing *p, const char *tag, struct error *err)
{
	struct waiting *more;

	if (p->n == p->cap) {
		if ((more = reallocarray(p->waiting, p->cap + 256, sizeof(*more))) == NULL)
			return error_sys(err, ENOMEM, "push");
		p->waiting = more;
		p->cap += 256;
	}
	(void)strlcpy(p->waiting[p->n++].tag, tag, FRAME_TAG_MAX);
	return ST_OK;
}

static enum status
push_add(struct store *s, const char *tag, const struct message *m, struct error *err)
{
	struct pushing *p = &s->pushing;
	struct queue *q;
	enum status st;

	if (m->delay_ms > DELAY_MAX_MS)
		return error_set(err, ST_BADDATA, 0, "a delay of %lld ms; a spool takes %lld",
		    (long long)m->delay_ms, DELAY_MAX_MS);
	if ((m->once != NULL && (st = once_check(m->once, err)) != ST_OK) ||
	    (st = queues_get(s, m->queue, s->create, &q, err)) != ST_OK)
		return st;
	if (p->q != NULL && !push_fits(p, q, m))
		push_flush(s);
	if ((st = push_headers(p, m, err)) != ST_OK ||
	    (p->q == NULL && (st = push_begin(p, q, m, err)) != ST_OK) ||
	    (st = push_write(p, m, err)) != ST_OK)
		return st;
	return push_remember(p, tag, err);
}

void
push_one(struct helper *h, const char *tag, const struct message *m)
{
	struct store *s = helper_data(h);
	struct error err = { 0 };

	if (push_add(s, tag, m, &err) == ST_OK)
		return;
	helper_err(h, tag, error_class(&err), "%s", err.text);
	/* The others are whole, and a batch that has none is of no use. */
	if (s->pushing.n == 0)
		push_end(&s->pushing);
}
