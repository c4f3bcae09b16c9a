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

#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/progress.h"
#include "worker/work.h"

#define MAX_JOBS 1000
#define MAX_QUEUES 64
#define MAX_WEIGHT 1000
#define STRIDE 1000000

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
	{ CONFIG, "config", NULL, false, "command, jobs and time limit from the policies" },
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
	w->mode = MODE_BATCH;
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
			w->frame = (enum frame)i;
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
	if (w->reply && (w->persistent || w->batch > 0))
		return run_usage(w->r, "--reply: only for a handler that is started for each message");
	if (w->persistent)
		w->mode = MODE_STAY;
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
			w->reply = true;
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

	w->h = calloc((size_t)w->jobs + 1, sizeof(*w->h));
	w->claims = calloc(((size_t)w->jobs + 1) * (size_t)w->batch, sizeof(*w->claims));
	w->pfd = calloc(2 + 3 * (size_t)w->slots + (size_t)w->nsources, sizeof(*w->pfd));
	w->arrivals = calloc((size_t)w->nsources, sizeof(*w->arrivals));
	if (w->h == NULL || w->claims == NULL || w->pfd == NULL || w->arrivals == NULL)
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
	return ST_OK;
}

/* Each claim holds a file open, for its lock. */
static enum status
enough_files(struct work *w)
{
	int64_t need = w->jobs * (w->batch + 3) + 40;
	struct rlimit limit;

	if (w->mode != MODE_BATCH || getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    (rlim_t)need <= limit.rlim_cur)
		return ST_OK;
	return run_usage(w->r, "--batch: %lld messages in %lld jobs need %lld open files, and the limit "
	    "is %lld (ulimit -n)", (long long)w->batch, (long long)w->jobs, (long long)need,
	    (long long)limit.rlim_cur);
}

/* What to run for a queue's messages, and how long: from its policy, asked this once, what was not given. */
static enum status
command(struct work *w, struct source *s)
{
	struct run *r = w->r;
	const char *shell[] = { "/bin/sh", "-c", NULL };
	const char *const *words = w->config ? shell : (const char *const *)r->operand + w->nsources;
	int n = w->config ? 3 : r->noperands - w->nsources;
	enum status st = w->config ? queue_handler(s->q, &shell[2], &r->err) : ST_OK;

	if (st != ST_OK)
		return st;
	/* libbsd's setproctitle writes over the arguments, which we still need. */
	if ((s->argv = calloc((size_t)n + 1, sizeof(char *))) == NULL)
		return error_sys(&r->err, ENOMEM, "work");
	for (int i = 0; i < n; i++)
		if ((s->argv[i] = strdup(words[i])) == NULL)
			return error_sys(&r->err, ENOMEM, "work");
	s->command = s->argv[w->config ? 2 : 0];
	s->launch.frame = w->frame;
	for (char **arg = s->argv; w->mode == MODE_BATCH && !w->framed && *arg != NULL; arg++)
		if (strstr(*arg, "{}") != NULL)
			s->launch.frame = FRAME_DIR;
	s->timeout = w->timeout != -1 ? w->timeout : w->config ? queue_policy(s->q)->timeout : 0;
	return ST_OK;
}

/* "QUEUE" or "QUEUE:WEIGHT". */
static enum status
source_open(struct work *w, struct source *s, const char *word)
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
	for (const struct source *other = w->source; other < s; other++)
		if (strcmp(queue_name(other->q), name) == 0)
			return run_usage(r, "queue '%s' is named twice", name);
	if ((st = run_queue_consume(r, name, &s->q)) != ST_OK)
		return st;
	s->look = USEC_MAX;
	s->stride = n > 0 ? STRIDE / (uint64_t)n : 0;
	if (s > w->source)
		(void)strlcat(w->names, ",", sizeof(w->names));
	(void)strlcat(w->names, name, sizeof(w->names));
	return command(w, s);
}

/* Where one has a weight, those without have 1. */
static void
weigh(struct work *w)
{
	bool weighted = false;

	for (int i = 0; i < w->nsources; i++)
		weighted |= w->source[i].stride > 0;
	for (int i = 0; weighted && i < w->nsources; i++)
		if (w->source[i].stride == 0)
			w->source[i].stride = STRIDE;
}

static enum status
sources_open(struct work *w)
{
	struct run *r = w->r;
	int64_t sum = 0;
	enum status st;

	w->nsources = w->config ? r->noperands : r->before > 0 ? r->before : 1;
	if (w->nsources > MAX_QUEUES)
		return run_usage(r, "%d queues: %d at most", w->nsources, MAX_QUEUES);
	if ((w->source = calloc((size_t)w->nsources, sizeof(*w->source))) == NULL)
		return error_sys(&r->err, ENOMEM, "work");
	for (int i = 0; i < w->nsources; i++)
		if ((st = source_open(w, &w->source[i], r->operand[i])) != ST_OK)
			return st;
	weigh(w);
	for (int i = 0; w->jobs == 0 && w->config && i < w->nsources; i++) {
		w->source[i].jobs = queue_policy(w->source[i].q)->jobs;
		sum += w->source[i].jobs;
	}
	if (w->jobs == 0)
		w->jobs = !w->config ? 1 : sum < MAX_JOBS ? sum : MAX_JOBS;
	w->slots = (int)w->jobs + 1;
	if (w->mode == MODE_STAY && w->config && w->nsources > 1)
		return run_usage(r, "--persistent --config: one queue, since each has a handler of its own");
	return enough_files(w);
}

/* What takes descriptors and environment: after the guard has started, and after set_up. */
static enum status
sources_start(struct work *w)
{
	enum status st = ST_OK;

	for (struct source *s = w->source; st == ST_OK && s < w->source + w->nsources; s++) {
		s->launch.mode = w->mode;
		s->launch.reply = w->reply;
		if ((st = launch_open(w->r, s->q, s->argv, &s->launch, &w->r->err)) == ST_OK)
			st = waiter_open(s->q, w->drain == DRAIN_ALL, &s->waiter, &w->r->err);
	}
	return st;
}

static void
sources_close(struct work *w)
{
	for (struct source *s = w->source; s != NULL && s < w->source + w->nsources; s++) {
		waiter_close(s->waiter);
		queue_close(s->q);
		for (char **arg = s->argv; arg != NULL && *arg != NULL; arg++)
			free(*arg);
		free(s->argv);
		launch_close(&s->launch);
	}
	free(w->source);
}

/* How much is ready, for who looks on. */
static void
count_left(struct work *w)
{
	struct error ignored;
	struct tally t;

	error_clear(&ignored);
	for (struct source *s = w->source; w->progress.on && s < w->source + w->nsources; s++)
		if (queue_tally(s->q, STATE_BIT(STATE_READY), &t, &ignored) == ST_OK)
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
	if ((st = sources_open(&w)) == ST_OK && (st = guard_start(w.slots, &r->err)) == ST_OK &&
	    (st = set_up(&w, &r->err)) == ST_OK && (st = sources_start(&w)) == ST_OK) {
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
		work_retire(&w);
		progress_clear();
	}
	guard_stop();
	notify_close(&w.notify);
	sources_close(&w);
	if (w.sigfd != -1)
		(void)close(w.sigfd);
	free(w.h);
	free(w.claims);
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
