/*
 * part.c: the records of one partition that were read and are not committed.
 *
 * They are kept in the order of their offsets.  Those at the beginning that are settled leave, and
 * the offset behind the last of them is what may be committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/kafka/kafka.h"

struct part *
part_new(struct consumer *c, int32_t id)
{
	struct part *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->consumer = c;
	p->serial = ++c->client.k->serial;
	p->id = id;
	p->settled = p->committed = p->witness = -1;
	p->next = c->parts;
	c->parts = p;
	return p;
}

struct part *
part_find(struct consumer *c, int32_t id)
{
	struct part *p = c->parts;

	while (p != NULL && p->id != id)
		p = p->next;
	return p;
}

struct part *
part_serial(struct kafka *k, uint64_t serial)
{
	for (struct consumer *c = k->consumers; c != NULL; c = c->next)
		for (struct part *p = c->parts; p != NULL; p = p->next)
			if (p->serial == serial)
				return p;
	return NULL;
}

/* ---- claims --------------------------------------------------------------------- */

static bool
part_grow(struct part *p)
{
	struct claim *claims;

	if (p->from > 0 && p->from >= p->cap / 2) {
		memmove(p->claims, p->claims + p->from, p->n * sizeof(*p->claims));
		p->from = 0;
	}
	if (p->from + p->n < p->cap)
		return true;
	if ((claims = realloc(p->claims, (p->cap + 32) * 2 * sizeof(*claims))) == NULL)
		return false;
	p->claims = claims;
	p->cap = (p->cap + 32) * 2;
	return true;
}

bool
part_add(struct part *p, rd_kafka_message_t *m)
{
	if (!part_grow(p))
		return false;
	p->claims[p->from + p->n++] = (struct claim){ .offset = m->offset, .time = record_time(m),
	    .m = m, .hash = record_hash(m) };
	return true;
}

struct claim *
part_claim(struct part *p, int64_t offset)
{
	size_t low = 0, high = p->n;
	struct claim *claims = p->claims + p->from;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (claims[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->n && claims[low].offset == offset && claims[low].state != CLAIM_DONE ?
	    &claims[low] : NULL;
}

size_t
part_open(const struct part *p)
{
	size_t n = 0;

	for (size_t i = p->from; i < p->from + p->n; i++)
		n += p->claims[i].state == CLAIM_GIVEN || p->claims[i].state == CLAIM_COPIED;
	return n;
}

/* ---- giving --------------------------------------------------------------------- */

/* Messages of one key are given one at a time: is there an earlier one? */
static bool
part_blocked(const struct part *p, const struct claim *cl)
{
	if (cl->hash == 0)
		return false;
	for (const struct claim *before = p->claims + p->from; before < cl; before++)
		if (before->hash == cl->hash && before->state != CLAIM_DONE)
			return true;
	return false;
}

struct giving {
	struct part *part;
	struct claim *claim;
};

static void
part_message(void *arg, const struct message *m)
{
	struct giving *g = arg;
	struct consumer *c = g->part->consumer;
	char token[80];

	(void)snprintf(token, sizeof(token), "%llu.%lld.%u", (unsigned long long)g->part->serial,
	    (long long)g->claim->offset, (unsigned)g->claim->given);
	helper_msg(c->client.k->h, c->t, token, m);
}

void
part_give(struct part *p)
{
	struct consumer *c = p->consumer;

	for (size_t i = p->from; i < p->from + p->n && c->t != NULL && c->t->credit > 0; i++) {
		struct giving g = { p, &p->claims[i] };
		if (g.claim->state != CLAIM_HELD || part_blocked(p, g.claim))
			continue;
		g.claim->state = CLAIM_GIVEN;
		g.claim->given++;
		record_message(g.claim->m, part_message, &g);
	}
}

/* ---- settling ------------------------------------------------------------------- */

static bool
part_wait(struct part *p, int64_t offset, const char *tag)
{
	struct waiting *w = calloc(1, sizeof(*w)), **last = &p->waiting;

	if (w == NULL)
		return false;
	w->offset = offset;
	w->since = consumer_now();
	(void)snprintf(w->tag, sizeof(w->tag), "%s", tag);
	while (*last != NULL)
		last = &(*last)->next;
	*last = w;
	return true;
}

/* Those at the beginning that are done leave. */
static void
part_shift(struct part *p)
{
	while (p->n > 0 && p->claims[p->from].state == CLAIM_DONE) {
		p->settled = p->claims[p->from].offset + 1;
		p->settled_time = p->claims[p->from].time;
		p->from++;
		p->n--;
	}
}

/*
 * What is behind a message that is not settled cannot be committed, and its answer must not wait
 * for that message either: then nobody could settle out of order.
 */
void
part_settle(struct part *p, struct claim *cl, const char *tag)
{
	int64_t offset = cl->offset;

	rd_kafka_message_destroy(cl->m);
	cl->m = NULL;
	cl->state = CLAIM_DONE;
	part_shift(p);
	if (p->settled <= offset || !part_wait(p, offset, tag))
		helper_ok(p->consumer->client.k->h, tag);
}

void
part_answer(struct part *p, int64_t before, const struct trouble *t)
{
	struct helper *h = p->consumer->client.k->h;
	struct waiting **at = &p->waiting, *w;

	while ((w = *at) != NULL) {
		if (w->offset >= before) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		if (t == NULL)
			helper_ok(h, w->tag);
		else
			helper_err(h, w->tag, t->c, "%s", t->text);
		free(w);
	}
}

void
part_free(struct part *p)
{
	const struct trouble lost = {
	    .c = CLASS_LOST, .text = "the partition went to another consumer"};
	struct part **at = &p->consumer->parts;

	part_answer(p, INT64_MAX, &lost);
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	for (size_t i = p->from; i < p->from + p->n; i++)
		if (p->claims[i].m != NULL)
			rd_kafka_message_destroy(p->claims[i].m);
	free(p->claims);
	free(p);
}
