/*
 * doubt.c: exit statuses 126 and 127 of handlers that did start.
 *
 * A shell ends with 126 if a command cannot be executed, and with 127 if it is not there.  The
 * reason may be the worker's command or its PATH, and then no message may suffer for it.  Or it
 * may be what this one message names, if messages are lines for a shell.  As long as no handler
 * of this run has ended in another way, nobody can tell.  So the message is given back, the
 * attempt does not count, and others are tried.  After three different messages, or when there
 * is nothing else to try, the command is held to be at fault, and the worker ends with that
 * status.  Once a handler has ended in another way, the command works, and the failure is the
 * message's own.
 */
#include <sys/wait.h>
#include <string.h>

#include "spool/spool.h"
#include "view/view.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "worker/sources.h"
#include "worker/supply.h"
#include "worker/work.h"

/* A message that was given back is delayed by this time, so that others are tried first. */
#define DOUBT_DELAY USEC
/* Each message that is given back is delayed longer than the last by this factor, up to a limit. */
#define DOUBT_FACTOR 4
#define DOUBT_DELAY_MAX (3600 * USEC)

bool
doubt_raised(const struct handler *h)
{
	return !h->source->doubt.settled && h->why == WHY_NONE && WIFEXITED(h->status) &&
	    (WEXITSTATUS(h->status) == 126 || WEXITSTATUS(h->status) == 127);
}

/* Make the messages that were given back ready at once. */
static void
doubt_return(struct work *w, struct source *s)
{
	struct error err;
	enum status st;

	for (; s->doubt.n > 0; s->doubt.n--) {
		error_clear(&err);
		st = s->supply->hurry(s, &s->doubt.id[s->doubt.n - 1], &err);
		/* Another worker may have the message by now. */
		if (st != ST_OK && st != ST_NOTFOUND && st != ST_GONE)
			work_trouble(w, &err);
	}
	source_revive(s);
}

void
doubt_settle(struct work *w, struct source *of)
{
	if (of->doubt.settled)
		return;
	/* All queues have the same command, unless --config gives each its own. */
	for (struct source *s = w->source; s < w->source + w->nsources; s++)
		if (!w->config || s == of) {
			s->doubt.settled = true;
			doubt_return(w, s);
		}
}

static bool
doubt_knows(const struct doubt *d, const struct msgid *id)
{
	for (int i = 0; i < d->n; i++)
		if (strcmp(d->id[i].text, id->text) == 0)
			return true;
	return false;
}

enum status
doubt_give_back(struct work *w, struct handler *h, struct claim *c, usec_t now, struct error *err)
{
	struct source *s = h->source;
	struct doubt *d = &s->doubt;
	usec_t delay = d->delay > 0 ? d->delay : DOUBT_DELAY;
	bool ending = w->phase == PHASE_ENDING;
	int n = 0;

	d->code = WEXITSTATUS(h->status);
	if (!ending && !doubt_knows(d, &c->at.name.id) && d->n < DOUBT_MAX)
		d->id[d->n++] = c->at.name.id;
	for (const struct source *o = w->source; o < w->source + w->nsources; o++)
		n += !w->config || o == s ? o->doubt.n : 0;
	if (n >= DOUBT_MAX)
		work_enter(w, PHASE_ENDING);
	else if (!ending && work_can_note())
		run_note(w->r,
		    "%s: exit status %d: it was given back, and does not count; others are tried",
		    c->at.name.id.text, d->code);
	d->delay = delay < DOUBT_DELAY_MAX ? delay * DOUBT_FACTOR : delay;
	source_revive(s);
	return s->supply->release(s, c, ending ? 0 : delay, now, err);
}

/* Whether the queue has no other message to try. */
static bool
doubt_stuck(const struct source *s)
{
	return s->hope == SOURCE_GONE ||
	    (s->hope == SOURCE_ASLEEP && s->held != HELD_RATE && s->held != HELD_LIMIT);
}

bool
doubt_hopeless(const struct work *w)
{
	bool raised = false, stuck = true;

	for (const struct source *s = w->source; s < w->source + w->nsources; s++) {
		if (w->config && s->doubt.n > 0 && doubt_stuck(s))
			return true;
		raised |= s->doubt.n > 0;
		stuck &= doubt_stuck(s);
	}
	return raised && stuck;
}

void
doubt_end(struct work *w)
{
	for (struct source *s = w->source; s < w->source + w->nsources; s++) {
		if (s->doubt.n == 0)
			continue;
		doubt_return(w, s);
		if (w->exit_code != 0 || w->stops > 0)
			continue;
		w->exit_code = s->doubt.code;
		if (work_can_note())
			run_note(w->r,
			    "%s: exit status %d: the command cannot be run; its messages were "
			    "given back", s->command, w->exit_code);
	}
}
