/*
 * work.c: mq work: a command for each message: what was typed, and setting up.
 */
#include <sys/signalfd.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "work.h"

#define MAX_JOBS 1000

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
	w->pfd = calloc(2 + 2 * (size_t)w->jobs + (size_t)w->nlanes, sizeof(*w->pfd));
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
	return ST_OK;
}

/* What to run for a queue's messages, and how long: from its policy, asked this once, what was not given. */
static enum status
command(struct work *w, struct lane *l)
{
	struct run *r = w->r;
	const char *shell[] = { "/bin/sh", "-c", NULL };
	const char *const *words = w->config ? shell : (const char *const *)r->operand + 1;
	int n = w->config ? 3 : r->noperands - 1;
	enum status st = w->config ? queue_handler(l->q, &shell[2], &r->err) : ST_OK;

	if (st != ST_OK)
		return st;
	/* libbsd's setproctitle writes over the arguments, which we still need. */
	if ((l->argv = calloc((size_t)n + 1, sizeof(char *))) == NULL)
		return error_sys(&r->err, ENOMEM, "work");
	for (int i = 0; i < n; i++)
		if ((l->argv[i] = strdup(words[i])) == NULL)
			return error_sys(&r->err, ENOMEM, "work");
	l->command = l->argv[w->config ? 2 : 0];
	l->timeout = w->timeout != -1 ? w->timeout : w->config ? queue_policy(l->q)->timeout : 0;
	return ST_OK;
}

static enum status
lanes_open(struct work *w)
{
	struct run *r = w->r;
	enum status st;

	w->nlanes = 1;
	if ((w->lane = calloc((size_t)w->nlanes, sizeof(*w->lane))) == NULL)
		return error_sys(&r->err, ENOMEM, "work");
	for (int i = 0; i < w->nlanes; i++) {
		struct lane *l = &w->lane[i];
		l->look = USEC_MAX;
		if ((st = run_queue(r, r->operand[i], &l->q)) != ST_OK || (st = command(w, l)) != ST_OK)
			return st;
		(void)strlcat(w->names, queue_name(l->q), sizeof(w->names));
	}
	if (w->jobs == 0)
		w->jobs = w->config ? queue_policy(w->lane->q)->jobs : 1;
	w->slots = (int)w->jobs + 1;
	return ST_OK;
}

/* What takes descriptors and environment: after the guard has started, and after set_up. */
static enum status
lanes_start(struct work *w)
{
	enum status st = ST_OK;

	for (struct lane *l = w->lane; st == ST_OK && l < w->lane + w->nlanes; l++)
		if ((st = launch_open(w->r, l->q, l->argv, &l->launch, &w->r->err)) == ST_OK)
			st = waiter_open(l->q, w->drain == DRAIN_ALL, &l->waiter, &w->r->err);
	return st;
}

static void
lanes_close(struct work *w)
{
	for (struct lane *l = w->lane; l < w->lane + w->nlanes; l++) {
		waiter_close(l->waiter);
		queue_close(l->q);
		for (char **arg = l->argv; arg != NULL && *arg != NULL; arg++)
			free(*arg);
		free(l->argv);
		launch_close(&l->launch);
	}
	free(w->lane);
}

/* How much is ready, for who looks on. */
static void
count_left(struct work *w)
{
	struct error ignored;
	struct tally t;

	error_clear(&ignored);
	for (struct lane *l = w->lane; w->progress.on && l < w->lane + w->nlanes; l++)
		if (queue_tally(l->q, STATE_BIT(STATE_READY), &t, &ignored) == ST_OK)
			w->left += t.count[STATE_READY];
}

static enum status
run_work(struct run *r)
{
	struct work w = { .r = r, .timeout = -1, .claim = { .hold = true }, .sigfd = -1,
	    .notify = { .fd = -1 } };
	enum status st;

	if ((st = options(&w)) != ST_OK || (st = run_operands(r, 1, -1)) != ST_OK)
		return st;
	if (r->noperands < 2 && !w.config)
		return run_usage(r, "the command to run is missing: mq work QUEUE -- CMD [ARG...], "
		    "or --config QUEUE");
	if (r->noperands > 1 && w.config)
		return run_usage(r, "--config and a command: the queue's policy has the command");
	if ((st = lanes_open(&w)) == ST_OK && (st = guard_start(w.slots, &r->err)) == ST_OK &&
	    (st = set_up(&w, &r->err)) == ST_OK && (st = lanes_start(&w)) == ST_OK) {
		run_title(r);
		progress_start(&w.progress, r);
		w.progress.on &= w.drain != DRAIN_NO;
		count_left(&w);
		if ((st = work_loop(&w, &r->err)) != ST_OK)
			work_wind_down(&w);
		else {
			w.closing = true;
			work_tell(&w, clock_mono());
		}
		progress_clear();
	}
	guard_stop();
	notify_close(&w.notify);
	lanes_close(&w);
	if (w.sigfd != -1)
		(void)close(w.sigfd);
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
