/*
 * push.c: mq push to an engine.
 *
 * Messages go out as they are read, up to a window of them without an answer.  The id of each is
 * printed when the engine has confirmed it, in the order in which they were read.  With --wait,
 * what the engine does not take now is kept, and sent again (again.c).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "pattern/pattern.h"
#include "shared/cmd.h"
#include "broker/pushing.h"

#define WINDOW 200
/* While the helper has not read so many bytes, no more messages are read. */
#define UNSENT_MAX ((size_t)16 << 20)
/* How long to wait for what is under way after a signal. */
#define SETTLE (5 * USEC)

/* ---- one message ------------------------------------------------------------ */

static void
push_describe(struct pushing *s, struct parcel *c, struct message *m)
{
	const struct push_options *o = &s->p.opt;
	usec_t now = clock_now();

	id_make(now, &c->id);
	m->queue = s->b->target;
	m->id = c->id.text;
	m->head = s->p.headers.len > 0 ? s->p.headers.block : NULL;
	m->headlen = s->p.headers.len;
	m->body = s->body;
	m->bodylen = s->len;
	m->key = o->key;
	m->once = o->once;
	m->priority = o->priority;
	m->delay_ms = (o->delay + 999) / 1000;
	m->expires = o->expire != 0 ? now + o->expire : 0;
	m->enqueued = now;
}

/* Wait until no more than 'most' messages are under way. */
static enum status
push_room(struct pushing *s, size_t most)
{
	enum status st = ST_OK;

	while (st == ST_OK && s->n > most)
		st = again_turn(s);
	while (st == ST_OK && s->b->e != NULL && engine_unsent(s->b->e) > UNSENT_MAX)
		st = again_turn(s);
	return st == ST_OK ? sent_status(s) : st;
}

static enum status
push_begin(struct producer *p)
{
	struct pushing *s = p->engine;

	s->len = 0;
	return sent_status(s);
}

static enum status
push_write(struct producer *p, const void *data, size_t len)
{
	struct pushing *s = p->engine;
	char text[200];

	if ((int64_t)(s->len + len) > s->max) {
		(void)snprintf(text, sizeof(text), "the message has more than %lld bytes, which "
		    "%s does not hold", (long long)s->max, s->name);
		return sent_fail(s, p->ended + 1, ST_BADDATA, text);
	}
	if (s->len + len > s->cap) {
		size_t cap = s->len + len > 2 * s->cap ? s->len + len : 2 * s->cap;
		char *grown = realloc(s->body, cap);
		if (grown == NULL)
			return error_sys(&p->r->err, ENOMEM, "push");
		s->body = grown;
		s->cap = cap;
	}
	memcpy(s->body + s->len, data, len);
	s->len += len;
	return ST_OK;
}

static enum status
push_end(struct producer *p)
{
	struct pushing *s = p->engine;
	struct message m = MESSAGE_NONE;
	struct error why = { 0 };
	struct parcel *c;
	enum class class;
	enum status st;

	/* Not one by one: the helper is to get many at a time. */
	if (s->n == s->window && (st = push_room(s, s->window * 3 / 4)) != ST_OK)
		return st;
	if ((st = push_room(s, s->window - 1)) != ST_OK || (st = again_connect(s)) != ST_OK)
		return st;
	c = pushing_at(s, s->n);
	*c = (struct parcel){ .number = p->ended };
	push_describe(s, c, &m);
	if ((st = engine_fits(s->b->e, &m, &class, &why)) != ST_OK)
		return sent_fail(s, p->ended, st, why.text);
	if (p->wait && (st = sent_keep(s, c, &m)) != ST_OK)
		return st;
	s->n++;
	sent_send(s, c, &m);
	return ST_OK;
}

/* Until there is more to read, see to what is under way. */
static enum status
push_idle(struct producer *p, int fd)
{
	struct pushing *s = p->engine;
	struct pollfd fds[ENGINE_FDS + 1];
	struct event_of_engine ev;
	usec_t until, left;

	for (;;) {
		while (s->b->e != NULL && engine_next(s->b->e, &ev) == ST_OK)
			sent_event(s, &ev);
		if (fflush(stdout) == EOF)
			p->told_all = false;
		if (sent_status(s) != ST_OK || !p->told_all)
			return p->told_all ? sent_status(s) : ST_UNSURE;
		if (s->n == 0 || s->b->e == NULL || run_stopped())
			return ST_OK;	/* nothing comes but input */
		sent_again(s);
		until = engine_poll(s->b->e, fds);
		left = until - clock_mono();
		fds[ENGINE_FDS] = (struct pollfd){ .fd = fd, .events = POLLIN };
		if (poll(fds, ENGINE_FDS + 1, left > USEC ? 1000 : left < 0 ? 0 :
		    (int)(left / 1000) + 1) > 0 && fds[ENGINE_FDS].revents != 0)
			return ST_OK;
	}
}

static const struct sink sink_engine = { push_begin, push_write, push_end, push_idle };

/* ---- the end ------------------------------------------------------------------ */

static bool
push_any_sent(const struct pushing *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (pushing_at(s, i)->is == PARCEL_SENT)
			return true;
	return false;
}

/* Wait for the answers to all that is under way; after a signal or a failure, not for long. */
static void
push_settle(struct pushing *s)
{
	struct event_of_engine ev;
	usec_t deadline;

	while (s->n > 0 && !run_stopped() && again_turn(s) == ST_OK)
		continue;
	deadline = clock_mono() + SETTLE;
	while (push_any_sent(s) && s->b->e != NULL && broker_event(s->b, deadline, &ev) == ST_OK)
		sent_event(s, &ev);
	for (size_t i = 0; i < s->n; i++)
		if (pushing_at(s, i)->is == PARCEL_SENT)
			sent_lose(s, pushing_at(s, i)->number, "it was not answered");
		else if (pushing_at(s, i)->is == PARCEL_AGAIN)
			(void)sent_fail(s, pushing_at(s, i)->number, ST_AGAIN, s->why.text);
}

static const char *
push_noun(const struct pushing *s)
{
	return s->p.delimiter == '\n' ? "line" : "message";
}

/* Say which of several messages it was. */
static enum status
push_tell_failed(const struct pushing *s, struct error *err)
{
	const struct error *f = &s->failed;

	error_clear(err);
	if (s->p.ended <= 1 && s->confirmed == 0)
		return error_set(err, f->status, 0, "%s", f->text);
	if (s->confirmed == 0)
		return error_set(err, f->status, 0, "%s %llu: %s; nothing was queued", push_noun(s),
		    (unsigned long long)s->failed_at, f->text);
	return error_set(err, f->status, 0, "%s %llu: %s; %llu others are queued", push_noun(s),
	    (unsigned long long)s->failed_at, f->text, (unsigned long long)s->confirmed);
}

static enum status
push_tell_unknown(const struct pushing *s, struct error *err)
{
	unsigned long long from = s->unknown_first, to = s->unknown_last;

	error_clear(err);
	if (s->p.ended <= 1 && s->confirmed == 0)
		return error_set(err, ST_UNSURE, 0, "%s: the message is queued or not",
		    s->lost.text);
	if (from == to)
		return error_set(err, ST_UNSURE, 0, "%s: %s %llu is queued or not; %llu are "
		    "confirmed", s->lost.text, push_noun(s), from,
		    (unsigned long long)s->confirmed);
	return error_set(err, ST_UNSURE, 0, "%s: %ss %llu to %llu are queued or not, unless their "
	    "ids are printed; %llu are confirmed", s->lost.text, push_noun(s), from, to,
	    (unsigned long long)s->confirmed);
}

static enum status
push_finish(struct pushing *s)
{
	struct error *err = &s->b->r->err, feeding = *err;
	enum status st;

	push_settle(s);
	if (s->unknown > 0)
		st = push_tell_unknown(s, err);
	else if (s->failed.status != ST_OK)
		st = push_tell_failed(s, err);
	else {
		*err = feeding;
		st = err->status;	/* if ids could not be printed, that is told below */
	}
	return producer_told(&s->p, st);
}

/* ---- the beginning -------------------------------------------------------------- */

static enum status
push_open(struct pushing *s)
{
	struct broker *b = s->b;
	struct run *r = b->r;
	enum status st;

	/* What is sent again must not be overtaken by a later message of its key. */
	s->window = s->p.wait && s->p.opt.key != NULL ? 1 : WINDOW;
	if ((s->ring = calloc(s->window, sizeof(*s->ring))) == NULL ||
	    (s->p.buf = malloc(PRODUCER_BUFFER)) == NULL)
		return error_sys(&r->err, ENOMEM, "push");
	if ((st = broker_queue(b)) != ST_OK || (st = run_settings(r, false)) != ST_OK ||
	    (st = run_conf(r)) != ST_OK || (st = producer_headers(&s->p)) != ST_OK)
		return st;
	s->options = (struct engine_options){ .window = (int64_t)s->window,
	    .create = r->settings.autocreate };
	return again_connect(s);
}

enum status
broker_push(struct broker *b)
{
	struct pushing s = { .b = b, .p = { .r = b->r, .to = &sink_engine,
	    .opt = { .priority = PRIORITY_DEFAULT }, .delimiter = -1, .deadline = USEC_MAX,
	    .told_all = true } };
	enum status st;

	s.p.engine = &s;
	s.p.opt.headers = &s.p.headers;
	if ((st = producer_typed(&s.p)) == ST_OK && (st = push_open(&s)) == ST_OK) {
		/* What failed is in 'r' or in 's'. */
		(void)!producer_feed(&s.p);
		st = push_finish(&s);
	}
	for (size_t i = 0; i < s.n; i++)
		free(pushing_at(&s, i)->bytes);
	headers_free(&s.p.headers);
	event_free(&s.p.event);
	free(s.p.buf);
	free(s.body);
	free(s.ring);
	return st;
}
