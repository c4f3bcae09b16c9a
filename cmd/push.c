/*
 * push.c: mq push: bytes in, ids out.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
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
#include "shared/env.h"
#include "shared/accept.h"
#include "shared/headers.h"
#include "cloudevents/cloudevents.h"
#include "remote/remote.h"

#define BUFFER (128 << 10)
#define KEEP_EVERY (600 * USEC)

enum { ATOMIC = OPT_LONG, WAIT, ID, EVENTS };

static const struct opt opts[] = {
	{ 'm', "message", "TEXT", false, "the message is TEXT, not stdin" },
	{ 'l', "lines", NULL, false, "each line of the input is a message" },
	{ '0', "null", NULL, false, "each NUL-terminated piece of the input is a message" },
	{ 'p', "priority", "N", false, "priority 0 (first) to 9 (last); default 5" },
	{ 'd', "delay", "DUR", false, "not before DUR from now" },
	{ 'x', "expire", "DUR", false, "expires DUR from now" },
	{ 'k', "key", "KEY", false, "messages of one KEY are handled one at a time and in order" },
	{ 'H', "header", "NAME: VALUE", false, "add a header; may be repeated" },
	HEADER_OPTS,
	{ EVENTS, "cloudevents", NULL, false, "the input is CloudEvents in JSON: attributes become headers, the data the body" },
	{ ID, "id", "KEY", false, "once: a message that was pushed under KEY before is not pushed again" },
	{ ATOMIC, "atomic", NULL, false, "all messages or none" },
	{ WAIT, "wait", "DUR", true, "wait while the queue is full or paused, DUR at most" },
	CHUNKS_OPT,
	OPT_END
};

struct push {
	struct run *r;
	struct queue *q;
	struct batch *b;
	struct push_options opt;
	struct headers headers;
	unsigned own;		/* which headers came by options of their own */
	bool events;		/* the input is CloudEvents; the present one: */
	struct event_input event;
	const char *accept;	/* the policy's; NULL: all are accepted */
	const char *text;	/* -m */
	bool topic;
	int delimiter;		/* '\n', '\0', or -1: the input is one message */
	bool wait, chunked;
	struct chunks chunks;
	usec_t deadline;	/* of the wait, by clock_mono */
	bool in_message;	/* batch_begin was called, batch_end not */
	bool printed_all;	/* every id so far reached stdout */
	char *buf;
};

/* The consumer gets to see it, as a header. */
static enum status
order_key(struct push *p, const char *key)
{
	struct run *r = p->r;

	if (p->opt.key != NULL)
		return run_usage(r, "-k is given twice: a message has one key");
	if (*key == '\0')
		return run_usage(r, "-k: an empty key is none");
	/* A header would lose them, and then it would not be the key that the order goes by. */
	if (strchr(" \t", key[0]) != NULL || strchr(" \t", key[strlen(key) - 1]) != NULL)
		return run_usage(r, "-k: a key has no blanks at its ends");
	p->opt.key = key;
	return header_option(r, &p->headers, &p->own, 'k', key);
}

/* What the event says is not said by an option too. */
static enum status
headers_fit(struct push *p)
{
	struct header h;
	size_t pos = 0;

	while (p->events && headers_next(&p->headers, &pos, &h))
		if (cloudevent_header(h.name, h.namelen))
			return run_usage(p->r, "--cloudevents: the event says %.*s, not an option", (int)h.namelen, h.name);
	return headers_once(p->r, &p->headers, p->own);
}

static enum status
options(struct push *p)
{
	enum status st = ST_OK;
	struct run *r = p->r;
	const char *arg;
	int64_t n;
	int key;

	while (st == ST_OK && (key = run_option(r, &arg)) != 0)
		switch (key) {
		case 'm':
			if (p->text != NULL)
				st = run_usage(r, "-m is given twice: one message a command, or -l");
			p->text = arg;
			break;
		case 'l':
		case '0':
			if (p->delimiter != -1)
				st = run_usage(r, "one of -l and -0, once");
			p->delimiter = key == 'l' ? '\n' : '\0';
			break;
		case 'p':
			st = arg_number(r, "-p", arg, 0, 9, &n);
			p->opt.priority = (int)n;
			break;
		case 'd':
			st = arg_duration(r, "-d", arg, &p->opt.delay);
			break;
		case 'x':
			st = arg_duration(r, "-x", arg, &p->opt.expire);
			if (st == ST_OK && p->opt.expire == 0)
				st = run_usage(r, "-x: a message that expires at once is of no use");
			break;
		case 'k':
			st = order_key(p, arg);
			break;
		case 'H':
			st = headers_add(&p->headers, arg, &r->err);
			break;
		case EVENTS:
			p->events = true;
			break;
		case ID:
			if (p->opt.once != NULL)
				st = run_usage(r, "--id is given twice: one message a command");
			else if ((st = once_check(arg, &r->err)) == ST_OK)
				p->opt.once = arg;
			break;
		case ATOMIC:
			p->opt.atomic = true;
			break;
		case WAIT:
			p->wait = true;
			if (arg != NULL) {
				usec_t d;
				st = arg_duration(r, "--wait", arg, &d);
				p->deadline = clock_mono() + d;
			}
			break;
		case CHUNKS:
			p->chunked = true;
			break;
		default:
			st = header_option(r, &p->headers, &p->own, key, arg);
			break;
		}
	if (st == ST_OK && p->chunked && (p->text != NULL || r->noperands > 1))
		return run_usage(r, "--chunks: then everything comes from stdin");
	if (st == ST_OK && p->opt.once != NULL && (p->delimiter != -1 || p->opt.atomic || r->noperands > 2))
		return run_usage(r, "--id is for one message: without -l, -0, --atomic, and with one FILE");
	return st == ST_OK ? headers_fit(p) : st;
}

static enum status
allowed(struct push *p)
{
	struct run *r = p->r;

	enum status st;

	if (p->b != NULL)
		return batch_allowed(p->b, clock_now(), &r->err);
	st = push_allowed(p->q, 1, 0, clock_now(), &r->err);
	return st != ST_OK || p->opt.gate == NULL ? st : gate_allowed(p->opt.gate, 0, 0, 1, 0, clock_now(), &r->err);
}

/* The policies of those that wait for it, too, may have changed. */
static enum status
reload(struct push *p)
{
	struct run *r = p->r;
	enum status st = queue_reload(p->q, &r->err);

	return st != ST_OK || p->opt.gate == NULL ? st : gate_reload(p->opt.gate, p->q, &p->headers, &r->err);
}

/* Wait until the queue takes messages, if asked to. */
static enum status
admitted(struct push *p)
{
	struct run *r = p->r;
	usec_t kept = clock_mono();
	struct waiter *w = NULL;
	enum status st;

	st = allowed(p);
	if (st != ST_AGAIN || !p->wait)
		return st;
	if ((st = waiter_open(p->q, true, &w, &r->err)) != ST_OK)
		return st;
	for (;;) {
		struct error full;
		error_clear(&r->err);
		if ((st = waiter_arm(w, &r->err)) != ST_OK ||
		    (st = reload(p)) != ST_OK ||
		    (st = allowed(p)) != ST_AGAIN)
			break;
		full = r->err;
		error_clear(&r->err);
		if (p->b != NULL && clock_mono() - kept > KEEP_EVERY) {
			batch_keep(p->b);
			kept = clock_mono();
		}
		/* Looked at once a second too: free space raises no event. */
		st = waiter_wait(w, clock_now() + USEC, p->deadline, &r->err);
		if (st == ST_NONE || run_stopped()) {
			r->err = full;
			st = ST_AGAIN;
			break;
		}
		if (st != ST_OK && st != ST_AGAIN)
			break;
	}
	waiter_close(w);
	return st;
}

static void
published(void *arg, const struct msgid *id)
{
	struct push *p = arg;

	if (!p->r->quiet && printf("%s\n", id->text) < 0)
		p->printed_all = false;
}

/* The messages are in the queue whether or not their ids can be told: 71. */
static enum status
told(struct push *p, enum status st)
{
	int e;

	if ((fflush(stdout) != EOF && p->printed_all) || st != ST_OK)
		return st;
	e = errno;
	clearerr(stdout);
	return error_set(&p->r->err, ST_UNSURE, e,
	    "the message is queued, but its id could not be printed: stdout");
}

static void
tell_duplicate(struct push *p)
{
	run_verbose(p->r, "nothing was queued: there was a message under the key '%s' before", p->opt.once);
}

/*
 * Publish what is pending and print the ids.  A queue that filled up meanwhile is
 * waited for if asked to; what was published before it did is not taken back.
 */
static enum status
publish(struct push *p)
{
	struct run *r = p->r;
	enum status st;

	for (;;) {
		st = batch_publish(p->b, clock_now(), published, p, &r->err);
		/* An errno is the system's answer, not that of a full or paused queue. */
		if (st != ST_AGAIN || !p->wait || r->err.errnum != 0 || (st = admitted(p)) != ST_OK)
			break;
		error_clear(&r->err);
	}
	if (p->topic)
		run_distribute(r, p->q);
	if (st == ST_OK && batch_was_duplicate(p->b))
		tell_duplicate(p);
	return told(p, st);
}

/* What lies in a drop box has no headers. */
static enum status
trace(struct push *p)
{
	return queue_drops_only(p->q) ? ST_OK : trace_headers(&p->headers, &p->r->err);
}

/* The event becomes a message, with its own headers behind those that all get. */
static enum status
begin_event(struct push *p)
{
	struct error *err = &p->r->err;
	struct cloudevent_body body;
	enum status st;

	if ((st = event_take(&p->event, &p->headers, &body, err)) != ST_OK)
		return st;
	if (p->topic && ((st = gate_reload(p->opt.gate, p->q, &p->headers, err)) != ST_OK || (st = admitted(p)) != ST_OK)) {
		free(body.data);
		return st;
	}
	if ((st = trace(p)) == ST_OK && (st = batch_begin(p->b, err)) == ST_OK && body.len > 0)
		st = batch_write(p->b, body.data, body.len, err);
	free(body.data);
	return st;
}

static enum status
end_message(struct push *p)
{
	enum status st = p->events ? begin_event(p) : ST_OK;

	if (st == ST_OK)
		st = accept_end(p->r, p->q, p->accept, &p->headers, p->b);
	p->in_message = false;
	/* The subscribers were asked about this event only. */
	if (st == ST_OK && !p->opt.atomic && (batch_full(p->b) || (p->events && p->topic)))
		st = publish(p);
	return st;
}

static enum status
add(struct push *p, const char *data, size_t len)
{
	enum status st = ST_OK;

	if (p->events) {	/* kept until all of it is there */
		p->in_message = true;
		return event_add(&p->event, data, len, &p->r->err);
	}
	if (!p->in_message) {
		if ((st = batch_begin(p->b, &p->r->err)) != ST_OK)
			return st;
		p->in_message = true;
	}
	if (len > 0 && (st = batch_write(p->b, data, len, &p->r->err)) != ST_OK)
		p->in_message = false;
	return st;
}

/* Cut what was read into messages; a piece without its delimiter goes on in the next read. */
static enum status
add_pieces(struct push *p, const char *data, size_t len)
{
	const char *end = data + len, *cut;
	enum status st = ST_OK;

	while (st == ST_OK && data < end) {
		cut = memchr(data, p->delimiter, (size_t)(end - data));
		st = add(p, data, (size_t)((cut != NULL ? cut : end) - data));
		if (st == ST_OK && cut != NULL)
			st = end_message(p);
		data = cut != NULL ? cut + 1 : end;
	}
	return st;
}

/* A producer that pauses has its lines published meanwhile. */
static enum status
publish_if_idle(struct push *p, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	if (p->opt.atomic || batch_pending(p->b) == 0 || poll(&pfd, 1, 0) != 0)
		return ST_OK;
	return publish(p);
}

/* *got 0: the input is at its end. */
static enum status
input(struct push *p, int fd, const char *name, size_t *got)
{
	struct run *r = p->r;

	if (p->chunked)
		return chunk_read(&p->chunks, p->buf, BUFFER, got, &r->err);
	return input_read(r, fd, name, p->buf, BUFFER, got, "what is not printed above is not queued");
}

static enum status
push_fd(struct push *p, int fd, const char *name)
{
	enum status st = ST_OK;
	size_t n = 0;

	if (p->delimiter == -1)
		st = add(p, "", 0);	/* no bytes at all are a message too */
	while (st == ST_OK) {
		if (p->delimiter != -1 && (st = publish_if_idle(p, fd)) != ST_OK)
			return st;
		if ((st = input(p, fd, name, &n)) != ST_OK)
			return st;
		if (n == 0)
			break;
		st = p->delimiter == -1 ? add(p, p->buf, n) : add_pieces(p, p->buf, n);
	}
	if (st == ST_OK && p->in_message)	/* a last line without its newline counts */
		st = end_message(p);
	return st;
}

static enum status
push_file(struct push *p, const char *name)
{
	enum status st;
	int fd;

	if (strcmp(name, "-") == 0)
		return push_fd(p, STDIN_FILENO, "stdin");
	if ((st = input_open(p->r, name, &fd)) != ST_OK)
		return st;
	st = push_fd(p, fd, name);
	(void)close(fd);
	return st;
}

static enum status
push_chunks(struct push *p)
{
	struct error *err = &p->r->err;
	bool another = true;
	enum status st;

	while ((st = chunk_next(&p->chunks, &another, err)) == ST_OK && another)
		if (p->opt.once != NULL && batch_pending(p->b) > 0)
			return run_usage(p->r, "--id is for one message");
		else if ((st = push_fd(p, STDIN_FILENO, "stdin")) != ST_OK)
			return st;
	return st;
}

static enum status
push_all(struct push *p)
{
	struct run *r = p->r;
	enum status st = ST_OK;

	if (p->chunked)
		return push_chunks(p);
	if (p->text != NULL && p->delimiter == -1) {
		if ((st = add(p, p->text, strlen(p->text))) == ST_OK)
			st = end_message(p);
	} else if (p->text != NULL) {
		st = add_pieces(p, p->text, strlen(p->text));
		if (st == ST_OK && p->in_message)
			st = end_message(p);
	} else if (r->noperands == 1)
		st = push_fd(p, STDIN_FILENO, "stdin");
	for (int i = 1; st == ST_OK && i < r->noperands; i++)
		st = push_file(p, r->operand[i]);
	return st;
}

/* Whether those who subscribe to a topic take it.  Of an event that depends on its own headers: see begin_event. */
static enum status
ask_subscribers(struct push *p)
{
	p->topic = queue_is_topic(p->q);
	return p->topic ? gate_open(p->q, p->events ? NULL : &p->headers, &p->opt.gate, &p->r->err) : ST_OK;
}

enum status
push_files_exist(struct run *r)
{
	struct stat sb;

	for (int i = 1; i < r->noperands; i++) {
		const char *name = r->operand[i];
		if (strcmp(name, "-") == 0)
			continue;
		if (access(name, R_OK) == -1 || stat(name, &sb) == -1)
			return error_sys(&r->err, errno, "%s", name);
		if (S_ISDIR(sb.st_mode))
			return error_set(&r->err, ST_BADDATA, 0, "%s: is a directory", name);
	}
	return ST_OK;
}

/* Whoever feeds us is not to be killed by a pipe that nobody reads. */
static enum status
drain(struct push *p)
{
	enum status st = ST_OK;
	bool another = true;
	size_t n = 1;

	if (p->text != NULL || (!p->chunked && p->r->noperands > 1))
		return ST_OK;
	if (p->chunked && (st = chunk_next(&p->chunks, &another, &p->r->err)) != ST_OK)
		return st;
	while (st == ST_OK && another && n > 0)
		st = input(p, STDIN_FILENO, "stdin", &n);
	if (st == ST_OK && p->chunked && another)
		st = chunk_next(&p->chunks, &another, &p->r->err);
	return st;
}

/* ST_NONE: there was none under this key before. */
static enum status
push_again(struct push *p)
{
	struct run *r = p->r;
	struct msgid id;
	enum status st;

	if (p->opt.once == NULL)
		return ST_NONE;
	if ((st = once_find(p->q, p->opt.once, clock_now(), &id, &r->err)) != ST_OK)
		return st;
	if ((st = drain(p)) != ST_OK)
		return st;
	tell_duplicate(p);
	published(p, &id);
	return told(p, ST_OK);
}

static enum status
prepare(struct push *p)
{
	if (!p->events)
		return trace(p);
	p->event.common = p->headers;
	p->headers = (struct headers){ 0 };
	return ST_OK;
}

static enum status
run_push(struct run *r)
{
	struct push p = { .r = r, .opt = { .priority = PRIORITY_DEFAULT },
	    .delimiter = -1, .deadline = USEC_MAX, .printed_all = true };
	enum status st;

	if ((st = options(&p)) != ST_OK || (st = run_operands(r, 1, -1)) != ST_OK)
		goto out;
	if (p.text != NULL && r->noperands > 1) {
		st = run_usage(r, "-m and FILE don't go together");
		goto out;
	}
	if ((st = push_files_exist(r)) != ST_OK || (p.chunked && (st = chunk_hello(STDOUT_FILENO, &r->err)) != ST_OK))
		goto out;
	p.opt.headers = &p.headers;
	run_stoppable();	/* to take the half-written file away */
	if ((p.buf = malloc(BUFFER)) == NULL) {
		st = error_sys(&r->err, ENOMEM, "push");
		goto out;
	}
	if ((st = run_queue_push(r, r->operand[0], &p.q)) != ST_OK || (st = push_again(&p)) != ST_NONE ||
	    (st = queue_accept(p.q, &p.accept, &r->err)) != ST_OK || (st = prepare(&p)) != ST_OK ||
	    (st = ask_subscribers(&p)) != ST_OK || (st = admitted(&p)) != ST_OK ||
	    (st = batch_open(p.q, &p.opt, &p.b, &r->err)) != ST_OK)
		goto out;
	if ((st = push_all(&p)) == ST_OK)
		st = publish(&p);
	else if (!p.opt.atomic && batch_pending(p.b) > 0) {
		/* The messages before the one that failed are whole: queue them, and say what failed. */
		struct error failed = r->err;
		error_clear(&r->err);
		if (publish(&p) == ST_OK)
			error_clear(&r->err);
		r->err = failed;
	}
out:
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
