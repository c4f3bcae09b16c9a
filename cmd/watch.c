/*
 * watch.c: mq watch: one line for each thing that happens.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/out.h"

enum { JSON = OPT_LONG };

static const struct opt opts[] = {
	{ JSON, "json", NULL, false, "one JSON object a line" },
	OPT_END
};

static volatile sig_atomic_t stopped;

/*
 * Remember the signal.  It may have come just before the wait began, so an alarm interrupts that.
 */
static void
on_stop(int sig)
{
	stopped = sig;
	(void)alarm(1);
}

static enum status
watch_put(struct run *r, const struct event *e, bool json)
{
	const char *id = e->have ? e->at.name.id.text : NULL;
	char at[TIME_MAX];

	time_format(e->time, at);
	if (!json)
		(void)printf("%s %s %s %s\n", at, e->what, e->queue, id != NULL ? id : "-");
	else {
		(void)printf("{\"time\":\"%s\",\"event\":\"%s\",\"queue\":\"%s\",\"id\":", at,
		    e->what,
		    e->queue);
		(void)printf(id != NULL ? "\"%s\"" : "null", id);
		if (e->have)
			(void)printf(",\"state\":\"%s\",\"attempts\":%d,\"deliveries\":%d",
			    state_names[e->at.state], e->at.name.attempts, e->at.name.deliveries);
		(void)fputs("}\n", stdout);
	}
	return out_flush(r);
}

static enum status
which(struct run *r, struct names *names)
{
	struct queue *q;
	enum status st;

	if (r->noperands == 0)
		return run_spool(r, false);
	if ((names->name = calloc((size_t)r->noperands, sizeof(char *))) == NULL)
		return error_sys(&r->err, ENOMEM, "watch");
	for (int i = 0; i < r->noperands; i++) {
		if ((st = run_queue(r, r->operand[i], &q)) != ST_OK)
			return st;
		queue_close(q);
		if ((names->name[names->n++] = strdup(r->operand[i])) == NULL)
			return error_sys(&r->err, ENOMEM, "watch");
	}
	return ST_OK;
}

static enum status
run_watch(struct run *r)
{
	struct sigaction sa = { .sa_handler = on_stop };
	struct names names = { 0 };
	struct events *events = NULL;
	struct error missed;
	struct event e;
	bool json = false;
	const char *arg;
	enum status st;

	while (run_option(r, &arg) != 0)
		json = true;
	run_catch(SIGINT, on_stop);
	run_catch(SIGTERM, on_stop);
	(void)sigaction(SIGALRM, &sa, NULL);
	if ((st = which(r, &names)) == ST_OK &&
	    (st = events_open(r->spool, r->noperands == 0 ? NULL : &names, &events, &r->err)) ==
	    ST_OK) {
		/* A script that started us may push from now on. */
		run_note(r, "ready");
		while (!stopped) {
			while (events_missed(events, &missed))
				run_note(r, "%s", missed.text);
			st = events_next(events, &e, STDOUT_FILENO, &r->err);
			if (st == ST_OK)
				st = watch_put(r, &e, json);
			if (st != ST_OK && st != ST_AGAIN)
				break;
		}
		if (st == ST_AGAIN)
			st = ST_OK;
	}
	events_close(events);
	names_free(&names);
	return st;
}

const struct cmd cmd_watch = {
	.name = "watch",
	.operands = "[QUEUE...]",
	.summary = "print each event of queues as it happens",
	.opts = opts,
	.run = run_watch,
	.pipe = PIPE_ENDS,
};
