/*
 * loop.c: the loop of mq work.
 *
 * There is one process with one loop around poll.  It waits for signals (by signalfd), the queues
 * (by their waiters), the pipes of the handlers, and the earliest deadline.
 */
#include <sys/signalfd.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "worker/sources.h"
#include "worker/supply.h"
#include "worker/verdict.h"
#include "worker/work.h"

/* How often the policies are read again while a queue is paused after failures. */
#define RELOAD USEC
/* The longest sleep, even if no deadline is set. */
#define SLEEP_MAX (3600 * USEC)

static bool
loop_busy(const struct work *w)
{
	bool any = w->running > 0;

	for (int i = 0; !any && i < w->slots; i++)
		any = w->h[i].n > 0;
	return any;
}

static enum status
loop_drained(struct work *w, bool *yes, struct error *err)
{
	enum status st = ST_OK;

	*yes = !loop_busy(w);
	if (!*yes || w->phase != PHASE_WORKING || !sources_left(w) || doubt_hopeless(w))
		return ST_OK;
	*yes = w->drain != DRAIN_NO;
	for (struct source *s = w->source; *yes && st == ST_OK &&
	    s < w->source + w->nsources; s++) {
		if (s->hope == SOURCE_GONE)
			continue;
		*yes = s->hope == SOURCE_ASLEEP && s->held == HELD_NO && !breaker_open(s);
		if (*yes)
			st = w->supply->drained(w, s, yes, err);
	}
	return st;
}

/* After the first signal, handlers may go on for the time that --grace or the policy allows. */
static void
loop_grace(struct work *w)
{
	usec_t grace, least = USEC_MAX, mono = clock_mono();
	char text[DURATION_MAX] = "";

	for (struct source *s = w->source; s < w->source + w->nsources; s++) {
		grace = s->policy->grace;
		if (w->grace != -1)
			grace = w->grace;
		else if (grace == 0)
			continue;
		deadline_set(&s->grace, mono + grace);
		least = grace < least ? grace : least;
	}
	if (w->running == 0 || !work_can_note())
		return;
	if (least != USEC_MAX)
		duration_format(least, text);
	run_note(w->r, "stopping: waiting%s%s for %d handler%s; once more to stop %s",
	    text[0] != '\0' ? " " : "",
	    text, w->running, w->running == 1 ? "" : "s", w->running == 1 ? "it" : "them");
}

static void
loop_signals(struct work *w)
{
	struct signalfd_siginfo si;

	while (read(w->sigfd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD) {
			work_reap(w);
			continue;
		}
		work_enter(w, PHASE_ENDING);
		if (++w->stops == 1) {
			loop_grace(w);
			continue;
		}
		for (int i = 0; i < w->slots; i++)
			handler_stop(&w->h[i], WHY_SHUTDOWN);
	}
}

/* The places in 'pfd'.  After those of the supply come the pipes of the handlers. */
enum { WATCH_SIGNALS, WATCH_CLOCK, WATCH_STDOUT, WATCH_STDERR, WATCH_SUPPLY };

#define BROKEN (POLLERR | POLLHUP | POLLNVAL)

static void
loop_handlers(struct work *w, nfds_t first, nfds_t n)
{
	for (nfds_t k = first; k < n; k++)
		for (int i = 0; i < w->slots && w->pfd[k].revents != 0; i++) {
			if (!handler_lives(&w->h[i]))
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
}

/* Fill 'pfd' and return how many entries it has.  poll ignores those with a descriptor of -1. */
static nfds_t
loop_watch(struct work *w)
{
	bool room = w->phase == PHASE_WORKING && w->running < w->jobs;
	nfds_t n = WATCH_SUPPLY;

	w->pfd[WATCH_SIGNALS] = (struct pollfd){ .fd = w->sigfd, .events = POLLIN };
	w->pfd[WATCH_CLOCK] = (struct pollfd){ .fd = w->timefd, .events = POLLIN };
	w->pfd[WATCH_STDOUT] = (struct pollfd){ .fd = output_heard(w, STDOUT_FILENO)
	    ? STDOUT_FILENO : -1 };
	w->pfd[WATCH_STDERR] = (struct pollfd){ .fd = output_heard(w, STDERR_FILENO)
	    ? STDERR_FILENO : -1,
	    .events = w->mute ? POLLOUT : 0 };
	n += w->supply->watch(w, &w->pfd[n], room);
	w->watched = n;
	for (int i = 0; i < w->slots; i++) {
		if (!handler_lives(&w->h[i]))
			continue;
		if (w->h[i].errfd != -1 && !w->mute)
			w->pfd[n++] = (struct pollfd){ .fd = w->h[i].errfd, .events = POLLIN };
		if (w->h[i].infd != -1 && w->h[i].feeding && w->h[i].why != WHY_BODY)
			w->pfd[n++] = (struct pollfd){ .fd = w->h[i].infd, .events = POLLOUT };
		if (w->h[i].outfd != -1)
			w->pfd[n++] = (struct pollfd){ .fd = w->h[i].outfd, .events = POLLIN };
	}
	return n;
}

static void
loop_output(struct work *w, int fd, const struct pollfd *pfd)
{
	if ((pfd->revents & BROKEN) != 0)
		output_lost(w, fd, EPIPE);
}

/* Sleep until something happens or is due, and handle what has happened. */
static enum status
loop_wait(struct work *w, struct error *err)
{
	nfds_t n = loop_watch(w);
	usec_t sleep = deadlines_next(&w->deadlines) - clock_mono();
	int r;

	sleep = sleep < 0 ? 0 : sleep > SLEEP_MAX ? SLEEP_MAX : sleep;
	r = poll(w->pfd, n, (int)((sleep + 999) / 1000));
	if (r == -1 && errno != EINTR)
		return error_sys(err, errno, "poll");
	if (r <= 0)
		return ST_OK;
	if (w->pfd[WATCH_CLOCK].revents != 0)
		clock_heard(w);
	w->supply->heard(w, &w->pfd[WATCH_SUPPLY]);
	if (w->pfd[WATCH_STDERR].revents != 0)
		w->mute = false;
	loop_output(w, STDOUT_FILENO, &w->pfd[WATCH_STDOUT]);
	loop_output(w, STDERR_FILENO, &w->pfd[WATCH_STDERR]);
	loop_handlers(w, w->watched, n);
	if (w->pfd[WATCH_SIGNALS].revents != 0)
		loop_signals(w);
	return ST_OK;
}

/*
 * Read again the policies that may have changed, and set the time at which all are read again at
 * the latest.
 */
static enum status
loop_reload(struct work *w, usec_t mono, struct error *err)
{
	usec_t sleep = sources_poll(w);
	enum status st = ST_OK;

	for (struct source *s = w->source; st == ST_OK && s < w->source + w->nsources; s++) {
		if ((st = source_refresh(w, s, mono, err)) != ST_OK)
			st = work_without(w, s, st, err);
		else if (work_can_note())
			w->supply->news(w, s);
		if (breaker_open(s) && sleep > RELOAD)
			sleep = RELOAD;
	}
	deadline_set(&w->reload, mono + sleep);
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
		work_due(w);
		if ((st = loop_reload(w, mono, err)) != ST_OK)
			return st;
		if ((st = work_fill(w, err)) != ST_OK)
			return st;
		if (work_settle(w))
			continue;	/* a message that was given back may be ready */
		if ((st = w->supply->turn(w, err)) != ST_OK)
			return st;
		work_tell(w, mono);
		if ((st = loop_drained(w, &done, err)) != ST_OK || done)
			return st;
		work_show(w);
		if ((st = loop_wait(w, err)) != ST_OK)
			return st;
	}
}

/*
 * Wait until all handlers with messages have ended; if 'all' is set, wait also for those without
 * a message.
 */
static void
loop_end(struct work *w, bool all)
{
	struct error err;
	bool any;

	for (;;) {
		usec_t mono = clock_mono();
		work_due(w);
		error_clear(&err);
		if (work_go_on(w, &err) != ST_OK)
			work_trouble(w, &err);
		any = loop_busy(w);
		for (int i = 0; all && !any && i < w->slots; i++)
			any = w->h[i].state != SLOT_FREE;
		if (!any)
			return;
		if (w->supply->turn(w, &err) != ST_OK)
			error_clear(&err);
		work_tell(w, mono);
		if (loop_wait(w, &err) != ST_OK)
			return;
		(void)work_settle(w);
	}
}

void
work_wind_down(struct work *w)
{
	work_enter(w, PHASE_ENDING);
	(void)work_settle(w);
	loop_end(w, false);
}

void
work_retire(struct work *w)
{
	for (int i = 0; i < w->slots; i++)
		persist_retire(&w->h[i]);
	loop_end(w, true);
}
