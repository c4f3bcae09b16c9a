/*
 * work.c: mq work: a command for each message: what was typed, and setting up.
 */
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "work.h"

#define MAX_JOBS 1000

enum { DRAIN = OPT_LONG, TIMEOUT, RATE, LEASE, CONFIG, REPLY, BATCH, FRAME, PERSISTENT };

static const struct opt opts[] = {
	{ 'j', "jobs", "N", false, "run up to N handlers at once; default 1" },
	{ DRAIN, "drain", "all", true, "stop when nothing is ready; all: nor delayed or claimed" },
	{ 'n', "limit", "MAX", false, "stop after MAX messages" },
	{ TIMEOUT, "timeout", "DUR", false, "stop a handler that runs longer; a failed attempt" },
	{ RATE, "rate", "N/s", false, "start at most N handlers a second (N/m, N/h)" },
	{ LEASE, "lease", "DUR", false, "length of the lease instead of the policy's" },
	{ REPLY, "reply", NULL, false, "what a handler prints is the answer to its message" },
	{ PERSISTENT, "persistent", NULL, false, "start CMD once and give it message after message" },
	{ BATCH, "batch", "N[,BYTES[,DUR]]", false, "up to N messages at once, BYTES long, waiting DUR for them" },
	{ FRAME, "frame", "HOW", false, "how a batch is given: lines, null, json" },
	{ CONFIG, "config", NULL, false, "command, jobs and time limit from the queue's policy" },
	OPT_END
};

static enum status
batch_option(struct work *w, const char *arg)
{
	char text[80], *rest = text, *n, *bytes, *wait;
	enum status st;

	if (strlcpy(text, arg, sizeof(text)) >= sizeof(text))
		return run_usage(w->r, "--batch: '%s' is not N[,BYTES[,DUR]]", arg);
	n = strsep(&rest, ",");
	bytes = strsep(&rest, ",");
	wait = rest;
	w->launch.mode = MODE_BATCH;
	st = arg_number(w->r, "--batch", n, 1, BATCH_MAX, &w->batch);
	if (st == ST_OK && bytes != NULL && bytes[0] != '\0')
		st = arg_size(w->r, "--batch", bytes, &w->batch_bytes);
	if (st == ST_OK && wait != NULL)
		st = arg_duration(w->r, "--batch", wait, &w->batch_wait);
	return st;
}

static enum status
frame_option(struct work *w, const char *arg)
{
	static const char *const names[] = { [FRAME_LINES] = "lines", [FRAME_NULL] = "null",
	    [FRAME_JSON] = "json" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(arg, names[i]) == 0) {
			w->launch.frame = (enum frame)i;
			w->framed = true;
			return ST_OK;
		}
	return run_usage(w->r, "--frame: '%s' is not lines, null or json", arg);
}

/* What can't be together. */
static enum status
check_options(struct work *w)
{
	if (w->framed && w->batch == 0)
		return run_usage(w->r, "--frame is for --batch");
	if (w->persistent && w->batch > 0)
		return run_usage(w->r, "--persistent and --batch: one or the other");
	if (w->launch.reply && (w->persistent || w->batch > 0))
		return run_usage(w->r, "--reply: only for a handler that is started for each message");
	if (w->persistent)
		w->launch.mode = MODE_STAY;
	if (w->batch == 0)
		w->batch = 1;
	return ST_OK;
}

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
		case REPLY:
			w->launch.reply = true;
			break;
		case PERSISTENT:
			w->persistent = true;
			break;
		case BATCH:
			st = batch_option(w, arg);
			break;
		case FRAME:
			st = frame_option(w, arg);
			break;
		case CONFIG:
			w->config = true;
			break;
		default:
			break;
		}
	return st == ST_OK ? check_options(w) : st;
}

static enum status
set_up(struct work *w, struct error *err)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	sigset_t sigs;

	w->h = calloc((size_t)w->slots, sizeof(*w->h));
	w->claims = calloc((size_t)w->slots * (size_t)w->batch, sizeof(*w->claims));
	w->pfd = calloc(3 + 3 * (size_t)w->slots, sizeof(*w->pfd));
	if (w->h == NULL || w->claims == NULL || w->pfd == NULL)
		return error_sys(err, ENOMEM, "work");
	for (int i = 0; i < w->slots; i++) {
		w->h[i].errfd = w->h[i].infd = w->h[i].outfd = w->h[i].infile = -1;
		handler_reset(&w->h[i], i);
		w->h[i].claim = &w->claims[(size_t)i * (size_t)w->batch];
	}
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

/* Each claim holds a file open, for its lock. */
static enum status
enough_files(struct work *w)
{
	int64_t need = w->jobs * (w->batch + 3) + 40;
	struct rlimit limit;

	if (w->launch.mode != MODE_BATCH || getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    (rlim_t)need <= limit.rlim_cur)
		return ST_OK;
	return run_usage(w->r, "--batch: %lld messages in %lld jobs need %lld open files, and the limit "
	    "is %lld (ulimit -n)", (long long)w->batch, (long long)w->jobs, (long long)need,
	    (long long)limit.rlim_cur);
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
	for (char **arg = w->argv; w->launch.mode == MODE_BATCH && !w->framed && *arg != NULL; arg++)
		if (strstr(*arg, "{}") != NULL)
			w->launch.frame = FRAME_DIR;
	return enough_files(w);
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
	if ((st = run_queue_consume(r, r->operand[0], &w.q)) != ST_OK) {
		queue_close(w.q);
		return st;
	}
	if ((st = command(&w)) == ST_OK && (st = guard_start(w.slots, &r->err)) == ST_OK &&
	    (st = set_up(&w, &r->err)) == ST_OK &&
	    (st = waiter_open(w.q, w.drain == DRAIN_ALL, &w.waiter, &r->err)) == ST_OK) {
		run_title(r);
		progress_start(&w.progress, r);
		w.progress.on &= w.drain != DRAIN_NO;
		if (w.progress.on && queue_tally(w.q, STATE_BIT(STATE_READY), &t, &r->err) == ST_OK)
			w.left = t.count[STATE_READY];
		if ((st = work_loop(&w, &r->err)) != ST_OK)
			work_wind_down(&w);
		else {
			w.closing = true;
			work_tell(&w, clock_mono());
		}
		work_retire(&w);
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
	free(w.claims);
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
