/*
 * pop.c: mq pop: claim a message, write its body to stdout, and acknowledge it only when stdout has
 * taken all of it.
 *
 * All output goes through one stream.  A slow reader can make its write function wait for long, so
 * a timer interrupts the blocked write to renew the lease.  If the output fails, or a signal ends
 * us, the message is given back, and the attempt does not count.
 */
#include <errno.h>
#include <stdio_ext.h>
#include <unistd.h>

#include "base/name.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "life/life.h"
#include "shared/alarm.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/typed.h"
#include "cloudevents/cloudevents.h"
#include "remote/remote.h"

#define BUFFER (128 << 10)

enum { JSON = OPT_LONG, EVENTS };

static const struct opt opts[] = {
	{ 'n', "limit", "N", false, "up to N messages; more than one needs -l, -0 or --json" },
	{ 'l', "lines", NULL, false, "a newline behind each body" },
	{ '0', "null", NULL, false, "a NUL behind each body" },
	{ JSON, "json", NULL, false, "one JSON object a line, with all that is known" },
	{ EVENTS, "cloudevents", NULL, false, "one CloudEvent in JSON a line" },
	{ 'w', "wait", "DUR", true, "wait for a message, DUR at most" },
	CHUNKS_OPT,
	OPT_END
};

struct pop {
	struct run *r;
	struct queue *q;
	struct claim claim;
	FILE *out;
	int64_t n;
	int delimiter;		/* -1: no delimiter */
	bool json, events, wait, chunked;
	bool unreadable;	/* the message is damaged; stdout is not to blame */
	bool held;		/* the policy gives out no more messages now */
	bool lost;		/* the claim is gone, so it is not renewed any more */
	usec_t deadline;
	char *buf;
};

static void
renew(void *arg)
{
	struct pop *p = arg;
	bool let = alarm_is_let();
	struct error trouble;
	enum status st;

	alarm_heard();
	if (p->lost)
		return;
	error_clear(&trouble);
	alarm_let(false);
	st = claim_extend(p->q, &p->claim, 0, clock_now(), &trouble);
	alarm_let(let);
	/*
	 * If the claim is lost, the ack fails and reports it.  After any other failure, try at the
	 * next tick.
	 */
	p->lost = st == ST_LOST;
}

/* Write to stdout, renewing the lease while it blocks.  False: stdout failed. */
static bool
write_slowly(struct pop *p, const char *data, size_t len)
{
	return out_slowly(data, len, renew, p);
}

static bool
write_chunk(struct pop *p, const char *data, size_t len)
{
	char head[CHUNK_HEAD];

	chunk_head(head, (uint32_t)len);
	return write_slowly(p, head, sizeof(head)) && write_slowly(p, data, len);
}

/* The write function of the stream: see fopencookie(3). */
static ssize_t
slow_write(void *cookie, const char *data, size_t len)
{
	struct pop *p = cookie;
	size_t n;

	if (!p->chunked)
		return write_slowly(p, data, len) ? (ssize_t)len : 0;
	for (size_t done = 0; done < len; done += n) {
		n = len - done < CHUNK_MAX ? len - done : CHUNK_MAX;
		if (!write_chunk(p, data + done, n))
			return 0;
	}
	return (ssize_t)len;
}

/* Always exit with 74: a full disk behind stdout is not the same as a full spool. */
static enum status
output_failed(struct pop *p)
{
	return error_set(&p->r->err, ST_IO, errno != 0 ? errno : EIO, "stdout");
}

static void
tend(void *arg)
{
	if (alarm_rang())
		renew(arg);
}

static bool
taken(struct pop *p)
{
	bool yes;

	alarm_let(true);
	yes = out_taken(tend, p);
	alarm_let(false);
	return yes;
}

/* Wait until the mq on the other side confirms that the body came out there. */
static bool
confirmed(struct pop *p)
{
	ssize_t n;
	char byte;

	if (!write_chunk(p, "", 0))
		return false;
	alarm_let(true);
	while ((n = read(STDIN_FILENO, &byte, 1)) == -1 && errno == EINTR && !run_stopped())
		if (alarm_rang())
			renew(p);
	alarm_let(false);
	if (n == 0)
		errno = EPIPE;
	return n == 1;
}

static enum status
write_body(struct pop *p)
{
	off_t at = p->claim.at.name.head;
	ssize_t n;

	while ((n = pread(p->claim.fd, p->buf, BUFFER, at)) > 0) {
		if (fwrite(p->buf, 1, (size_t)n, p->out) != (size_t)n)
			return output_failed(p);
		at += n;
	}
	if (n == -1)
		return error_sys(&p->r->err, errno, "read the message");
	if (at != p->claim.at.name.size)
		return error_set(&p->r->err, ST_IO, 0, "message %s: it was cut short while "
		    "it was read", p->claim.at.name.id.text);
	return ST_OK;
}

static enum status
write_json(struct pop *p)
{
	struct error *err = &p->r->err;
	enum status st;

	if (p->events)
		return cloudevent_write(p->out, p->q, &p->claim.at, p->claim.fd, NULL, err);
	fputc('{', p->out);
	if ((st = json_message(p->out, p->q, &p->claim.at, err)) != ST_OK ||
	    (st = json_body(p->out, p->claim.fd, &p->claim.at.name, err)) != ST_OK)
		return st;
	fputs("}\n", p->out);
	return ST_OK;
}

static enum status
deliver(struct pop *p)
{
	enum status st = p->json ? write_json(p) : write_body(p);

	p->unreadable = st != ST_OK && ferror(p->out) == 0;
	if (st == ST_OK && !p->json && p->delimiter != -1)
		fputc(p->delimiter, p->out);
	errno = 0;
	if (st == ST_OK && (fflush(p->out) == EOF || ferror(p->out) != 0 ||
	    !(p->chunked ? confirmed(p) : taken(p))))
		st = output_failed(p);
	return st;
}

/* Pop one message, from claim to ack.  ST_NONE: there is none. */
static enum status
pop_one(struct pop *p, bool wait)
{
	struct claim_options opt = { .hold = true };
	struct failure why = { .reason = "unreadable", .delay = -1 };
	struct error ignored;
	enum status st;
	enum state to;

	st = claim_wait(p->r, p->q, &opt, wait, p->deadline, &p->claim);
	p->held = st == ST_AGAIN && p->r->err.errnum == 0 && !run_stopped();
	if (st != ST_OK)
		return st;
	p->lost = false;
	alarm_every(p->claim.at.name.lease_ms * 1000 / 3);
	st = deliver(p);
	alarm_every(0);
	if (st == ST_OK && run_stopped())
		st = error_set(&p->r->err, ST_AGAIN, 0, "stopped by a signal");
	if (st == ST_OK)
		st = claim_ack(p->q, &p->claim, clock_now(), &p->r->err);
	else {
		error_clear(&ignored);
		/*
		 * A message that cannot be read must not stay at the head of the queue for ever, so
		 * this counts as an attempt.  If the message cannot be given back, our lock ends
		 * with us, and the next claimer returns the message.
		 */
		if ((p->unreadable ? claim_fail(p->q, &p->claim, &why, clock_now(), &to, &ignored) :
		    claim_release(p->q, &p->claim, 0, clock_now(), &ignored)) != ST_OK)
			run_note(p->r, "%s", ignored.text);
	}
	claim_close(&p->claim);
	return st;
}

static enum status
options(struct pop *p)
{
	enum status st = ST_OK;
	struct run *r = p->r;
	const char *arg;
	int key;

	while (st == ST_OK && (key = run_option(r, &arg)) != 0)
		switch (key) {
		case 'n':
			st = arg_number(r, "-n", arg, 1, INT64_MAX, &p->n);
			break;
		case 'l':
		case '0':
			st = typed_delimiter(r, key, &p->delimiter);
			break;
		case EVENTS:
		case JSON:
			p->events = key == EVENTS;
			if (p->json)
				st = run_usage(r, "one of --json and --cloudevents, once");
			p->json = true;
			break;
		case 'w':
			p->wait = true;
			st = typed_wait(r, arg, &p->deadline);
			break;
		case CHUNKS:
			p->chunked = true;
			break;
		default:
			break;
		}
	if (st == ST_OK && p->json && p->delimiter != -1)
		return run_usage(r, "one of -l, -0, --json and --cloudevents");
	if (st == ST_OK && p->n > 1 && !p->json && p->delimiter == -1)
		return run_usage(r, "-n needs -l, -0 or --json: without, nobody could tell "
		    "where a message ends");
	return st;
}

static enum status
pop_all(struct pop *p)
{
	cookie_io_functions_t io = { .write = slow_write };
	int64_t done = 0;
	enum status st = ST_OK;

	if ((p->buf = malloc(BUFFER)) == NULL || (p->out = fopencookie(p, "w", io)) == NULL)
		return error_sys(&p->r->err, ENOMEM, "pop");
	while (st == ST_OK && done < p->n) {
		/* Wait only for the first message; then take what is there. */
		st = pop_one(p, p->wait && done == 0);
		if (st == ST_OK)
			done++;
	}
	/* The stream may hold bytes of a message that was given back: drop them. */
	if (st != ST_OK && st != ST_NONE && st != ST_LOST)
		__fpurge(p->out);
	(void)fclose(p->out);
	if (p->chunked && (st == ST_OK || st == ST_NONE) &&
	    chunk_write(STDOUT_FILENO, NULL, CHUNK_CLOSE, &p->r->err) != ST_OK)
		st = p->r->err.status;
	/*
	 * Some messages came out, so that the policy holds the rest back is the same as no more
	 * messages.
	 */
	if (p->held && done > 0) {
		error_clear(&p->r->err);
		st = ST_NONE;
	}
	return st == ST_NONE && done > 0 ? ST_OK : st;
}

static enum status
run_pop(struct run *r)
{
	struct pop p = { .r = r, .n = 1, .delimiter = -1, .deadline = USEC_MAX };
	enum status st;

	if ((st = options(&p)) != ST_OK || (st = run_operands(r, 1, 1)) != ST_OK ||
	    (st = run_queue_consume(r, r->operand[0], &p.q)) != ST_OK)
		goto out;
	run_stoppable();
	alarm_open();
	if (!p.chunked || (st = chunk_hello(STDOUT_FILENO, &r->err)) == ST_OK)
		st = pop_all(&p);
out:
	queue_close(p.q);
	free(p.buf);
	return st;
}

const struct cmd cmd_pop = {
	.name = "pop",
	.operands = "QUEUE",
	.summary = "take a message out: its body to stdout, then gone",
	.opts = opts,
	.run = run_pop,
};
