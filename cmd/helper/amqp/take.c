/*
 * take.c: what mq wants to take; leases; and whether a queue is empty.
 *
 * A lease of a message that mq holds is kept by the helper itself: while it runs, it gives back
 * what mq does not settle in time.  If the helper dies, the server gives back all at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/amqp/take.h"

#define LOOK_SOON (50 * 1000LL)	/* us of silence, after which the queue may be empty */
#define LOOK_AGAIN USEC
#define LOOK_SILENT (5 * USEC)	/* so long nothing came, though something is there */

/* ---- sources ------------------------------------------------------------------ */

struct source *
source_on(const struct amqp *a, amqp_channel_t ch)
{
	struct source *s = a->sources;

	while (s != NULL && s->ch != ch)
		s = s->next;
	return s;
}

struct taking *
source_taking(const struct amqp *a, const struct source *s)
{
	for (struct taking *t = helper_takings(a->h); t != NULL; t = t->next)
		if (!t->stopped && strcmp(t->queue, s->queue) == 0)
			return t;
	return NULL;
}

static struct source *
source_of(struct amqp *a, const char *queue)
{
	int ch = CHANNEL_TAKE;
	struct source *s;

	for (s = a->sources; s != NULL; s = s->next, ch++)
		if (strcmp(s->queue, queue) == 0)
			return s;
	if (ch >= CHANNELS || (s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	if ((s->queue = strdup(queue)) == NULL) {
		free(s);
		return NULL;
	}
	s->ch = (amqp_channel_t)ch;
	s->next = a->sources;
	return a->sources = s;
}

void
take_take(struct helper *h, struct taking *t)
{
	struct amqp *a = helper_data(h);
	struct source *s;
	struct trouble f;

	if (!queue_named(t->queue, &f))
		helper_ended(h, t, f.c, "%s", f.text);
	else if ((s = source_of(a, t->queue)) == NULL)
		helper_ended(h, t, CLASS_CANNOT, "a helper takes from %d queues at most",
		    CHANNELS - CHANNEL_TAKE);
	else
		s->look = t->keep ? 0 : s->look;
}

/* ---- leases ------------------------------------------------------------------- */

static void
take_leases(struct source *s, usec_t now)
{
	struct delivery *next;

	for (struct delivery *d = s->held; d != NULL; d = next) {
		next = d->next;
		if (now >= d->until && !d->settling)
			consume_settle(s, d, "", true);
	}
}

/* ---- is it empty? ------------------------------------------------------------- */

/*
 * The server delivers as soon as it can.  When nothing came for a moment, it is asked whether the
 * queue is empty.
 */
static void
take_look(struct amqp *a, struct source *s, struct taking *t, usec_t now)
{
	struct trouble f;
	int64_t ready = 0;

	if (!queue_there(a, s->queue, &ready, &f)) {
		helper_ended(a->h, t, f.c, "%s", f.text);
		return;
	}
	s->look = now + LOOK_AGAIN;
	if (ready == 0 || now - s->heard > LOOK_SILENT)
		helper_idle(a->h, t);
}

static void
take_source(struct amqp *a, struct source *s)
{
	usec_t now = clock_mono();
	struct taking *t;

	if (s->waiting != NULL && now >= s->waiting->deadline) {
		helper_down(a->h, "acks: no answer from %s within %lld ms", a->address.host,
		    (long long)a->set->timeout_ms);
		return;
	}
	take_leases(s, now);
	consume_balance(a, s);
	if ((t = source_taking(a, s)) == NULL || t->credit == 0)
		return;
	if (t->keep && now >= s->look) {
		s->look = now + LOOK_AGAIN;
		claim_take(a, t);
	} else if (!t->keep && s->consuming) {
		if (now - s->heard < LOOK_SOON)
			s->look = s->heard + LOOK_SOON;
		else if (now >= s->look)
			take_look(a, s, t, now);
	}
}

static void
take_stopped(struct amqp *a)
{
	struct taking *next;

	for (struct taking *t = helper_takings(a->h); t != NULL; t = next) {
		next = t->next;
		if (t->stopped)
			helper_stopped(a->h, t);
	}
}

void
take_work(struct amqp *a)
{
	for (struct source *s = a->sources; s != NULL && !helper_is_down(a->h); s = s->next)
		take_source(a, s);
	if (!helper_is_down(a->h))
		take_stopped(a);
}

/* ---- waiting ------------------------------------------------------------------ */

static usec_t
take_next(const struct amqp *a, const struct source *s)
{
	const struct taking *t = source_taking(a, s);
	usec_t next = USEC_MAX;

	if (t != NULL && t->credit > 0)
		next = s->look;
	if (s->waiting != NULL && s->waiting->deadline < next)
		next = s->waiting->deadline;
	for (const struct delivery *d = s->held; d != NULL; d = d->next)
		if (!d->settling && d->until < next)
			next = d->until;
	return next;
}

int
take_timeout(const struct amqp *a)
{
	usec_t next = USEC_MAX, now = clock_mono(), at;

	for (const struct source *s = a->sources; s != NULL; s = s->next)
		if ((at = take_next(a, s)) < next)
			next = at;
	if (next == USEC_MAX)
		return -1;
	return next <= now ? 0
			   : (int)((next - now) / 1000 < 60000 ? (next - now) / 1000 + 1 : 60000);
}

bool
take_pending(const struct amqp *a)
{
	for (const struct source *s = a->sources; s != NULL; s = s->next)
		if (s->first != NULL || s->waiting != NULL)
			return true;
	return false;
}

static void
take_free(struct settled *e)
{
	for (struct settled *next; e != NULL; e = next) {
		next = e->next;
		free(e);
	}
}

void
take_forget(struct amqp *a)
{
	struct source *s;

	while ((s = a->sources) != NULL) {
		a->sources = s->next;
		while (s->held != NULL) {
			struct delivery *d = s->held;
			s->held = d->next;
			delivery_free(d);
		}
		take_free(s->first);
		take_free(s->waiting);
		free(s->queue);
		free(s);
	}
}
