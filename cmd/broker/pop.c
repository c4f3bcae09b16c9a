/*
 * pop.c: mq pop on an engine: take messages, write them to stdout, and acknowledge each when stdout
 * has taken it.
 *
 * Some more messages are taken ahead, so that the engine is not waited for each time.  As long as
 * stdout is slow, all their leases are renewed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alarm.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/typed.h"
#include "broker/broker.h"

#define AHEAD 16

struct popping {
	struct broker *b;
	struct taker t;
	struct taken *h;		/* the one that is being written */
	int64_t n;
	int delimiter;		/* -1: none */
	bool json, wait;
	usec_t deadline;
};

/* ---- what was typed ------------------------------------------------------- */

static enum status
pop_option(struct popping *p, const char *name, const char *arg)
{
	struct run *r = p->b->r;

	if (strcmp(name, "limit") == 0)
		return arg_number(r, "-n", arg, 1, INT64_MAX, &p->n);
	if (strcmp(name, "lines") == 0 || strcmp(name, "null") == 0)
		return typed_delimiter(r, name[0] == 'l' ? 'l' : '0', &p->delimiter);
	if (strcmp(name, "wait") == 0) {
		p->wait = true;
		return typed_wait(r, arg, &p->deadline);
	}
	p->json = true;
	return ST_OK;
}

static enum status
pop_typed(struct popping *p)
{
	struct run *r = p->b->r;
	enum status st = ST_OK;
	const char *name, *arg;

	while (st == ST_OK && (name = broker_option(r, &arg)) != NULL)
		st = pop_option(p, name, arg);
	if (st != ST_OK || (st = run_operands(r, 1, 1)) != ST_OK)
		return st;
	if (p->json && p->delimiter != -1)
		return run_usage(r, "one of -l, -0 and --json");
	if (p->n > 1 && !p->json && p->delimiter == -1)
		return run_usage(r, "-n needs -l, -0 or --json: without, nobody could tell where a "
		    "message ends");
	return broker_queue(p->b);
}

/* ---- output --------------------------------------------------------------- */

static void
pop_renew(void *arg)
{
	struct popping *p = arg;

	alarm_heard();
	take_renew(&p->t, p->h);
}

static void
pop_tend(void *arg)
{
	if (alarm_rang())
		pop_renew(arg);
}

static bool
pop_write(struct popping *p, const char *data, size_t len)
{
	return out_slowly(data, len, pop_renew, p);
}

/* Print JSON into memory first, as printing to stdout may take long.  The caller frees it. */
static enum status
pop_json(struct popping *p, char **text, size_t *len)
{
	struct shown s = { .b = p->b, .queue = p->b->r->operand[0], .state = "claimed",
	    .m = &p->h->m };
	enum status st;
	FILE *f = open_memstream(text, len);

	if (f == NULL)
		return error_sys(&p->b->r->err, ENOMEM, "pop");
	(void)fputc('{', f);
	st = shown_json(f, &s, true, &p->b->r->err);
	(void)fputs("}\n", f);
	if (fclose(f) != 0 && st == ST_OK)
		st = error_sys(&p->b->r->err, ENOMEM, "pop");
	return st;
}

static bool
pop_put(struct popping *p, const char *text, size_t len)
{
	char end = (char)p->delimiter;
	bool yes;

	if (!pop_write(p, text, len) || (p->delimiter != -1 && !pop_write(p, &end, 1)))
		return false;
	alarm_let(true);
	yes = out_taken(pop_tend, p);
	alarm_let(false);
	return yes;
}

static enum status
pop_deliver(struct popping *p)
{
	const struct message *m = &p->h->m;
	enum status st = ST_OK;
	char *text = NULL;
	size_t len;

	if (p->json && (st = pop_json(p, &text, &len)) != ST_OK)
		return st;
	errno = 0;
	if (!pop_put(p, p->json ? text : m->body, p->json ? len : m->bodylen))
		st = error_set(&p->b->r->err, ST_IO, errno != 0 ? errno : EIO, "stdout");
	free(text);
	return st;
}

/* ---- taking ----------------------------------------------------------------- */

static enum status
pop_one(struct popping *p, int64_t left)
{
	struct taker *t = &p->t;
	int64_t ahead = left < AHEAD ? left : AHEAD;
	enum status st;

	if (!t->idle && t->credit + t->waiting <= ahead / 2)
		take_credit(t, ahead - t->credit - t->waiting);
	/* Wait only for the first message; then take what is there. */
	if ((st = take_next(t, p->wait && left == p->n, p->deadline, &p->h)) != ST_OK)
		return st;
	if (t->lease > 0)
		alarm_every(t->lease / 3);
	st = pop_deliver(p);
	alarm_every(0);
	if (st == ST_OK && run_stopped())
		st = error_set(&p->b->r->err, ST_AGAIN, 0, "stopped by a signal");
	(st == ST_OK ? take_ack : take_release)(t, p->h);
	return st;
}

static enum status
pop_open(struct popping *p)
{
	struct broker *b = p->b;
	struct policy policy;
	enum status st;

	if ((st = run_settings(b->r, false)) != ST_OK ||
	    (st = conf_policy(&b->r->files, b->r->operand[0], -1, &policy, &b->r->err)) != ST_OK ||
	    (st = broker_open(b, &(struct engine_options){ .lease = policy.lease })) != ST_OK ||
	    (st = refuse_unless(b, "take")) != ST_OK)
		return st;
	if (engine_can(b->e, "partitions") && p->n == 1 && !p->wait)
		return refuse_cannot(b, "a consumer that only looks in makes all others share out "
		    "the partitions anew", "mq pop -w, mq pop -n N, or 'mq work' and 'mq relay', "
		    "which stay");
	take_begin(&p->t, b, policy.lease, false);
	return ST_OK;
}

enum status
broker_pop(struct broker *b)
{
	struct popping p = { .b = b, .n = 1, .delimiter = -1, .deadline = USEC_MAX };
	enum status st;
	int64_t left;

	if ((st = pop_typed(&p)) != ST_OK || (st = pop_open(&p)) != ST_OK)
		return st;
	alarm_open();
	for (left = p.n; st == ST_OK && left > 0; left -= st == ST_OK)
		st = pop_one(&p, left);
	return take_end(&p.t, st == ST_NONE && left < p.n ? ST_OK : st);
}
