/*
 * settle.c: what became of a handler, and of its message: acknowledged, failed,
 * or given back.
 */
#include <sys/wait.h>
#include <stdio.h>

#include "work.h"

bool
work_can_note(void)
{
	return stderr_ready(0);
}

void
work_trouble(struct work *w, struct error *err)
{
	if (work_can_note())
		run_note(w->r, "%s", err->text);
	w->worst = err->status;
	error_clear(err);
}

usec_t
work_lease(const struct work *w, const struct lane *l)
{
	return w->claim.lease > 0 ? w->claim.lease : queue_policy(l->q)->lease;
}

/* Whose fault a failure is: the handler's, maybe; the message's for sure; or neither's. */
enum fault { HANDLER, MESSAGE, DISK };

static enum status
fail(struct work *w, struct handler *h, const char *reason, enum fault fault, usec_t now,
    struct error *err)
{
	struct failure why = { .reason = reason, .stderr_tail = h->tail,
	    .stderr_len = h->ntail, .duration = h->ended - h->started, .delay = -1,
	    .permanent = fault == MESSAGE };
	enum status st;
	enum state to;

	if (fault == HANDLER && breaker_failed(w, h, reason, &why.delay)) {
		h->lane->gave_back = true;
		return claim_release(h->lane->q, &h->claim, why.delay, now, err);
	}
	st = claim_fail(h->lane->q, &h->claim, &why, now, &to, err);
	h->lane->gave_back = true;
	if (st == ST_OK) {
		w->failed++;
		if (work_can_note())
			run_verbose(w->r, "%s: %s, attempt %d: %s", h->claim.at.name.id.text, reason,
			    h->claim.at.name.attempts + 1, to == STATE_DEAD ? "dead" : "to be retried");
	}
	return st;
}

/* The command itself is at fault: the message is given back, and no other is taken. */
static enum status
cannot_run(struct work *w, struct handler *h, int code, usec_t now, struct error *err)
{
	if (w->exit_code == 0 && work_can_note())
		run_note(w->r, "%s: exit status %d: the command cannot be run; the message was "
		    "given back", h->lane->command, code);
	w->exit_code = code;
	w->closing = h->lane->gave_back = true;
	return claim_release(h->lane->q, &h->claim, 0, now, err);
}

/* A shell's word for what cannot be executed, and is not there. */
static bool
unusable(const struct handler *h)
{
	return h->why == WHY_NONE && WIFEXITED(h->status) &&
	    (WEXITSTATUS(h->status) == 126 || WEXITSTATUS(h->status) == 127);
}

static enum status
settle(struct work *w, struct handler *h, struct error *err)
{
	usec_t now = clock_now();
	enum status st;
	char reason[25];
	enum fault fault;
	int code;

	if (h->why == WHY_LOST)
		return ST_OK;	/* another's by now */
	/* Who had finished when we told it to stop has finished. */
	if (h->why == WHY_SHUTDOWN && !(WIFEXITED(h->status) && WEXITSTATUS(h->status) == 0)) {
		h->lane->gave_back = true;
		return claim_release(h->lane->q, &h->claim, 0, now, err);
	}
	if (h->why == WHY_TIMEOUT)
		return fail(w, h, "timeout", HANDLER, now, err);
	if (h->why == WHY_BODY)
		return fail(w, h, "unreadable", DISK, now, err);
	if (WIFSIGNALED(h->status)) {
		(void)snprintf(reason, sizeof(reason), "signal-%d", WTERMSIG(h->status));
		return fail(w, h, reason, HANDLER, now, err);
	}
	code = WEXITSTATUS(h->status);
	if (unusable(h))
		return cannot_run(w, h, code, now, err);
	fault = code == 65 || code == 100 ? MESSAGE : HANDLER;
	/* Who says that the message is at fault was able to look into it. */
	if (code == 0 || fault == MESSAGE)
		breaker_worked(w, h->lane);
	if (code != 0) {
		(void)snprintf(reason, sizeof(reason), "exit-%d", code);
		return fail(w, h, reason, fault, now, err);
	}
	if ((st = claim_ack(h->lane->q, &h->claim, now, err)) == ST_OK)
		w->acked++;
	return st;
}

/* End the claims of the handlers that are over; whether there were any. */
bool
work_settle(struct work *w)
{
	bool any = false;

	for (int i = 0; w->nover > 0 && i < w->slots; i++) {
		struct handler *h = &w->h[i];
		struct error err;
		enum status st;

		if (!h->over)
			continue;
		error_clear(&err);
		handler_hear_out(h);
		st = settle(w, h, &err);
		if (st == ST_LOST) {
			/* The handler may have ended its claim itself, by MQ_HANDLE. */
			if (work_can_note())
				run_verbose(w->r, "%s", err.text);
		} else if (st != ST_OK)
			work_trouble(w, &err);
		breaker_ended(h);
		handler_free(h, i);
		w->nover--;
		any = true;
	}
	/* What was given back may be ready, and what there was no room for may be had. */
	for (struct lane *l = w->lane; any && l < w->lane + w->nlanes; l++)
		if (l->gave_back || l->starved)
			l->hungry = l->gave_back = l->starved = false;
	return any;
}

/*
 * Its place can be had by the next at once: a claim is ended while that one starts.  Not if
 * the command cannot be run, for then there shall be no next one.
 */
void
work_reap(struct work *w)
{
	bool stop = false;

	for (int i = 0; i < w->slots; i++) {
		struct handler *h = &w->h[i];
		if (h->pid <= 0 || waitpid(h->pid, &h->status, WNOHANG) != h->pid)
			continue;
		h->pid = 0;
		h->over = true;
		h->ended = clock_mono();
		h->lane->running--;
		w->running--;
		w->nover++;
		/* Or if its lease is nearly over, as when all of us were stopped: our own search for the next would take it back. */
		stop |= unusable(h) || h->claim.at.name.key - clock_now() < work_lease(w, h->lane) / 3;
	}
	if (stop)
		(void)work_settle(w);
}

