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
#define MAX_QUEUES 64
#define MAX_WEIGHT 1000
#define STRIDE 1000000

enum { DRAIN = OPT_LONG, TIMEOUT, RATE, LEASE, CONFIG };

static const struct opt opts[] = {
	{ 'j', "jobs", "N", false, "run up to N handlers at once; default 1" },
	{ DRAIN, "drain", "all", true, "stop when nothing is ready; all: nor delayed or claimed" },
	{ 'n', "limit", "MAX", false, "stop after MAX messages" },
	{ TIMEOUT, "timeout", "DUR", false, "stop a handler that runs longer; a failed attempt" },
	{ RATE, "rate", "N/s", false, "start at most N handlers a second (N/m, N/h)" },
	{ LEASE, "lease", "DUR", false, "length of the lease instead of the policy's" },
	{ CONFIG, "config", NULL, false, "command, jobs and time limit from the policies" },
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

	w->h = calloc((size_t)w->jobs + 1, sizeof(*w->h));
	w->pfd = calloc(2 + 2 * (size_t)w->jobs + (size_t)w->nlanes, sizeof(*w->pfd));
	w->arrivals = calloc((size_t)w->nlanes, sizeof(*w->arrivals));
	if (w->h == NULL || w->pfd == NULL || w->arrivals == NULL)
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
	const char *const *words = w->config ? shell : (const char *const *)r->operand + w->nlanes;
	int n = w->config ? 3 : r->noperands - w->nlanes;
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

/* "QUEUE" or "QUEUE:WEIGHT". */
static enum status
lane_open(struct work *w, struct lane *l, const char *word)
{
	struct run *r = w->r;
	const char *weight = strchr(word, ':');
	char name[QUEUE_NAME_MAX + 2];
	int64_t n = 0;
	enum status st;

	/* A name that is too long stays so, and is refused. */
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, ":"), word);
	if (weight != NULL && (st = arg_number(r, word, weight + 1, 1, MAX_WEIGHT, &n)) != ST_OK)
		return st;
	for (const struct lane *other = w->lane; other < l; other++)
		if (strcmp(queue_name(other->q), name) == 0)
			return run_usage(r, "queue '%s' is named twice", name);
	if ((st = run_queue(r, name, &l->q)) != ST_OK)
		return st;
	l->look = USEC_MAX;
	l->stride = n > 0 ? STRIDE / (uint64_t)n : 0;
	if (l > w->lane)
		(void)strlcat(w->names, ",", sizeof(w->names));
	(void)strlcat(w->names, name, sizeof(w->names));
	return command(w, l);
}

/* Where one has a weight, those without have 1. */
static void
weigh(struct work *w)
{
	bool weighted = false;

	for (int i = 0; i < w->nlanes; i++)
		weighted |= w->lane[i].stride > 0;
	for (int i = 0; weighted && i < w->nlanes; i++)
		if (w->lane[i].stride == 0)
			w->lane[i].stride = STRIDE;
}

static enum status
lanes_open(struct work *w)
{
	struct run *r = w->r;
	int64_t sum = 0;
	enum status st;

	w->nlanes = w->config ? r->noperands : r->before > 0 ? r->before : 1;
	if (w->nlanes > MAX_QUEUES)
		return run_usage(r, "%d queues: %d at most", w->nlanes, MAX_QUEUES);
	if ((w->lane = calloc((size_t)w->nlanes, sizeof(*w->lane))) == NULL)
		return error_sys(&r->err, ENOMEM, "work");
	for (int i = 0; i < w->nlanes; i++)
		if ((st = lane_open(w, &w->lane[i], r->operand[i])) != ST_OK)
			return st;
	weigh(w);
	for (int i = 0; w->jobs == 0 && w->config && i < w->nlanes; i++) {
		w->lane[i].jobs = queue_policy(w->lane[i].q)->jobs;
		sum += w->lane[i].jobs;
	}
	if (w->jobs == 0)
		w->jobs = !w->config ? 1 : sum < MAX_JOBS ? sum : MAX_JOBS;
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
	for (struct lane *l = w->lane; l != NULL && l < w->lane + w->nlanes; l++) {
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
	if (r->before == 0)
		return run_usage(r, "the queue is missing: mq work QUEUE -- CMD [ARG...]");
	if (!w.config && r->noperands - (r->before > 0 ? r->before : 1) < 1)
		return run_usage(r, "the command to run is missing: mq work QUEUE -- CMD [ARG...], "
		    "or --config QUEUE");
	if (w.config && r->before != -1 && r->before < r->noperands)
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
	free(w.arrivals);
	r->exit_code = w.exit_code;
	r->told = st == ST_OK;	/* our own trouble was, when it happened */
	return st == ST_OK ? w.worst : st;
}

const struct cmd cmd_work = {
	.name = "work",
	.operands = "QUEUE... [-- CMD [ARG...]]",
	.summary = "run a command for each message",
	.opts = opts,
	.run = run_work,
};
