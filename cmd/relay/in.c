/*
 * in.c: from an engine to a local queue: take, push under the id, and acknowledge at the engine
 * when the push is durable.
 *
 * What was taken is collected while more of it is there to read, and then pushed with one sync.  If
 * anything dies in between, the engine delivers it again, and the id makes the second push none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern/pattern.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/accept.h"
#include "shared/cmd.h"
#include "shared/distribute.h"
#include "relay/relay.h"

/* A look that found nothing, once more: what an engine calls empty need not be. */
#define IDLES 2

static void
in_drop_batch(struct relay *y)
{
	batch_close(y->b);
	y->b = NULL;
	y->npending = y->nstored = 0;
}

static void
in_begin(struct relay *y)
{
	y->credit = 0;
	y->idles = 0;
}

/* ---- taking ----------------------------------------------------------------- */

/* Let as many messages come as there are free parcels, but not one by one. */
static enum status
in_fill(struct relay *y, struct error *err)
{
	int64_t room = y->window - y->nparcels - y->credit;

	(void)err;
	if (!backoff_lets(&y->backoff) || room < (y->window + 3) / 4)
		return ST_OK;
	y->credit += room;
	engine_take(y->e, y->target, room, y->lease, false);
	return ST_OK;
}

/* ---- one message ---------------------------------------------------------- */

/* The engine is to do something with the message, and its parcel is free then. */
static struct parcel *
in_parcel(struct relay *y, const struct event_of_engine *ev, struct error *err)
{
	struct parcel *p = relay_parcel(y);

	if (p == NULL || (p->token = strdup(ev->token)) == NULL) {
		(void)error_set(err, ST_AGAIN, 0, "not enough memory");
		return NULL;
	}
	p->since = clock_mono();
	return p;
}

/*
 * The queue can never take this message.  It becomes a dead letter of the engine, or, where that
 * has none, goes back uncounted and is told of.
 */
static enum status
in_refuse(struct relay *y, struct parcel *p, const char *id, const char *text)
{
	y->state.refused++;
	run_note(y->r, "message %s of %s: %s", id, y->state.source, text);
	if (engine_can(y->e, "dead"))
		engine_dead(y->e, p->token, -1, text, p);
	else
		engine_nack(y->e, p->token, 60 * USEC, -1, text, p);
	return ST_OK;
}

static enum status
in_options(struct relay *y, const struct message *m, const struct headers *h, char once[129],
    char key[1024])
{
	usec_t now = clock_now();
	struct header found;

	carry_once(m, y->state.source, once);
	y->opt.once = once;
	y->opt.headers = h;
	y->opt.priority = m->priority;
	/* What has expired expires here at once, and the policy says what becomes of it. */
	y->opt.expire = m->expires == 0 ? 0 : m->expires > now ? m->expires - now : 1;
	y->opt.key = NULL;
	if (headers_find(h, "Key", &found) && found.valuelen > 0) {
		(void)snprintf(key, 1024, "%.*s", (int)found.valuelen, found.value);
		y->opt.key = key;
	}
	return ST_OK;
}

/* Write one message into the batch.  ST_BADDATA: it can never be taken. */
static enum status
in_write(struct relay *y, const struct message *m, const struct headers *h, struct error *err)
{
	char once[129], key[1024];
	enum status st = in_options(y, m, h, once, key);

	if (y->gate != NULL)
		st = gate_reload(y->gate, y->q, h, err);
	if (st == ST_OK && y->b == NULL) {
		y->first = clock_mono();
		st = batch_open(y->q, &y->opt, &y->b, err);
	}
	if (st != ST_OK)
		return st;
	batch_options(y->b, &y->opt);
	if ((st = batch_begin(y->b, err)) != ST_OK ||
	    (st = batch_write(y->b, m->body, m->bodylen, err)) != ST_OK)
		return st;
	if ((st = accept_end(y->r, y->q, y->accept, h, y->b)) != ST_OK) {
		*err = y->r->err;
		error_clear(&y->r->err);
	}
	return st;
}

static enum status
in_take(struct relay *y, const struct event_of_engine *ev, struct error *err)
{
	const struct message *m = &ev->message;
	struct parcel *p = in_parcel(y, ev, err);
	struct headers h = { 0 };
	struct error why = { 0 };
	char via[2200];
	enum status st;

	if (p == NULL)
		return err->status;
	y->credit--;
	y->idles = 0;
	if (!carry_via(m->via != NULL ? m->via : "", m->via != NULL ? strlen(m->via) : 0,
	    y->mark, via, sizeof(via)))
		return in_refuse(y, p, m->id, "loop: it came through this relay before");
	if ((st = carry_in(m, via, &h, &why)) == ST_OK)
		st = in_write(y, m, &h, &why);
	headers_free(&h);
	if (st == ST_OK) {
		y->pending[y->npending++] = p - y->parcel;
		return ST_OK;
	}
	if (st == ST_BADDATA)
		return in_refuse(y, p, m->id, why.text);
	/* There is no room, or the disk fails: not this message's fault. */
	engine_nack(y->e, p->token, 0, -1, NULL, p);
	relay_pause(y, RELAY_FULL, why.text);
	return ST_OK;
}

/* ---- the batch -------------------------------------------------------------- */

static void
in_stored(void *arg, const struct msgid *id)
{
	struct relay *y = arg;

	(void)id;
	y->nstored++;
}

/*
 * What is stored for good is acknowledged.  After ST_UNSURE nothing is: it comes again, and is
 * known by its id.
 */
static void
in_acknowledge(struct relay *y, enum status st)
{
	if (st == ST_UNSURE)
		y->nstored = 0;
	for (int64_t i = 0; i < y->nstored; i++) {
		struct parcel *p = &y->parcel[y->pending[i]];
		engine_ack(y->e, p->token, p);
	}
}

/* The batch cannot be stored for longer than its claims last: the engine gets it back. */
static void
in_give_back_batch(struct relay *y)
{
	for (int64_t i = y->nstored; i < y->npending; i++) {
		struct parcel *p = &y->parcel[y->pending[i]];
		if (y->e != NULL)
			engine_nack(y->e, p->token, 0, -1, NULL, p);
	}
	in_drop_batch(y);
}

/* Forget the first messages of the batch, which are stored. */
static void
in_forget_stored(struct relay *y)
{
	memmove(y->pending, y->pending + y->nstored,
	    (size_t)(y->npending - y->nstored) * sizeof(*y->pending));
	y->npending -= y->nstored;
	y->nstored = 0;
}

static enum status
in_store(struct relay *y)
{
	struct error err = { 0 };
	uint64_t before = batch_duplicates(y->b);
	enum status st = batch_publish(y->b, clock_now(), in_stored, y, &err);

	in_acknowledge(y, st);
	if (y->nstored > 0) {
		y->state.duplicate += batch_duplicates(y->b) - before;
		y->state.sent += (uint64_t)y->nstored - (batch_duplicates(y->b) - before);
	}
	if (y->nstored > 0)
		relay_succeeded(y);
	if (y->gate != NULL && y->nstored > 0)
		run_distribute(y->r, y->q);
	in_forget_stored(y);
	if (st == ST_OK)
		return ST_OK;
	relay_pause(y, RELAY_FULL, err.text);
	/* After a failed sync nothing of this batch can be believed, so it comes again. */
	if (st != ST_AGAIN || clock_mono() - y->first > y->lease / 2)
		in_give_back_batch(y);
	return st == ST_NOTFOUND ? st : ST_OK;
}

static enum status
in_round(struct relay *y, struct error *err)
{
	enum status st;

	if (y->b == NULL || y->npending == 0 || !backoff_lets(&y->backoff))
		return ST_OK;
	if ((st = run_reload(y->r, y->q)) != ST_OK) {
		*err = y->r->err;
		return st;
	}
	st = in_store(y);
	if (y->npending == 0)
		in_drop_batch(y);
	return st == ST_OK ? ST_OK : error_set(err, st, 0, "queue '%s' is gone", y->state.queue);
}

/* ---- events ----------------------------------------------------------------- */

static enum status
in_event(struct relay *y, const struct event_of_engine *ev, struct error *err)
{
	struct parcel *p = ev->data;

	switch (ev->kind) {
	case EV_MSG:
		if (in_take(y, ev, err) != ST_OK)
			return err->status;
		return y->gate != NULL || (y->b != NULL && batch_full(y->b)) ? in_round(y, err)
									     : ST_OK;
	case EV_OK:
	case EV_ERR:
		/* An ack that failed: the message comes again, and is known by its id. */
		relay_free_parcel(y, p);
		return ST_OK;
	case EV_IDLE:
		y->idles++;
		if (y->npending == 0)
			relay_succeeded(y);
		return ST_OK;
	case EV_ENDED:
		y->credit = 0;
		y->failed = class_status(ev->class);
		relay_pause(y, ev->class == CLASS_AGAIN || ev->class == CLASS_FULL ? RELAY_AWAY :
		    RELAY_REFUSED, ev->text);
		return ST_OK;
	default:
		return ST_OK;
	}
}

static void
in_give_back(struct relay *y)
{
	in_drop_batch(y);
	/* What the helper does not give back comes again when its claim is over. */
	for (struct parcel *p = y->parcel; p < y->parcel + y->window; p++)
		if (p->busy)
			relay_free_parcel(y, p);
	y->credit = 0;
}

static bool
in_drained(const struct relay *y)
{
	return y->idles >= IDLES && y->nparcels == 0;
}

const struct relay_way relay_in = { in_begin, in_fill, in_event, in_round, in_give_back,
	in_drained };
