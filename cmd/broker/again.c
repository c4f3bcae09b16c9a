/*
 * again.c: mq push: waiting for the engine, and, with --wait, for one that is away.
 */
#include <poll.h>
#include <stdio.h>

#include "base/name.h"
#include "shared/cmd.h"
#include "broker/pushing.h"

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
	return s->pause.until < s->p.deadline ? s->pause.until : s->p.deadline;
}

/* Whether the engine can do what the options ask for. */
static enum status
again_fits(struct pushing *s)
{
	const struct push_options *o = &s->p.opt;
	const struct { const char *capability; bool wanted; } wants[] = { { "push", true },
	    { "delay", o->delay > 0 }, { "priority", o->priority != PRIORITY_DEFAULT },
	    { "expiry", o->expire > 0 }, { "key", o->key != NULL }, { "once", o->once != NULL } };
	enum status st = ST_OK;

	for (size_t i = 0; st == ST_OK && i < sizeof(wants) / sizeof(wants[0]); i++)
		if (wants[i].wanted)
			st = refuse_unless(s->b, wants[i].capability);
	s->max = engine_cap_number(s->b->e, "max-body", FRAME_BODY_MAX);
	(void)snprintf(s->name, sizeof(s->name), "%s", engine_name(s->b->e));
	return st;
}

enum status
again_connect(struct pushing *s)
{
	struct error *err = &s->b->r->err;
	enum status st;

	while (s->b->e == NULL) {
		if ((st = broker_open(s->b, &s->options)) == ST_OK)
			return again_fits(s);
		if (st != ST_AGAIN || !s->p.wait || run_stopped() || again_is_over(s))
			return st;
		run_verbose(s->b->r, "%s; trying again", err->text);
		backoff_failed(&s->pause);
		again_sleep(again_next(s));
		if (run_stopped() || again_is_over(s))
			return st;
		error_clear(err);
	}
	return ST_OK;
}

enum status
again_turn(struct pushing *s)
{
	struct event_of_engine ev;
	bool any = sent_again_any(s);
	enum status st;

	if (any && again_is_over(s)) {
		s->b->r->err = s->why;
		return ST_AGAIN;
	}
	if ((st = again_connect(s)) != ST_OK)
		return st;
	sent_again(s);
	st = engine_wait(s->b->e, any ? again_next(s) : USEC_MAX, &ev);
	if (st == ST_OK)
		sent_event(s, &ev);
	else if (st == ST_AGAIN)
		return error_set(&s->b->r->err, ST_AGAIN, 0,
		    "stopped by a signal: what is not printed above is not queued");
	return ST_OK;
}
