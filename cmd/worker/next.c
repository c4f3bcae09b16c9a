/*
 * next.c: what mq work does next: claims what is ready, until a slot has what one
 * start may have, and starts its handler; goes on with the parts of a batch that failed.
 */
#include <errno.h>

#include "work.h"

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
			if (w->launch.mode == MODE_ONE)
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
	enum status st = w->launch.mode == MODE_BATCH ? batch_prepare(w, h, err) : ST_OK;

	if (st == ST_OK)
		return handler_start(&w->launch, h, i, err);
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
	if (w->timeout > 0 && h->stage == RUNNING)
		h->limit = mono + w->timeout;
	w->running++;
	if (w->interval > 0)
		w->next_start = mono + w->interval;
	return ST_OK;
}

/* Whether the slot has all that one start may have. */
static bool
full(const struct work *w, const struct handler *h)
{
	int64_t most = w->batch;

	if (w->max > 0 && w->max - (int64_t)w->started < most)
		most = w->max - (int64_t)w->started;
	return h->n >= most || (w->batch_bytes > 0 && h->bytes >= w->batch_bytes);
}

static enum status
claim_one(struct work *w, struct handler *h, usec_t mono, struct error *err)
{
	struct claim *c = &h->claim[h->n];
	struct passed over;
	enum status st;

	w->claim.room = w->batch_bytes > 0 && h->n > 0 ? w->batch_bytes - h->bytes : 0;
	st = claim_or_fetch(w->q, &w->claim, clock_now(), c, &w->look, &over, err);
	if (st == ST_OK) {
		if (h->n++ == 0) {
			h->renew = mono + work_lease(w) / 3;
			h->due = mono + w->batch_wait;
		}
		h->bytes += c->at.name.size - c->at.name.head;
		return ST_OK;
	}
	w->passed = over.n;
	if (st != ST_NONE && st != ST_LARGE && over.n > 0) {	/* told once; it may pass */
		if (w->worst != st)
			work_trouble(w, err);
		error_clear(err);
		st = ST_NONE;
	}
	/* No room, or no descriptor, for one more: there will be when one of ours has ended. */
	if (st == ST_AGAIN && err->errnum != 0 && w->running + w->nover + h->n > 0) {
		error_clear(err);
		w->starved = true;
		h->due = mono;
		st = ST_NONE;
	}
	if (st == ST_AGAIN && w->drain == DRAIN_NO &&
	    (queue_policy(w->q)->paused & PAUSED_POP) != 0) {
		error_clear(err);	/* a pause ends */
		st = ST_NONE;
	}
	return st;
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
		if (w->stops > 0 || w->exit_code != 0 || w->winding) {
			work_give_back(w, h);
			handler_free(h, i);
		} else if (h->part > 0 && w->running < w->jobs && mono >= w->next_start)
			st = start(w, i, mono, err);
	}
	return st;
}

/* Nothing has changed since the last look, and nothing claimed has waited long enough. */
static bool
idle(const struct work *w, usec_t mono)
{
	if (!w->hungry || w->event || mono >= w->poll || clock_now() >= w->look)
		return false;
	for (int i = 0; w->batch_wait > 0 && i < w->slots; i++)
		if (work_wanted(w, &w->h[i]) <= mono)
			return false;
	return true;
}

enum status
work_fill(struct work *w, usec_t mono, struct error *err)
{
	struct handler *h;
	enum status st;
	int i;

	if (w->batch > 1 && (st = work_go_on(w, mono, err)) != ST_OK)
		return st;
	if (idle(w, mono))
		return ST_OK;
	w->event = false;
	while (!w->closing && w->running < w->jobs && mono >= w->next_start &&
	    (i = place(w, mono)) != -1) {
		if (w->hungry && (st = waiter_arm(w->waiter, err)) != ST_OK)
			return st;
		h = &w->h[i];
		st = claim_one(w, h, mono, err);
		if (st == ST_NONE && !w->hungry) {
			w->hungry = true;
			continue;
		}
		w->poll = mono + waiter_poll(w->waiter);
		if (st == ST_OK) {
			w->hungry = false;
			if (!full(w, h))
				continue;
		} else if (st != ST_LARGE && (st != ST_NONE || h->n == 0 || mono < h->due))
			return st == ST_NONE ? ST_OK : st;
		if ((st = start(w, i, mono, err)) != ST_OK)
			return st;
		(void)work_settle(w);	/* before the next, or many starts could take a lease's time */
	}
	return ST_OK;
}
