/*
 * breaker.c: the policy's breaker: a worker whose handlers fail again and again pauses,
 * instead of burning the attempts of a whole backlog on what the handlers lack.
 *
 * Closed, open and half-open are Nygard's ("Release It!").  So many failures in a row open
 * it; these count.  Then nothing is claimed for a while, and after it one message alone: if
 * that fails, too, the pause is doubled, else the breaker closes.  Until it closes no
 * failure counts, since nobody can tell what is the message's fault.
 */
#include <stdio.h>
#include <stdlib.h>

#include "work.h"

static void
tell(struct work *w, const struct lane *l, const char *what, const char *reason)
{
	char pause[DURATION_MAX];

	duration_format(l->breaker.pause, pause);
	if (work_can_note())
		run_note(w->r, "queue %s: %s (%s); the next message is tried in %s, and until one succeeds no failure counts",
		    queue_name(l->q), what, reason, pause);
}

static void
open_for(struct lane *l, usec_t pause)
{
	usec_t cap = queue_policy(l->q)->breaker_cap;

	l->breaker.pause = pause < cap ? pause : cap;
	l->breaker.until = clock_mono() + l->breaker.pause;
	l->breaker.probe = NULL;
}

bool
breaker_open(const struct lane *l)
{
	return l->breaker.until != 0;
}

/* Whether a message may be claimed. */
bool
breaker_lets(struct lane *l, usec_t mono)
{
	if (queue_policy(l->q)->breaker == 0)
		l->breaker = (struct breaker){ 0 };
	return l->breaker.until <= mono && l->breaker.probe == NULL;
}

usec_t
breaker_due(const struct lane *l, usec_t mono)
{
	return l->breaker.until > mono && l->breaker.probe == NULL ? l->breaker.until : USEC_MAX;
}

void
breaker_started(struct handler *h)
{
	if (breaker_open(h->lane))
		h->lane->breaker.probe = h;
}

/*
 * A random time, so that another message is tried next, and whatever stands at the head of the
 * queue, good or bad, does not keep the others from being tried.
 */
static usec_t
aside(const struct lane *l)
{
	return l->breaker.pause + (usec_t)arc4random_uniform(1000) * 3 * l->breaker.pause / 1000;
}

bool
breaker_failed(struct work *w, struct handler *h, const char *reason, usec_t *delay)
{
	const struct policy *p = queue_policy(h->lane->q);
	struct lane *l = h->lane;
	char row[64];

	if (p->breaker == 0)
		return false;
	if (breaker_open(l)) {
		if (l->breaker.probe == h) {
			open_for(l, l->breaker.pause * 2);
			tell(w, l, "the handler still fails", reason);
		}
		*delay = aside(l);
		return true;
	}
	if (++l->breaker.row < p->breaker)
		return false;
	open_for(l, p->breaker_base);
	(void)snprintf(row, sizeof(row), "%lld failure%s in a row", (long long)p->breaker, p->breaker == 1 ? "" : "s");
	tell(w, l, row, reason);
	if (w->drain != DRAIN_NO)
		work_leave(w, l, ST_AGAIN);
	return false;
}

void
breaker_worked(struct work *w, struct lane *l)
{
	if (breaker_open(l) && work_can_note())
		run_note(w->r, "queue %s: a message succeeded, all are tried again", queue_name(l->q));
	l->breaker = (struct breaker){ 0 };
}

void
breaker_ended(struct handler *h)
{
	if (h->lane->breaker.probe == h)
		h->lane->breaker.probe = NULL;
}
