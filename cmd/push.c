/*
 * push.c: mq push: put messages into a queue, and print their ids.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "spool/spool.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/input.h"
#include "shared/headers.h"
#include "shared/typed.h"
#include "cloudevents/cloudevents.h"
#include "remote/remote.h"
#include "producer/producer.h"

enum { ATOMIC = OPT_LONG, WAIT, ID, EVENTS };

static const struct opt opts[] = {{'m', "message", "TEXT", false, "the message is TEXT, not stdin"},
    {'l', "lines", NULL, false, "each line of the input is a message"},
    {'0', "null", NULL, false, "each NUL-terminated piece of the input is a message"},
    {'p', "priority", "N", false, "priority 0 (first) to 9 (last); default 5"},
    {'d', "delay", "DUR", false, "not before DUR from now"},
    {'x', "expire", "DUR", false, "expires DUR from now"},
    {'k', "key", "KEY", false, "messages of one KEY are handled one at a time and in order"},
    {'H', "header", "NAME: VALUE", false, "add a header; may be repeated"}, HEADER_OPTS,
    {EVENTS, "cloudevents", NULL, false,
	"the input is CloudEvents in JSON: attributes become headers, the data the body"},
    {ID, "id", "KEY", false,
	"once: a message that was pushed under KEY before is not pushed again"},
    {ATOMIC, "atomic", NULL, false, "all messages or none"},
    {WAIT, "wait", "DUR", true, "wait while the queue is full or paused, DUR at most"}, CHUNKS_OPT,
    OPT_END};

/* ---- what was typed ----------------------------------------------------- */

/* Set the key, and add it as a header, so that the consumer sees it. */
static enum status
push_key(struct producer *p, const char *key)
{
	struct run *r = p->r;

	if (p->opt.key != NULL)
		return run_usage(r, "-k is given twice: a message has one key");
	if (*key == '\0')
		return run_usage(r, "-k: an empty key is none");
	/*
	 * A header loses blanks at its ends, and would then name another key than the order goes
	 * by.
	 */
	if (strchr(" \t", key[0]) != NULL || strchr(" \t", key[strlen(key) - 1]) != NULL)
		return run_usage(r, "-k: a key has no blanks at its ends");
	p->opt.key = key;
	return header_option(r, &p->headers, &p->own, 'k', key);
}

static enum status
push_expire(struct producer *p, const char *arg)
{
	enum status st = arg_duration(p->r, "-x", arg, &p->opt.expire);

	if (st == ST_OK && p->opt.expire == 0)
		return run_usage(p->r, "-x: a message that expires at once is of no use");
	return st;
}

static enum status
push_id(struct producer *p, const char *key)
{
	if (p->opt.once != NULL)
		return run_usage(p->r, "--id is given twice: one message a command");
	p->opt.once = key;
	return once_check(key, &p->r->err);
}

static enum status
push_option(struct producer *p, int key, const char *arg)
{
	struct run *r = p->r;

	switch (key) {
	case 'm':
		return typed_text(r, arg, "one message a command, or -l", &p->text);
	case 'l':
	case '0':
		return typed_delimiter(r, key, &p->delimiter);
	case 'p':
		return typed_priority(r, arg, &p->opt.priority);
	case 'd':
		return arg_duration(r, "-d", arg, &p->opt.delay);
	case 'x':
		return push_expire(p, arg);
	case 'k':
		return push_key(p, arg);
	case 'H':
		return headers_add(&p->headers, arg, &r->err);
	case EVENTS:
		p->events = true;
		return ST_OK;
	case ID:
		return push_id(p, arg);
	case ATOMIC:
		p->opt.atomic = true;
		return ST_OK;
	case WAIT:
		p->wait = true;
		return typed_wait(r, arg, &p->deadline);
	case CHUNKS:
		p->chunked = true;
		return ST_OK;
	default:
		return header_option(r, &p->headers, &p->own, key, arg);
	}
}

/* Refuse headers that the event gives itself, and headers that are given twice. */
static enum status
push_headers_fit(struct producer *p)
{
	struct header h;
	size_t pos = 0;

	while (p->events && headers_next(&p->headers, &pos, &h))
		if (cloudevent_header(h.name, h.namelen))
			return run_usage(p->r, "--cloudevents: the event says %.*s, not an option",
			    (int)h.namelen, h.name);
	return headers_once(p->r, &p->headers, p->own);
}

static enum status
push_typed(struct producer *p)
{
	struct run *r = p->r;
	enum status st = ST_OK;
	const char *arg;
	int key;

	while (st == ST_OK && (key = run_option(r, &arg)) != 0)
		st = push_option(p, key, arg);
	if (st != ST_OK)
		return st;
	if (p->chunked && (p->text != NULL || r->noperands > 1))
		return run_usage(r, "--chunks: then everything comes from stdin");
	if (p->opt.once != NULL && (p->delimiter != -1 || p->opt.atomic || r->noperands > 2))
		return run_usage(
		    r, "--id is for one message: without -l, -0, --atomic, and with one FILE");
	if ((st = push_headers_fit(p)) != ST_OK || (st = run_operands(r, 1, -1)) != ST_OK)
		return st;
	if (p->text != NULL && r->noperands > 1)
		return run_usage(r, "-m and FILE don't go together");
	return input_files_exist(r);
}

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

/* Prepare the headers that all messages get.  The headers of an event are made when it is read. */
static enum status
push_headers(struct producer *p)
{
	if (!p->events)
		return producer_trace(p);
	p->event.common = p->headers;
	p->headers = (struct headers){ 0 };
	return ST_OK;
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
	    (st = push_headers(p)) != ST_OK || (st = push_ask_subscribers(p)) != ST_OK ||
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
	struct producer p = { .r = r, .opt = { .priority = PRIORITY_DEFAULT },
	    .delimiter = -1, .deadline = USEC_MAX, .told_all = true };
	enum status st;

	if ((st = push_typed(&p)) == ST_OK &&
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
