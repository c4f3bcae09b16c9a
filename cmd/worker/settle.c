/*
 * settle.c: ends the claims of messages, which are acknowledged, have failed, or are given
 * back.
 */
#include <sys/wait.h>
#include <stdio.h>

#include "base/name.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "pattern/pattern.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/progress.h"
#include "worker/sources.h"
#include "worker/supply.h"
#include "worker/verdict.h"
#include "worker/work.h"

/* A failure may be the handler's fault, is surely the message's, or is the fault of neither. */
enum fault { HANDLER, MESSAGE, DISK };

/* Tell people of a failed attempt, in one line. */
static void
settle_tell(struct work *w, const struct source *s, const struct claim *c,
    const struct failure *why, enum state to)
{
	bool several = w->nsources > 1, words = why->text != NULL;

	run_note(w->r, "%s%s%s: %s%s%s, attempt %d of %lld: %s", several ? s->name : "",
	    several ? " " : "", c->at.name.id.text, why->reason, words ? ": " : "",
	    words ? why->text : "", c->at.name.attempts + 1,
	    (long long)s->policy->attempts, to == STATE_DEAD ? "dead" : "to be retried");
}

/*
 * The attempt has failed.  This function adds to 'why' what the handler wrote to stderr and how
 * long it ran.
 */
static enum status
settle_fail(struct work *w, struct handler *h, struct claim *c, struct failure why,
    enum fault fault, usec_t now, struct error *err)
{
	struct source *s = h->source;
	enum status st;
	enum state to;

	/* A handler that finds fault with a message was able to look into it, so it works. */
	if (fault == MESSAGE)
		breaker_worked(w, s);
	source_revive(s);
	if (fault == HANDLER && breaker_failed(w, h, why.reason, &why.delay))
		return s->supply->release(s, c, why.delay, now, err);
	why.permanent = fault == MESSAGE;

	why.stderr_tail = h->tail;
	why.stderr_len = h->ntail;
	why.duration = h->ended - h->started;
	st = s->supply->fail(s, c, &why, now, &to, err);
	if (st == ST_OK) {
		w->failed++;
		if (work_can_note())
			settle_tell(w, s, c, &why, to);
	}
	return st;
}

static enum status
settle_fail_for(struct work *w, struct handler *h, struct claim *c, const char *reason,
    enum fault fault, usec_t now, struct error *err)
{
	return settle_fail(w, h, c, (struct failure){ .reason = reason, .delay = -1,
	    .text = h->why == WHY_PROTOCOL ? h->bad : NULL }, fault, now, err);
}

static enum status
settle_ack(struct work *w, struct source *s, struct claim *c, usec_t now, struct error *err)
{
	enum status st = s->supply->ack(s, c, now, err);

	breaker_worked(w, s);
	w->acked += st == ST_OK;
	if (c->at.name.order[0] != '\0')
		source_revive(s);	/* the next message of its key may be ready now */
	return st;
}

/* The handler ended by itself, but did not succeed. */
static enum status
settle_ended(struct work *w, struct handler *h, struct claim *c, usec_t now, struct error *err)
{
	int code = WIFEXITED(h->status) ? WEXITSTATUS(h->status) : 0;
	char reason[25];

	if (doubt_raised(h))
		return doubt_give_back(w, h, c, now, err);
	(void)snprintf(reason, sizeof(reason), WIFSIGNALED(h->status) ? "signal-%d" : "exit-%d",
	    WIFSIGNALED(h->status) ? WTERMSIG(h->status) : code);
	return settle_fail(w, h, c, (struct failure){ .reason = reason, .delay = -1,
	    .text = code == 0 && !WIFSIGNALED(h->status) ? "it ended without an answer" : NULL },
	    code == 65 || code == 100 ? MESSAGE : HANDLER, now, err);
}

static enum status
settle_claim(struct work *w, struct handler *h, struct claim *c, struct error *err)
{
	usec_t now = clock_now();

	/* A handler that stays succeeds by its answers, not by its exit status. */
	if (handler_succeeded(h) && w->mode != MODE_STAY) {
		if (work_reply(w, h, err) == ST_OK)
			return settle_ack(w, h->source, c, now, err);
		work_trouble(w, err);
		return settle_fail_for(w, h, c, "no-answer", DISK, now, err);
	}
	switch (h->why) {
	case WHY_LOST:
		return ST_OK;	/* the message is not ours any more */
	case WHY_SHUTDOWN:
		source_revive(h->source);
		return h->source->supply->release(h->source, c, 0, now, err);
	case WHY_TIMEOUT:
		return settle_fail_for(w, h, c, "timeout", HANDLER, now, err);
	case WHY_BODY:
		return settle_fail_for(w, h, c, "unreadable", DISK, now, err);
	case WHY_TERMINAL:
		return settle_fail_for(w, h, c, "terminal", HANDLER, now, err);
	case WHY_PROTOCOL:
		return settle_fail_for(w, h, c, "protocol", HANDLER, now, err);
	default:
		return settle_ended(w, h, c, now, err);
	}
}

/* The attempt to end the claim 'c' has returned 'st': tell what went wrong, and close it. */
static void
settle_close(struct work *w, struct claim *c, enum status st, struct error *err)
{
	if (st == ST_LOST) {
		/*
		 * If the lease is not over, the handler may have ended the claim itself, by
		 * MQ_HANDLE.  That is no trouble.
		 */
		if (work_can_note())
			(c->at.name.key <= clock_now() ? run_note : run_verbose)(w->r,
			    "%s: what its handler did counts for nothing: %s",
			    c->at.name.id.text, err->text);
	} else if (st != ST_OK)
		work_trouble(w, err);
	claim_close(c);
	sources_feed(w);
}

void
work_settle_one(struct work *w, struct handler *h, struct claim *c)
{
	struct error err;

	error_clear(&err);
	settle_close(w, c, settle_claim(w, h, c, &err), &err);
}

void
work_answered(struct work *w, struct handler *h, struct claim *c, const struct verdict *a)
{
	struct failure why = { .reason = a->what == VERDICT_DEAD ? "dead" : "retry",
	    .text = a->reason, .delay = a->delay };
	usec_t now = clock_now();
	struct error err;

	error_clear(&err);
	h->ended = clock_mono();
	settle_close(w, c, a->what == VERDICT_OK ? settle_ack(w, h->source, c, now, &err) :
	    settle_fail(w, h, c, why, a->what == VERDICT_DEAD ? MESSAGE : HANDLER, now, &err),
	    &err);
}

enum status
work_leave_out(struct work *w, struct handler *h, struct claim *c, enum status st,
    struct error *err)
{
	struct verdict a = { .what = VERDICT_DEAD, .reason = err->text };

	if (st == ST_BADDATA)
		work_answered(w, h, c, &a);
	else if (st == ST_GONE || st == ST_IO) {
		h->why = WHY_BODY;
		work_settle_one(w, h, c);
		h->why = WHY_NONE;
	} else
		return st;
	error_clear(err);
	return ST_OK;
}

void
work_too_large(struct work *w, struct handler *h, struct error *why)
{
	struct claim *c = &h->claim[0];
	struct error err;
	enum state to;

	struct failure failure = { .reason = "headers", .text = why->text, .delay = -1 };

	if (work_can_note())
		run_note(w->r, "%s: %s: its headers do not fit into the environment",
		    c->at.name.id.text,
		    why->text);
	error_clear(&err);
	source_revive(h->source);
	settle_close(w, c, h->source->supply->fail(h->source, c, &failure, clock_now(), &to, &err),
	    &err);
	w->failed++;
	error_clear(why);
	h->n = 0;
}

void
work_give_back(struct work *w, struct handler *h)
{
	struct error err;

	for (int i = 0; i < h->n; i++) {
		if (h->claim[i].fd == -1)
			continue;
		error_clear(&err);
		settle_close(w, &h->claim[i], h->source->supply->release(h->source, &h->claim[i],
		    0, clock_now(), &err), &err);
	}
	source_revive(h->source);
	h->n = h->part = h->nparts = 0;
	h->bytes = 0;
}

void
work_ran(struct work *w, struct handler *h)
{
	w->running--;
	h->source->running--;
}
