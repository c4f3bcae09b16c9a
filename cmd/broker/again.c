/*
 * again.c: mq push --wait: what the engine does not take now, and an engine that is away.
 *
 * Only what was certainly not stored is sent again.  The pauses are those of mq relay: full jitter,
 * from a tenth of a second to 5 s at most.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cmd.h"
#include "broker/pushing.h"

#define PAUSE_FIRST (USEC / 10)
#define PAUSE_MAX (5 * USEC)

static void
again_pause(struct pushing *s)
{
	usec_t most = PAUSE_FIRST;

	if (clock_mono() < s->pause)
		return;	/* of one failure, many messages tell */
	for (unsigned i = 0; i < s->tries && most < PAUSE_MAX; i++)
		most *= 2;
	s->tries++;
	s->pause = clock_mono() + 1000 +
	    (usec_t)arc4random_uniform((uint32_t)(most < PAUSE_MAX ? most : PAUSE_MAX));
}

/* Sleep until 'until' (clock_mono), or a signal comes. */
static void
again_sleep(usec_t until)
{
	usec_t left;

	while (!run_stopped() && (left = until - clock_mono()) > 0)
		(void)poll(NULL, 0, left > USEC ? 1000 : (int)(left / 1000) + 1);
}

static bool
again_is_over(const struct pushing *s)
{
	return s->p.deadline != USEC_MAX && clock_mono() >= s->p.deadline;
}

static usec_t
again_next(const struct pushing *s)
{
	return s->pause < s->p.deadline ? s->pause : s->p.deadline;
}

/* ---- the engine ------------------------------------------------------------- */

enum status
again_connect(struct pushing *s)
{
	struct error *err = &s->b->r->err;
	enum status st;

	while (s->b->e == NULL) {
		if ((st = broker_open(s->b, &s->options)) == ST_OK)
			return pushing_fits(s);
		if (st != ST_AGAIN || !s->p.wait || run_stopped() || again_is_over(s))
			return st;
		run_verbose(s->b->r, "%s; trying again", err->text);
		s->why = *err;
		again_pause(s);
		again_sleep(again_next(s));
		if (run_stopped() || again_is_over(s))
			return st;
		error_clear(err);
	}
	return ST_OK;
}

/* ---- messages --------------------------------------------------------------- */

enum status
again_keep(struct pushing *s, struct parcel *c, const struct message *m)
{
	if ((c->bytes = malloc(m->headlen + m->bodylen + 1)) == NULL)
		return error_sys(&s->b->r->err, ENOMEM, "push");
	c->m = *m;
	c->m.id = c->id.text;
	if (m->headlen > 0)
		c->m.head = memcpy(c->bytes, m->head, m->headlen);
	c->m.body = c->bytes + m->headlen;
	if (m->bodylen > 0)
		memcpy(c->bytes + m->headlen, m->body, m->bodylen);
	return ST_OK;
}

void
again_later(struct pushing *s, struct parcel *c, const char *text)
{
	c->is = PARCEL_AGAIN;
	error_clear(&s->why);
	(void)error_set(&s->why, ST_AGAIN, 0, "%s", text);
	again_pause(s);
}

void
again_resend(struct pushing *s)
{
	if (s->b->e == NULL || clock_mono() < s->pause)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (pushing_at(s, i)->is == PARCEL_AGAIN)
			pushing_send(s, pushing_at(s, i), &pushing_at(s, i)->m);
}

static bool
again_any(const struct pushing *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (pushing_at(s, i)->is == PARCEL_AGAIN)
			return true;
	return false;
}

enum status
again_turn(struct pushing *s)
{
	struct event_of_engine ev;
	bool any = again_any(s);
	enum status st;

	if (any && again_is_over(s)) {
		s->b->r->err = s->why;
		return ST_AGAIN;
	}
	if ((st = again_connect(s)) != ST_OK)
		return st;
	again_resend(s);
	st = engine_wait(s->b->e, any ? again_next(s) : USEC_MAX, &ev);
	if (st == ST_OK)
		pushing_event(s, &ev);
	else if (st == ST_AGAIN)
		return error_set(&s->b->r->err, ST_AGAIN, 0,
		    "stopped by a signal: what is not printed above is not queued");
	return ST_OK;
}
