/*
 * consume.c: consumers, deliveries, and acks.
 *
 * The server answers no ack.  So behind some acks goes a question that it does answer, which says
 * that it has seen them: a barrier.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/amqp/take.h"

#define PREFETCH_MAX 2000

/* ---- what mq holds ------------------------------------------------------------- */

void
delivery_free(struct delivery *d)
{
	amqp_destroy_message(&d->m);
	free(d);
}

void
delivery_unlink(struct delivery *d)
{
	struct delivery **at = &d->source->held;

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
}

void
consume_settle(struct source *s, struct delivery *d, const char *tag, bool requeue)
{
	struct settled *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return;		/* it stays held, and goes back with the connection */
	(void)snprintf(e->tag, sizeof(e->tag), "%s", tag);
	e->delivery = d->tag;
	e->active = d->active;
	e->requeue = requeue;
	if (s->first == NULL)
		s->first = e;
	else
		s->last->next = e;
	s->last = e;
	delivery_unlink(d);
	delivery_free(d);
}

/* ---- deliveries ---------------------------------------------------------------- */

/* mq does not want it any more: it came while the consumer was ended. */
static void
consume_refuse(struct link *l, amqp_channel_t ch, uint64_t tag)
{
	(void)link_sent(l, amqp_basic_nack(l->c, ch, tag, false, true));
}

static void
consume_give(struct amqp *a, struct source *s, struct taking *t, struct delivery *d, bool again)
{
	char token[80];
	struct unpacked u;

	unpack(&u, s->queue, &d->m, again);
	d->attempts = u.m.attempts;
	d->deliveries = u.m.deliveries;
	d->since = s->heard = clock_mono();
	d->until = d->since + t->lease_ms * 1000;
	d->next = s->held;
	s->held = d;
	s->active += d->active;
	(void)snprintf(token, sizeof(token), "d.%s.%u.%u.%llu", a->nonce, (unsigned)s->ch,
	    s->generation, (unsigned long long)d->tag);
	helper_msg(a->h, t, token, &u.m);
	unpack_free(&u);
}

void
consume_tag(const struct source *s, char out[32])
{
	(void)snprintf(out, 32, "mq.%u.%u", (unsigned)s->ch, s->serial);
}

void
take_delivered(struct link *l, amqp_channel_t ch, const amqp_basic_deliver_t *m)
{
	struct amqp *a = l->a;
	struct source *s = source_on(a, ch);
	struct taking *t = s != NULL ? source_taking(a, s) : NULL;
	struct delivery *d = calloc(1, sizeof(*d));
	bool again = m->redelivered;
	char name[32] = "";
	struct trouble f;

	if (s == NULL || d == NULL) {
		free(d);
		helper_down(a->h, "no memory");
		return;
	}
	consume_tag(s, name);
	d->source = s;
	d->tag = m->delivery_tag;
	d->active = s->consuming && m->consumer_tag.len == strlen(name) &&
	    memcmp(m->consumer_tag.bytes, name, strlen(name)) == 0;
	if (!link_judge(l, ch, amqp_read_message(l->c, ch, &d->m, 0), "a message", &f)) {
		free(d);
	} else if (t == NULL || t->keep || t->credit <= 0) {
		consume_refuse(l, ch, d->tag);
		delivery_free(d);
	} else
		consume_give(a, s, t, d, again);
}

/* ---- barriers ------------------------------------------------------------------ */

static void
consume_answer(struct amqp *a, struct settled *e, const struct trouble *f)
{
	if (e->tag[0] != '\0' && f == NULL)
		helper_ok(a->h, e->tag);
	else if (e->tag[0] != '\0')
		helper_err(a->h, e->tag, f->c, "%s", f->text);
	free(e);
}

void
take_barrier(struct amqp *a, amqp_channel_t ch)
{
	struct source *s = source_on(a, ch);
	struct settled *e;

	if (s == NULL)
		return;
	s->seen++;
	while ((e = s->waiting) != NULL && e->barrier <= s->seen) {
		s->waiting = e->next;
		consume_answer(a, e, NULL);
	}
}

/* Send what is settled, and a barrier behind it. */
static void
consume_flush(struct source *s, struct link *l)
{
	amqp_basic_qos_t barrier = { .prefetch_count = (uint16_t)s->prefetch };
	struct settled **end = &s->waiting;
	bool good = true;

	if (s->first == NULL)
		return;
	while (*end != NULL)
		end = &(*end)->next;
	*end = s->first;
	s->sent++;
	for (struct settled *e = s->first; e != NULL && good; e = e->next) {
		e->barrier = s->sent;
		e->deadline = clock_mono() + l->a->set->timeout_ms * 1000;
		s->active -= e->active;
		good =
		    link_sent(l, e->requeue ? amqp_basic_nack(l->c, s->ch, e->delivery, false, true)
					    : amqp_basic_ack(l->c, s->ch, e->delivery, false));
	}
	s->first = s->last = NULL;
	if (good)
		(void)link_sent(l, amqp_send_method(l->c, s->ch, AMQP_BASIC_QOS_METHOD, &barrier));
}

/* ---- consumers ----------------------------------------------------------------- */

/* What was delivered before the server knew is here then, and counts. */
static bool
consume_cancel(struct source *s, struct link *l)
{
	char name[32];
	struct trouble f;

	consume_tag(s, name);
	(void)amqp_basic_cancel(l->c, s->ch, amqp_cstring_bytes(name));
	if (!link_reply(l, s->ch, "the end of a consumer", &f)) {
		take_ended(l->a, s->ch, &f);
		return false;
	}
	pump(l);
	s->consuming = false;
	s->active = 0;
	for (struct delivery *d = s->held; d != NULL; d = d->next)
		d->active = false;
	for (struct settled *e = s->first; e != NULL; e = e->next)
		e->active = false;
	return true;
}

static bool
consume_begin(struct amqp *a, struct source *s, struct link *l, int64_t n, struct trouble *f)
{
	char name[32];

	if (!queue_wanted(a, s->queue, f) || !link_channel(l, s->ch, f))
		return false;
	(void)amqp_basic_qos(l->c, s->ch, 0, (uint16_t)n, false);
	if (!link_reply(l, s->ch, s->queue, f))
		return false;
	s->serial++;
	s->prefetch = n;
	s->active = 0;
	s->consuming = true;
	s->heard = s->look = clock_mono();
	consume_tag(s, name);
	(void)amqp_basic_consume(l->c, s->ch, amqp_cstring_bytes(s->queue),
	    amqp_cstring_bytes(name), false, false, false, amqp_empty_table);
	return link_reply(l, s->ch, s->queue, f);
}

/* How many may still come to the consumer. */
static int64_t
consume_room(const struct source *s)
{
	return s->consuming ? s->prefetch - s->active : 0;
}

static int64_t
consume_wanted(const struct amqp *a, const struct source *s)
{
	const struct taking *t = source_taking(a, s);

	if (t == NULL || t->keep)
		return 0;
	return t->credit < PREFETCH_MAX ? t->credit : PREFETCH_MAX;
}

static int64_t
consume_freed(const struct source *s)
{
	int64_t n = 0;

	for (const struct settled *e = s->first; e != NULL; e = e->next)
		n += e->active;
	return n;
}

void
consume_balance(struct amqp *a, struct source *s)
{
	struct link *l;
	struct trouble f;
	int64_t wanted = consume_wanted(a, s);

	if ((wanted == 0 && !s->consuming && s->first == NULL) || (l = link_take(a)) == NULL)
		return;
	if (s->consuming && consume_room(s) + consume_freed(s) > wanted && !consume_cancel(s, l))
		return;
	consume_flush(s, l);
	wanted = consume_wanted(a, s);
	if (wanted == 0 || helper_is_down(a->h) || (s->consuming && consume_room(s) * 2 > wanted))
		return;
	if (s->consuming && !consume_cancel(s, l))
		return;
	if ((wanted = consume_wanted(a, s)) > 0 && !consume_begin(a, s, l, wanted, &f))
		take_ended(a, s->ch, &f);
}

/* ---- the end ------------------------------------------------------------------- */

/* What was held went back to the queue; whether what was settled was, is not known. */
static void
consume_lost(struct amqp *a, struct source *s, const struct trouble *f)
{
	struct trouble why;
	struct delivery *d;
	struct settled *e;

	s->generation++;
	while ((d = s->held) != NULL) {
		s->held = d->next;
		d->lost = true;
		if (!d->settling)
			delivery_free(d);
	}
	(void)trouble_set(&why, CLASS_UNKNOWN, "the server closed the channel: %s", f->text);
	while ((e = s->waiting) != NULL) {
		s->waiting = e->next;
		consume_answer(a, e, &why);
	}
	why.c = CLASS_LOST;
	while ((e = s->first) != NULL) {
		s->first = e->next;
		consume_answer(a, e, &why);
	}
	s->last = NULL;
	s->sent = s->seen = 0;
}

void
take_ended(struct amqp *a, amqp_channel_t ch, const struct trouble *f)
{
	struct source *s = source_on(a, ch);
	struct taking *t;

	if (s == NULL || helper_is_down(a->h))
		return;
	s->consuming = false;
	s->active = 0;
	for (struct delivery *d = s->held; d != NULL; d = d->next)
		d->active = false;
	if (a->take == NULL || !a->take->open[ch])
		consume_lost(a, s, f);
	if ((t = source_taking(a, s)) != NULL)
		helper_ended(a->h, t, f->c, "%s", f->text);
}
