/*
 * leases.c: does what is due: renews leases, stops handlers that ran too long.
 *
 * A message is leased for as long as its handler lives.  The worker renews the lease each time
 * that a third of it has passed, and stops doing so when the handler has ended.
 *
 * Leases end by the wall clock, but deadlines are times of the monotonic clock.  That clock
 * stands still while the machine is suspended, and does not notice when somebody sets the wall
 * clock.  So when the wall clock has stepped, the worker renews all leases and looks at all
 * queues again.
 */
#include <sys/timerfd.h>
#include <errno.h>
#include <unistd.h>

#include "spool/spool.h"
#include "shared/cmd.h"
#include "worker/sources.h"
#include "worker/supply.h"
#include "worker/work.h"

usec_t
work_lease(const struct work *w, const struct source *s)
{
	return w->claim.lease > 0 ? w->claim.lease : s->policy->lease;
}

/* Even the shortest lease is not renewed all the time, so that other work gets done. */
void
leases_begin(struct work *w, struct handler *h, usec_t mono)
{
	usec_t third = work_lease(w, h->source) / 3;

	deadline_set(&h->renew, mono + (third > 1000 ? third : 1000));
}

/* Renew one lease.  A claim that is lost is closed, because somebody else may have the message. */
static void
lease_renew(struct work *w, struct source *s, struct claim *c)
{
	struct error err;
	enum status st;

	error_clear(&err);
	st = s->supply->extend(s, c, work_lease(w, s), clock_now(), &err);
	if (st == ST_OK)
		return;
	if (st != ST_LOST) {
		work_trouble(w, &err);
		return;
	}
	if (work_can_note())
		run_note(w->r, "%s; %s", err.text, w->mode == MODE_BATCH ?
		    "it is left out of its batch" : "its handler is stopped");
	claim_close(c);
}

/*
 * Renew the leases of a slot.  If all claims are lost, the handler is stopped, so that no message
 * is with two handlers.
 */
static void
leases_renew(struct work *w, struct handler *h, usec_t mono)
{
	int live = 0;

	for (int i = 0; i < h->n; i++) {
		if (h->claim[i].fd == -1)
			continue;
		lease_renew(w, h->source, &h->claim[i]);
		live += h->claim[i].fd != -1;
	}
	if (live > 0) {
		leases_begin(w, h, mono);
		return;
	}
	h->feeding = false;
	handler_stop(h, WHY_LOST);
}

void
leases_check(struct work *w)
{
	usec_t mono = clock_mono();

	for (int i = 0; i < w->slots; i++)
		if (w->h[i].n > 0)
			leases_renew(w, &w->h[i], mono);
}

static void
due_limit(struct work *w, struct handler *h)
{
	handler_stop(h, h->bad[0] != '\0' && w->mode == MODE_STAY ? WHY_PROTOCOL : WHY_TIMEOUT);
}

/* ---- the wall clock ---------------------------------------------------- */

/* A difference between the clocks that adjtime(3) cannot have made between two looks. */
#define STEP (USEC / 10)
/* The timer never expires; setting the clock cancels it, which makes it readable. */
#define NEVER ((time_t)INT64_MAX / 4)

enum status
clock_open(struct work *w, struct error *err)
{
	const struct itimerspec never = { .it_value = { .tv_sec = NEVER } };

	w->offset = clock_now() - clock_mono();
	if ((w->timefd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC)) == -1)
		return error_sys(err, errno, "timerfd");
	/* If this fails, the worker notices a step of the clock when it wakes next. */
	(void)timerfd_settime(w->timefd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
	return ST_OK;
}

void
clock_heard(struct work *w)
{
	uint64_t n;

	while (read(w->timefd, &n, sizeof(n)) == -1 && errno == EINTR)
		continue;
}

/*
 * Whether the wall clock has stepped since the last call.  The two clocks cannot be read at the
 * same time, so their offset is only known to lie between two values.
 */
static bool
clock_stepped(struct work *w)
{
	usec_t before = clock_mono(), wall = clock_now(), after = clock_mono();
	usec_t least = wall - after, most = wall - before, old = w->offset;

	if (w->offset < least)
		w->offset = least;
	else if (w->offset > most)
		w->offset = most;
	return w->offset > old + STEP || w->offset < old - STEP;
}

static void
clock_follow(struct work *w)
{
	leases_check(w);
	for (struct source *s = w->source; s < w->source + w->nsources; s++)
		source_wake(s);
}

/* ---- what is due ------------------------------------------------------- */

/* Stop the handlers of a queue, as a second signal stops all handlers. */
static void
due_grace(struct work *w, const struct source *s)
{
	for (int i = 0; i < w->slots; i++)
		if (w->h[i].source == s)
			handler_stop(&w->h[i], WHY_SHUTDOWN);
}

void
work_due(struct work *w)
{
	usec_t mono = clock_mono();
	struct deadline *d;

	if (handlers_unheard() != 0)
		output_lost(w, STDERR_FILENO, handlers_unheard());
	if (clock_stepped(w))
		clock_follow(w);
	while ((d = deadlines_due(&w->deadlines, mono)) != NULL)
		switch (d->what) {
		case DUE_RENEW:
			leases_renew(w, d->whose, mono);
			break;
		case DUE_LIMIT:
			due_limit(w, d->whose);
			break;
		case DUE_GRACE:
			due_grace(w, d->whose);
			break;
		case DUE_LOOK:
			source_wake(d->whose);
			break;
		case DUE_BREAKER:
			breaker_due(d->whose);
			break;
		default:
			break;	/* it only had to wake the loop, which does the rest */
		}
}
