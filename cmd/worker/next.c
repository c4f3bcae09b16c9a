/*
 * next.c: what mq work does next.  It claims what is ready until a slot has what one start may
 * have, and starts the slot's handler; and it goes on with the parts of a batch that failed.
 */
#include <errno.h>

#include "view/view.h"
#include "life/life.h"
#include "topic/topic.h"
#include "shared/cmd.h"
#include "shared/files.h"
#include "worker/batch.h"
#include "worker/sources.h"
#include "worker/work.h"

/*
 * The slot for the next message: one that is being filled, one whose handler waits, or a free
 * one; -1: there is none.
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

/* Whether we lack descriptors, memory or processes, which we get back when a handler has ended. */
static bool
next_lacks(enum status st, const struct error *err)
{
	return st != ST_NOTFOUND && (err->errnum == EMFILE || err->errnum == ENFILE ||
	    err->errnum == EAGAIN || err->errnum == ENOMEM);
}

/* The headers of this one message are more than the environment of a process may hold. */
static bool
next_too_large(const struct handler *h, enum status st, const struct error *err)
{
	return st == ST_NOTFOUND && err->errnum == E2BIG && h->source->launch.mode == MODE_ONE &&
	    launch_fits(&h->source->launch);
}

/*
 * The handler cannot be started.  Whatever the reason is, that is our fault and not the
 * message's, unless the message is too large; so it goes back, and does not count.  While other
 * handlers run, the worker goes on with fewer of them.
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

/* Start the handler of slot i for what was claimed, or for the part of it that has its turn. */
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
			batch_halve(h);	/* their ids are too much for the environment */
		else if (next_lacks(st, err) && w->nended > 0)
			(void)work_settle(w);	/* handlers that are over still hold descriptors */
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
 * A suspect is a message whose last worker went away while it had others, too (F7.27): one of
 * them is to blame, and the next worker that goes away must not take neighbours along.
 */
static bool
next_is_suspect(const struct handler *h)
{
	return h->n > 0 && h->claim[0].at.name.suspect;
}

/* What this worker holds beside the claim that is next: also what is over and not settled. */
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
 * Whether nothing may be claimed now: a suspect is at work, or waits until all others have ended.
 * Of one handler at a time, what is over is settled first: the next one must not take it along.
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

/* Whether the slot has all that one start may have.  A breaker tries one message alone. */
static bool
next_full(const struct work *w, const struct handler *h)
{
	int64_t most = breaker_open(h->source) || next_is_suspect(h) ? 1 : w->batch;

	if (w->max > 0 && w->max - (int64_t)w->started < most)
		most = w->max - (int64_t)w->started;
	return h->n >= most || (w->batch_bytes > 0 && h->bytes >= w->batch_bytes);
}

/* A look has found no message.  ST_NONE: the worker goes on; else that is its end. */
static enum status
next_none(struct work *w, struct source *s, struct handler *h, const struct passed *over,
    enum status st, struct error *err)
{
	s->passed = over->n;
	/* this is told once, since it may pass */
	if (st != ST_NONE && st != ST_LARGE && over->n > 0) {
		if (w->worst != st)
			work_trouble(w, err);
		error_clear(err);
		st = ST_NONE;
	}
	/* There is no room, or no descriptor, for one more until one of ours has ended. */
	if (st == ST_AGAIN && err->errnum != 0 && w->running + w->nended + h->n > 0) {
		error_clear(err);
		s->hope = SOURCE_STARVED;
		deadline_set(&h->collect, USEC_MAX);
		st = ST_NONE;
	}
	if (over->held == HELD_SUSPECT) {	/* none of any queue is claimed before it */
		s->hope = SOURCE_STARVED;
		w->suspect = s;
	}
	if (over->held == HELD_LIMIT || over->held == HELD_SUSPECT)
		/* those that stand in the way may be our own */
		deadline_set(&h->collect, USEC_MAX);
	if (over->held == HELD_RATE || over->held == HELD_LIMIT || over->held == HELD_SUSPECT ||
	    (over->held != HELD_NO && w->drain == DRAIN_NO)) {
		error_clear(err);	/* it holds for a time only */
		st = ST_NONE;
	}
	return st;
}

/*
 * How many files must be left for a claim.  When no handler will give any back, fewer must do;
 * they do once the queues have opened what they keep open.
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
	st = claim_or_fetch(s->q, &w->claim, clock_now(), c, wake, &over, err);
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
 * When a queue that had nothing is looked at again: at `wake` of the wall clock (USEC_MAX: at no
 * such time), and at the latest by the slow poll.
 */
static void
next_sleep(struct source *s, usec_t mono, usec_t wake)
{
	usec_t poll = mono + waiter_poll(s->waiter), at = poll;

	if (wake != USEC_MAX)
		at = mono + (wake - clock_now());
	deadline_set(&s->look, s->hope == SOURCE_OPEN ? USEC_MAX : at < poll ? at : poll);
}

/* Watches are armed before the look that finds nothing. */
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
		if (armed && (st = waiter_arm(s->waiter, err)) != ST_OK)
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
		/*
		 * While a breaker is open, one message alone is tried, and not what was claimed
		 * before.
		 */
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
 * Take one look, and start the slot if it has what it may have.  ST_NONE: no queue gives hope,
 * or more messages are waited for.
 */
static enum status
next_step(struct work *w, int i, usec_t mono, struct error *err)
{
	struct handler *h = &w->h[i];
	/* A batch is of one queue. */
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
	 * Claims and starts take their time, and the leases of those that run must not wait for
	 * them.
	 */
	for (; st == ST_OK; st = next_step(w, i, clock_mono(), err)) {
		work_due(w);
		if (w->phase != PHASE_WORKING || w->running >= w->jobs || next_waits(w) ||
		    deadline_is_set(&w->start) || (i = next_slot(w)) == -1)
			break;
	}
	return st == ST_NONE ? ST_OK : st;
}
