/*
 * run.c: what most subcommands do: open the spool and the queue, go over ids or
 * handles, wait for a message, and tell people about it.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"
#include "life/life.h"
#include "topic/topic.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/progress.h"

/* ---- spool and queue -------------------------------------------------- */

static enum status
name_ok(struct run *r, const char *name)
{
	if (queue_name_ok(name))
		return ST_OK;
	return error_set(&r->err, ST_USAGE, 0, "'%s' is not a queue name: letters, digits, '.', '_' "
	    "and '-', at most %d, the first neither '.' nor '-'", name, QUEUE_NAME_MAX);
}

enum status
run_spool(struct run *r, bool create)
{
	enum status st;

	if (r->spool != NULL)
		return ST_OK;
	if ((st = run_settings(r, create)) != ST_OK)
		return st;
	return spool_open(r->spool_path, create, &r->files, &r->spool, &r->err);
}

/* Levenshtein's distance by rows (Wagner and Fischer), for short names. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[QUEUE_NAME_MAX + 1], la = strlen(a), lb = strlen(b);

	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (diagonal + 1 < best)
				best = diagonal + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *
nearest(const char *word, const char *const *names, size_t n)
{
	const char *found = NULL;
	size_t best = 3;

	if (strlen(word) > QUEUE_NAME_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t d = distance(word, names[i]);
		if (d < best && 2 * d <= strlen(word)) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

/* An unknown queue: what might have been meant. */
enum status
run_no_queue(struct run *r, const char *name)
{
	struct error ignored;
	struct names names;
	const char *near = NULL;
	enum status st;

	error_clear(&ignored);
	if (spool_queues(r->spool, &names, &ignored) == ST_OK)
		near = nearest(name, (const char *const *)names.name, names.n);
	error_clear(&r->err);
	if (near != NULL)
		st = error_set(&r->err, ST_NOTFOUND, 0, "no queue '%s'; did you mean '%s'?", name, near);
	else
		st = error_set(&r->err, ST_NOTFOUND, 0, "no queue '%s' in %s; 'mq ls' lists them",
		    name, r->spool_path);
	names_free(&names);
	return st;
}

enum status
look_open(struct spool *spool, const char *name, struct queue **q, struct error *broken,
    struct error *err)
{
	enum status st = queue_open(spool, name, q, err);

	error_clear(broken);
	if (st != ST_CONF)
		return st;
	*broken = *err;
	error_clear(err);
	return queue_open_raw(spool, name, q, err);
}

enum status
run_open(struct run *r, const char *name, struct queue **q)
{
	struct error broken;
	enum status st;

	if (!r->cmd->looks)
		return queue_open(r->spool, name, q, &r->err);
	st = look_open(r->spool, name, q, &broken, &r->err);
	if (broken.status != ST_OK)
		run_note(r, "%s", broken.text);
	return st;
}

enum status
run_queue(struct run *r, const char *name, struct queue **q)
{
	enum status st;

	/* Before anything else: a bad name is bad in any spool. */
	if ((st = name_ok(r, name)) != ST_OK || (st = run_spool(r, false)) != ST_OK)
		return st;
	if ((st = run_open(r, name, q)) == ST_OK)
		(void)strlcpy(r->queue, name, sizeof(r->queue));
	return st == ST_NOTFOUND ? run_no_queue(r, name) : st;
}

enum status
run_queue_consume(struct run *r, const char *name, struct queue **q)
{
	char list[300] = "";
	struct names subs;
	enum status st;

	if ((st = run_queue(r, name, q)) != ST_OK || !queue_is_topic(*q) ||
	    (st = subscriptions_list(*q, &subs, &r->err)) != ST_OK)
		return st;
	for (size_t i = 0; i < subs.n; i++) {
		(void)strlcat(list, i > 0 ? ", " : ": its subscribers are ", sizeof(list));
		(void)strlcat(list, subs.name[i], sizeof(list));
	}
	names_free(&subs);
	return error_set(&r->err, ST_USAGE, 0, "'%s' is a topic%s", name,
	    list[0] != '\0' ? list : ", and no queue subscribes to it: mq subscribe TOPIC QUEUE");
}

enum status
run_queue_create(struct run *r, const char *name, struct queue **q)
{
	enum status st;

	if ((st = name_ok(r, name)) != ST_OK || (st = run_spool(r, true)) != ST_OK ||
	    (st = run_conf(r)) != ST_OK)
		return st;
	if (r->settings.autocreate || r->assign != NULL)
		st = queue_create(r->spool, name, r->assign, r->nassign, q, &r->err);
	else if ((st = queue_open(r->spool, name, q, &r->err)) == ST_NOTFOUND) {
		error_clear(&r->err);
		return error_set(&r->err, ST_NOTFOUND, 0, "no queue '%s', and autocreate is off: "
		    "'mq init %s' makes it", name, name);
	}
	if (st == ST_OK)
		(void)strlcpy(r->queue, name, sizeof(r->queue));
	return st;
}

enum status
run_queue_push(struct run *r, const char *name, struct queue **q)
{
	enum status st = run_queue_create(r, name, q);
	struct error dropping;

	if (st != ST_DENIED || r->spool == NULL)
		return st;
	/* Perhaps we may drop, if not enter.  If not, why we may not enter is the answer. */
	error_clear(&dropping);
	switch (queue_open_drop(r->spool, name, q, &dropping)) {
	case ST_OK:
		break;
	case ST_DENIED:
	case ST_NOTFOUND:
		return st;
	default:
		r->err = dropping;
		return dropping.status;
	}
	error_clear(&r->err);
	(void)strlcpy(r->queue, name, sizeof(r->queue));
	return ST_OK;
}

/* ---- what is said ----------------------------------------------------- */

static void say(struct run *, const char *, va_list) __attribute__((format(printf, 2, 0)));

static void
say(struct run *r, const char *fmt, va_list ap)
{
	char text[1024];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	progress_clear();
	(void)fprintf(stderr, "mq %s: ", r->cmd->name);
	out_vis(stderr, text, strlen(text));
	(void)fputc('\n', stderr);
}

void
run_note(struct run *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!r->quiet)
		say(r, fmt, ap);
	va_end(ap);
}

void
run_verbose(struct run *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (r->verbose)
		say(r, fmt, ap);
	va_end(ap);
}

void
run_trouble(struct run *r, enum status st, enum status *worst)
{
	run_complain(r);
	if (status_exit(st) > status_exit(*worst))
		*worst = st;
}

void
run_log_trouble(struct run *r)
{
	static bool told;
	const struct error *e;

	if (told || r->spool == NULL || (e = spool_log_error(r->spool))->status == ST_OK)
		return;
	told = true;
	run_note(r, "%s; what was done is done, and not all of it is logged", e->text);
}

/* ---- ids and handles -------------------------------------------------- */

static void
one(struct run *r, const char *word, enum status *worst,
    enum status (*fn)(void *, const char *, struct error *), void *arg)
{
	enum status st = fn(arg, word, &r->err);

	if (st != ST_OK)
		run_trouble(r, st, worst);
}

static void
each_line(struct run *r, enum status *worst,
    enum status (*fn)(void *, const char *, struct error *), void *arg)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	errno = 0;
	while (!run_stopped() && (n = getline(&line, &size, stdin)) != -1) {
		if (n > 0 && line[n - 1] == '\n')
			line[--n] = '\0';
		if (n > 0)
			one(r, line, worst, fn, arg);
		errno = 0;
	}
	if (ferror(stdin) != 0 && !run_stopped())
		run_trouble(r, error_sys(&r->err, errno, "stdin"), worst);
	free(line);
}

enum status
run_each(struct run *r, int first, enum status (*fn)(void *, const char *, struct error *),
    void *arg)
{
	enum status worst = ST_OK;

	for (int i = first; i < r->noperands && !run_stopped(); i++)
		if (strcmp(r->operand[i], "-") == 0)
			each_line(r, &worst, fn, arg);
		else
			one(r, r->operand[i], &worst, fn, arg);
	return worst;
}

/* ---- signals ---------------------------------------------------------- */

bool
run_ignores(int sig)
{
	struct sigaction old;

	return sigaction(sig, NULL, &old) == -1 || old.sa_handler == SIG_IGN;
}

void
run_catch(int sig, void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler };

	if (!run_ignores(sig))
		(void)sigaction(sig, &sa, NULL);
}

static volatile sig_atomic_t stopped;

static void
on_stop(int sig)
{
	stopped = sig;
}

void
run_stoppable(void)
{
	run_catch(SIGINT, on_stop);
	run_catch(SIGTERM, on_stop);
	run_catch(SIGHUP, on_stop);
}

bool
run_stopped(void)
{
	return stopped != 0;
}

void
run_die_if_stopped(void)
{
	if (stopped == 0)
		return;
	(void)fflush(stdout);
	(void)signal(stopped, SIG_DFL);
	(void)raise(stopped);
}

/* ---- claiming --------------------------------------------------------- */

/* *told: what cannot be had was spoken of; NULL for who does not wait, and gets it as an error. */
static enum status
claim_once(struct run *r, struct queue *q, const struct claim_options *opt, bool *told,
    struct claim *c, usec_t *wake, enum held *held)
{
	struct passed over;
	enum status st;

	st = claim_or_fetch(q, opt, clock_now(), c, wake, &over, &r->err);
	*held = over.held;
	if (over.n == 0 || (told == NULL && st != ST_OK))
		return st;
	if (told == NULL || !*told)
		run_note(r, "%s%s", over.first.text,
		    over.n > 1 ? "; others, too, were passed over" : "");
	if (told == NULL || st == ST_OK)
		return st;
	*told = true;
	error_clear(&r->err);	/* the others are waited for */
	return ST_NONE;
}

enum status
claim_wait(struct run *r, struct queue *q, const struct claim_options *opt, bool wait,
    usec_t deadline, struct claim *c)
{
	struct waiter *w;
	enum status st;
	bool told = false;
	enum held held;
	usec_t wake;

	st = claim_once(r, q, opt, wait ? &told : NULL, c, &wake, &held);
	if (!wait || (st != ST_NONE && st != ST_AGAIN))
		return st;
	if ((st = waiter_open(q, false, &w, &r->err)) != ST_OK)
		return st;
	for (;;) {
		error_clear(&r->err);
		if ((st = waiter_arm(w, &r->err)) != ST_OK ||
		    (st = queue_reload(q, &r->err)) != ST_OK)
			break;
		st = claim_once(r, q, opt, &told, c, &wake, &held);
		if (st != ST_NONE && !(st == ST_AGAIN && held != HELD_NO))
			break;
		error_clear(&r->err);	/* what the policy holds back it gives out later */
		if ((st = waiter_wait(w, wake, deadline, &r->err)) != ST_OK)
			break;
	}
	waiter_close(w);
	return st;
}
