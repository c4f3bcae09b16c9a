/*
 * sources.c: the queues of a worker, and which of them is next.
 *
 * Without weights the first queue that has a message is next.  With weights this is stride
 * scheduling (Waldspurger and Weihl, 1995): each message costs its queue a stride, which is
 * the shorter the greater the weight is, and the queue that has spent least is next.  A queue
 * that had nothing for a while begins again where the others are.  The share that it did not
 * use is not made up for.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "worker/sources.h"
#include "worker/supply.h"
#include "worker/work.h"

/* A policy is read again no more often than this, unless something happened in its queue. */
#define RELOAD USEC

bool
source_hopeful(const struct source *s)
{
	return (s->hope == SOURCE_OPEN || s->hope == SOURCE_WOKEN) && breaker_lets(s) &&
	    (s->jobs == 0 || s->running < s->jobs);
}

void
source_wake(struct source *s)
{
	if (s->hope == SOURCE_ASLEEP || s->hope == SOURCE_STARVED)
		s->hope = SOURCE_WOKEN;
}

void
source_heard(struct source *s)
{
	s->reload = 0;
	source_wake(s);
}

void
source_revive(struct source *s)
{
	if (s->hope != SOURCE_GONE)
		s->hope = SOURCE_OPEN;
}

void
sources_feed(struct work *w)
{
	for (struct source *s = w->source; s < w->source + w->nsources; s++)
		if (s->hope == SOURCE_STARVED)
			s->hope = SOURCE_OPEN;
}

/* What the queue has spent.  One that was idle is taken to have spent as much as the others. */
static uint64_t
source_spent(const struct work *w, const struct source *s)
{
	return s->idle && s->served < w->served ? w->served : s->served;
}

struct source *
sources_next(struct work *w)
{
	struct source *next = NULL;

	/* What came since we last slept may be in a queue that comes first. */
	w->supply->hear(w);
	for (struct source *s = w->source; s < w->source + w->nsources; s++)
		if (source_hopeful(s) && (next == NULL || source_spent(w, s) < source_spent(w,
		    next)))
			next = s;
	return next;
}

void
sources_empty(struct source *s)
{
	s->idle = true;
}

void
sources_served(struct work *w, struct source *s)
{
	w->served = source_spent(w, s);
	s->served = w->served + s->stride;
	s->idle = false;
}

usec_t
sources_poll(const struct work *w)
{
	usec_t least = USEC_MAX;

	for (const struct source *s = w->source; s < w->source + w->nsources; s++)
		if (s->supply->poll(s) < least)
			least = s->supply->poll(s);
	return least;
}

bool
sources_left(const struct work *w)
{
	for (const struct source *s = w->source; s < w->source + w->nsources; s++)
		if (s->hope != SOURCE_GONE)
			return true;
	return false;
}

void
sources_describe(const struct work *w, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (const struct source *s = w->source; s < w->source + w->nsources && len < size; s++) {
		const char *what = s->hope == SOURCE_GONE ? "given up" : breaker_open(s)
		    ? "paused after failures" :
		    s->hope != SOURCE_OPEN && s->held == HELD_SINGLE ? "stands by" : NULL;
		if (what != NULL)
			len += (size_t)snprintf(buf + len, size - len, "%s%s: %s", len == 0
			    ? " (" : "; ",
			    s->name, what);
	}
	if (len > 0)
		(void)strlcat(buf, ")", size);
}

enum status
source_refresh(struct work *w, struct source *s, usec_t mono, struct error *err)
{
	enum status st;

	if (mono < s->reload || s->hope == SOURCE_GONE)
		return ST_OK;
	s->reload = mono + RELOAD;
	if ((st = s->supply->refresh(s, err)) != ST_OK)
		return st;
	if (work_can_note())
		w->supply->news(w, s);
	breaker_follow(s);
	return ST_OK;
}

enum status
work_without(struct work *w, struct source *s, enum status st, struct error *err)
{
	if (w->nsources == 1 || (st != ST_NOTFOUND && st != ST_USAGE && !(st == ST_AGAIN &&
	    s->held != HELD_NO)))
		return st;
	if (work_can_note())
		run_note(w->r, "%s", err->text);
	error_clear(err);
	work_leave(w, s, st);
	return ST_OK;
}
