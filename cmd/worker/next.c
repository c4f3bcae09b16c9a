/*
 * next.c: what mq work does next.  It claims messages until a slot has as many as its handler may
 * get, and starts the handler.  It also starts the next parts of batches that failed.
 */
#include <errno.h>

#include "view/view.h"
#include "life/life.h"
#include "topic/topic.h"
#include "shared/cmd.h"
#include "shared/files.h"
#include "worker/batch.h"
#include "worker/sources.h"
#include "worker/supply.h"
#include "worker/work.h"

/*
 * The slot for the next message: a slot that is being filled or whose handler waits, or else a
 * free one.  -1: there is none.
 */
static int
next_slot(const struct work *w)
{
	int empty = -1;

	for (int i = 0; i < w->slots; i++) {
		const struct handler *h = &w->h[i];
		if (h->state == SLOT_IDLE || h->state == SLOT_FILLING)
			return i;
		if (empty == -1 && h->state == SLOT_FREE) {
			empty = i;
			if (w->mode == MODE_ONE)
				break;
		}
	}
	return deadline_is_set(&w->restart) ? -1 : empty;
}

/* Whether we lack descriptors, memory or processes, of which a handler that ends frees some. */
static bool
next_lacks(enum status st, const struct error *err)
{
	return st != ST_NOTFOUND && (err->errnum == EMFILE || err->errnum == ENFILE ||
	    err->errnum == EAGAIN || err->errnum == ENOMEM);
}

/* Whether the start failed because the headers of this message do not fit into an environment. */
static bool
next_too_large(const struct handler *h, enum status st, const struct error *err)
{
	return st == ST_NOTFOUND && err->errnum == E2BIG && h->source->launch.mode == MODE_ONE &&
	    launch_fits(&h->source->launch);
}

/*
 * The handler cannot be started.  Unless the headers of the message are too large, that is our
 * fault and not the message's, so the message is given back and no attempt counts.  If we lack
 * something and other handlers run, the worker goes on with these alone.
 */
static enum status
next_failed(struct work *w, int i, enum status st, struct error *err)
{
	struct handler *h = &w->h[i];
	struct source *s = h->source;

	if (next_too_large(h, st, err)) {
		work_too_large(w, h, err);
		handler_free(h, i);
		return ST_OK;
	}
	/* Only the message itself can be bad or gone, as a batch has left out such ones before. */
	if (st == ST_BADDATA || st == ST_GONE) {
		st = work_leave_out(w, h, h->claim, st, err);
		handler_free(h, i);
		return st;
	}
	w->started -= (uint64_t)h->n;
	work_give_back(w, h);
	handler_free(h, i);
	if (next_lacks(st, err) && w->running > 0) {
		s->hope = SOURCE_STARVED;
		error_clear(err);
		return ST_OK;
	}
	work_enter(w, PHASE_ENDING);
	if (st != ST_NOTFOUND)
		return st;
	w->exit_code = err->errnum == ENOENT ? 127 : 126;
	if (work_can_note())
		run_note(w->r, "%s", err->text);
	error_clear(err);
	return ST_OK;
}

static enum status
next_try(struct work *w, int i, struct error *err)
{
	struct handler *h = &w->h[i];
	enum status st = w->mode == MODE_BATCH ? batch_prepare(w, h, err) : ST_OK;

	if (st == ST_OK)
		return handler_start(&h->source->launch, h, i, err);
	handler_reset(h, i);
	return st;
}

/* Start the handler of slot 'i' for all of its claims, or for the part that is next. */
static enum status
next_start(struct work *w, int i, struct error *err)
{
	struct handler *h = &w->h[i];
	enum status st;

	if (h->part == 0) {
		h->part = h->n;
		w->started += (uint64_t)h->n;
	}
	if (h->state == SLOT_FILLING)
		h->state = SLOT_READY;
	deadline_set(&h->collect, USEC_MAX);
	for (;;) {
		st = next_try(w, i, err);
		if (st == ST_NOTFOUND && err->errnum == E2BIG && h->part > 1)
			batch_halve(h);	/* the ids do not fit into the environment */
		else if (next_lacks(st, err) && w->nended > 0)
			(void)work_settle(w);	/* ended handlers still hold descriptors */
		else
			break;
		error_clear(err);
	}
	if (st != ST_OK && st != ST_NONE)
		return next_failed(w, i, st, err);
	if (w->max > 0 && w->started >= (uint64_t)w->max)
		work_enter(w, PHASE_CLOSING);
	if (st == ST_NONE) {
		batch_next(h);
		if (h->n == 0)
			handler_free(h, i);
		return ST_OK;
	}
	if (h->source->timeout > 0 && h->state == SLOT_BUSY)
		deadline_set(&h->limit, clock_mono() + h->source->timeout);
	breaker_started(h);
	h->source->running++;
	w->running++;
	if (w->interval > 0)
		deadline_set(&w->start, clock_mono() + w->interval);
	return ST_OK;
}

/* ---- suspects ------------------------------------------------------------ */

/*
 * A suspect is a message whose last worker died while it had other messages, too (F7.27).  One of
 * these messages may have killed it, so a suspect is tried alone: if it kills its worker again,
 * no other message is affected.
 */
static bool
next_is_suspect(const struct handler *h)
{
	return h->n > 0 && h->claim[0].at.name.suspect;
}

/*
 * Whether this worker has other messages beside the next claim.  A message whose handler has ended
 * counts until its claim is ended.
 */
static enum company
next_company(const struct work *w)
{
	if (w->jobs == 1 && w->batch == 1)
		return COMPANY_NEVER;
	for (int i = 0; i < w->slots; i++)
		if (w->h[i].n > 0)
			return COMPANY_NOW;
	return COMPANY_LATER;
}

/*
 * Whether nothing may be claimed now, because a suspect is at work or waits until all others have
 * ended.  A worker that has one message at a time ends its claim before it claims the next.
 */
static bool
next_waits(const struct work *w)
{
	bool any = false;

	for (int i = 0; i < w->slots; i++) {
		const struct handler *h = &w->h[i];
		if (h->state == SLOT_FILLING)
			continue;
		if (next_is_suspect(h))
			return true;
		any |= h->n > 0;
	}
	return any && (w->suspect != NULL || (w->jobs == 1 && w->batch == 1));
}

int64_t
work_room(const struct work *w)
{
	int64_t n = 0, filling = 0, places = w->jobs - w->running;

	if (w->phase != PHASE_WORKING || deadline_is_set(&w->start) || next_waits(w))
		return 0;
	for (int i = 0; i < w->slots && places > 0; i++) {
		const struct handler *h = &w->h[i];
		bool free = h->state == SLOT_FREE && !deadline_is_set(&w->restart);
		if (h->state == SLOT_FILLING)
			filling += h->n;
		if (h->state == SLOT_FILLING || h->state == SLOT_IDLE || free)
			n += w->batch;
		places -= h->state == SLOT_FILLING || h->state == SLOT_IDLE || free ||
		    h->state == SLOT_READY;
	}
	n -= filling;
	if (w->interval > 0 && n > w->batch)
		n = w->batch;
	if (w->max > 0 && w->max - (int64_t)w->started - filling < n)
		n = w->max - (int64_t)w->started - filling;
	return n;
}

/* Whether the slot has as many messages as a handler may get.  An open breaker tries one alone. */
static bool
next_full(const struct work *w, const struct handler *h)
{
	int64_t most = breaker_open(h->source) || next_is_suspect(h) ? 1 : w->batch;

	if (w->max > 0 && w->max - (int64_t)w->started < most)
		most = w->max - (int64_t)w->started;
	return h->n >= most || (w->batch_bytes > 0 && h->bytes >= w->batch_bytes);
}

/* A look has found no message.  ST_NONE: the worker goes on.  Any other status ends it. */
static enum status
next_none(struct work *w, struct source *s, struct handler *h, const struct passed *over,
    enum status st, struct error *err)
{
	s->passed = over->n;
	/* Messages had to be passed over.  This is told once and does not end the worker. */
	if (st != ST_NONE && st != ST_LARGE && over->n > 0) {
		if (w->worst != st)
			work_trouble(w, err);
		error_clear(err);
		st = ST_NONE;
	}
	/* There is no room or descriptor for another message until one of ours has ended. */
	if (st == ST_AGAIN && err->errnum != 0 && w->running + w->nended + h->n > 0) {
		error_clear(err);
		s->hope = SOURCE_STARVED;
		deadline_set(&h->collect, USEC_MAX);
		st = ST_NONE;
	}
	if (over->held == HELD_SUSPECT) {	/* it comes before the messages of all queues */
		s->hope = SOURCE_STARVED;
		w->suspect = s;
	}
	if (over->held == HELD_LIMIT || over->held == HELD_SUSPECT)
		/* The messages that hold this one back may be those of this batch: do not wait. */
		deadline_set(&h->collect, USEC_MAX);
	if (over->held == HELD_RATE || over->held == HELD_LIMIT || over->held == HELD_SUSPECT ||
	    (over->held != HELD_NO && w->drain == DRAIN_NO)) {
		error_clear(err);	/* the queue is held back for a time only */
		st = ST_NONE;
	}
	return st;
}

/*
 * How many descriptors must be free for a claim.  If no handler runs that will free some, fewer
 * have to do.  They do once the first message has ended, because by then the queues have opened
 * what they keep open.
 */
static int
next_files(const struct work *w)
{
	return w->running == 0 && w->acked + w->failed > 0 ? FILES_LEAST : FILES_SPARE;
}

static enum status
next_claim(struct work *w, struct source *s, struct handler *h, usec_t mono, usec_t *wake,
    struct error *err)
{
	struct claim *c = &h->claim[h->n];
	struct passed over = { .held = HELD_NO };
	enum status st;

	if ((st = files_left(next_files(w), err)) != ST_OK)
		return next_none(w, s, h, &over, st, err);
	w->claim.company = next_company(w);
	w->claim.room = w->batch_bytes > 0 && h->n > 0 ? w->batch_bytes - h->bytes : 0;
	st = w->supply->next(w, s, c, wake, &over, err);
	s->held = over.held;
	if (st != ST_OK)
		return next_none(w, s, h, &over, st, err);
	if (h->n++ == 0) {
		h->source = s;
		if (h->state == SLOT_FREE)
			h->state = SLOT_FILLING;
		leases_begin(w, h, mono);
		if (w->batch_wait > 0)
			deadline_set(&h->collect, mono + w->batch_wait);
	}
	h->bytes += c->at.name.size - c->at.name.head;
	return ST_OK;
}

/*
 * Set the time of the next look at a queue that had nothing: 'wake' by the wall clock (USEC_MAX:
 * there is no such time), but at the latest the time of the slow poll.
 */
static void
next_sleep(struct source *s, usec_t mono, usec_t wake)
{
	usec_t poll = mono + s->supply->poll(s), at = poll;

	if (wake != USEC_MAX)
		at = mono + (wake - clock_now());
	deadline_set(&s->look, s->hope == SOURCE_OPEN ? USEC_MAX : at < poll ? at : poll);
}

/*
 * Look for a message.  Before a look counts as having found nothing, the watches must be armed, or
 * a message that comes in between would be missed.
 */
static enum status
next_look(struct work *w, struct source *s, struct handler *h, usec_t mono, struct error *err)
{
	bool armed = s->hope != SOURCE_OPEN;
	usec_t wake = USEC_MAX;
	enum status st;

	if ((st = source_refresh(w, s, mono, err)) != ST_OK)
		return st;
	for (;; armed = true) {
		s->hope = armed ? SOURCE_ASLEEP : SOURCE_OPEN;
		if (armed && (st = s->supply->arm(s, err)) != ST_OK)
			return st;
		st = next_claim(w, s, h, mono, &wake, err);
		if (st != ST_NONE || armed || s->hope == SOURCE_STARVED)
			break;
	}
	if (st == ST_OK || st == ST_LARGE)
		s->hope = SOURCE_OPEN;
	next_sleep(s, mono, wake);
	return st;
}

enum status
work_go_on(struct work *w, struct error *err)
{
	enum status st = ST_OK;

	for (int i = 0; st == ST_OK && i < w->slots; i++) {
		struct handler *h = &w->h[i];
		if (h->state != SLOT_FILLING && h->state != SLOT_READY)
			continue;
		work_due(w);
		/* A breaker that is open tries one message alone, which it claims itself. */
		if (w->phase == PHASE_ENDING || breaker_open(h->source)) {
			work_give_back(w, h);
			handler_free(h, i);
		} else if (h->state == SLOT_READY && w->running < w->jobs &&
		    !deadline_is_set(&w->start))
			st = next_start(w, i, err);
	}
	return st;
}

/*
 * Take one look for slot 'i', and start its handler if the slot has all it may get.  ST_NONE: no
 * queue gives hope, or the slot waits for more messages.
 */
static enum status
next_step(struct work *w, int i, usec_t mono, struct error *err)
{
	struct handler *h = &w->h[i];
	/* All messages of a batch are of one queue. */
	struct source *s = h->n > 0 ? h->source : w->suspect != NULL && source_hopeful(w->suspect) ?
	    w->suspect : sources_next(w);
	enum status st;

	w->suspect = NULL;

	if (s == NULL)
		return ST_NONE;
	st = h->n == 0 || source_hopeful(s) ? next_look(w, s, h, mono, err) : ST_NONE;
	if (st == ST_OK) {
		sources_served(w, s);
		if (!next_full(w, h))
			return ST_OK;
	} else if (h->n == 0) {
		sources_empty(s);
		return st == ST_NONE ? ST_OK : work_without(w, s, st, err);
	} else if (st != ST_LARGE && (st != ST_NONE || deadline_is_set(&h->collect)))
		return st;
	if ((st = next_start(w, i, err)) != ST_OK)
		return st;
	(void)work_settle(w);
	return ST_OK;
}

enum status
work_fill(struct work *w, struct error *err)
{
	enum status st = ST_OK;
	int i;

	if (w->batch > 1)
		st = work_go_on(w, err);
	/*
	 * Claims and starts take time, so before each of them leases are renewed that are due.
	 */
	for (; st == ST_OK; st = next_step(w, i, clock_mono(), err)) {
		work_due(w);
		if (w->phase != PHASE_WORKING || w->running >= w->jobs || next_waits(w) ||
		    deadline_is_set(&w->start) || (i = next_slot(w)) == -1)
			break;
	}
	return st == ST_NONE ? ST_OK : st;
}
