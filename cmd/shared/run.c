/*
 * run.c: what several verbs do: handle a list of ids or handles, claim a message or wait for one,
 * set the title.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"
#include "life/life.h"
#include "topic/topic.h"
#include "shared/cmd.h"
#include "shared/files.h"
#include "shared/out.h"
#include "shared/progress.h"

/* ---- ids and handles -------------------------------------------------- */

static void
run_one(struct run *r, const char *word, enum status *worst,
    enum status (*fn)(void *, const char *, struct error *), void *arg)
{
	enum status st = fn(arg, word, &r->err);

	if (st != ST_OK)
		run_trouble(r, st, worst);
}

static void
run_each_line(struct run *r, enum status *worst,
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
			run_one(r, line, worst, fn, arg);
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
			run_each_line(r, &worst, fn, arg);
		else
			run_one(r, r->operand[i], &worst, fn, arg);
	return worst;
}

/* ---- the title ---------------------------------------------------------- */

static int all_argc;
static char **all_argv;

void
run_begin(int argc, char **argv)
{
	all_argc = argc;
	all_argv = argv;
}

void
run_title(struct run *r)
{
	extern char **environ;

	(void)r;
	setproctitle_init(all_argc, all_argv, environ);
}

/* ---- claiming --------------------------------------------------------- */

/*
 * Try to claim a message once.  'told' is NULL if the caller does not wait: then a message that
 * cannot be claimed is an error.  Otherwise it is reported once, '*told' becomes true, and ST_NONE
 * says to wait.
 */
static enum status
claim_once(struct run *r, struct queue *q, const struct claim_options *opt, bool *told,
    struct claim *c, usec_t *wake, enum held *held)
{
	struct passed over;
	enum status st;

	*held = HELD_NO;
	if ((st = files_left(FILES_SPARE, &r->err)) != ST_OK)
		return st;
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
	error_clear(&r->err);	/* go on waiting for other messages */
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
	usec_t wake = USEC_MAX;

	st = claim_once(r, q, opt, wait ? &told : NULL, c, &wake, &held);
	if (!wait || (st != ST_NONE && st != ST_AGAIN))
		return st;
	if ((st = waiter_open(q, false, &w, &r->err)) != ST_OK)
		return st;
	for (;;) {
		error_clear(&r->err);
		if ((st = waiter_arm(w, &r->err)) != ST_OK ||
		    (st = run_reload(r, q)) != ST_OK)
			break;
		st = claim_once(r, q, opt, &told, c, &wake, &held);
		if (st != ST_NONE && !(st == ST_AGAIN && held != HELD_NO))
			break;
		error_clear(&r->err);	/* what the policy holds back now may be given out later */
		if (run_stopped()) {
			st = ST_AGAIN;
			break;
		}
		if ((st = waiter_wait(w, wake, deadline, &r->err)) != ST_OK)
			break;
	}
	waiter_close(w);
	return st;
}
