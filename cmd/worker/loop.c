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

#include "spool/spool.h"
#include "view/view.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/progress.h"
#include "worker/work.h"

/* How often the policy is read again. */
#define RELOAD USEC

/* ---- what people see -------------------------------------------------- */

static void
title(const struct work *w)
{
	char more[128];

	sources_describe(w, more, sizeof(more));
	setproctitle("work %s: %d running, %llu done, %llu failed%s", w->names, w->running,
	    (unsigned long long)w->acked, (unsigned long long)w->failed, more);
}

/* To the service manager.  Also a worker that stops after its first message was ready once. */
void
work_tell(struct work *w, usec_t mono)
{
	bool ready = !w->closing || (w->notify.state == NULL && w->exit_code == 0);
	char status[sizeof(w->notify.status)], more[128];

	if (w->notify.fd == -1)
		return;
	sources_describe(w, more, sizeof(more));
	(void)snprintf(status, sizeof(status), "%d running, %llu done, %llu failed%s", w->running,
	    (unsigned long long)w->acked, (unsigned long long)w->failed, more);
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
	    "%.1f/s, %s left", w->names, (unsigned long long)w->acked,
	    (unsigned long long)w->failed, w->running, (unsigned long long)left,
	    progress_rate(&w->progress, ended), eta);
}

/* ---- leases and limits ------------------------------------------------ */

/* One that is lost is left out, for somebody else may be at it already. */
static void
renew_one(struct work *w, const struct source *s, struct claim *c)
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

/* No two at once: with nothing left that is ours, the handler is stopped. */
static void
renew(struct work *w, struct handler *h, usec_t mono)
{
	int live = 0;

	h->renew = mono + work_lease(w, h->source) / 3;
	for (int i = 0; i < h->n; i++) {
		if (h->claim[i].fd == -1)
			continue;
		renew_one(w, h->source, &h->claim[i]);
		live += h->claim[i].fd != -1;
	}
	if (live > 0)
		return;
	h->renew = USEC_MAX;
	h->feeding = false;
	if (h->pid != 0)
		handler_stop(h, WHY_LOST);
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
			handler_stop(h, h->bad[0] != '\0' && w->mode == MODE_STAY ?
			    WHY_PROTOCOL : WHY_TIMEOUT);
		if (h->n > 0 && h->renew <= mono)
			renew(w, h, mono);
		if (h->pid != 0)
			next = sooner(next, h->limit);
		if (h->n > 0)
			next = sooner(next, h->renew);
		next = sooner(next, work_wanted(w, h));
	}
	return next;
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
	enum status st = ST_OK;
	uint64_t n;

	*yes = !busy(w);
	if (!*yes || w->closing || !sources_left(w))
		return ST_OK;
	*yes = w->drain != DRAIN_NO;
	for (struct source *s = w->source; *yes && st == ST_OK && s < w->source + w->nsources; s++) {
		if (s->gone)
			continue;
		*yes = s->hungry && s->held == HELD_NO && !breaker_open(s);
		if (!*yes || w->drain == DRAIN_READY)
			continue;
		/* What cannot be had was told of; waiting would not help. */
		st = queue_backlog(s->q, s->passed, &n, err);
		*yes = n <= s->passed;
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
	for (nfds_t k = 1; k < n; k++)
		for (int i = 0; i < w->slots && w->pfd[k].revents != 0; i++) {
			if (w->h[i].pid == 0)
				continue;
			if (w->pfd[k].fd == w->h[i].errfd)
				w->mute = !handler_listen(&w->h[i]);
			else if (w->pfd[k].fd == w->h[i].infd)
				handler_feed(&w->h[i]);
			else if (w->pfd[k].fd == w->h[i].outfd)
				handler_verdicts(w, &w->h[i]);
			else
				continue;
			break;
		}
	work_look_again(w);
}

static usec_t
sleep_until(const struct work *w, usec_t mono, usec_t next)
{
	next = sooner(next, sources_due(w, mono));
	if (!w->closing && w->running < w->jobs) {
		if (w->next_start > mono)
			next = sooner(next, w->next_start);
		if (w->restart > mono)
			next = sooner(next, w->restart);
	}
	if (w->progress.on && w->progress.next < next)
		next = w->progress.next;
	if (w->notify.next < next)
		next = w->notify.next;
	return next < mono ? mono : next;
}

/* What poll is to look at: signals, the handlers' pipes, and last the queues; how much of it. */
static nfds_t
watched(struct work *w)
{
	bool room = !w->closing && w->running < w->jobs;
	nfds_t n = 1;

	w->pfd[0] = (struct pollfd){ .fd = w->sigfd, .events = POLLIN };
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
	for (struct source *s = w->source; s < w->source + w->nsources; s++)
		w->pfd[n++] = (struct pollfd){ .fd = room ? waiter_fd(s->waiter) : -1, .events = POLLIN };
	return n;
}

static enum status
wait_for_something(struct work *w, usec_t mono, usec_t next, struct error *err)
{
	nfds_t n = watched(w), queues = n - (nfds_t)w->nsources;
	int r;

	next = sleep_until(w, mono, next);
	r = poll(w->pfd, n, (int)((next - mono + 999) / 1000));
	if (r == -1 && errno != EINTR)
		return error_sys(err, errno, "poll");
	if (r <= 0)
		return ST_OK;
	for (int i = 0; i < w->nsources; i++)
		if (w->pfd[queues + (nfds_t)i].revents != 0)
			sources_heard(&w->source[i]);
	if (w->mute && w->pfd[queues - 1].revents != 0)
		w->mute = false;
	on_handlers(w, queues);
	if (w->pfd[0].revents != 0)
		on_signals(w);
	return ST_OK;
}

/* The policies, when they may have changed. */
static enum status
reload(struct work *w, usec_t mono, struct error *err)
{
	bool due = mono >= w->next_reload;
	enum status st = ST_OK;

	if (due)
		w->next_reload = mono + RELOAD;
	for (struct source *s = w->source; st == ST_OK && s < w->source + w->nsources; s++) {
		s->stale |= due;
		if ((st = source_refresh(s, err)) != ST_OK)
			st = work_without(w, s, st, err);
	}
	return st;
}

enum status
work_loop(struct work *w, struct error *err)
{
	enum status st;
	usec_t mono;
	bool done;

	for (;;) {
		mono = clock_mono();
		if ((st = reload(w, mono, err)) != ST_OK)
			return st;
		/* First the leases: a look for the next takes back what is past its deadline, ours too. */
		(void)look_after(w, mono);
		if (spool_log_error(w->r->spool)->status != ST_OK && work_can_note())
			run_log_trouble(w->r);
		if ((st = work_fill(w, mono, err)) != ST_OK)
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
		if (work_go_on(w, mono, &err) != ST_OK)
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
