/*
 * typed.c: what was typed behind mq push.
 */
#include <string.h>

#include "pattern/pattern.h"
#include "shared/cmd.h"
#include "shared/headers.h"
#include "shared/input.h"
#include "shared/typed.h"
#include "producer/producer.h"

/* Set the key, and add it as a header, so that the consumer sees it. */
static enum status
typed_key(struct producer *p, const char *key)
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
typed_expire(struct producer *p, const char *arg)
{
	enum status st = arg_duration(p->r, "-x", arg, &p->opt.expire);

	if (st == ST_OK && p->opt.expire == 0)
		return run_usage(p->r, "-x: a message that expires at once is of no use");
	return st;
}

static enum status
typed_id(struct producer *p, const char *key)
{
	if (p->opt.once != NULL)
		return run_usage(p->r, "--id is given twice: one message a command");
	p->opt.once = key;
	return once_check(key, &p->r->err);
}

static enum status
typed_option(struct producer *p, int key, const char *arg)
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
		return typed_expire(p, arg);
	case 'k':
		return typed_key(p, arg);
	case 'H':
		return headers_add(&p->headers, arg, &r->err);
	case PUSH_EVENTS:
		p->events = true;
		return ST_OK;
	case PUSH_ID:
		return typed_id(p, arg);
	case PUSH_ATOMIC:
		p->opt.atomic = true;
		return ST_OK;
	case PUSH_WAIT:
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
typed_headers_fit(struct producer *p)
{
	struct header h;
	size_t pos = 0;

	while (p->events && headers_next(&p->headers, &pos, &h))
		if (cloudevent_header(h.name, h.namelen))
			return run_usage(p->r, "--cloudevents: the event says %.*s, not an option",
			    (int)h.namelen, h.name);
	return headers_once(p->r, &p->headers, p->own);
}

enum status
producer_typed(struct producer *p)
{
	struct run *r = p->r;
	enum status st = ST_OK;
	const char *arg;
	int key;

	while (st == ST_OK && (key = run_option(r, &arg)) != 0)
		st = typed_option(p, key, arg);
	if (st != ST_OK)
		return st;
	if (p->chunked && (p->text != NULL || r->noperands > 1))
		return run_usage(r, "--chunks: then everything comes from stdin");
	if (p->opt.once != NULL && (p->delimiter != -1 || p->opt.atomic || r->noperands > 2))
		return run_usage(
		    r, "--id is for one message: without -l, -0, --atomic, and with one FILE");
	if ((st = typed_headers_fit(p)) != ST_OK || (st = run_operands(r, 1, -1)) != ST_OK)
		return st;
	if (p->text != NULL && r->noperands > 1)
		return run_usage(r, "-m and FILE don't go together");
	return input_files_exist(r);
}
