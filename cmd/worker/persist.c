/*
 * persist.c: handlers that stay (mq-work(1), "Handlers that stay").  Each is started once
 * for its slot, gets one message after another on its stdin, and answers each with a line
 * on its stdout.
 */
#include <sys/ioctl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "spool/spool.h"
#include "shared/cmd.h"
#include "worker/sources.h"
#include "worker/verdict.h"
#include "worker/work.h"

/*
 * The pause after two handlers in a row have died without an answer.  It doubles with each
 * further one.
 */
#define PAUSE_FIRST (USEC / 10)
#define PAUSE_MAX (30 * USEC)
/* How long a handler may live on after it has closed its standard output. */
#define SILENCE USEC

/*
 * The request is a line, and after it the file as it is: the headers, whose length the line tells,
 * and the body.
 */
void
persist_request(const struct launch *l, struct handler *h)
{
	const struct msgname *n = &h->claim->at.name;
	char handle[HANDLE_MAX], at[TIME_MAX];

	if (n->token[0] != '\0')
		handle_format(&h->claim->at, handle);
	else
		/* it cannot be ended from outside */
		(void)strlcpy(handle, "-", sizeof(handle));
	time_format(id_time(&n->id), at);
	h->nline = snprintf(h->line, sizeof(h->line), "%s %d %lld %d %lld %d %s %s %s\n",
	    n->id.text,
	    n->head, (long long)(n->size - n->head), n->attempts + 1,
	    (long long)l->source->policy->attempts, n->priority, at, handle, l->source->name);
	h->from = h->fed = 0;
	h->feeding = true;
	h->state = SLOT_BUSY;
	h->ntail = 0;
	h->started = clock_mono();
}

void
persist_retire(struct handler *h)
{
	if (!handler_lives(h))
		return;
	if (h->infd != -1)
		(void)close(h->infd);
	h->infd = -1;
	h->feeding = false;
	if (h->state >= SLOT_STOPPING)
		return;
	h->state = SLOT_LEAVING;
	deadline_set(&h->limit, clock_mono() + GRACE);
}

/* How many bytes in its pipe the handler has not read; -1: we cannot tell. */
static int
persist_unread(const struct handler *h)
{
	int n;

	return h->infd != -1 && ioctl(h->infd, FIONREAD, &n) == 0 ? n : -1;
}

/*
 * Whether the handler can take another request.  It cannot if it has closed its stdin, or if it
 * has not read the whole last request, because the rest would come before the next one.
 */
static bool
persist_reads_on(const struct handler *h)
{
	struct pollfd p = { .fd = h->infd };

	return !h->feeding && persist_unread(h) == 0 && poll(&p, 1, 0) == 0;
}

void
persist_answered(struct work *w, struct handler *h)
{
	h->n = h->part = 0;
	deadline_set(&h->renew, USEC_MAX);
	if (handler_lives(h))
		work_ran(w, h);
	breaker_ended(h);
	w->deaths = 0;
	h->answered++;
	if (h->state == SLOT_BUSY) {
		h->state = SLOT_IDLE;
		deadline_set(&h->limit, USEC_MAX);
	}
	if (!persist_reads_on(h))
		persist_retire(h);
}

void
persist_garbled(struct work *w, struct handler *h)
{
	if (h->n == 0 && work_can_note())
		run_note(w->r, "%s: %s; it is started again", h->source->command, h->bad);
	if (h->state < SLOT_STOPPING)
		handler_stop(h, WHY_PROTOCOL);
}

/* A handler that has closed its stdout is dying, or is of no use any more. */
void
persist_silent(struct handler *h)
{
	if (h->state != SLOT_BUSY && h->state != SLOT_IDLE)
		return;
	(void)snprintf(h->bad, sizeof(h->bad), "its standard output is closed");
	h->state = SLOT_LEAVING;
	deadline_set(&h->limit, clock_mono() + SILENCE);
}

/*
 * Whether the handler ended by itself between two messages, without having read anything of the
 * second.
 */
static bool
persist_untouched(const struct handler *h)
{
	if (h->why != WHY_NONE || h->answered == 0 || !handler_succeeded(h))
		return false;
	return h->fed == 0 || persist_unread(h) == h->fed;
}

static void
persist_count_death(struct work *w, const struct handler *h)
{
	char text[DURATION_MAX];
	usec_t pause = PAUSE_FIRST;

	if (h->answered > 0 || h->why == WHY_SHUTDOWN || h->why == WHY_LOST)
		return;
	if (++w->deaths < 2)
		return;
	for (unsigned i = 2; i < w->deaths && pause < PAUSE_MAX; i++)
		pause *= 2;
	if (pause > PAUSE_MAX)
		pause = PAUSE_MAX;
	deadline_set(&w->restart, h->ended + pause);
	duration_format(pause, text);
	if (w->phase == PHASE_WORKING && work_can_note())
		run_note(w->r, "%s: ended %u times without an answer; the next is started in %s",
		    h->source->command, w->deaths, text);
}

void
persist_settle(struct work *w, struct handler *h)
{
	if (h->n > 0 && persist_untouched(h))
		work_give_back(w, h);
	else if (h->n > 0)
		work_settle_one(w, h, h->claim);
	persist_count_death(w, h);
}
