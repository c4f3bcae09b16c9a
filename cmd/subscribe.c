/*
 * subscribe.c: mq subscribe: from now on a queue gets the messages of a topic.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/envelope.h"
#include "spool/spool.h"
#include "pattern/pattern.h"
#include "pattern/circle.h"
#include "topic/topic.h"
#include "shared/cmd.h"

enum { FILTER = OPT_LONG, SINCE };

static const struct opt opts[] = {
	{ FILTER, "filter", "NAME=PATTERN", false,
	    "only messages with such a header; NAME!=PATTERN: without; all of several" },
	{ SINCE, "since", "TIME|DUR", false,
	    "also what the topic kept since TIME (UTC), or DUR ago" },
	OPT_END
};

struct subscribe {
	struct run *r;
	const char **filter;
	size_t n;
	usec_t since;		/* -1: only new messages */
	struct queue *topic, *q;
};

static enum status
options(struct subscribe *s)
{
	enum status st = ST_OK;
	struct run *r = s->r;
	const char *arg;
	int key;

	if ((s->filter = calloc((size_t)r->ngiven + 1, sizeof(*s->filter))) == NULL)
		return error_sys(&r->err, ENOMEM, "subscribe");
	while (st == ST_OK && (key = run_option(r, &arg)) != 0)
		if (key == FILTER) {
			s->filter[s->n++] = arg;
			st = filter_check(arg, &r->err);
		} else
			st = arg_time(r, "--since", arg, &s->since);
	return st;
}

/* Open a queue.  '*q' does not change if the queue is not there yet. */
static enum status
look(struct run *r, const char *name, struct queue **q)
{
	enum status st = queue_open(r->spool, name, q, &r->err);

	if (st != ST_NOTFOUND)
		return st;
	error_clear(&r->err);
	return ST_OK;
}

/* Check everything before anything is made: swapped operands must not leave a queue behind. */
static enum status
allowed(struct subscribe *s)
{
	struct queue *topic = NULL, *q = NULL;
	struct run *r = s->r;
	enum status st;
	char way[300];

	if (strcmp(r->operand[0], r->operand[1]) == 0)
		return run_usage(r, "'%s' cannot subscribe to itself", r->operand[0]);
	if ((st = run_spool(r, true)) == ST_OK && (st = look(r, r->operand[0], &topic)) == ST_OK &&
	    (st = look(r, r->operand[1], &q)) == ST_OK)
		st = subscription_allowed(topic, q, &r->err);
	if (st == ST_OK && circle_reaches(r->spool, r->operand[1], r->operand[0], way, sizeof(way)))
		st = error_set(&r->err, ST_USAGE, 0,
		    "dead letters of '%s' would come back to it, by way of %s, %s", r->operand[1],
		    strchr(way, ' ') + 1, r->operand[1]);
	queue_close(topic);
	queue_close(q);
	return st;
}

static enum status
run_subscribe(struct run *r)
{
	struct subscribe s = { .r = r, .since = -1 };
	uint64_t given;
	enum status st;

	if ((st = options(&s)) == ST_OK && (st = run_operands(r, 2, 2)) == ST_OK &&
	    (st = allowed(&s)) == ST_OK &&
	    (st = run_queue_create(r, r->operand[1], &s.q)) == ST_OK &&
	    (st = run_queue_create(r, r->operand[0], &s.topic)) == ST_OK)
		st = subscribe(s.topic, s.q, s.filter, s.n, &r->err);
	if (st == ST_OK && s.since >= 0) {
		st = topic_catch_up(s.topic, s.q, s.since, clock_now(), &given, &r->err);
		run_note(r, "%llu earlier message%s", (unsigned long long)given,
		    given == 1 ? "" : "s");
	}
	queue_close(s.topic);
	queue_close(s.q);
	free(s.filter);
	return st;
}

const struct cmd cmd_subscribe = {
	.name = "subscribe",
	.operands = "TOPIC QUEUE",
	.summary = "let a queue get what is pushed to a topic",
	.opts = opts,
	.run = run_subscribe,
};
