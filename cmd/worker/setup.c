/*
 * setup.c: what a worker opens and makes before it works: its queues, its slots, its deadlines.
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
#include "worker/sources.h"
#include "worker/supply.h"
#include "worker/work.h"

#define MAX_QUEUES 64
#define MAX_WEIGHT 1000
#define STRIDE 1000000
/* Room in 'pfd' for more descriptors than those of queues and handlers. */
#define WATCHED_MAX (4 + WATCHED_SUPPLY)

/* Prepare all deadlines; none is set yet. */
static enum status
setup_deadlines(struct work *w, struct error *err)
{
	struct deadlines *ds = &w->deadlines;
	enum status st;

	if ((st = deadlines_open(ds, 3 * w->slots + 3 * w->nsources + 6, err)) != ST_OK)
		return st;
	for (int i = 0; i < w->slots; i++) {
		deadline_init(ds, &w->h[i].renew, DUE_RENEW, &w->h[i]);
		deadline_init(ds, &w->h[i].collect, DUE_COLLECT, &w->h[i]);
		deadline_init(ds, &w->h[i].limit, DUE_LIMIT, &w->h[i]);
	}
	for (int i = 0; i < w->nsources; i++) {
		deadline_init(ds, &w->source[i].grace, DUE_GRACE, &w->source[i]);
		deadline_init(ds, &w->source[i].look, DUE_LOOK, &w->source[i]);
		deadline_init(ds, &w->source[i].breaker.until, DUE_BREAKER, &w->source[i]);
	}
	deadline_init(ds, &w->start, DUE_START, NULL);
	deadline_init(ds, &w->restart, DUE_RESTART, NULL);
	deadline_init(ds, &w->reload, DUE_RELOAD, NULL);
	deadline_init(ds, &w->draw, DUE_DRAW, NULL);
	deadline_init(ds, &w->tell, DUE_TELL, NULL);
	return ST_OK;
}

enum status
setup_worker(struct work *w, struct error *err)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	enum status st;
	sigset_t sigs;

	w->h = calloc((size_t)w->jobs + 1, sizeof(*w->h));
	w->claims = calloc(((size_t)w->jobs + 1) * (size_t)w->batch, sizeof(*w->claims));
	w->pfd = calloc(WATCHED_MAX + 3 * (size_t)w->slots + (size_t)w->nsources, sizeof(*w->pfd));
	w->arrivals = calloc((size_t)w->nsources, sizeof(*w->arrivals));
	if (w->h == NULL || w->claims == NULL || w->pfd == NULL || w->arrivals == NULL)
		return error_sys(err, ENOMEM, "work");
	if ((st = setup_deadlines(w, err)) != ST_OK)
		return st;
	for (int i = 0; i < w->slots; i++) {
		w->h[i].errfd = w->h[i].infd = w->h[i].outfd = w->h[i].infile = -1;
		handler_reset(&w->h[i], i);
		w->h[i].claim = &w->claims[(size_t)i * (size_t)w->batch];
	}
	(void)sigemptyset(&sigs);
	(void)sigaddset(&sigs, SIGCHLD);
	/* Signals that we were told to ignore, by nohup or a shell, stay ignored. */
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!run_ignores(ends[i]))
			(void)sigaddset(&sigs, ends[i]);
	(void)sigprocmask(SIG_BLOCK, &sigs, NULL);
	/* If our parent ignored SIGCHLD, we would not hear of children that end. */
	(void)signal(SIGCHLD, SIG_DFL);
	if ((w->sigfd = signalfd(-1, &sigs, SFD_NONBLOCK | SFD_CLOEXEC)) == -1)
		return error_sys(err, errno, "signalfd");
	if ((st = clock_open(w, err)) != ST_OK)
		return st;
	/* This removes variables, so it comes before the environment of handlers is made. */
	if (notify_open(&w->notify, err) != ST_OK) {
		run_note(w->r, "%s", err->text);
		error_clear(err);
	}
	return ST_OK;
}

/* See that there are enough descriptors: each claim keeps its file open, for the lock. */
static enum status
setup_files(struct work *w)
{
	int64_t need = w->jobs * (w->batch + 3) + 40;
	struct rlimit limit;

	if (w->mode != MODE_BATCH || getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    (rlim_t)need <= limit.rlim_cur)
		return ST_OK;
	return run_usage(w->r,
	    "--batch: %lld messages in %lld jobs need %lld open files, and the limit "
	    "is %lld (ulimit -n)", (long long)w->batch, (long long)w->jobs, (long long)need,
	    (long long)limit.rlim_cur);
}

/*
 * Find out what to run for the messages of a queue, and how long a handler may take.  With
 * --config the policy says it; later changes of the policy make no difference.
 */
static enum status
setup_command(struct work *w, struct source *s)
{
	struct run *r = w->r;
	const char *shell[] = { "/bin/sh", "-c", NULL };
	const char *const *words = w->config ? shell
	    : (const char *const *)r->operand + w->nsources;
	int n = w->config ? 3 : r->noperands - w->nsources;
	enum status st = w->config ? s->supply->command(s, &shell[2], &r->err) : ST_OK;

	if (st != ST_OK)
		return st;
	/* The words are copied, because libbsd's setproctitle writes over our arguments. */
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
	s->timeout = w->timeout != -1 ? w->timeout : w->config ? s->policy->timeout : 0;
	return ST_OK;
}

/* Open the queue that 'word' names: "QUEUE" or "QUEUE:WEIGHT". */
static enum status
setup_source(struct work *w, struct source *s, const char *word)
{
	struct run *r = w->r;
	const char *weight = strchr(word, ':');
	char name[QUEUE_NAME_MAX + 2];
	int64_t n = 0;
	enum status st;

	/* A name that is too long is cut here but is still too long, so it is refused below. */
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, ":"), word);
	if (weight != NULL && (st = arg_number(r, word, weight + 1, 1, MAX_WEIGHT, &n)) != ST_OK)
		return st;
	for (const struct source *other = w->source; other < s; other++)
		if (strcmp(other->name, name) == 0)
			return run_usage(r, "queue '%s' is named twice", name);
	s->supply = w->supply;
	if ((st = s->supply->open(w, s, name)) != ST_OK)
		return st;
	(void)strlcpy(s->name, name, sizeof(s->name));
	s->stride = n > 0 ? STRIDE / (uint64_t)n : 0;
	if (s > w->source)
		(void)strlcat(w->names, ",", sizeof(w->names));
	(void)strlcat(w->names, name, sizeof(w->names));
	return setup_command(w, s);
}

/* If any queue has a weight, those without one have the weight 1. */
static void
setup_weights(struct work *w)
{
	bool weighted = false;

	for (int i = 0; i < w->nsources; i++)
		weighted |= w->source[i].stride > 0;
	for (int i = 0; weighted && i < w->nsources; i++)
		if (w->source[i].stride == 0)
			w->source[i].stride = STRIDE;
}

enum status
setup_sources(struct work *w)
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
		if ((st = setup_source(w, &w->source[i], r->operand[i])) != ST_OK)
			return st;
	setup_weights(w);
	for (int i = 0; w->jobs == 0 && w->config && i < w->nsources; i++) {
		w->source[i].jobs = w->source[i].policy->jobs;
		sum += w->source[i].jobs;
	}
	if (w->jobs == 0)
		w->jobs = !w->config ? 1 : sum < MAX_JOBS ? sum : MAX_JOBS;
	w->slots = (int)w->jobs + 1;
	if (w->mode == MODE_STAY && w->config && w->nsources > 1)
		return run_usage(r,
		    "--persistent --config: one queue, since each has a handler of its own");
	return setup_files(w);
}

enum status
setup_start(struct work *w)
{
	enum status st = ST_OK;

	for (struct source *s = w->source; st == ST_OK && s < w->source + w->nsources; s++) {
		s->launch.mode = w->mode;
		s->launch.reply = w->reply;
		st = launch_open(w->r, s, s->argv, &s->launch, &w->r->err);
	}
	return st == ST_OK ? w->supply->start(w, &w->r->err) : st;
}

void
setup_close(struct work *w)
{
	for (struct source *s = w->source; s != NULL && s < w->source + w->nsources; s++) {
		if (s->supply != NULL)
			s->supply->close(s);
		for (char **arg = s->argv; arg != NULL && *arg != NULL; arg++)
			free(*arg);
		free(s->argv);
		launch_close(&s->launch);
	}
	free(w->source);
}


void
setup_count(struct work *w)
{
	for (struct source *s = w->source; w->progress.on && s < w->source + w->nsources; s++)
		w->left += s->supply->ready(s);
}
