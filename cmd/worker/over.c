/*
 * over.c: handlers that have ended: takes what they said last, and ends their claims.
 */
#include "spool/spool.h"
#include "pattern/pattern.h"
#include "shared/cmd.h"
#include "worker/batch.h"
#include "worker/sources.h"
#include "worker/verdict.h"
#include "worker/work.h"

static void
over_slot(struct work *w, struct handler *h)
{
	/* What the handler said last may decide what becomes of its messages. */
	handler_verdicts(w, h);
	handler_hear_out(h);
	/* A handler that we stopped for reasons of our own does not show that the command works. */
	if (!doubt_raised(h) && h->why != WHY_SHUTDOWN && h->why != WHY_LOST && h->why != WHY_BODY)
		doubt_settle(w, h->source);
	if (h->n > 0 && output_failed_it(w, h)) {
		work_give_back(w, h);
		return;
	}
	switch (w->mode) {
	case MODE_BATCH:
		batch_settle(w, h);
		break;
	case MODE_STAY:
		persist_settle(w, h);
		h->n = 0;
		break;
	default:
		work_settle_one(w, h, h->claim);
		h->n = 0;
		break;
	}
}

bool
work_settle(struct work *w)
{
	bool any = false;

	for (int i = 0; w->nended > 0 && i < w->slots; i++) {
		struct handler *h = &w->h[i];

		if (h->state != SLOT_ENDED)
			continue;
		over_slot(w, h);
		answer_close(h->source->q, &h->answer);
		breaker_ended(h);
		if (h->n == 0)
			handler_free(h, i);
		else
			handler_reset(h, i);	/* another part of the batch waits */
		w->nended--;
		any = true;
	}
	if (any)
		sources_feed(w);
	return any;
}
