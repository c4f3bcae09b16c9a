/*
 * loop.c: the loop of mq work.
 *
 * One process, one loop around poll: signals (by signalfd), the queue (by the
 * waiter), the pipes of the handlers, and the next time that something is due.
 * A handler's message is leased for as long as the handler lives: the lease is
 * renewed at a third of its length, and never without the child.
 */
#include <sys/signalfd.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "work.h"

/* How often the policy is read again. */
#define RELOAD USEC

/* ---- what people see -------------------------------------------------- */

static void
title(const struct work *w)
{
	setproctitle("work %s: %d running, %llu done, %llu failed", queue_name(w->q),
	    w->running, (unsigned long long)w->acked, (unsigned long long)w->failed);
}

/* To the service manager.  Also a worker that stops after its first message was ready once. */
void
work_tell(struct work *w, usec_t mono)
{
	bool ready = !w->closing || (w->notify.state == NULL && w->exit_code == 0);
	char status[sizeof(w->notify.status)];

	if (w->notify.fd == -1)
		return;
	(void)snprintf(status, sizeof(status), "%d running, %llu done, %llu failed", w->running,
	    (unsigned long long)w->acked, (unsigned long long)w->failed);
	notify_tell(&w->notify, mono, ready ? "READY=1" : "STOPPING=1", status);
}

static void
draw(struct work *w)
{
	uint64_t ended = w->acked + w->failed;
	uint64_t left = w->left > w->started ? w->left - w->started : 0;
	char eta[DURATION_MAX];

	if (!progress_due(&w->progress))
		return;
	progress_left(&w->progress, ended, left + (uint64_t)w->running, eta);
	progress_draw("%s: %llu done, %llu failed, %d running, %llu left, "
	    "%.1f/s, %s left", queue_name(w->q), (unsigned long long)w->acked,
	    (unsigned long long)w->failed, w->running, (unsigned long long)left,
	    progress_rate(&w->progress, ended), eta);
}

/* ---- leases and limits ------------------------------------------------ */

/* One that is lost is left out, for somebody else may be at it already. */
static void
renew_one(struct work *w, struct claim *c)
{
	struct error err;
	enum status st;

	error_clear(&err);
	st = claim_extend(w->q, c, work_lease(w), clock_now(), &err);
	if (st == ST_OK)
		return;
	if (st != ST_LOST) {
		work_trouble(w, &err);
		return;
	}
	if (work_can_note())
		run_note(w->r, "%s; %s", err.text, w->launch.mode == MODE_BATCH ?
		    "it is left out of its batch" : "its handler is stopped");
	claim_close(c);
}

/* No two at once: with nothing left that is ours, the handler is stopped. */
static void
renew(struct work *w, struct handler *h, usec_t mono)
{
	int live = 0;

	h->renew = mono + work_lease(w) / 3;
	for (int i = 0; i < h->n; i++) {
		if (h->claim[i].fd == -1)
			continue;
		renew_one(w, &h->claim[i]);
		live += h->claim[i].fd != -1;
	}
	if (live > 0)
		return;
	h->renew = USEC_MAX;
	h->feeding = false;
	if (h->pid != 0)
		handler_stop(h, WHY_LOST);
}

/* When a slot without a process wants one: more of its batch is waited for, or a part has its turn. */
static usec_t
wanted(const struct work *w, const struct handler *h)
{
	usec_t at = h->part == 0 ? h->due : 0;

	if (h->n == 0 || h->pid != 0 || h->over || w->running >= w->jobs)
		return USEC_MAX;
	return at > w->next_start ? at : w->next_start;
}

static usec_t
sooner(usec_t a, usec_t b)
{
	return a < b ? a : b;
}

static usec_t
look_after(struct work *w, usec_t mono)
{
	usec_t next = USEC_MAX;

	for (int i = 0; i < w->slots; i++) {
		struct handler *h = &w->h[i];
		if (h->pid != 0 && h->limit <= mono)
			handler_stop(h, h->bad[0] != '\0' && w->launch.mode == MODE_STAY ?
			    WHY_PROTOCOL : WHY_TIMEOUT);
		if (h->n > 0 && h->renew <= mono)
			renew(w, h, mono);
		if (h->pid != 0)
			next = sooner(next, h->limit);
		if (h->n > 0)
			next = sooner(next, h->renew);
		next = sooner(next, wanted(w, h));
	}
	return next;
}

/* ---- the next message ------------------------------------------------- */

/*
 * The slot for the next message: where more are waited for, one whose handler waits, or a free
 * one; -1: none.
 */
static int
place(const struct work *w, usec_t mono)
{
	int empty = -1;

	for (int i = 0; i < w->slots; i++) {
		const struct handler *h = &w->h[i];
		if (persist_idle(h) || (h->n > 0 && h->part == 0))
			return i;
		if (empty == -1 && h->n == 0 && h->pid == 0 && !h->over) {
			empty = i;
			if (w->launch.mode == MODE_ONE)
				break;
		}
	}
	return mono < w->restart ? -1 : empty;
}

/* The command cannot be started.  Our fault, whatever it is: the message goes back and does not count. */
static enum status
not_started(struct work *w, int i, enum status st, struct error *err)
{
	work_give_back(w, &w->h[i]);
	handler_free(&w->h[i], i);
	w->closing = true;
	if (st != ST_NOTFOUND)
		return st;
	w->exit_code = err->errnum == ENOENT ? 127 : 126;
	if (work_can_note())
		run_note(w->r, "%s", err->text);
	error_clear(err);
	return ST_OK;
}

static enum status
prepare_and_start(struct work *w, int i, struct error *err)
{
	struct handler *h = &w->h[i];
	enum status st = w->launch.mode == MODE_BATCH ? batch_prepare(w, h, err) : ST_OK;

	if (st == ST_OK)
		return handler_start(&w->launch, h, i, err);
	handler_reset(h, i);
	return st;
}

/* What was claimed for slot i, or the part of it that has its turn. */
static enum status
start(struct work *w, int i, usec_t mono, struct error *err)
{
	struct handler *h = &w->h[i];
	enum status st;

	if (h->part == 0) {
		h->part = h->n;
		w->started += (uint64_t)h->n;
	}
	for (;;) {
		st = prepare_and_start(w, i, err);
		if (st == ST_OK || st == ST_NONE || st == ST_NOTFOUND || w->nover == 0)
			break;
		error_clear(err);
		(void)work_settle(w);	/* what is over has descriptors and memory yet */
	}
	if (w->max > 0 && w->started >= (uint64_t)w->max)
		w->closing = true;
	if (st == ST_NONE) {
		batch_next(h);
		if (h->n == 0)
			handler_free(h, i);
		work_look_again(w);
		return ST_OK;
	}
	if (st != ST_OK)
		return not_started(w, i, st, err);
	if (w->timeout > 0 && h->stage == RUNNING)
		h->limit = mono + w->timeout;
	w->running++;
	if (w->interval > 0)
		w->next_start = mono + w->interval;
	return ST_OK;
}

/* Whether the slot has all that one start may have. */
static bool
full(const struct work *w, const struct handler *h)
{
	int64_t most = w->batch;

	if (w->max > 0 && w->max - (int64_t)w->started < most)
		most = w->max - (int64_t)w->started;
	return h->n >= most || (w->batch_bytes > 0 && h->bytes >= w->batch_bytes);
}

static enum status
claim_one(struct work *w, struct handler *h, usec_t mono, struct error *err)
{
	struct claim *c = &h->claim[h->n];
	struct passed over;
	enum status st;

	w->claim.room = w->batch_bytes > 0 && h->n > 0 ? w->batch_bytes - h->bytes : 0;
	st = claim_next(w->q, &w->claim, clock_now(), c, &w->look, &over, err);
	if (st == ST_OK) {
		if (h->n++ == 0) {
			h->renew = mono + work_lease(w) / 3;
			h->due = mono + w->batch_wait;
		}
		h->bytes += c->at.name.size - c->at.name.head;
		return ST_OK;
	}
	w->passed = over.n;
	if (st != ST_NONE && st != ST_LARGE && over.n > 0) {	/* told once; it may pass */
		if (w->worst != st)
			work_trouble(w, err);
		error_clear(err);
		st = ST_NONE;
	}
	/* No room, or no descriptor, for one more: there will be when one of ours has ended. */
	if (st == ST_AGAIN && err->errnum != 0 && w->running + w->nover + h->n > 0) {
		error_clear(err);
		w->starved = true;
		h->due = mono;
		st = ST_NONE;
	}
	if (st == ST_AGAIN && w->drain == DRAIN_NO &&
	    (queue_policy(w->q)->paused & PAUSED_POP) != 0) {
		error_clear(err);	/* a pause ends */
		st = ST_NONE;
	}
	return st;
}

/* What is claimed and not with a handler: a part of a batch that has its turn; or, at the end, to be given back. */
static enum status
go_on(struct work *w, usec_t mono, struct error *err)
{
	enum status st = ST_OK;

	for (int i = 0; st == ST_OK && i < w->slots; i++) {
		struct handler *h = &w->h[i];
		if (h->n == 0 || h->pid != 0 || h->over)
			continue;
		if (w->stops > 0 || w->exit_code != 0 || w->winding) {
			work_give_back(w, h);
			handler_free(h, i);
		} else if (h->part > 0 && w->running < w->jobs && mono >= w->next_start)
			st = start(w, i, mono, err);
	}
	return st;
}

/* Nothing has changed since the last look, and nothing claimed has waited long enough. */
static bool
idle(const struct work *w, usec_t mono)
{
	if (!w->hungry || w->event || mono >= w->poll || clock_now() >= w->look)
		return false;
	for (int i = 0; w->batch_wait > 0 && i < w->slots; i++)
		if (wanted(w, &w->h[i]) <= mono)
			return false;
	return true;
}

/* Claim and start while there is room.  Watches are armed before the look that finds nothing. */
static enum status
fill(struct work *w, usec_t mono, struct error *err)
{
	struct handler *h;
	enum status st;
	int i;

	if (w->batch > 1 && (st = go_on(w, mono, err)) != ST_OK)
		return st;
	if (idle(w, mono))
		return ST_OK;
	w->event = false;
	while (!w->closing && w->running < w->jobs && mono >= w->next_start &&
	    (i = place(w, mono)) != -1) {
		if (w->hungry && (st = waiter_arm(w->waiter, err)) != ST_OK)
			return st;
		h = &w->h[i];
		st = claim_one(w, h, mono, err);
		if (st == ST_NONE && !w->hungry) {
			w->hungry = true;
			continue;
		}
		w->poll = mono + waiter_poll(w->waiter);
		if (st == ST_OK) {
			w->hungry = false;
			if (!full(w, h))
				continue;
		} else if (st != ST_LARGE && (st != ST_NONE || h->n == 0 || mono < h->due))
			return st == ST_NONE ? ST_OK : st;
		if ((st = start(w, i, mono, err)) != ST_OK)
			return st;
		(void)work_settle(w);	/* before the next, or many starts could take a lease's time */
	}
	return ST_OK;
}

static bool
busy(const struct work *w)
{
	bool any = w->running > 0;

	for (int i = 0; !any && i < w->slots; i++)
		any = w->h[i].n > 0;
	return any;
}

static enum status
drained(struct work *w, bool *yes, struct error *err)
{
	uint64_t n = 0;
	enum status st = ST_OK;

	*yes = false;
	if (busy(w))
		return ST_OK;
	if (w->closing || (w->drain == DRAIN_READY && w->hungry)) {
		*yes = true;
		return ST_OK;
	}
	if (w->drain == DRAIN_ALL && w->hungry) {
		/* What cannot be had was told of; waiting would not help. */
		st = queue_backlog(w->q, w->passed, &n, err);
		*yes = n <= w->passed;
	}
	return st;
}

/* ---- the loop --------------------------------------------------------- */

static void
on_signals(struct work *w)
{
	struct signalfd_siginfo si;

	while (read(w->sigfd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD) {
			work_reap(w);
			continue;
		}
		w->closing = true;
		if (++w->stops == 1) {
			if (w->running > 0 && work_can_note())
				run_note(w->r, "stopping: waiting for %d handler%s; once more to "
				    "stop %s", w->running, w->running == 1 ? "" : "s",
				    w->running == 1 ? "it" : "them");
			continue;
		}
		for (int i = 0; i < w->slots; i++)
			if (w->h[i].pid > 0)
				handler_stop(&w->h[i], WHY_SHUTDOWN);
	}
}

static void
on_handlers(struct work *w, nfds_t n)
{
	for (nfds_t k = 2; k < n; k++)
		for (int i = 0; i < w->slots && w->pfd[k].revents != 0; i++) {
			if (w->h[i].pid == 0)
				continue;
			if (w->pfd[k].fd == w->h[i].errfd)
				w->mute = !handler_listen(&w->h[i]);
			else if (w->pfd[k].fd == w->h[i].infd)
				handler_feed(&w->h[i]);
			else if (w->pfd[k].fd == w->h[i].outfd)
				handler_answers(w, &w->h[i]);
			else
				continue;
			break;
		}
	work_look_again(w);
}

static usec_t
sleep_until(const struct work *w, usec_t mono, usec_t next)
{
	usec_t t;

	if (next > mono + waiter_poll(w->waiter))
		next = mono + waiter_poll(w->waiter);
	if (!w->closing && w->running < w->jobs) {
		if (w->hungry && w->poll < next)
			next = w->poll;
		if (w->next_start > mono && w->next_start < next)
			next = w->next_start;
		if (w->restart > mono && w->restart < next)
			next = w->restart;
		if (w->look != USEC_MAX && (t = mono + (w->look - clock_now())) < next)
			next = t;
	}
	if (w->progress.on && w->progress.next < next)
		next = w->progress.next;
	if (w->notify.next < next)
		next = w->notify.next;
	return next < mono ? mono : next;
}

static enum status
wait_for_something(struct work *w, usec_t mono, usec_t next, struct error *err)
{
	nfds_t n = 2;
	int r;

	w->pfd[0] = (struct pollfd){ .fd = w->sigfd, .events = POLLIN };
	w->pfd[1] = (struct pollfd){ .fd = w->closing || w->running == w->jobs ? -1 :
	    waiter_fd(w->waiter), .events = POLLIN };
	for (int i = 0; i < w->slots; i++) {
		if (w->h[i].pid == 0)
			continue;
		if (w->h[i].errfd != -1 && !w->mute)
			w->pfd[n++] = (struct pollfd){ .fd = w->h[i].errfd, .events = POLLIN };
		if (w->h[i].infd != -1 && w->h[i].feeding && w->h[i].why != WHY_BODY)
			w->pfd[n++] = (struct pollfd){ .fd = w->h[i].infd, .events = POLLOUT };
		if (w->h[i].outfd != -1)
			w->pfd[n++] = (struct pollfd){ .fd = w->h[i].outfd, .events = POLLIN };
	}
	if (w->mute)
		w->pfd[n++] = (struct pollfd){ .fd = STDERR_FILENO, .events = POLLOUT };
	next = sleep_until(w, mono, next);
	r = poll(w->pfd, n, (int)((next - mono + 999) / 1000));
	if (r == -1 && errno != EINTR)
		return error_sys(err, errno, "poll");
	if (r <= 0)
		return ST_OK;
	if (w->pfd[1].revents != 0) {
		waiter_drain(w->waiter);
		w->event = true;
	}
	if (w->mute && w->pfd[n - 1].revents != 0)
		w->mute = false;
	on_handlers(w, n);
	if (w->pfd[0].revents != 0)
		on_signals(w);
	return ST_OK;
}

enum status
work_loop(struct work *w, struct error *err)
{
	enum status st;
	usec_t mono;
	bool done;

	for (;;) {
		mono = clock_mono();
		if (w->event || mono >= w->next_reload) {
			w->next_reload = mono + RELOAD;
			if ((st = queue_reload(w->q, err)) != ST_OK)
				return st;
		}
		/* First the leases: a look for the next takes back what is past its deadline, ours too. */
		(void)look_after(w, mono);
		if (spool_log_error(w->r->spool)->status != ST_OK && work_can_note())
			run_log_trouble(w->r);
		if ((st = fill(w, mono, err)) != ST_OK)
			return st;
		if (work_settle(w) && !w->closing)
			continue;	/* what was given back may be ready */
		work_tell(w, mono);
		if ((st = drained(w, &done, err)) != ST_OK || done)
			return st;
		title(w);
		draw(w);
		if ((st = wait_for_something(w, mono, look_after(w, mono), err)) != ST_OK)
			return st;
	}
}

/* Until all that runs has ended (all: also those that wait for a message). */
static void
wait_for_end(struct work *w, bool all)
{
	struct error err;
	bool any;

	for (;;) {
		usec_t mono = clock_mono();
		error_clear(&err);
		if (go_on(w, mono, &err) != ST_OK)
			work_trouble(w, &err);
		any = busy(w);
		for (int i = 0; all && !any && i < w->slots; i++)
			any = w->h[i].pid != 0;
		if (!any)
			return;
		work_tell(w, mono);
		if (wait_for_something(w, mono, look_after(w, mono), &err) != ST_OK)
			return;
		(void)work_settle(w);
	}
}

/* Trouble of our own: claim no more, let the handlers end, then tell. */
void
work_wind_down(struct work *w)
{
	w->closing = w->winding = true;
	(void)work_settle(w);
	wait_for_end(w, false);
}

void
work_retire(struct work *w)
{
	for (int i = 0; i < w->slots; i++)
		if (w->h[i].pid != 0)
			persist_retire(&w->h[i]);
	wait_for_end(w, true);
}
