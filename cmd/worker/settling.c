/*
 * settling.c: what the engine is told of a message, and what it says to that.
 *
 * Of each message one request is open at a time, as an extended lease may bring another token.
 * What the engine could not do for now is asked again; what it may have done is not.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/cmd.h"
#include "worker/link.h"
#include "worker/sources.h"
#include "worker/work.h"

/* How long a message is set aside that the engine would not settle. */
#define ASIDE (60 * USEC)

/* ---- requests -------------------------------------------------------------- */

static void
settling_ask(struct link *l, struct parcel *p)
{
	if (!l->ready || p->extending || p->asked)
		return;
	p->asked = true;
	if (p->settle == SETTLE_ACK)
		engine_ack(l->e, p->token, p);
	else if (p->settle == SETTLE_NACK)
		engine_nack(l->e, p->token, p->delay, p->attempts, p->reason, p);
	else
		engine_dead(l->e, p->token, p->attempts, p->reason, p);
}

void
settling_begin(struct link *l, struct parcel *p, enum settle what)
{
	p->fd = -1;
	p->settle = what;
	l->settling++;
	settling_ask(l, p);
}

void
settling_turn(struct link *l)
{
	if (l->settling == 0 || !backoff_lets(&l->backoff))
		return;
	for (struct parcel *p = l->parcels; p != NULL; p = p->next)
		if (p->settle != SETTLE_NOT)
			settling_ask(l, p);
}

/* ---- answers --------------------------------------------------------------- */

/* What the handler did was counted when it was told, and does not count. */
static void
settling_uncount(struct link *l, const struct parcel *p)
{
	if (p->counted && p->settle == SETTLE_ACK)
		l->w->acked--;
	else if (p->counted)
		l->w->failed--;
}

static void
settling_is_lost(struct link *l, struct parcel *p, const char *text)
{
	/* What was told twice may well have been done at the first time. */
	if (!p->twice) {
		if (work_can_note())
			run_note(l->w->r, "%s: what its handler did counts for nothing: %s", p->id,
			    text);
		settling_uncount(l, p);
	}
	parcel_forget(l, p);
}

/* What is gone may also be the place of dead letters, or that of what is delayed. */
static bool
settling_lost_it(const struct parcel *p, enum class c)
{
	return c == CLASS_LOST || (c == CLASS_GONE && p->settle == SETTLE_ACK);
}

/* The engine will never do this: the message is set aside, to be tried again, uncounted. */
static void
settling_refused(struct link *l, struct parcel *p, const struct event_of_engine *ev)
{
	bool again = !p->refused;
	struct error err = { 0 };

	(void)error_set(&err, class_status(ev->class), 0, "%s: %s", p->id, ev->text);
	work_trouble(l->w, &err);
	settling_uncount(l, p);
	if (!again) {
		parcel_forget(l, p);
		return;
	}
	p->refused = true;
	p->counted = false;
	p->settle = SETTLE_NACK;
	p->attempts = -1;
	p->delay = ASIDE;
	settling_ask(l, p);
}

static void
settling_failed(struct link *l, struct parcel *p, const struct event_of_engine *ev)
{
	p->asked = false;
	if (settling_lost_it(p, ev->class)) {
		settling_is_lost(l, p, ev->text);
		return;
	}
	switch (ev->class) {
	case CLASS_AGAIN:
	case CLASS_FULL:
		backoff_failed(&l->backoff);
		break;
	case CLASS_UNKNOWN:
		/* The connection is being lost; see settling_lost. */
		if (l->stay && p->settle == SETTLE_ACK) {
			p->twice = true;
			backoff_failed(&l->backoff);
			break;
		}
		l->unknown++;
		parcel_forget(l, p);
		break;
	default:
		settling_refused(l, p, ev);
	}
}

static void
settling_done(struct link *l, struct parcel *p)
{
	/* What was given back is there again, so an earlier look proves nothing. */
	if (p->settle == SETTLE_NACK && p->delay == 0)
		p->source->intake->idles = 0;
	parcel_forget(l, p);
}

/* The answer to an extension of the lease. */
static void
settling_extended(struct link *l, struct parcel *p, const struct event_of_engine *ev)
{
	char *token;

	p->extending = false;
	if (ev->kind == EV_OK && ev->frame.n > 2 && (token = strdup(ev->frame.word[2])) != NULL) {
		free(p->token);
		p->token = token;
	}
	if (ev->kind == EV_ERR && (ev->class == CLASS_LOST || ev->class == CLASS_GONE)) {
		if (p->settle != SETTLE_NOT) {
			settling_is_lost(l, p, ev->text);
			return;
		}
		p->lost = true;
		leases_check(l->w);
		return;
	}
	if (p->settle != SETTLE_NOT)
		settling_ask(l, p);
}

void
settling_answer(struct link *l, const struct event_of_engine *ev)
{
	struct parcel *p = ev->data;

	if (p == NULL)
		return;
	if (!p->asked)
		settling_extended(l, p, ev);
	else if (ev->kind == EV_OK)
		settling_done(l, p);
	else
		settling_failed(l, p, ev);
}

/*
 * What was told may have been heard or not.  An ack can be told twice, as it does the same; what
 * makes another copy of a message cannot.
 */
static bool
settling_outlasts(const struct link *l, struct parcel *p)
{
	if (!l->stay || (p->asked && p->settle != SETTLE_ACK))
		return false;
	p->twice |= p->asked;
	p->asked = false;
	return true;
}

void
settling_lost(struct link *l)
{
	struct parcel *next;

	for (struct parcel *p = l->parcels; p != NULL; p = next) {
		next = p->next;
		p->extending = false;
		if (p->settle == SETTLE_NOT)
			p->lost = !l->stay;
		else if (!settling_outlasts(l, p)) {
			l->unknown++;
			parcel_forget(l, p);
		}
	}
	if (l->unknown > 0 && work_can_note())
		run_note(l->w->r, "%lld messages had just been settled: nobody knows whether the "
		    "engine heard of it, so they may come again", (long long)l->unknown);
	l->unknown = 0;
	leases_check(l->w);
}
