/*
 * sent.c: what mq push has sent to an engine, and what became of it.
 *
 * With --wait, what the engine does not take now is sent again after a pause; only what was
 * certainly not stored is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cmd.h"
#include "broker/pushing.h"

void
sent_send(struct pushing *s, struct parcel *c, const struct message *m)
{
	c->is = PARCEL_SENT;
	engine_push(s->b->e, m, c);
}

enum status
sent_keep(struct pushing *s, struct parcel *c, const struct message *m)
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

static void
sent_later(struct pushing *s, struct parcel *c, const char *text)
{
	c->is = PARCEL_AGAIN;
	error_clear(&s->why);
	(void)error_set(&s->why, ST_AGAIN, 0, "%s", text);
	backoff_failed(&s->pause);
}

void
sent_again(struct pushing *s)
{
	if (s->b->e == NULL || !backoff_lets(&s->pause))
		return;
	for (size_t i = 0; i < s->n; i++)
		if (pushing_at(s, i)->is == PARCEL_AGAIN)
			sent_send(s, pushing_at(s, i), &pushing_at(s, i)->m);
}

bool
sent_again_any(const struct pushing *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (pushing_at(s, i)->is == PARCEL_AGAIN)
			return true;
	return false;
}

/* ---- what became of them ---------------------------------------------------- */

enum status
sent_fail(struct pushing *s, uint64_t number, enum status st, const char *text)
{
	if (s->failed.status == ST_OK) {
		s->failed_at = number;
		(void)error_set(&s->failed, st, 0, "%s", text);
	}
	return st;
}

void
sent_lose(struct pushing *s, uint64_t number, const char *text)
{
	if (s->unknown++ == 0 || number < s->unknown_first)
		s->unknown_first = number;
	if (number > s->unknown_last)
		s->unknown_last = number;
	(void)error_set(&s->lost, ST_UNSURE, 0, "%s", text);
}

/* Print the ids that are next in the order, and forget these messages. */
static void
sent_print(struct pushing *s)
{
	while (s->n > 0 && pushing_at(s, 0)->is >= PARCEL_DONE) {
		struct parcel *c = pushing_at(s, 0);
		if (c->is == PARCEL_DONE) {
			producer_tell(&s->p, c->id.text);
			s->confirmed++;
		}
		free(c->bytes);
		s->first = (s->first + 1) % s->window;
		s->n--;
	}
}

static void
sent_answered(struct pushing *s, const struct event_of_engine *ev)
{
	struct parcel *c = ev->data;

	c->is = PARCEL_OVER;
	if (ev->kind == EV_OK)
		c->is = PARCEL_DONE;
	else if (ev->class == CLASS_UNKNOWN)
		sent_lose(s, c->number, ev->text);
	else if (s->p.wait && (ev->class == CLASS_AGAIN || ev->class == CLASS_FULL))
		sent_later(s, c, ev->text);
	else
		(void)sent_fail(s, c->number, class_status(ev->class), ev->text);
	if (ev->kind == EV_OK)
		s->pause.tries = 0;
}

void
sent_event(struct pushing *s, const struct event_of_engine *ev)
{
	switch (ev->kind) {
	case EV_OK:
	case EV_ERR:
		sent_answered(s, ev);
		sent_print(s);
		break;
	case EV_DOWN:
		run_verbose(s->b->r, "%s: %s", s->b->address.what, ev->text);
		engine_close(s->b->e);
		s->b->e = NULL;
		break;
	default:
		break;
	}
}

enum status
sent_status(const struct pushing *s)
{
	return s->unknown > 0 ? ST_UNSURE : s->failed.status;
}
