/*
 * check.c: mq engine --check: each step on the way to a queue of an engine, so that it is known
 * which one fails.
 */
#include <string.h>
#include <stdio.h>

#include "shared/cmd.h"
#include "shared/out.h"
#include "engine/start.h"
#include "broker/broker.h"

/* The steps that helpers tell of, in their order. */
static const char *const check_steps[] = { "resolve", "connect", "tls", "login" };
#define NSTEPS 4

struct checking {
	struct broker b;
	size_t next;		/* the first step that was not told of */
};

static void
check_line(const char *step, const char *how, const char *text)
{
	(void)printf("%-8s  %-6s", step, how);
	if (text != NULL && text[0] != '\0') {
		(void)fputs("  ", stdout);
		out_vis(stdout, text, strlen(text));
	}
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
}

static void
check_step(void *arg, const char *step, const char *text)
{
	struct checking *c = arg;

	check_line(step, "ok", text);
	for (size_t i = c->next; i < NSTEPS; i++)
		if (strcmp(check_steps[i], step) == 0)
			c->next = i + 1;
}

/* The step that the failure is about: its text begins with it, or else it is the next one. */
static const char *
check_failed(const struct checking *c, const char *text)
{
	for (size_t i = 0; i < NSTEPS; i++) {
		const char *at = strstr(text, check_steps[i]);
		size_t len = strlen(check_steps[i]);
		if (at != NULL && (at == text || at[-1] == ' ') &&
		    (at[len] == ':' || at[len] == ' '))
			return check_steps[i];
	}
	return c->next < NSTEPS ? check_steps[c->next] : "open";
}

static enum status
check_open(struct checking *c)
{
	struct broker *b = &c->b;
	struct engine_options opt = { .step = check_step, .arg = c };
	char path[PATH_MAX];
	enum status st;

	if (!process_find(b->address.helper, path)) {
		check_line("helper", "failed", NULL);
		return error_set(&b->r->err, ST_CONF, 0, "helper: %s is not installed (Debian: "
		    "package %s): %s", b->address.helper, b->address.helper, path);
	}
	check_line("helper", "ok", path);
	if ((st = broker_open(b, &opt)) == ST_OK) {
		const char *server = engine_cap(b->e, "server");
		check_line("ready", "ok", server != NULL ? server : engine_name(b->e));
		return ST_OK;
	}
	check_line(check_failed(c, b->r->err.text), "failed", NULL);
	return st;
}

static enum status
check_queue(struct checking *c, const char *queue)
{
	struct broker *b = &c->b;
	struct event_of_engine ev;
	enum status st;

	if ((st = address_target(b->r, &b->address, queue, b->target)) != ST_OK)
		return st;
	engine_ask(b->e, NULL, "check", b->target);
	st = broker_answer(b, &ev);
	/* Who may not use the queue has found it. */
	if (st == ST_OK || st == ST_DENIED)
		check_line("queue", "ok", b->target);
	check_line(st == ST_OK || st == ST_DENIED ? "right" : "queue", st == ST_OK ? "ok" :
	    "failed", NULL);
	return st;
}

enum status
check_engine(struct run *r, const char *url, const char *queue)
{
	struct checking c = { .b = { .r = r } };
	enum status st = ST_OK;

	if (!address_is(url))
		return run_usage(r, "'%s' is no address of an engine: SCHEME://... or @NAME", url);
	run_stoppable();
	st = address_read(r, url, &c.b.address);
	check_line("address", st == ST_OK ? "ok" : "failed", st == ST_OK ? c.b.address.url : NULL);
	if (st == ST_OK && (st = check_open(&c)) == ST_OK && queue != NULL)
		st = check_queue(&c, queue);
	engine_close(c.b.e);
	address_free(&c.b.address);
	return st;
}
