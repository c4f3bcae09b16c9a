/*
 * sources.c: which of a worker's queues is next.
 *
 * Without weights the first one that has a message.  With weights by stride scheduling
 * (Waldspurger and Weihl, 1995): each message costs its queue a stride, the shorter the
 * greater its weight, and the one that has spent least is next.  Who had nothing begins
 * again where the others are, so its share is spent by them and not owed to it.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "spool/spool.h"
#include "view/view.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "worker/work.h"

bool
source_hopeful(struct source *s, usec_t mono)
{
	if (s->gone || !breaker_lets(s, mono) || (s->jobs > 0 && s->running >= s->jobs))
		return false;
	return !s->hungry || s->event || mono >= s->poll || clock_now() >= s->look;
}

void
sources_heard(struct source *s)
{
	waiter_drain(s->waiter);
	s->event = s->stale = true;
}

/* A queue that comes first may have got something since we last slept. */
static void
hear(struct work *w)
{
	for (int i = 0; i < w->nsources; i++)
		w->arrivals[i] = (struct pollfd){ .fd = w->source[i].hungry ? waiter_fd(w->source[i].waiter) : -1,
		    .events = POLLIN };
	if (poll(w->arrivals, (nfds_t)w->nsources, 0) <= 0)
		return;
	for (int i = 0; i < w->nsources; i++)
		if (w->arrivals[i].revents != 0)
			sources_heard(&w->source[i]);
}

/* What it has spent, or would have: see idle. */
static uint64_t
spent(const struct work *w, const struct source *s)
{
	return s->idle && s->served < w->served ? w->served : s->served;
}

struct source *
sources_next(struct work *w, usec_t mono)
{
	struct source *next = NULL;

	if (w->nsources > 1)
		hear(w);
	for (struct source *s = w->source; s < w->source + w->nsources; s++)
		if (source_hopeful(s, mono) && (next == NULL || spent(w, s) < spent(w, next)))
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
	w->served = spent(w, s);
	s->served = w->served + s->stride;
	s->idle = false;
}

usec_t
sources_due(const struct work *w, usec_t mono)
{
	bool room = !w->closing && w->running < w->jobs;
	usec_t next = USEC_MAX, at;

	for (const struct source *s = w->source; s < w->source + w->nsources; s++) {
		if (mono + waiter_poll(s->waiter) < next)
			next = mono + waiter_poll(s->waiter);
		if (!room || s->gone || (s->jobs > 0 && s->running >= s->jobs))
			continue;
		if (breaker_open(s) && (s->breaker.probe != NULL || s->breaker.until > mono)) {
			at = breaker_due(s, mono);
			/* Its watch need not be armed, and the policy may change. */
			if (w->next_reload < next)
				next = w->next_reload;
		} else if (s->look != USEC_MAX && mono + (s->look - clock_now()) < s->poll)
			at = mono + (s->look - clock_now());
		else
			at = s->hungry ? s->poll : USEC_MAX;
		if (at < next)
			next = at;
	}
	return next;
}

void
work_leave(struct work *w, struct source *s, enum status why)
{
	if (status_exit(why) > status_exit(w->worst))
		w->worst = why;
	s->gone = true;
}

bool
sources_left(const struct work *w)
{
	for (const struct source *s = w->source; s < w->source + w->nsources; s++)
		if (!s->gone)
			return true;
	return false;
}

void
sources_describe(const struct work *w, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (const struct source *s = w->source; s < w->source + w->nsources && len < size; s++) {
		const char *what = s->gone ? "given up" : breaker_open(s) ? "paused after failures" :
		    s->hungry && s->held == HELD_SINGLE ? "stands by" : NULL;
		if (what != NULL)
			len += (size_t)snprintf(buf + len, size - len, "%s%s: %s", len == 0 ? " (" : "; ",
			    queue_name(s->q), what);
	}
	if (len > 0)
		(void)strlcat(buf, ")", size);
}

enum status
source_refresh(struct source *s, struct error *err)
{
	if (!s->stale || s->gone)
		return ST_OK;
	s->stale = false;
	return queue_reload(s->q, err);
}

enum status
work_without(struct work *w, struct source *s, enum status st, struct error *err)
{
	if (w->nsources == 1 || (st != ST_NOTFOUND && st != ST_USAGE && !(st == ST_AGAIN && s->held != HELD_NO)))
		return st;
	if (work_can_note())
		run_note(w->r, "%s", err->text);
	error_clear(err);
	work_leave(w, s, st);
	return ST_OK;
}
