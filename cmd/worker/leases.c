/*
 * leases.c: what is due: leases are renewed, handlers that ran too long are stopped.
 *
 * A message is leased for as long as its handler lives: the lease is renewed when a third of
 * it has passed, by the worker itself and never without the handler.
 */
#include "spool/spool.h"
#include "shared/cmd.h"
#include "worker/sources.h"
#include "worker/work.h"

usec_t
work_lease(const struct work *w, const struct source *s)
{
	return w->claim.lease > 0 ? w->claim.lease : queue_policy(s->q)->lease;
}

/* A lease however short leaves time for something else. */
static void
lease_set(struct work *w, struct handler *h, usec_t mono)
{
	usec_t third = work_lease(w, h->source) / 3;

	deadline_set(&h->renew, mono + (third > 1000 ? third : 1000));
}

void
leases_begin(struct work *w, struct handler *h, usec_t mono)
{
	lease_set(w, h, mono);
}

/* A claim that is lost is left out, for somebody else may be at it already. */
static void
lease_renew(struct work *w, const struct source *s, struct claim *c)
{
	struct error err;
	enum status st;

	error_clear(&err);
	st = claim_extend(s->q, c, work_lease(w, s), clock_now(), &err);
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

/* No message is with two handlers: when none is left that is ours, the handler is stopped. */
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
		lease_set(w, h, mono);
		return;
	}
	h->feeding = false;
	handler_stop(h, WHY_LOST);
}

static void
due_limit(struct work *w, struct handler *h)
{
	handler_stop(h, h->bad[0] != '\0' && w->mode == MODE_STAY ? WHY_PROTOCOL : WHY_TIMEOUT);
}

void
work_due(struct work *w, usec_t mono)
{
	struct deadline *d;

	while ((d = deadlines_due(&w->deadlines, mono)) != NULL)
		switch (d->what) {
		case DUE_RENEW:
			leases_renew(w, d->whose, mono);
			break;
		case DUE_LIMIT:
			due_limit(w, d->whose);
			break;
		case DUE_LOOK:
			source_wake(d->whose);
			break;
		case DUE_BREAKER:
			breaker_due(d->whose);
			break;
		default:
			break;	/* it woke the loop, which looks at what is to be done */
		}
}
