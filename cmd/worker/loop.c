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
	char more[128];

	lanes_describe(w, more, sizeof(more));
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
	lanes_describe(w, more, sizeof(more));
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

static void
renew(struct work *w, struct handler *h, usec_t mono)
{
	struct error err;
	enum status st;

	error_clear(&err);
	h->renew = mono + work_lease(w, h->lane) / 3;
	st = claim_extend(h->lane->q, &h->claim, work_lease(w, h->lane), clock_now(), &err);
	if (st == ST_OK)
		return;
	if (st != ST_LOST) {
		work_trouble(w, &err);
		return;
	}
	/* Somebody else may be at it already: no two at once. */
	if (work_can_note())
		run_note(w->r, "%s; its handler is stopped", err.text);
	handler_stop(h, WHY_LOST);
}

static usec_t
look_after(struct work *w, usec_t mono)
{
	usec_t next = USEC_MAX;

	for (int i = 0; i < w->slots; i++) {
		struct handler *h = &w->h[i];
		if (h->pid == 0)
			continue;
		if (h->limit <= mono)
			handler_stop(h, WHY_TIMEOUT);
		if (h->renew <= mono && h->why != WHY_LOST)
			renew(w, h, mono);
		if (h->limit < next)
			next = h->limit;
		if (h->renew < next && h->why != WHY_LOST)
			next = h->renew;
	}
	return next;
}

/* ---- the next message ------------------------------------------------- */

static int
place(const struct work *w)
{
	int i = 0;

	while (w->h[i].pid != 0 || w->h[i].over)
		i++;
	return i;
}

static enum status
start(struct work *w, struct lane *l, struct claim *c, usec_t mono, struct error *err)
{
	enum status st;
	int i;

	for (;;) {
		i = place(w);
		st = handler_start(&l->launch, &w->h[i], i, c, err);
		if (st == ST_OK || st == ST_NOTFOUND || w->nover == 0)
			break;
		error_clear(err);
		(void)work_settle(w);	/* what is over has descriptors and memory yet */
	}
	if (st != ST_OK) {
		/* Our fault, whatever it is: the message goes back and does not count. */
		struct error giving;
		error_clear(&giving);
		if (claim_release(l->q, c, 0, clock_now(), &giving) != ST_OK)
			work_trouble(w, &giving);
		claim_close(c);
		w->closing = true;
		if (st == ST_NOTFOUND) {
			w->exit_code = err->errnum == ENOENT ? 127 : 126;
			if (work_can_note())
				run_note(w->r, "%s", err->text);
			error_clear(err);
			return ST_OK;
		}
		return st;
	}
	w->h[i].lane = l;
	if (l->timeout > 0 && w->h[i].stage == RUNNING)
		w->h[i].limit = mono + l->timeout;
	w->h[i].renew = mono + work_lease(w, l) / 3;
	breaker_started(&w->h[i]);
	l->running++;
	w->running++;
	w->started++;
	if (w->interval > 0)
		w->next_start = mono + w->interval;
	if (w->max > 0 && w->started >= (uint64_t)w->max)
		w->closing = true;
	return ST_OK;
}

static enum status
claim_one(struct work *w, struct lane *l, struct claim *c, struct error *err)
{
	struct passed over;
	enum status st;

	st = claim_next(l->q, &w->claim, clock_now(), c, &l->look, &over, err);
	l->passed = over.n;
	if (st != ST_OK && st != ST_NONE && over.n > 0) {	/* told once; it may pass */
		if (w->worst != st)
			work_trouble(w, err);
		error_clear(err);
		st = ST_NONE;
	}
	/* No room, or no descriptor, for one more: there will be when one of ours has ended. */
	if (st == ST_AGAIN && err->errnum != 0 && w->running + w->nover > 0) {
		error_clear(err);
		l->starved = true;
		st = ST_NONE;
	}
	l->held = over.held;
	if (over.held == HELD_RATE || over.held == HELD_LIMIT ||
	    (over.held != HELD_NO && w->drain == DRAIN_NO)) {
		error_clear(err);	/* for a time */
		st = ST_NONE;
	}
	return st;
}

/* Its policy, if that may have changed. */
static enum status
refresh(struct lane *l, struct error *err)
{
	if (!l->stale || l->gone)
		return ST_OK;
	l->stale = false;
	return queue_reload(l->q, err);
}

/* Watches are armed before the look that finds nothing. */
static enum status
look(struct work *w, struct lane *l, struct claim *c, usec_t mono, struct error *err)
{
	enum status st;

	l->event = false;
	if ((st = refresh(l, err)) != ST_OK)
		return st;
	for (;;) {
		if (l->hungry && (st = waiter_arm(l->waiter, err)) != ST_OK)
			return st;
		st = claim_one(w, l, c, err);
		if (st == ST_NONE && !l->hungry) {
			l->hungry = true;
			continue;
		}
		l->poll = mono + waiter_poll(l->waiter);
		l->hungry &= st != ST_OK;
		return st;
	}
}

/* One of several that cannot be had ends the others no more than it has to. */
static enum status
without(struct work *w, struct lane *l, enum status st, struct error *err)
{
	if (w->nlanes == 1 || (st != ST_NOTFOUND && !(st == ST_AGAIN && l->held != HELD_NO)))
		return st;
	if (work_can_note())
		run_note(w->r, "%s", err->text);
	error_clear(err);
	work_leave(w, l, st);
	return ST_OK;
}

/* Claim and start while there is room. */
static enum status
fill(struct work *w, usec_t mono, struct error *err)
{
	struct lane *l;
	struct claim c;
	enum status st;

	while (!w->closing && w->running < w->jobs && mono >= w->next_start &&
	    (l = lanes_next(w, mono)) != NULL) {
		if ((st = look(w, l, &c, mono, err)) != ST_OK) {
			lanes_empty(l);
			if (st != ST_NONE && (st = without(w, l, st, err)) != ST_OK)
				return st;
			continue;
		}
		lanes_served(w, l);
		if ((st = start(w, l, &c, mono, err)) != ST_OK)
			return st;
		(void)work_settle(w);	/* before the next, or many starts could take a lease's time */
	}
	return ST_OK;
}

static enum status
drained(struct work *w, bool *yes, struct error *err)
{
	enum status st = ST_OK;
	uint64_t n;

	*yes = w->running == 0;
	if (!*yes || w->closing || !lanes_left(w))
		return ST_OK;
	*yes = w->drain != DRAIN_NO;
	for (struct lane *l = w->lane; *yes && st == ST_OK && l < w->lane + w->nlanes; l++) {
		if (l->gone)
			continue;
		*yes = l->hungry && l->held == HELD_NO && !breaker_open(l);
		if (!*yes || w->drain == DRAIN_READY)
			continue;
		/* What cannot be had was told of; waiting would not help. */
		st = queue_backlog(l->q, l->passed, &n, err);
		*yes = n <= l->passed;
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
			else
				continue;
			break;
		}
}

static usec_t
sleep_until(const struct work *w, usec_t mono, usec_t next)
{
	bool room = !w->closing && w->running < w->jobs;
	usec_t due = lanes_due(w, mono);

	if (due < next)
		next = due;
	if (room && w->next_start > mono && w->next_start < next)
		next = w->next_start;
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
		if (w->h[i].infd != -1 && w->h[i].why != WHY_BODY)
			w->pfd[n++] = (struct pollfd){ .fd = w->h[i].infd, .events = POLLOUT };
	}
	if (w->mute)
		w->pfd[n++] = (struct pollfd){ .fd = STDERR_FILENO, .events = POLLOUT };
	for (struct lane *l = w->lane; l < w->lane + w->nlanes; l++)
		w->pfd[n++] = (struct pollfd){ .fd = room ? waiter_fd(l->waiter) : -1, .events = POLLIN };
	return n;
}

static enum status
wait_for_something(struct work *w, usec_t mono, usec_t next, struct error *err)
{
	nfds_t n = watched(w), queues = n - (nfds_t)w->nlanes;
	int r;

	next = sleep_until(w, mono, next);
	r = poll(w->pfd, n, (int)((next - mono + 999) / 1000));
	if (r == -1 && errno != EINTR)
		return error_sys(err, errno, "poll");
	if (r <= 0)
		return ST_OK;
	for (int i = 0; i < w->nlanes; i++)
		if (w->pfd[queues + (nfds_t)i].revents != 0)
			lanes_heard(&w->lane[i]);
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
	for (struct lane *l = w->lane; st == ST_OK && l < w->lane + w->nlanes; l++) {
		l->stale |= due;
		if ((st = refresh(l, err)) != ST_OK)
			st = without(w, l, st, err);
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

/* Trouble of our own: claim no more, let the handlers end, then tell. */
void
work_wind_down(struct work *w)
{
	struct error err;

	error_clear(&err);
	w->closing = true;
	(void)work_settle(w);
	while (w->running > 0) {
		usec_t mono = clock_mono();
		work_tell(w, mono);
		if (wait_for_something(w, mono, look_after(w, mono), &err) != ST_OK)
			break;
		(void)work_settle(w);
	}
}
