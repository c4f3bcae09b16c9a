/*
 * push.c: mq push: put messages into a queue, and print their ids.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "spool/spool.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/headers.h"
#include "producer/producer.h"

static const struct opt opts[] = {{'m', "message", "TEXT", false, "the message is TEXT, not stdin"},
    {'l', "lines", NULL, false, "each line of the input is a message"},
    {'0', "null", NULL, false, "each NUL-terminated piece of the input is a message"},
    {'p', "priority", "N", false, "priority 0 (first) to 9 (last); default 5"},
    {'d', "delay", "DUR", false, "not before DUR from now"},
    {'x', "expire", "DUR", false, "expires DUR from now"},
    {'k', "key", "KEY", false, "messages of one KEY are handled one at a time and in order"},
    {'H', "header", "NAME: VALUE", false, "add a header; may be repeated"}, HEADER_OPTS,
    {PUSH_EVENTS, "cloudevents", NULL, false,
	"the input is CloudEvents in JSON: attributes become headers, the data the body"},
    {PUSH_ID, "id", "KEY", false,
	"once: a message that was pushed under KEY before is not pushed again"},
    {PUSH_ATOMIC, "atomic", NULL, false, "all messages or none"},
    {PUSH_WAIT, "wait", "DUR", true, "wait while the queue is full or paused, DUR at most"},
    CHUNKS_OPT, OPT_END};

/* ---- pushing ------------------------------------------------------------ */

/* If the --id was used before, print the id of that message.  ST_NONE: it was not used. */
static enum status
push_again(struct producer *p)
{
	struct run *r = p->r;
	struct msgid id;
	enum status st;

	if (p->opt.once == NULL)
		return ST_NONE;
	if ((st = once_find(p->q, p->opt.once, clock_now(), &id, &r->err)) != ST_OK ||
	    (st = producer_drain(p)) != ST_OK)
		return st;
	return producer_duplicate(p, &id);
}

/*
 * For a topic, ask whether the subscribers accept messages.  For events this depends on the headers
 * of each one, so it is asked later.
 */
static enum status
push_ask_subscribers(struct producer *p)
{
	p->topic = queue_is_topic(p->q);
	return p->topic ? gate_open(p->q, p->events ? NULL : &p->headers, &p->opt.gate, &p->r->err)
			: ST_OK;
}

static enum status
push_open(struct producer *p)
{
	struct error *err = &p->r->err;
	enum status st;

	if ((st = queue_accept(p->q, &p->accept, err)) != ST_OK ||
	    (st = producer_headers(p)) != ST_OK || (st = push_ask_subscribers(p)) != ST_OK ||
	    (st = producer_admitted(p)) != ST_OK)
		return st;
	return batch_open(p->q, &p->opt, &p->b, err);
}

/*
 * Publish the messages before the one that failed, because they are whole.  If one of them may not
 * last, or its id could not be printed, that is worse than the first failure, and is the result.
 */
static enum status
push_rest(struct producer *p, enum status st)
{
	struct error *err = &p->r->err, failed = *err, rest;

	if (st == ST_UNSURE || p->opt.atomic || batch_pending(p->b) == 0)
		return st;
	error_clear(err);
	if (producer_publish(p) != ST_UNSURE) {
		*err = failed;
		return st;
	}
	rest = *err;
	error_clear(err);
	return error_set(err, ST_UNSURE, 0, "%.290s; and before: %.290s", failed.text, rest.text);
}

static enum status
push(struct producer *p)
{
	struct run *r = p->r;
	enum status st;

	p->opt.headers = &p->headers;
	if ((p->buf = malloc(PRODUCER_BUFFER)) == NULL)
		return error_sys(&r->err, ENOMEM, "push");
	if ((st = run_queue_push(r, r->operand[0], &p->q)) != ST_OK ||
	    (st = push_again(p)) != ST_NONE || (st = push_open(p)) != ST_OK)
		return st;
	st = producer_feed(p);
	return st == ST_OK ? producer_publish(p) : push_rest(p, st);
}

static enum status
run_push(struct run *r)
{
	struct producer p = { .r = r, .to = &sink_queue, .opt = { .priority = PRIORITY_DEFAULT },
	    .delimiter = -1, .deadline = USEC_MAX, .told_all = true };
	enum status st;

	if ((st = producer_typed(&p)) == ST_OK &&
	    (!p.chunked || (st = chunk_hello(STDOUT_FILENO, &r->err)) == ST_OK)) {
		run_stoppable();	/* a signal then removes the half-written file */
		st = push(&p);
	}
	batch_close(p.b);
	gate_close(p.opt.gate);
	queue_close(p.q);
	headers_free(&p.headers);
	event_free(&p.event);
	free(p.buf);
	return st;
}

const struct cmd cmd_push = {
	.name = "push",
	.operands = "QUEUE [FILE...]",
	.summary = "put messages into a queue and print their ids",
	.opts = opts,
	.run = run_push,
};
