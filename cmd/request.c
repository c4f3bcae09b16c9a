/*
 * request.c: mq request: push a message and wait for the answer to it.
 *
 * The answer stays on disk until stdout has taken it.  In all other cases the place for the answer
 * is removed at the end.  So is the request if nobody has claimed it, because nobody wants it any
 * more.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "spool/spool.h"
#include "pattern/pattern.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/input.h"
#include "shared/env.h"
#include "shared/accept.h"
#include "shared/typed.h"
#include "remote/remote.h"

#define TIMEOUT_DEFAULT (60 * USEC)
/*
 * If our process is killed, the request is not taken back.  It expires this long after its timeout.
 */
#define EXPIRE_AFTER (60 * USEC)
#define CHUNK (128 << 10)

enum { TIMEOUT = OPT_LONG };

static const struct opt opts[] = {
	{ 'm', "message", "TEXT", false, "the request is TEXT, not stdin" },
	{ 'p', "priority", "N", false, "priority 0 (first) to 9 (last); default 5" },
	{ 'H', "header", "NAME: VALUE", false, "add a header; may be repeated" },
	{ TIMEOUT, "timeout", "DUR", false, "give up after DUR: exit 1; default 1m" },
	OPT_END
};

struct request {
	struct run *r;
	struct queue *q;
	struct question *question;
	struct input in;
	struct push_options opt;
	struct headers headers;
	const char *accept;	/* the policy's accept command, as for mq push */
	usec_t timeout;
	bool queued;
	struct msgid id;
};

/* ---- what was typed ---------------------------------------------------- */

static enum status
options(struct request *a)
{
	enum status st = ST_OK;
	struct run *r = a->r;
	struct header h;
	const char *arg;
	int key;

	while (st == ST_OK && (key = run_option(r, &arg)) != 0)
		switch (key) {
		case 'm':
			st = typed_text(r, arg, "one message a request", &a->in.text);
			break;
		case 'p':
			st = typed_priority(r, arg, &a->opt.priority);
			break;
		case 'H':
			st = headers_add(&a->headers, arg, &r->err);
			break;
		case TIMEOUT:
			st = arg_duration(r, "--timeout", arg, &a->timeout);
			break;
		default:
			break;
		}
	if (st == ST_OK && headers_find(&a->headers, "Reply-To", &h))
		st = run_usage(r,
		    "the header Reply-To is set by mq: it names the place for the answer");
	return st;
}

static enum status
operands(struct request *a)
{
	struct run *r = a->r;
	enum status st;

	if ((st = run_operands(r, 1, 2)) != ST_OK)
		return st;
	if (a->in.text != NULL && r->noperands > 1)
		return run_usage(r, "-m and FILE don't go together");
	a->in.file = r->noperands > 1 ? r->operand[1] : NULL;
	return ST_OK;
}

/* ---- the request ------------------------------------------------------- */

static enum status
add_headers(struct request *a)
{
	char text[100];
	struct header h;
	struct msgid id;
	enum status st;

	(void)snprintf(text, sizeof(text), "Reply-To: %s", question_token(a->question));
	if ((st = headers_add(&a->headers, text, &a->r->err)) != ST_OK ||
	    headers_find(&a->headers, "Correlation-Id", &h))
		return st;
	id_make(clock_now(), &id);
	(void)snprintf(text, sizeof(text), "Correlation-Id: %s", id.text);
	return headers_add(&a->headers, text, &a->r->err);
}

static enum status
request_put(void *arg, const void *data, size_t len, struct error *err)
{
	return batch_write(arg, data, len, err);
}

static void
queued(void *arg, const struct msgid *id)
{
	struct request *a = arg;

	a->queued = true;
	a->id = *id;
	run_verbose(a->r, "asked: %s", id->text);
}

static enum status
ask(struct request *a)
{
	struct error *err = &a->r->err;
	struct batch *b = NULL;
	enum status st;

	a->opt.headers = &a->headers;
	a->opt.expire = a->timeout + EXPIRE_AFTER;
	if ((st = add_headers(a)) == ST_OK && (st = trace_headers(&a->headers, err)) == ST_OK &&
	    (st = batch_open(a->q, &a->opt, &b, err)) == ST_OK &&
	    (st = batch_begin(b, err)) == ST_OK &&
	    (st = input_copy(a->r, &a->in, "nothing was asked", request_put, b)) == ST_OK &&
	    (st = accept_end(a->r, a->q, a->accept, &a->headers, b)) == ST_OK)
		st = batch_publish(b, clock_now(), queued, a, err);
	batch_close(b);
	/* Only a power failure can undo the push, and it would end this process, too. */
	if (st == ST_UNSURE && a->queued) {
		run_note(a->r, "%s", err->text);
		error_clear(err);
		st = ST_OK;
	}
	return st;
}

/* ---- the answer -------------------------------------------------------- */

static enum status
output_failed(struct request *a)
{
	char path[5000];

	question_path(a->question, path, sizeof(path));
	return error_set(&a->r->err, ST_IO, run_stopped() ? EINTR : errno,
	    "the answer stays for a day in %s: stdout", path);
}

static enum status
write_all(struct request *a, const char *data, size_t len)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO, .events = POLLOUT };
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		n = write(STDOUT_FILENO, data, len);
		/* another process made stdout non-blocking */
		if (n == -1 && errno == EAGAIN)
			(void)poll(&pfd, 1, -1);
		else if (n == -1 && errno != EINTR)
			return output_failed(a);
		if (run_stopped())
			return output_failed(a);
		if (n == -1)
			n = 0;
	}
	return ST_OK;
}

static enum status
show_answer(struct request *a, int fd)
{
	static char buf[CHUNK];
	enum status st = ST_OK;
	ssize_t n;

	while (st == ST_OK && (n = read(fd, buf, sizeof(buf))) != 0)
		st = n > 0 ? write_all(a, buf, (size_t)n) :
		    error_set(&a->r->err, ST_IO, errno, "read the answer");
	return st;
}

/*
 * Wait for the answer and print it.  '*keep' becomes true if an answer may be there that could not
 * be printed.
 */
static enum status
await(struct request *a, bool *keep)
{
	struct run *r = a->r;
	struct error why;
	enum status st;
	int fd;

	st = question_wait(a->question, clock_mono() + a->timeout, &fd, &r->err);
	if (st == ST_OK) {
		a->queued = false;
		st = show_answer(a, fd);
		*keep = st != ST_OK;
		(void)close(fd);
	} else if (st == ST_LOST) {
		a->queued = false;
		why = r->err;
		error_clear(&r->err);
		st = error_set(&r->err, ST_LOST, 0, "request %s failed for good: %s", a->id.text,
		    why.text);
	} else if (st == ST_NONE)
		run_verbose(r, "no answer came in time");
	else
		*keep = st != ST_AGAIN;	/* there may be an answer that cannot be read */
	return st;
}

static void
withdraw(struct request *a)
{
	struct error err;
	enum status st;

	error_clear(&err);
	st = question_withdraw(a->q, &a->id, a->opt.priority, clock_now(), &err);
	if (st == ST_OK)
		run_verbose(a->r, "request %s was taken back", a->id.text);
	else if (st != ST_NONE)
		run_note(a->r, "request %s could not be taken back: %s", a->id.text, err.text);
}

static enum status
run_request(struct run *r)
{
	struct request a = { .r = r, .opt = { .priority = PRIORITY_DEFAULT },
	    .timeout = TIMEOUT_DEFAULT };
	bool keep = false;
	enum status st;

	if ((st = options(&a)) == ST_OK && (st = operands(&a)) == ST_OK &&
	    (st = input_files_exist(r)) == ST_OK) {
		run_stoppable();
		/*
		 * The queue must exist, so that nobody waits at a misspelt one.  It must not be a
		 * topic, because handlers look for the place of the answer in the subscriber's
		 * queue.
		 */
		if ((st = run_queue_consume(r, r->operand[0], &a.q)) == ST_OK &&
		    (st = push_allowed(a.q, 1, 0, clock_now(), &r->err)) == ST_OK &&
		    (st = queue_accept(a.q, &a.accept, &r->err)) == ST_OK &&
		    (st = question_open(a.q, clock_now(), &a.question, &r->err)) == ST_OK &&
		    (st = ask(&a)) == ST_OK)
			st = await(&a, &keep);
	}
	question_close(a.question, keep);
	if (a.queued)
		withdraw(&a);
	queue_close(a.q);
	headers_free(&a.headers);
	return st;
}

const struct cmd cmd_request = {
	.name = "request",
	.operands = "QUEUE [FILE]",
	.summary = "push a message and wait for the answer",
	.opts = opts,
	.run = run_request,
};
