/*
 * breaker.c: the policy's breaker: a worker whose handlers fail again and again pauses,
 * instead of burning the attempts of a whole backlog on what the handlers lack.
 *
 * The words closed, open and half-open are Nygard's ("Release It!").  A number of failures in a
 * row, which the policy sets, opens the breaker; these failures count.  Then the worker claims
 * nothing for a while.  After this pause it tries one message alone: if that fails, the pause is
 * doubled, and otherwise the breaker closes.  Until it closes no failure counts, because nobody
 * can tell whether the message is at fault.
 */
#include <stdio.h>
#include <stdlib.h>

#include "spool/spool.h"
#include "shared/cmd.h"
#include "worker/sources.h"
#include "worker/work.h"

static void
breaker_tell(struct work *w, const struct source *s, const char *what, const char *reason)
{
	char pause[DURATION_MAX];

	duration_format(s->breaker.pause, pause);
	if (work_can_note())
		run_note(w->r,
		    "queue %s: %s (%s); the next message is tried in %s, and until one succeeds no "
		    "failure counts",
		    s->name, what, reason, pause);
}

/* Claim nothing from the queue for the time 'pause', or for the policy's longest pause. */
static void
breaker_pause(struct source *s, usec_t pause)
{
	usec_t cap = s->policy->breaker_cap;

	s->breaker.pause = pause < cap ? pause : cap;
	s->breaker.state = BREAKER_OPEN;
	s->breaker.probe = NULL;
	deadline_set(&s->breaker.until, clock_mono() + s->breaker.pause);
}

bool
breaker_open(const struct source *s)
{
	return s->breaker.state != BREAKER_CLOSED;
}

static void
breaker_close(struct source *s)
{
	deadline_set(&s->breaker.until, USEC_MAX);
	s->breaker.state = BREAKER_CLOSED;
	s->breaker.row = 0;
	s->breaker.probe = NULL;
}

void
breaker_follow(struct source *s)
{
	const struct policy *p = s->policy;
	usec_t less = s->breaker.pause - p->breaker_cap;

	if (p->breaker == 0)
		breaker_close(s);
	else if (s->breaker.state != BREAKER_CLOSED && less > 0) {
		s->breaker.pause = p->breaker_cap;
		if (s->breaker.state == BREAKER_OPEN)
			deadline_set(&s->breaker.until, s->breaker.until.at - less);
	}
}

void
breaker_due(struct source *s)
{
	s->breaker.state = BREAKER_HALF;
}

bool
breaker_lets(const struct source *s)
{
	return s->breaker.state == BREAKER_CLOSED ||
	    (s->breaker.state == BREAKER_HALF && s->breaker.probe == NULL);
}

void
breaker_started(struct handler *h)
{
	if (breaker_open(h->source))
		h->source->breaker.probe = h;
}

/*
 * How long a message is set aside.  The time is random, so that another message is tried next:
 * the one at the head of the queue, good or bad, must not keep the others from being tried.
 */
static usec_t
breaker_aside(const struct source *s)
{
	return s->breaker.pause + (usec_t)arc4random_uniform(1000) * 3 * s->breaker.pause / 1000;
}

bool
breaker_failed(struct work *w, struct handler *h, const char *reason, usec_t *delay)
{
	const struct policy *p = h->source->policy;
	struct source *s = h->source;
	char row[64];

	if (p->breaker == 0)
		return false;
	if (breaker_open(s)) {
		if (s->breaker.probe == h) {
			breaker_pause(s, s->breaker.pause * 2);
			breaker_tell(w, s, "the handler still fails", reason);
		}
		*delay = breaker_aside(s);
		return true;
	}
	if (++s->breaker.row < p->breaker)
		return false;
	breaker_pause(s, p->breaker_base);
	(void)snprintf(row, sizeof(row), "%lld failure%s in a row", (long long)p->breaker,
	    p->breaker == 1 ? "" : "s");
	breaker_tell(w, s, row, reason);
	if (w->drain != DRAIN_NO)
		work_leave(w, s, ST_AGAIN);
	return false;
}

void
breaker_worked(struct work *w, struct source *s)
{
	if (breaker_open(s) && work_can_note())
		run_note(w->r, "queue %s: a message succeeded, all are tried again",
		    s->name);
	breaker_close(s);
}

void
breaker_ended(struct handler *h)
{
	if (h->source->breaker.probe == h)
		h->source->breaker.probe = NULL;
}
