/*
 * next.c: what mq work does next: claims what is ready, until a slot has what one
 * start may have, and starts its handler; goes on with the parts of a batch that failed.
 */
#include <errno.h>

#include "view/view.h"
#include "life/life.h"
#include "topic/topic.h"
#include "shared/cmd.h"
#include "worker/work.h"

/*
 * The slot for the next message: where more are waited for, one whose handler waits, or a free
 * one; -1: none.
 */
static int
place(const struct work *w, usec_t mono)
{
	int empty = -1;

	for (int i = 0; i < w->slots; i++) {
		const struct handler *h = &w->h[i];
		if (persist_idle(h) || (h->n > 0 && h->part == 0))
			return i;
		if (empty == -1 && h->n == 0 && h->pid == 0 && !h->over) {
			empty = i;
			if (w->mode == MODE_ONE)
				break;
		}
	}
	return mono < w->restart ? -1 : empty;
}

/* The command cannot be started.  Our fault, whatever it is: the message goes back and does not count. */
static enum status
not_started(struct work *w, int i, enum status st, struct error *err)
{
	work_give_back(w, &w->h[i]);
	handler_free(&w->h[i], i);
	w->closing = true;
	if (st != ST_NOTFOUND)
		return st;
	w->exit_code = err->errnum == ENOENT ? 127 : 126;
	if (work_can_note())
		run_note(w->r, "%s", err->text);
	error_clear(err);
	return ST_OK;
}

static enum status
prepare_and_start(struct work *w, int i, struct error *err)
{
	struct handler *h = &w->h[i];
	enum status st = w->mode == MODE_BATCH ? batch_prepare(w, h, err) : ST_OK;

	if (st == ST_OK)
		return handler_start(&h->source->launch, h, i, err);
	handler_reset(h, i);
	return st;
}

/* What was claimed for slot i, or the part of it that has its turn. */
static enum status
start(struct work *w, int i, usec_t mono, struct error *err)
{
	struct handler *h = &w->h[i];
	enum status st;

	if (h->part == 0) {
		h->part = h->n;
		w->started += (uint64_t)h->n;
	}
	for (;;) {
		st = prepare_and_start(w, i, err);
		if (st == ST_OK || st == ST_NONE || st == ST_NOTFOUND || w->nover == 0)
			break;
		error_clear(err);
		(void)work_settle(w);	/* what is over has descriptors and memory yet */
	}
	if (w->max > 0 && w->started >= (uint64_t)w->max)
		w->closing = true;
	if (st == ST_NONE) {
		batch_next(h);
		if (h->n == 0)
			handler_free(h, i);
		work_look_again(w);
		return ST_OK;
	}
	if (st != ST_OK)
		return not_started(w, i, st, err);
	if (h->source->timeout > 0 && h->stage == RUNNING)
		h->limit = mono + h->source->timeout;
	breaker_started(h);
	h->source->running++;
	w->running++;
	if (w->interval > 0)
		w->next_start = mono + w->interval;
	return ST_OK;
}

/* Whether the slot has all that one start may have.  What a breaker tries, it tries alone. */
static bool
full(const struct work *w, const struct handler *h)
{
	int64_t most = breaker_open(h->source) ? 1 : w->batch;

	if (w->max > 0 && w->max - (int64_t)w->started < most)
		most = w->max - (int64_t)w->started;
	return h->n >= most || (w->batch_bytes > 0 && h->bytes >= w->batch_bytes);
}

static enum status
claim_one(struct work *w, struct source *s, struct handler *h, usec_t mono, struct error *err)
{
	struct claim *c = &h->claim[h->n];
	struct passed over;
	enum status st;

	w->claim.room = w->batch_bytes > 0 && h->n > 0 ? w->batch_bytes - h->bytes : 0;
	st = claim_or_fetch(s->q, &w->claim, clock_now(), c, &s->look, &over, err);
	s->held = over.held;
	if (st == ST_OK) {
		if (h->n++ == 0) {
			h->source = s;
			h->renew = mono + work_lease(w, s) / 3;
			h->due = mono + w->batch_wait;
		}
		h->bytes += c->at.name.size - c->at.name.head;
		return ST_OK;
	}
	s->passed = over.n;
	if (st != ST_NONE && st != ST_LARGE && over.n > 0) {	/* told once; it may pass */
		if (w->worst != st)
			work_trouble(w, err);
		error_clear(err);
		st = ST_NONE;
	}
	/* No room, or no descriptor, for one more: there will be when one of ours has ended. */
	if (st == ST_AGAIN && err->errnum != 0 && w->running + w->nover + h->n > 0) {
		error_clear(err);
		s->starved = true;
		h->due = mono;
		st = ST_NONE;
	}
	if (over.held == HELD_LIMIT)
		h->due = mono;	/* those that stand in the way may be our own */
	if (over.held == HELD_RATE || over.held == HELD_LIMIT ||
	    (over.held != HELD_NO && w->drain == DRAIN_NO)) {
		error_clear(err);	/* for a time */
		st = ST_NONE;
	}
	return st;
}

/* Watches are armed before the look that finds nothing. */
static enum status
look(struct work *w, struct source *s, struct handler *h, usec_t mono, struct error *err)
{
	enum status st;

	s->event = false;
	if ((st = source_refresh(s, err)) != ST_OK)
		return st;
	for (;;) {
		if (s->hungry && (st = waiter_arm(s->waiter, err)) != ST_OK)
			return st;
		st = claim_one(w, s, h, mono, err);
		if (st == ST_NONE && !s->hungry) {
			s->hungry = true;
			continue;
		}
		s->poll = mono + waiter_poll(s->waiter);
		s->hungry &= st != ST_OK && st != ST_LARGE;
		return st;
	}
}

usec_t
work_wanted(const struct work *w, const struct handler *h)
{
	usec_t at = h->part == 0 ? h->due : 0;

	if (h->n == 0 || h->pid != 0 || h->over || w->running >= w->jobs)
		return USEC_MAX;
	return at > w->next_start ? at : w->next_start;
}

enum status
work_go_on(struct work *w, usec_t mono, struct error *err)
{
	enum status st = ST_OK;

	for (int i = 0; st == ST_OK && i < w->slots; i++) {
		struct handler *h = &w->h[i];
		if (h->n == 0 || h->pid != 0 || h->over)
			continue;
		/* While a breaker is open, one message alone is tried, and not what was claimed before. */
		if (w->stops > 0 || w->exit_code != 0 || w->winding || breaker_open(h->source)) {
			work_give_back(w, h);
			handler_free(h, i);
		} else if (h->part > 0 && w->running < w->jobs && mono >= w->next_start)
			st = start(w, i, mono, err);
	}
	return st;
}

enum status
work_fill(struct work *w, usec_t mono, struct error *err)
{
	struct handler *h;
	struct source *s;
	enum status st;
	int i;

	if (w->batch > 1 && (st = work_go_on(w, mono, err)) != ST_OK)
		return st;
	while (!w->closing && w->running < w->jobs && mono >= w->next_start && (i = place(w, mono)) != -1) {
		h = &w->h[i];
		/* A batch is of one queue. */
		s = h->n > 0 ? h->source : sources_next(w, mono);
		if (s == NULL)
			return ST_OK;
		st = h->n == 0 || source_hopeful(s, mono) ? look(w, s, h, mono, err) : ST_NONE;
		if (st == ST_OK) {
			sources_served(w, s);
			if (!full(w, h))
				continue;
		} else if (h->n == 0) {
			sources_empty(s);
			if (st != ST_NONE && (st = work_without(w, s, st, err)) != ST_OK)
				return st;
			continue;
		} else if (st != ST_LARGE && (st != ST_NONE || mono < h->due))
			return st == ST_NONE ? ST_OK : st;
		if ((st = start(w, i, mono, err)) != ST_OK)
			return st;
		(void)work_settle(w);	/* before the next, or many starts could take a lease's time */
	}
	return ST_OK;
}
