/*
 * claim.c: mq claim: take a message for a while; ack, nack or extend come later.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "spool/spool.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/typed.h"
#include "cloudevents/cloudevents.h"
#include "remote/remote.h"

enum { LEASE = OPT_LONG, JSON, EVENTS };

static const struct opt opts[] = {
	{ CLAIM_BODY, "body", "FILE", false, "write the body to FILE" },
	{ LEASE, "lease", "DUR", false, "length of the lease instead of the policy's" },
	{ 'w', "wait", "DUR", true, "wait for a message, DUR at most" },
	{ JSON, "json", NULL, false, "print all that is known, body included, as a JSON object" },
	{ EVENTS, "cloudevents", NULL, false,
	    "print it as a CloudEvent in JSON; the handle is its attribute mqhandle" },
	CHUNKS_OPT,
	OPT_END
};

struct take {
	struct claim_options opt;
	const char *body;
	bool json, events, wait, chunked;
	usec_t deadline;
};

static enum status
options(struct run *r, struct take *t)
{
	enum status st = ST_OK;
	const char *arg;
	int key;

	while (st == ST_OK && (key = run_option(r, &arg)) != 0)
		switch (key) {
		case CLAIM_BODY:
			t->body = arg;
			if (strcmp(arg, "-") == 0)
				st = run_usage(r,
				    "--body -: the handle goes to stdout; use --json, or pop");
			break;
		case LEASE:
			st = typed_lease(r, arg, &t->opt.lease);
			break;
		case JSON:
			t->json = true;
			break;
		case EVENTS:
			t->events = true;
			break;
		case CHUNKS:
			t->chunked = true;
			break;
		case 'w':
			t->wait = true;
			st = typed_wait(r, arg, &t->deadline);
			break;
		default:
			break;
		}
	if (st == ST_OK && t->json && t->events)
		st = run_usage(r, "one of --json and --cloudevents");
	return st;
}

static enum status
write_body(const struct claim *c, const char *name, struct error *err)
{
	enum status st;
	int fd;

	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd == -1)
		return error_set(err, ST_IO, errno, "%s", name);
	st = body_copy(c->fd, &c->at.name, fd, err);
	if (close(fd) == -1 && st == ST_OK)
		st = error_sys(err, errno, "%s", name);
	if (st != ST_OK) {
		int e = err->errnum;
		error_clear(err);
		st = error_set(err, ST_IO, e, "%s", name);
	}
	return st;
}

/* Send the body to the mq on the other side, and wait until it confirms that it has the body. */
static enum status
send_body(const struct claim *c, struct error *err)
{
	char *buf = malloc(CHUNK_MAX), byte;
	off_t at = c->at.name.head;
	enum status st = ST_OK;
	ssize_t n = 0;

	if (buf == NULL)
		return error_sys(err, ENOMEM, "claim");
	while (st == ST_OK && (n = pread(c->fd, buf, CHUNK_MAX, at)) > 0) {
		st = chunk_write(STDOUT_FILENO, buf, (uint32_t)n, err);
		at += n;
	}
	if (n == -1)
		st = error_sys(err, errno, "read the message");
	if (st == ST_OK)
		st = chunk_write(STDOUT_FILENO, NULL, 0, err);
	if (st == ST_OK && read(STDIN_FILENO, &byte, 1) != 1)
		st = error_set(err, ST_IO, EPIPE, "stdout");
	free(buf);
	return st;
}

static enum status
print(struct run *r, struct queue *q, const struct take *t, const struct claim *c)
{
	char handle[HANDLE_MAX];
	enum status st;

	handle_format(&c->at, handle);
	if (t->events) {
		if ((st = cloudevent_write(stdout, q, &c->at, c->fd, handle, &r->err)) != ST_OK)
			return st;
	} else if (!t->json)
		(void)printf("%s\n", handle);
	else {
		if ((st = json_open(stdout, q, &c->at, &r->err)) != ST_OK)
			return st;
		(void)printf(",\"attempt\":%d", c->at.name.attempts + 1);
		if ((st = json_body(stdout, c->fd, &c->at.name, &r->err)) != ST_OK)
			return st;
		(void)fputs("}\n", stdout);
	}
	return out_flush(r);
}

static enum status
run_claim(struct run *r)
{
	struct take t = { .deadline = USEC_MAX };
	struct queue *q = NULL;
	struct error ignored;
	struct claim c;
	enum status st;

	if ((st = options(r, &t)) != ST_OK || (st = run_operands(r, 1, 1)) != ST_OK ||
	    (st = run_queue_consume(r, r->operand[0], &q)) != ST_OK)
		goto out;
	if (t.wait)
		run_stoppable();	/* without a handler, PID 1 ignores signals */
	if (!t.chunked || (st = chunk_hello(STDOUT_FILENO, &r->err)) == ST_OK)
		st = claim_wait(r, q, &t.opt, t.wait, t.deadline, &c);
	if (st == ST_OK) {
		if (run_stopped())
			st = error_set(&r->err, ST_AGAIN, 0, "stopped by a signal");
		else if (t.chunked)
			st = send_body(&c, &r->err);
		if (st == ST_OK && t.body != NULL)
			st = write_body(&c, t.body, &r->err);
		if (st == ST_OK)
			st = print(r, q, &t, &c);
		if (st != ST_OK) {
			/*
			 * Nobody has seen the handle, so the next claimer may have the message at
			 * once.
			 */
			error_clear(&ignored);
			if (claim_release(q, &c, 0, clock_now(), &ignored) != ST_OK)
				run_note(r, "%s", ignored.text);
		}
		claim_close(&c);
	}
out:
	queue_close(q);
	return st;
}

const struct cmd cmd_claim = {
	.name = "claim",
	.operands = "QUEUE",
	.summary = "take a message for a while, and print the handle of the claim",
	.opts = opts,
	.run = run_claim,
};
