/*
 * feed.c: the input of mq push, cut into messages.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/spool.h"
#include "shared/cmd.h"
#include "shared/input.h"
#include "shared/env.h"
#include "producer/producer.h"

/* ---- one message ------------------------------------------------------- */

/* A message in a drop box has no headers. */
static enum status
feed_trace(struct producer *p)
{
	bool none = p->q != NULL && queue_drops_only(p->q);

	return none ? ST_OK : trace_headers(&p->headers, &p->r->err);
}

enum status
producer_headers(struct producer *p)
{
	if (!p->events)
		return feed_trace(p);
	p->event.common = p->headers;
	p->headers = (struct headers){ 0 };
	return ST_OK;
}

/* Make a message of the event.  Its own headers follow those that every message gets. */
static enum status
feed_event(struct producer *p)
{
	struct error *err = &p->r->err;
	struct cloudevent_body body;
	enum status st;

	if ((st = event_take(&p->event, &p->headers, &body, err)) != ST_OK)
		return st;
	if ((st = feed_trace(p)) == ST_OK && (st = p->to->begin(p)) == ST_OK && body.len > 0)
		st = p->to->write(p, body.data, body.len);
	free(body.data);
	return st;
}

static enum status
feed_end(struct producer *p)
{
	enum status st = p->events ? feed_event(p) : ST_OK;

	p->in_message = false;
	p->ended++;
	return st == ST_OK ? p->to->end(p) : st;
}

static enum status
feed_add(struct producer *p, const char *data, size_t len)
{
	enum status st = ST_OK;

	if (p->events) {	/* kept until the whole event was read */
		p->in_message = true;
		return event_add(&p->event, data, len, &p->r->err);
	}
	if (!p->in_message) {
		if ((st = p->to->begin(p)) != ST_OK)
			return st;
		p->in_message = true;
	}
	if (len > 0 && (st = p->to->write(p, data, len)) != ST_OK)
		p->in_message = false;
	return st;
}

/* Cut what was read into messages.  A piece without its delimiter goes on in the next read. */
static enum status
feed_pieces(struct producer *p, const char *data, size_t len)
{
	const char *end = data + len, *cut;
	enum status st = ST_OK;

	while (st == ST_OK && data < end) {
		cut = memchr(data, p->delimiter, (size_t)(end - data));
		st = feed_add(p, data, (size_t)((cut != NULL ? cut : end) - data));
		if (st == ST_OK && cut != NULL)
			st = feed_end(p);
		data = cut != NULL ? cut + 1 : end;
	}
	return st;
}

/* ---- one input --------------------------------------------------------- */

/* Read from 'fd'.  '*got' is 0 at the end of the input. */
static enum status
feed_read(struct producer *p, int fd, const char *name, size_t *got)
{
	struct run *r = p->r;

	if (p->chunked)
		return chunk_read(&p->chunks, p->buf, PRODUCER_BUFFER, got, &r->err);
	return input_read(r, fd, name, p->buf, PRODUCER_BUFFER, got,
	    "what is not printed above is not queued");
}

static enum status
feed_fd(struct producer *p, int fd, const char *name)
{
	enum status st = ST_OK;
	size_t n = 0;

	if (p->delimiter == -1)
		st = feed_add(p, "", 0);	/* an empty input is a message, too */
	while (st == ST_OK) {
		if ((st = p->to->idle(p, fd)) != ST_OK ||
		    (st = feed_read(p, fd, name, &n)) != ST_OK)
			return st;
		if (n == 0)
			break;
		st = p->delimiter == -1 ? feed_add(p, p->buf, n) : feed_pieces(p, p->buf, n);
	}
	if (st == ST_OK && p->in_message)	/* the last line counts without a newline, too */
		st = feed_end(p);
	return st;
}

static enum status
feed_stdin(struct producer *p)
{
	input_at_terminal(p->r);
	return feed_fd(p, STDIN_FILENO, "stdin");
}

static enum status
feed_file(struct producer *p, const char *name)
{
	enum status st;
	int fd;

	if (strcmp(name, "-") == 0)
		return feed_stdin(p);
	if ((st = input_open(p->r, name, &fd)) != ST_OK)
		return st;
	st = feed_fd(p, fd, name);
	(void)close(fd);
	return st;
}

static enum status
feed_text(struct producer *p)
{
	size_t len = strlen(p->text);
	enum status st = p->delimiter == -1 ? feed_add(p, p->text, len) :
	    feed_pieces(p, p->text, len);

	return st == ST_OK && p->in_message ? feed_end(p) : st;
}

static enum status
feed_chunks(struct producer *p)
{
	struct error *err = &p->r->err;
	bool another = true;
	enum status st;

	while ((st = chunk_next(&p->chunks, &another, err)) == ST_OK && another)
		if (p->opt.once != NULL && p->ended > 0)
			return run_usage(p->r, "--id is for one message");
		else if ((st = feed_stdin(p)) != ST_OK)
			return st;
	return st;
}

/* ---- all of it --------------------------------------------------------- */

enum status
producer_feed(struct producer *p)
{
	struct run *r = p->r;
	enum status st = ST_OK;

	if (p->chunked)
		return feed_chunks(p);
	if (p->text != NULL)
		return feed_text(p);
	if (r->noperands == 1)
		return feed_stdin(p);
	for (int i = 1; st == ST_OK && i < r->noperands; i++)
		st = feed_file(p, r->operand[i]);
	return st;
}

enum status
producer_drain(struct producer *p)
{
	enum status st = ST_OK;
	bool another = true;
	size_t n = 1;

	if (p->text != NULL || (!p->chunked && p->r->noperands > 1))
		return ST_OK;
	if (p->chunked && (st = chunk_next(&p->chunks, &another, &p->r->err)) != ST_OK)
		return st;
	while (st == ST_OK && another && n > 0)
		st = feed_read(p, STDIN_FILENO, "stdin", &n);
	if (st == ST_OK && p->chunked && another)
		st = chunk_next(&p->chunks, &another, &p->r->err);
	return st;
}
