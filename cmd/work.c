/*
 * work.c: mq work: a command for each message.
 *
 * One process, one loop around poll: signals (by signalfd), the queue (by the
 * waiter), the pipes of the handlers, and the next time that something is due.
 * A handler's message is leased for as long as the handler lives: the lease is
 * renewed at a third of its length, and never without the child.
 */
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "work.h"

#define MAX_JOBS 1000
/* How often the policy is read again. */
#define RELOAD USEC

enum { DRAIN = OPT_LONG, TIMEOUT, RATE, LEASE, CONFIG };

static const struct opt opts[] = {
	{ 'j', "jobs", "N", false, "run up to N handlers at once; default 1" },
	{ DRAIN, "drain", "all", true, "stop when nothing is ready; all: nor delayed or claimed" },
	{ 'n', "limit", "MAX", false, "stop after MAX messages" },
	{ TIMEOUT, "timeout", "DUR", false, "stop a handler that runs longer; a failed attempt" },
	{ RATE, "rate", "N/s", false, "start at most N handlers a second (N/m, N/h)" },
	{ LEASE, "lease", "DUR", false, "length of the lease instead of the policy's" },
	{ CONFIG, "config", NULL, false, "command, jobs and time limit from the queue's policy" },
	OPT_END
};

enum drain { DRAIN_NO, DRAIN_READY, DRAIN_ALL };

struct work {
	struct run *r;
	struct queue *q;
	struct waiter *waiter;
	struct claim_options claim;
	int64_t jobs, max;
	enum drain drain;
	bool config;
	usec_t timeout, interval;	/* timeout: -1 if not given */
	char **argv;
	const char *command;	/* what people know it by */
	struct launch launch;
	struct handler *h;
	struct pollfd *pfd;
	int sigfd;

	int slots;		/* places of handlers: one more than jobs, for the next while one is over */
	int running, nover, stops;	/* nover: ended, not settled; stops: signals that asked us to end */
	bool closing;		/* claim no more */
	bool hungry;		/* the last look found nothing; watches are armed */
	bool event;		/* the queue changed since */
	bool gave_back, starved;	/* a message went back since; one was there, but no room for it */
	usec_t look;		/* wall clock: when to look again without an event */
	usec_t poll;		/* clock_mono: the slow poll behind it */
	usec_t next_start, next_reload;	/* clock_mono */
	int exit_code;		/* 126, 127: the command cannot be run */
	enum status worst;	/* trouble of our own that must be told at the end */
	uint64_t started, acked, failed, left;
	struct progress progress;
	struct notify notify;
	uint64_t passed;	/* messages that the last look had to pass over */
	bool mute;		/* our stderr takes no more: the handlers' waits in their pipes */
};

/* ---- what people see -------------------------------------------------- */

static void
title(const struct work *w)
{
	setproctitle("work %s: %d running, %llu done, %llu failed", queue_name(w->q),
	    w->running, (unsigned long long)w->acked, (unsigned long long)w->failed);
}

/* To the service manager.  Also a worker that stops after its first message was ready once. */
static void
tell(struct work *w, usec_t mono)
{
	bool ready = !w->closing || (w->notify.state == NULL && w->exit_code == 0);
	char status[sizeof(w->notify.status)];

	if (w->notify.fd == -1)
		return;
	(void)snprintf(status, sizeof(status), "%d running, %llu done, %llu failed", w->running,
	    (unsigned long long)w->acked, (unsigned long long)w->failed);
	notify_tell(&w->notify, mono, ready ? "READY=1" : "STOPPING=1", status);
}

/* A note that nobody reads must not hold up the leases. */
static bool
can_note(void)
{
	return stderr_ready(0);
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

static void
trouble(struct work *w, struct error *err)
{
	if (can_note())
		run_note(w->r, "%s", err->text);
	w->worst = err->status;
	error_clear(err);
}

/* ---- the end of a handler --------------------------------------------- */

static enum status
fail(struct work *w, struct handler *h, const char *reason, bool permanent, usec_t now,
    struct error *err)
{
	struct failure why = { .reason = reason, .stderr_tail = h->tail,
	    .stderr_len = h->ntail, .duration = h->ended - h->started, .delay = -1,
	    .permanent = permanent };
	enum status st;
	enum state to;

	st = claim_fail(w->q, &h->claim, &why, now, &to, err);
	w->gave_back = true;
	if (st == ST_OK) {
		w->failed++;
		if (can_note())
			run_verbose(w->r, "%s: %s, attempt %d: %s", h->claim.at.name.id.text, reason,
			    h->claim.at.name.attempts + 1, to == STATE_DEAD ? "dead" : "to be retried");
	}
	return st;
}

/* The command itself is at fault: the message is given back, and no other is taken. */
static enum status
cannot_run(struct work *w, struct handler *h, int code, usec_t now, struct error *err)
{
	if (w->exit_code == 0 && can_note())
		run_note(w->r, "%s: exit status %d: the command cannot be run; the message was "
		    "given back", w->command, code);
	w->exit_code = code;
	w->closing = w->gave_back = true;
	return claim_release(w->q, &h->claim, 0, now, err);
}

static usec_t
lease_of(const struct work *w)
{
	return w->claim.lease > 0 ? w->claim.lease : queue_policy(w->q)->lease;
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
	int code;

	if (h->why == WHY_LOST)
		return ST_OK;	/* another's by now */
	/* Who had finished when we told it to stop has finished. */
	if (h->why == WHY_SHUTDOWN && !(WIFEXITED(h->status) && WEXITSTATUS(h->status) == 0)) {
		w->gave_back = true;
		return claim_release(w->q, &h->claim, 0, now, err);
	}
	if (h->why == WHY_TIMEOUT)
		return fail(w, h, "timeout", false, now, err);
	if (h->why == WHY_BODY)
		return fail(w, h, "unreadable", false, now, err);
	if (WIFSIGNALED(h->status)) {
		(void)snprintf(reason, sizeof(reason), "signal-%d", WTERMSIG(h->status));
		return fail(w, h, reason, false, now, err);
	}
	code = WEXITSTATUS(h->status);
	if (unusable(h))
		return cannot_run(w, h, code, now, err);
	if (code != 0) {
		(void)snprintf(reason, sizeof(reason), "exit-%d", code);
		return fail(w, h, reason, code == 65 || code == 100, now, err);
	}
	if ((st = claim_ack(w->q, &h->claim, now, err)) == ST_OK)
		w->acked++;
	return st;
}

/* End the claims of the handlers that are over; whether there were any. */
static bool
settle_all(struct work *w)
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
			if (can_note())
				run_verbose(w->r, "%s", err.text);
		} else if (st != ST_OK)
			trouble(w, &err);
		handler_free(h, i);
		w->nover--;
		any = true;
	}
	/* What was given back may be ready, and what there was no room for may be had. */
	if (any && (w->gave_back || w->starved))
		w->hungry = w->gave_back = w->starved = false;
	return any;
}

/*
 * Its place can be had by the next at once: a claim is ended while that one starts.  Not if
 * the command cannot be run, for then there shall be no next one.
 */
static void
reap_children(struct work *w)
{
	bool stop = false;

	for (int i = 0; i < w->slots; i++) {
		struct handler *h = &w->h[i];
		if (h->pid <= 0 || waitpid(h->pid, &h->status, WNOHANG) != h->pid)
			continue;
		h->pid = 0;
		h->over = true;
		h->ended = clock_mono();
		w->running--;
		w->nover++;
		/* Or if its lease is nearly over, as when all of us were stopped: our own search for the next would take it back. */
		stop |= unusable(h) || h->claim.at.name.key - clock_now() < lease_of(w) / 3;
	}
	if (stop)
		(void)settle_all(w);
}

/* ---- leases and limits ------------------------------------------------ */

static void
renew(struct work *w, struct handler *h, usec_t mono)
{
	struct error err;
	enum status st;

	error_clear(&err);
	h->renew = mono + lease_of(w) / 3;
	st = claim_extend(w->q, &h->claim, lease_of(w), clock_now(), &err);
	if (st == ST_OK)
		return;
	if (st != ST_LOST) {
		trouble(w, &err);
		return;
	}
	/* Somebody else may be at it already: no two at once. */
	if (can_note())
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
start(struct work *w, struct claim *c, usec_t mono, struct error *err)
{
	enum status st;
	int i = place(w);

	st = handler_start(&w->launch, &w->h[i], i, c, err);
	if (st != ST_OK && st != ST_NOTFOUND && w->nover > 0) {	/* what is over has descriptors and memory yet */
		error_clear(err);
		(void)settle_all(w);
		i = place(w);
		st = handler_start(&w->launch, &w->h[i], i, c, err);
	}
	if (st != ST_OK) {
		/* Our fault, whatever it is: the message goes back and does not count. */
		struct error giving;
		error_clear(&giving);
		if (claim_release(w->q, c, 0, clock_now(), &giving) != ST_OK)
			trouble(w, &giving);
		claim_close(c);
		w->closing = true;
		if (st == ST_NOTFOUND) {
			w->exit_code = err->errnum == ENOENT ? 127 : 126;
			if (can_note())
				run_note(w->r, "%s", err->text);
			error_clear(err);
			return ST_OK;
		}
		return st;
	}
	if (w->timeout > 0 && w->h[i].stage == RUNNING)
		w->h[i].limit = mono + w->timeout;
	w->h[i].renew = mono + lease_of(w) / 3;
	w->running++;
	w->started++;
	if (w->interval > 0)
		w->next_start = mono + w->interval;
	if (w->max > 0 && w->started >= (uint64_t)w->max)
		w->closing = true;
	return ST_OK;
}

static enum status
claim_one(struct work *w, struct claim *c, struct error *err)
{
	struct passed over;
	enum status st;

	st = claim_next(w->q, &w->claim, clock_now(), c, &w->look, &over, err);
	w->passed = over.n;
	if (st != ST_OK && st != ST_NONE && over.n > 0) {	/* told once; it may pass */
		if (w->worst != st)
			trouble(w, err);
		error_clear(err);
		st = ST_NONE;
	}
	/* No room, or no descriptor, for one more: there will be when one of ours has ended. */
	if (st == ST_AGAIN && err->errnum != 0 && w->running + w->nover > 0) {
		error_clear(err);
		w->starved = true;
		st = ST_NONE;
	}
	if (st == ST_AGAIN && w->drain == DRAIN_NO &&
	    (queue_policy(w->q)->paused & PAUSED_POP) != 0) {
		error_clear(err);	/* a pause ends */
		st = ST_NONE;
	}
	return st;
}

/* Claim and start while there is room.  Watches are armed before the look that finds nothing. */
static enum status
fill(struct work *w, usec_t mono, struct error *err)
{
	struct claim c;
	enum status st;

	if (w->hungry && !w->event && mono < w->poll && clock_now() < w->look)
		return ST_OK;
	w->event = false;
	while (!w->closing && w->running < w->jobs && mono >= w->next_start) {
		if (w->hungry && (st = waiter_arm(w->waiter, err)) != ST_OK)
			return st;
		st = claim_one(w, &c, err);
		if (st == ST_NONE && !w->hungry) {
			w->hungry = true;
			continue;
		}
		w->poll = mono + waiter_poll(w->waiter);
		if (st != ST_OK)
			return st == ST_NONE ? ST_OK : st;
		w->hungry = false;
		if ((st = start(w, &c, mono, err)) != ST_OK)
			return st;
		(void)settle_all(w);	/* before the next, or many starts could take a lease's time */
	}
	return ST_OK;
}

static enum status
drained(struct work *w, bool *yes, struct error *err)
{
	uint64_t n = 0;
	enum status st = ST_OK;

	*yes = false;
	if (w->running > 0)
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
			reap_children(w);
			continue;
		}
		w->closing = true;
		if (++w->stops == 1) {
			if (w->running > 0 && can_note())
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
			else
				continue;
			break;
		}
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
		if (w->h[i].infd != -1 && w->h[i].why != WHY_BODY)
			w->pfd[n++] = (struct pollfd){ .fd = w->h[i].infd, .events = POLLOUT };
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

static enum status
loop(struct work *w, struct error *err)
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
		if (can_note())
			run_log_trouble(w->r);
		if ((st = fill(w, mono, err)) != ST_OK)
			return st;
		if (settle_all(w) && !w->closing)
			continue;	/* what was given back may be ready */
		tell(w, mono);
		if ((st = drained(w, &done, err)) != ST_OK || done)
			return st;
		title(w);
		draw(w);
		if ((st = wait_for_something(w, mono, look_after(w, mono), err)) != ST_OK)
			return st;
	}
}

/* Trouble of our own: claim no more, let the handlers end, then tell. */
static void
wind_down(struct work *w)
{
	struct error err;

	error_clear(&err);
	w->closing = true;
	(void)settle_all(w);
	while (w->running > 0) {
		usec_t mono = clock_mono();
		tell(w, mono);
		if (wait_for_something(w, mono, look_after(w, mono), &err) != ST_OK)
			break;
		(void)settle_all(w);
	}
}

/* ---- setting up ------------------------------------------------------- */

static enum status
options(struct work *w)
{
	enum status st = ST_OK;
	struct run *r = w->r;
	const char *arg;
	int key;

	while (st == ST_OK && (key = run_option(r, &arg)) != 0)
		switch (key) {
		case 'j':
			st = arg_number(r, "-j", arg, 1, MAX_JOBS, &w->jobs);
			break;
		case DRAIN:
			w->drain = arg == NULL ? DRAIN_READY : DRAIN_ALL;
			if (arg != NULL && strcmp(arg, "all") != 0)
				st = run_usage(r, "--drain=%s: the only word it takes is 'all'", arg);
			break;
		case 'n':
			st = arg_number(r, "-n", arg, 1, INT64_MAX, &w->max);
			break;
		case TIMEOUT:
			st = arg_duration(r, "--timeout", arg, &w->timeout);
			break;
		case RATE:
			st = arg_rate(r, "--rate", arg, &w->interval);
			break;
		case LEASE:
			st = arg_duration(r, "--lease", arg, &w->claim.lease);
			if (st == ST_OK && w->claim.lease == 0)
				st = run_usage(r, "--lease: a lease of no length is none");
			break;
		case CONFIG:
			w->config = true;
			break;
		default:
			break;
		}
	return st;
}

static enum status
set_up(struct work *w, struct error *err)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	sigset_t sigs;

	w->h = calloc((size_t)w->slots, sizeof(*w->h));
	w->pfd = calloc(3 + 2 * (size_t)w->jobs, sizeof(*w->pfd));
	if (w->h == NULL || w->pfd == NULL)
		return error_sys(err, ENOMEM, "work");
	for (int i = 0; i < w->slots; i++)
		w->h[i].errfd = w->h[i].infd = w->h[i].claim.fd = -1;
	(void)sigemptyset(&sigs);
	(void)sigaddset(&sigs, SIGCHLD);
	/* What nohup or a shell told us to ignore is ignored. */
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!run_ignores(ends[i]))
			(void)sigaddset(&sigs, ends[i]);
	(void)sigprocmask(SIG_BLOCK, &sigs, NULL);
	(void)signal(SIGCHLD, SIG_DFL);	/* ignored, as some parents leave it, we'd never be told */
	if ((w->sigfd = signalfd(-1, &sigs, SFD_NONBLOCK | SFD_CLOEXEC)) == -1)
		return error_sys(err, errno, "signalfd");
	/* Before the handlers' environment is made. */
	if (notify_open(&w->notify, err) != ST_OK) {
		run_note(w->r, "%s", err->text);
		error_clear(err);
	}
	return launch_open(w->r, w->q, w->argv, &w->launch, err);
}

/* What to run, and how many of it how long: from the policy, asked this once, what was not given. */
static enum status
command(struct work *w)
{
	struct run *r = w->r;
	const char *shell[] = { "/bin/sh", "-c", NULL };
	const char *const *words = w->config ? shell : (const char *const *)r->operand + 1;
	int n = w->config ? 3 : r->noperands - 1;
	const struct policy *p = queue_policy(w->q);
	enum status st = w->config ? queue_handler(w->q, &shell[2], &r->err) : ST_OK;

	if (st != ST_OK)
		return st;
	/* libbsd's setproctitle writes over the arguments, which we still need. */
	if ((w->argv = calloc((size_t)n + 1, sizeof(char *))) == NULL)
		return error_sys(&r->err, ENOMEM, "work");
	for (int i = 0; i < n; i++)
		if ((w->argv[i] = strdup(words[i])) == NULL)
			return error_sys(&r->err, ENOMEM, "work");
	w->command = w->argv[w->config ? 2 : 0];
	if (w->jobs == 0)
		w->jobs = w->config ? p->jobs : 1;
	if (w->timeout == -1)
		w->timeout = w->config ? p->timeout : 0;
	w->slots = (int)w->jobs + 1;
	return ST_OK;
}

static enum status
run_work(struct run *r)
{
	struct work w = { .r = r, .timeout = -1, .claim = { .hold = true }, .sigfd = -1,
	    .look = USEC_MAX, .notify = { .fd = -1 } };
	struct tally t;
	enum status st;

	if ((st = options(&w)) != ST_OK || (st = run_operands(r, 1, -1)) != ST_OK)
		return st;
	if (r->noperands < 2 && !w.config)
		return run_usage(r, "the command to run is missing: mq work QUEUE -- CMD [ARG...], "
		    "or --config QUEUE");
	if (r->noperands > 1 && w.config)
		return run_usage(r, "--config and a command: the queue's policy has the command");
	if ((st = run_queue(r, r->operand[0], &w.q)) != ST_OK)
		return st;
	if ((st = command(&w)) == ST_OK && (st = guard_start(w.slots, &r->err)) == ST_OK &&
	    (st = set_up(&w, &r->err)) == ST_OK &&
	    (st = waiter_open(w.q, w.drain == DRAIN_ALL, &w.waiter, &r->err)) == ST_OK) {
		run_title(r);
		progress_start(&w.progress, r);
		w.progress.on &= w.drain != DRAIN_NO;
		if (w.progress.on && queue_tally(w.q, STATE_BIT(STATE_READY), &t, &r->err) == ST_OK)
			w.left = t.count[STATE_READY];
		if ((st = loop(&w, &r->err)) != ST_OK)
			wind_down(&w);
		else {
			w.closing = true;
			tell(&w, clock_mono());
		}
		progress_clear();
	}
	guard_stop();
	notify_close(&w.notify);
	waiter_close(w.waiter);
	queue_close(w.q);
	if (w.sigfd != -1)
		(void)close(w.sigfd);
	for (char **arg = w.argv; arg != NULL && *arg != NULL; arg++)
		free(*arg);
	free(w.argv);
	launch_close(&w.launch);
	free(w.h);
	free(w.pfd);
	r->exit_code = w.exit_code;
	r->told = st == ST_OK;	/* our own trouble was, when it happened */
	return st == ST_OK ? w.worst : st;
}

const struct cmd cmd_work = {
	.name = "work",
	.operands = "QUEUE [-- CMD [ARG...]]",
	.summary = "run a command for each message",
	.opts = opts,
	.run = run_work,
};
