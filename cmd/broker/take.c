/*
 * take.c: messages on their way from an engine to us, and the answers about those that we settle.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cmd.h"
#include "broker/broker.h"

void
take_begin(struct taker *t, struct broker *b, usec_t lease, bool keep)
{
	int64_t most = engine_cap_number(b->e, "lease", 0) * 1000;

	*t = (struct taker){ .b = b, .keep = keep };
	t->last = &t->first;
	if (engine_can(b->e, "lease"))
		t->lease = most > 0 && most < lease ? most : lease;
}

void
take_credit(struct taker *t, int64_t n)
{
	t->credit += n;
	t->idle = false;
	engine_take(t->b->e, t->b->target, n, t->lease, t->keep);
}

/* ---- events --------------------------------------------------------------- */

/* The request about a message was answered.  An extension may bring a new token. */
static void
take_answered(struct taker *t, const struct event_of_engine *ev)
{
	struct taken *h = ev->data;
	char *token;

	h->open--;
	if (ev->kind == EV_OK && !h->ending && ev->frame.n > 2 &&
	    (token = strdup(ev->frame.word[2])) != NULL) {
		free(h->token);
		h->token = token;
	}
	if (!h->ending)
		return;	/* if the claim is lost, what ends it says so */
	/* What could not be given back comes back when its lease or its connection ends. */
	if (ev->kind == EV_ERR && h->acked && t->nfailed++ == 0) {
		t->failed = class_status(ev->class);
		(void)snprintf(t->first_failed, sizeof(t->first_failed), "%s", h->m.id);
		(void)snprintf(t->why, sizeof(t->why), "%s: %s", engine_name(t->b->e), ev->text);
	}
	if (h->open == 0) {
		t->unsettled--;
		taken_free(h);
	}
}

static void
take_came(struct taker *t, const struct event_of_engine *ev)
{
	struct taken *h = taken_copy(ev);

	t->credit--;
	if (h == NULL) {	/* it comes back when we are gone */
		(void)error_sys(&t->ended, ENOMEM, "message");
		return;
	}
	t->waiting++;
	t->unsettled++;
	*t->last = h;
	t->last = &h->next;
}

/*
 * A look found nothing.  What we hold may have kept the next message of its key from being found:
 * then it has to be looked for once more when that is settled.
 */
static void
take_idle(struct taker *t)
{
	if (t->unsettled > 0 && engine_can(t->b->e, "key"))
		t->doubt = true;
	else
		t->idle = true;
}

static void
take_look_again(struct taker *t)
{
	if (!t->doubt || t->unsettled > 0)
		return;
	t->doubt = false;
	engine_take(t->b->e, t->b->target, 0, t->lease, t->keep);
}

static void
take_event(struct taker *t, const struct event_of_engine *ev)
{
	switch (ev->kind) {
	case EV_OK:
	case EV_ERR:
		take_answered(t, ev);
		break;
	case EV_MSG:
		take_came(t, ev);
		break;
	case EV_IDLE:
		take_idle(t);
		break;
	case EV_STOPPED:
		t->over = true;
		break;
	case EV_ENDED:
		t->over = true;
		(void)error_set(&t->ended, class_status(ev->class), 0, "%s: %s",
		    engine_name(t->b->e), ev->text);
		break;
	case EV_DOWN:
		t->over = true;
		(void)error_set(&t->ended, ST_AGAIN, 0, "%s: %s", t->b->address.what, ev->text);
		break;
	default:
		break;
	}
}

/* Send what is to be sent, and see to what has come. */
static void
take_drain(struct taker *t)
{
	struct event_of_engine ev;

	while (broker_event(t->b, 0, &ev) == ST_OK)
		take_event(t, &ev);
}

static struct taken *
take_first(struct taker *t)
{
	struct taken *h = t->first;

	if (h == NULL)
		return NULL;
	if ((t->first = h->next) == NULL)
		t->last = &t->first;
	t->waiting--;
	h->next = NULL;
	return h;
}

enum status
take_next(struct taker *t, bool wait, usec_t deadline, struct taken **out)
{
	/* A helper says within its time limits that there is nothing. */
	usec_t until = wait ? deadline : clock_mono() + 3 * t->b->address.timeout_ms * 1000;
	struct event_of_engine ev;
	struct run *r = t->b->r;
	enum status st;

	while ((*out = take_first(t)) == NULL) {
		/* That a message may come again, take_end tells; that is more than why. */
		if (t->failed != ST_OK || (t->ended.status == ST_OK && t->idle && !wait))
			return ST_NONE;
		if (t->ended.status != ST_OK) {
			r->err = t->ended;
			return r->err.status;
		}
		take_look_again(t);
		if ((st = engine_wait(t->b->e, until, &ev)) == ST_OK)
			take_event(t, &ev);
		else if (st == ST_AGAIN)
			return error_set(&r->err, ST_AGAIN, 0, "stopped by a signal");
		else if (!wait)
			return error_set(&r->err, ST_AGAIN, 0, "%s does not answer",
			    t->b->address.what);
		else
			return ST_NONE;
	}
	return ST_OK;
}

/* ---- settling ----------------------------------------------------------------- */

/* An extension that is under way may change the token: wait for that. */
static void
take_settled(struct taker *t, struct taken *h)
{
	struct event_of_engine ev;

	while (h->open > 0 && broker_event(t->b, USEC_MAX, &ev) == ST_OK)
		take_event(t, &ev);
	h->ending = true;
	h->open++;
}

void
take_ack(struct taker *t, struct taken *h)
{
	take_settled(t, h);
	h->acked = true;
	engine_ack(t->b->e, h->token, h);
	/* At once: what came out and was not acknowledged comes again if we are killed. */
	take_drain(t);
}

void
take_release(struct taker *t, struct taken *h)
{
	take_settled(t, h);
	engine_nack(t->b->e, h->token, 0, -1, NULL, h);
}

static void
take_renew_one(struct taker *t, struct taken *h)
{
	if (h->open > 0)
		return;
	h->open++;
	engine_extend(t->b->e, h->token, t->lease, h);
}

void
take_renew(struct taker *t, struct taken *h)
{
	if (t->lease != 0 && engine_can(t->b->e, "extend")) {
		take_renew_one(t, h);
		for (struct taken *o = t->first; o != NULL; o = o->next)
			take_renew_one(t, o);
	}
	take_drain(t);
}

/* Say that messages came out whose claims could not be ended. */
static enum status
take_told(struct taker *t)
{
	struct error *err = &t->b->r->err;
	char others[40] = "";

	if (t->nfailed > 1)
		(void)snprintf(others, sizeof(others), ", and %lld others,",
		    (long long)t->nfailed - 1);
	error_clear(err);
	return error_set(err, t->failed, 0, "message %s%s came out, but may come again: %s",
	    t->first_failed, others, t->why);
}

enum status
take_end(struct taker *t, enum status st)
{
	usec_t deadline = clock_mono() + 3 * t->b->address.timeout_ms * 1000;
	struct error before = t->b->r->err;
	struct event_of_engine ev;
	struct taken *h;

	if (t->credit > 0 && !t->over)
		engine_stop(t->b->e, t->b->target);
	else
		t->over = true;
	for (;;) {
		while ((h = take_first(t)) != NULL)
			take_release(t, h);
		if ((t->over && engine_open_requests(t->b->e) == 0) ||
		    broker_event(t->b, deadline, &ev) != ST_OK)
			break;
		take_event(t, &ev);
	}
	t->b->r->err = before;
	return t->failed == ST_OK || (st != ST_OK && st != ST_NONE) ? st : take_told(t);
}
