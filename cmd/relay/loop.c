/*
 * loop.c: the loop of a relay.
 *
 * The engine may be away for days.  A relay then waits (backoff.c), and from the beginning again
 * after a success.  A connection that could be made is none yet.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "relay/relay.h"

/* How long what is under way may take to be settled after a signal. */
#define SETTLE (10 * USEC)
/* How often the state is written while nothing changes but numbers. */
#define WRITE_EVERY USEC

static volatile sig_atomic_t woken;

static void
loop_wake(int sig)
{
	(void)sig;
	woken = 1;
}

/* ---- how it fares ------------------------------------------------------- */

static void
loop_write(struct relay *y, bool now)
{
	y->state.inflight = y->nparcels;
	if (!now && clock_mono() - y->written < WRITE_EVERY)
		return;
	y->written = clock_mono();
	relays_write(y->r, &y->state);
}

/* A change is told once, and where a person can help, loudly. */
static void
loop_become(struct relay *y, enum relay_is is, const char *text)
{
	struct relay_state *s = &y->state;
	bool changed = s->is != is;

	if (changed)
		s->since = clock_now();
	s->is = is;
	if (is != RELAY_UP && is != RELAY_STOPPED) {
		changed |= strcmp(s->error, text) != 0;
		(void)strlcpy(s->error, text, sizeof(s->error));
		for (char *p = s->error; *p != '\0'; p++)
			if (*p == '\n')
				*p = ' ';
	}
	if (!changed)
		return;
	if (is == RELAY_UP)
		run_note(y->r, "%s: up", s->name);
	else if (is != RELAY_STOPPED && text[0] != '\0')
		run_note(y->r, "%s: %s: %s; nothing is lost%s", s->name, relay_words[is], text,
		    y->drain ? "" : ", and it is tried again");
	loop_write(y, true);
}

void
relay_pause(struct relay *y, enum relay_is is, const char *text)
{
	loop_become(y, is, text);
	backoff_failed(&y->backoff);
}

void
relay_succeeded(struct relay *y)
{
	y->backoff.tries = 0;
	y->state.success = clock_now();
	loop_become(y, RELAY_UP, "");
}

/* ---- parcels -------------------------------------------------------------- */

struct parcel *
relay_parcel(struct relay *y)
{
	for (struct parcel *p = y->parcel; p < y->parcel + y->window; p++)
		if (!p->busy) {
			p->busy = true;
			p->claim.fd = -1;
			y->nparcels++;
			return p;
		}
	return NULL;
}

void
relay_free_parcel(struct relay *y, struct parcel *p)
{
	free(p->token);
	p->token = NULL;
	p->busy = false;
	y->nparcels--;
}

/* ---- the engine ------------------------------------------------------------ */

static void
loop_disconnect(struct relay *y)
{
	y->way->give_back(y);
	engine_close(y->e);
	y->e = NULL;
}

/* ST_CONF: only a person can mend it, and at the start it ends the relay. */
static enum status
loop_connect(struct relay *y, struct error *err)
{
	/* An engine may know of a client that pushes by its name: no two may have the same. */
	struct engine_options opt = { .client = y->out ? y->mark : y->state.name, .lease = y->lease,
	    .window = y->window, .create = y->out && y->r->settings.autocreate };
	struct error why = { 0 };
	struct names doubt = { 0 };
	enum status st = ST_OK;

	opt.doubt = &doubt;
	if (y->out && y->address.transactions)
		st = relay_doubt(y, &doubt, &why);
	if (st == ST_OK)
		st = engine_open(y->r, &y->address, &opt, &y->e, &why);
	names_free(&doubt);
	if (st == ST_OK) {
		if (!engine_can(y->e, y->out ? "push" : "take")) {
			loop_disconnect(y);
			return error_set(err, ST_USAGE, 0, "%s cannot do that: see mq engine",
			    y->address.what);
		}
		if (y->state.success != 0)
			y->state.reconnects++;
		/*
		 * With nothing to send that is all that can succeed.  Whether to wait after the
		 * next failure is not decided by a connection alone.
		 */
		if (y->out && (y->state.is == RELAY_AWAY || y->state.is == RELAY_STARTING)) {
			y->state.success = clock_now();
			loop_become(y, RELAY_UP, "");
		}
		y->way->begin(y);
		return ST_OK;
	}
	if ((st == ST_CONF || st == ST_USAGE) && y->state.success == 0 && y->backoff.tries == 0) {
		*err = why;
		return st;
	}
	y->failed = st;
	relay_pause(y, st == ST_AGAIN ? RELAY_AWAY : RELAY_REFUSED, why.text);
	return ST_OK;
}

static enum status
loop_events(struct relay *y, struct error *err)
{
	struct event_of_engine ev;
	enum status st = ST_OK;

	while (st == ST_OK && y->e != NULL && engine_next(y->e, &ev) == ST_OK)
		switch (ev.kind) {
		case EV_DOWN:
			relay_pause(y, RELAY_AWAY, ev.text);
			loop_disconnect(y);
			break;
		case EV_STATE:
			if (strcmp(ev.state, "up") != 0)
				relay_pause(y, RELAY_FULL, ev.text);
			else if (y->state.is == RELAY_FULL)
				loop_become(y, RELAY_UP, "");
			break;
		default:
			st = y->way->event(y, &ev, err);
		}
	return st == ST_OK && y->e != NULL ? y->way->round(y, err) : st;
}

/* ---- waiting ---------------------------------------------------------------- */

static usec_t
loop_until(const struct relay *y, usec_t engine)
{
	usec_t now = clock_mono(), until = now + USEC;

	if (engine < until)
		until = engine;
	if (y->backoff.until > now && y->backoff.until < until)
		until = y->backoff.until;
	if (y->out && y->wake != USEC_MAX && now + (y->wake - clock_now()) < until)
		until = now + (y->wake - clock_now());
	return until > now ? until - now : 0;
}

static enum status
loop_wait(struct relay *y, struct error *err)
{
	struct pollfd p[ENGINE_FDS + 1];
	usec_t engine = USEC_MAX, left;
	enum status st;

	for (int i = 0; i < ENGINE_FDS; i++)
		p[i] = (struct pollfd){ .fd = -1 };
	if (y->e != NULL)
		engine = engine_poll(y->e, p);
	p[ENGINE_FDS] = (struct pollfd){ .fd = y->waiter != NULL ? waiter_fd(y->waiter) : -1,
	    .events = POLLIN };
	left = loop_until(y, engine);
	(void)poll(p, ENGINE_FDS + 1, left == 0 ? 0 : (int)(left / 1000) + 1);
	if (y->waiter != NULL && (p[ENGINE_FDS].revents != 0 || waiter_fd(y->waiter) == -1)) {
		waiter_drain(y->waiter);
		y->looked = false;
		if ((st = waiter_arm(y->waiter, err)) != ST_OK)
			return st;
	}
	if (woken) {
		woken = 0;
		y->backoff = (struct backoff){ 0 };
	}
	return ST_OK;
}

/* ---- phases ----------------------------------------------------------------- */

static void
loop_phase(struct relay *y)
{
	if (run_stopped() && y->phase == RELAY_WORKING) {
		y->phase = RELAY_SETTLING;
		y->settle_until = clock_mono() + SETTLE;
		if (y->e != NULL && !y->out)
			engine_stop(y->e, y->target);
	}
	if (y->phase == RELAY_SETTLING && (y->nparcels == 0 || y->e == NULL || run_stops() > 1 ||
	    clock_mono() >= y->settle_until))
		y->phase = RELAY_OVER;
	if (y->drain && y->phase == RELAY_WORKING && y->e != NULL && y->way->drained(y))
		y->phase = RELAY_OVER;
}

/* With --drain an engine that is away is the end. */
static enum status
loop_drain_fails(const struct relay *y, struct error *err)
{
	if (!y->drain || y->backoff.tries == 0 || y->state.is == RELAY_UP ||
	    y->state.is == RELAY_STARTING)
		return ST_OK;
	/* What is under way is answered first, or it would be sent once more. */
	if (y->e != NULL && y->nparcels > 0)
		return ST_OK;
	return error_set(err, y->state.is == RELAY_REFUSED ? y->failed : ST_AGAIN, 0, "%s: %s",
	    y->state.name, y->state.error);
}

static enum status
loop_turn(struct relay *y, struct error *err)
{
	enum status st = ST_OK;

	if (y->phase == RELAY_WORKING && y->e == NULL && backoff_lets(&y->backoff))
		st = loop_connect(y, err);
	if (st == ST_OK)
		st = loop_events(y, err);
	if (st == ST_OK)
		st = loop_drain_fails(y, err);
	/*
	 * After the events, which make room: nothing but time wakes a relay that sleeps with room.
	 */
	if (st == ST_OK && y->e != NULL && y->phase == RELAY_WORKING && !run_stopped())
		st = y->way->fill(y, err);
	loop_phase(y);
	loop_write(y, false);
	if (st == ST_OK && y->phase != RELAY_OVER)
		st = loop_wait(y, err);
	return st;
}

enum status
relay_run(struct relay *y)
{
	struct error *err = &y->r->err;
	enum status st = ST_OK;

	run_stoppable();
	run_catch(SIGHUP, loop_wake);
	if (y->out && ((st = waiter_open(y->q, false, &y->waiter, err)) != ST_OK ||
	    (st = waiter_arm(y->waiter, err)) != ST_OK))
		return st;
	while (st == ST_OK && y->phase != RELAY_OVER)
		st = loop_turn(y, err);
	loop_disconnect(y);
	loop_become(y, RELAY_STOPPED, "");
	if (st == ST_OK)
		run_stop_done();
	return st;
}
