/*
 * lanes.c: which of a worker's queues is next.
 *
 * Without weights the first one that has a message.  With weights by stride scheduling
 * (Waldspurger and Weihl, 1995): each message costs its queue a stride, the shorter the
 * greater its weight, and the one that has spent least is next.  Who had nothing begins
 * again where the others are, so its share is spent by them and not owed to it.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "work.h"

/* Whether a look may find something. */
static bool
hopeful(struct lane *l, usec_t mono)
{
	if (l->gone || !breaker_lets(l, mono) || (l->jobs > 0 && l->running >= l->jobs))
		return false;
	return !l->hungry || l->event || mono >= l->poll || clock_now() >= l->look;
}

void
lanes_heard(struct lane *l)
{
	waiter_drain(l->waiter);
	l->event = l->stale = true;
}

/* A queue that comes first may have got something since we last slept. */
static void
hear(struct work *w)
{
	for (int i = 0; i < w->nlanes; i++)
		w->arrivals[i] = (struct pollfd){ .fd = w->lane[i].hungry ? waiter_fd(w->lane[i].waiter) : -1,
		    .events = POLLIN };
	if (poll(w->arrivals, (nfds_t)w->nlanes, 0) <= 0)
		return;
	for (int i = 0; i < w->nlanes; i++)
		if (w->arrivals[i].revents != 0)
			lanes_heard(&w->lane[i]);
}

/* What it has spent, or would have: see idle. */
static uint64_t
spent(const struct work *w, const struct lane *l)
{
	return l->idle && l->served < w->served ? w->served : l->served;
}

struct lane *
lanes_next(struct work *w, usec_t mono)
{
	struct lane *next = NULL;

	if (w->nlanes > 1)
		hear(w);
	for (struct lane *l = w->lane; l < w->lane + w->nlanes; l++)
		if (hopeful(l, mono) && (next == NULL || spent(w, l) < spent(w, next)))
			next = l;
	return next;
}

void
lanes_empty(struct lane *l)
{
	l->idle = true;
}

void
lanes_served(struct work *w, struct lane *l)
{
	w->served = spent(w, l);
	l->served = w->served + l->stride;
	l->idle = false;
}

usec_t
lanes_due(const struct work *w, usec_t mono)
{
	bool room = !w->closing && w->running < w->jobs;
	usec_t next = USEC_MAX, at;

	for (const struct lane *l = w->lane; l < w->lane + w->nlanes; l++) {
		if (mono + waiter_poll(l->waiter) < next)
			next = mono + waiter_poll(l->waiter);
		if (!room || l->gone || (l->jobs > 0 && l->running >= l->jobs))
			continue;
		if (breaker_open(l) && (l->breaker.probe != NULL || l->breaker.until > mono))
			at = breaker_due(l, mono);
		else if (l->look != USEC_MAX && mono + (l->look - clock_now()) < l->poll)
			at = mono + (l->look - clock_now());
		else
			at = l->hungry ? l->poll : USEC_MAX;
		if (at < next)
			next = at;
	}
	return next;
}

void
work_leave(struct work *w, struct lane *l, enum status why)
{
	if (status_exit(why) > status_exit(w->worst))
		w->worst = why;
	l->gone = true;
}

bool
lanes_left(const struct work *w)
{
	for (const struct lane *l = w->lane; l < w->lane + w->nlanes; l++)
		if (!l->gone)
			return true;
	return false;
}

void
lanes_describe(const struct work *w, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (const struct lane *l = w->lane; l < w->lane + w->nlanes && len < size; l++) {
		const char *what = l->gone ? "given up" : breaker_open(l) ? "paused after failures" :
		    l->hungry && l->held == HELD_SINGLE ? "stands by" : NULL;
		if (what != NULL)
			len += (size_t)snprintf(buf + len, size - len, "%s%s: %s", len == 0 ? " (" : "; ",
			    queue_name(l->q), what);
	}
	if (len > 0)
		(void)strlcat(buf, ")", size);
}
