/*
 * say.c: what mq prints on standard error.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "spool/spool.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/progress.h"

static void say(struct run *, const char *, va_list) __attribute__((format(printf, 2, 0)));

void
run_complain(struct run *r)
{
	(void)fflush(stdout);
	progress_clear();
	(void)fprintf(stderr, r->cmd != NULL ? "mq %s: " : "mq: ",
	    r->cmd != NULL ? r->cmd->name : "");
	/* Most errors come from functions that do not know the queue's name, so add it here. */
	if (r->queue[0] != '\0' && strstr(r->err.text, "queue ") == NULL &&
	    strstr(r->err.text, r->spool_path) == NULL)
		(void)fprintf(stderr, "queue %s: ", r->queue);
	out_vis(stderr, r->err.text, strlen(r->err.text));
	(void)fputc('\n', stderr);
	error_clear(&r->err);
	r->told = true;
}

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
