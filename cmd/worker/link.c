/*
 * link.c: the connection of a worker to its engine.
 *
 * The worker never waits for the engine: the loop polls the helper's descriptors with all others.
 * A helper that is gone is replaced after a pause; the engine may be away for days.
 */
#include <poll.h>
#include <string.h>

#include "shared/cmd.h"
#include "worker/link.h"
#include "worker/sources.h"
#include "worker/work.h"

/* Events that are seen at once; then the handlers have their turn. */
#define EVENTS_MAX 1000

/* ---- what is told ---------------------------------------------------------- */

/* The engine is away, which is told once, or ends a worker with --drain. */
static void
link_away(struct link *l, const char *text)
{
	if (l->away[0] == '\0' && l->w->drain == DRAIN_NO && work_can_note())
		run_note(l->w->r, "%s; it is tried again, and no attempt counts", text);
	(void)snprintf(l->away, sizeof(l->away), "%s", text);
	backoff_failed(&l->backoff);
}

static void
link_back(struct link *l)
{
	if (l->away[0] != '\0' && work_can_note())
		run_note(l->w->r, "%s: it is there again", l->address.what);
	l->away[0] = '\0';
}

/* ---- connecting ------------------------------------------------------------ */

static void
link_lose(struct link *l, const char *text)
{
	engine_drop(l->e);
	l->e = NULL;
	l->ready = false;
	link_away(l, text);
	settling_lost(l);
	intake_reset(l);
}

/* A person has to mend it, which ends a worker that has not worked yet. */
static bool
link_is_final(const struct link *l, enum status st)
{
	return !l->was_ready && st != ST_AGAIN;
}

static enum status
link_failed(struct link *l, enum status st, struct error *err)
{
	if (link_is_final(l, st))
		return st;
	link_lose(l, err->text);
	error_clear(err);
	return ST_OK;
}

/* Whether there is something to take, or to be told. */
static bool
link_wanted(const struct link *l)
{
	return l->w->phase == PHASE_WORKING || l->parcels != NULL;
}

static enum status
link_begin(struct link *l, struct error *err)
{
	struct engine_options opt = { .lease = l->w->claim.lease,
	    .create = l->w->r->settings.autocreate };
	enum status st;

	if (l->e != NULL || !link_wanted(l) || !backoff_lets(&l->backoff))
		return ST_OK;
	st = engine_begin(l->w->r, &l->address, &opt, &l->e, err);
	return st == ST_OK ? ST_OK : link_failed(l, st, err);
}

static enum status
link_ready(struct link *l, struct error *err)
{
	enum status st;

	if (l->e == NULL || l->ready || (st = engine_begun(l->e, err)) == ST_NONE)
		return ST_OK;
	if (st == ST_OK && (st = link_suits(l, err)) != ST_OK)
		return st;
	if (st != ST_OK)
		return link_failed(l, st, err);
	l->ready = l->was_ready = true;
	l->stay = engine_can(l->e, "stay");
	l->lease_most = engine_cap_number(l->e, "lease", -1);
	l->extend_most = engine_cap_number(l->e, "extend", -1);
	l->delay_most = engine_cap_number(l->e, "nack-delay", -1);
	link_back(l);
	intake_reset(l);
	leases_check(l->w);	/* those that stayed: the engine says whether they are ours still */
	return ST_OK;
}

/* ---- events ---------------------------------------------------------------- */

/* What the helper says of itself, with the name of the engine; valid until the next call. */
static const char *
link_says(const struct link *l, const char *text)
{
	static char buf[AWAY_MAX];

	(void)snprintf(buf, sizeof(buf), "%.200s: %s", l->address.what, text);
	return buf;
}

static void
link_event(struct link *l, const struct event_of_engine *ev)
{
	switch (ev->kind) {
	case EV_OK:
		l->backoff.tries = 0;
		if (!intake_answer(l, ev))
			settling_answer(l, ev);
		break;
	case EV_ERR:
		if (!intake_answer(l, ev))
			settling_answer(l, ev);
		break;
	case EV_MSG:
		l->backoff.tries = 0;
		intake_message(l, ev);
		break;
	case EV_STATE:
		if (strcmp(ev->state, "up") == 0)
			link_back(l);
		else
			link_away(l, link_says(l, ev->text));
		break;
	case EV_DOWN:
		link_lose(l, link_says(l, ev->text));
		break;
	default:
		intake_event(l, ev);
	}
}

void
link_hear(struct link *l)
{
	struct event_of_engine ev;

	for (int i = 0; i < EVENTS_MAX && l->ready && engine_next(l->e, &ev) == ST_OK; i++)
		link_event(l, &ev);
}

enum status
link_turn(struct link *l, struct error *err)
{
	enum status st = link_begin(l, err);

	if (st == ST_OK)
		st = link_ready(l, err);
	link_hear(l);
	return st;
}

/* ---- waiting --------------------------------------------------------------- */

nfds_t
link_watch(struct link *l, struct pollfd p[ENGINE_FDS])
{
	usec_t at = l->e != NULL ? USEC_MAX : l->backoff.until;

	for (int i = 0; i < ENGINE_FDS; i++)
		p[i] = (struct pollfd){ .fd = -1 };
	if (l->e != NULL)
		at = engine_poll(l->e, p);
	if (l->settling > 0 && l->backoff.until > clock_mono() && l->backoff.until < at)
		at = l->backoff.until;
	if (l->e == NULL && !link_wanted(l))
		at = USEC_MAX;
	if (intake_due(l) < at)
		at = intake_due(l);
	deadline_set(&l->due, at);
	return ENGINE_FDS;
}

/* ---- the end --------------------------------------------------------------- */

void
link_finish(struct link *l)
{
	usec_t deadline = clock_mono() + l->address.timeout_ms * 1000;
	struct pollfd p[ENGINE_FDS];
	struct error err = { 0 };

	while (l->settling > 0 && clock_mono() < deadline) {
		if (link_turn(l, &err) != ST_OK)
			break;
		settling_turn(l);
		(void)link_watch(l, p);
		if (l->settling > 0)
			(void)poll(p, ENGINE_FDS, 50);
	}
	if (l->settling > 0 && work_can_note())
		run_note(l->w->r, "%lld messages could not be settled, and will come again",
		    (long long)l->settling);
	if (l->ready)
		engine_close(l->e);
	else
		engine_drop(l->e);
	l->e = NULL;
	l->ready = false;
}
