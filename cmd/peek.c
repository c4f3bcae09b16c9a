/*
 * peek.c: mq peek: look at messages and change nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

enum { JSON = OPT_LONG };

static const struct opt opts[] = {
	{ 'i', "info", NULL, false, "what is known about it, and its headers, before the body" },
	{ 'n', "limit", "N", false, "the next N messages; default 1" },
	{ JSON, "json", NULL, false, "one JSON object a line, body included" },
	OPT_END
};

struct peek {
	struct run *r;
	struct queue *q;
	bool info, json, terminal;
	bool named;		/* by its id: what is known is shown even if it is broken */
	int64_t n;
};

static void
put_time(const char *name, usec_t at)
{
	char text[TIME_MAX];

	time_format(at, text);
	(void)printf("%s: %s\n", name, text);
}

static void
put_headers(const struct headers *headers)
{
	struct header h;
	size_t pos = 0;

	while (headers_next(headers, &pos, &h)) {
		(void)fputs("Header: ", stdout);
		out_vis(stdout, h.name, h.namelen);
		(void)fputs(": ", stdout);
		out_vis(stdout, h.value, h.valuelen);
		(void)fputc('\n', stdout);
	}
}

/* Attempt by attempt, what went wrong: the failure record, each line behind "Failure: ". */
static void
put_record(struct peek *k, const struct msgid *id)
{
	char *text, *line, *rest;
	size_t len;

	msg_record(k->q, id, &text, &len);
	for (rest = text; rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
		if (line[0] == '\0')
			continue;
		(void)fputs("Failure: ", stdout);
		out_vis(stdout, line, strlen(line));
		(void)fputc('\n', stdout);
	}
	free(text);
}

/* Without its headers if st, why it could not be opened, or they say so.  Returns st, or what the headers are. */
static enum status
put_info(struct peek *k, const struct place *p, int fd, enum status st)
{
	const struct msgname *n = &p->name;
	struct headers headers = { 0 };
	char text[600];

	if (st == ST_OK)
		st = msg_headers(fd, n, &headers, &k->r->err);
	if (st != ST_OK && (st != ST_BADDATA || !k->named))
		return st;
	(void)printf("Id: %s\nState: %s\nPriority: %d\nAttempts: %d\nDeliveries: %d\nSize: %lld\n",
	    n->id.text, state_names[p->state], n->priority, n->attempts, n->deliveries,
	    (long long)(n->size - n->head));
	put_time("Enqueued", id_time(&n->id));
	if (p->state == STATE_DELAYED)
		put_time("Due", n->key);
	if (p->state == STATE_CLAIMED) {
		put_time("Deadline", n->key);
		handle_format(p, text);
		(void)printf("Handle: %s\n", text);
	}
	if (n->expires != 0)
		put_time("Expires", n->expires);
	msg_reason(k->q, p, text, sizeof(text));
	if (text[0] != '\0') {
		(void)fputs("Reason: ", stdout);
		out_vis(stdout, text, strlen(text));
		(void)fputc('\n', stdout);
	}
	place_path(k->q, p, text, sizeof(text));
	(void)fputs("File: ", stdout);
	out_vis(stdout, text, strlen(text));
	(void)fputc('\n', stdout);
	if (st == ST_OK)
		put_headers(&headers);
	headers_free(&headers);
	put_record(k, &n->id);
	(void)fputc('\n', stdout);
	return st;
}

/* On a terminal control characters are shown, not sent; elsewhere bytes are bytes. */
static enum status
put_body(struct peek *k, const struct place *p, int fd)
{
	static char buf[64 << 10];
	struct error *err = &k->r->err;
	off_t at = p->name.head;
	ssize_t n;

	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		at += n;
		if (!k->terminal) {
			if (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
				return out_flush(k->r);
			continue;
		}
		for (char *line = buf, *end; n > 0; line = end) {
			size_t len = 0;
			while (len < (size_t)n && line[len] != '\n' && line[len] != '\t')
				len++;
			out_vis(stdout, line, len);
			if (len < (size_t)n)
				(void)fputc(line[len++], stdout);
			end = line + len;
			n -= (ssize_t)len;
		}
	}
	return n == -1 ? error_sys(err, errno, "read the message") : ST_OK;
}

static enum status
put(struct peek *k, const struct place *p)
{
	struct error *err = &k->r->err;
	enum status st;
	int fd;

	if ((st = msg_open(k->q, p, &fd, err)) != ST_OK)
		return k->info && !k->json ? put_info(k, p, -1, st) : st;
	if (k->json) {
		if ((st = json_open(stdout, k->q, p, err)) == ST_OK) {
			st = json_body(stdout, fd, &p->name, err);
			(void)fputs("}\n", stdout);
		}
	} else {
		if (k->info)
			st = put_info(k, p, fd, ST_OK);
		if (st == ST_OK)
			st = put_body(k, p, fd);
	}
	(void)close(fd);
	return st;
}

enum status
peek_show(struct run *r, struct queue *q, const struct place *p)
{
	struct peek k = { .r = r, .q = q, .info = true, .named = true, .terminal = true };

	return put(&k, p);
}

static enum status
peek_id(struct peek *k, const char *word)
{
	struct msgid id;
	struct place p;
	enum status st = ST_GONE;

	k->named = true;
	if (!id_ok(word))
		return error_set(&k->r->err, ST_NOTFOUND, 0, "no message '%s' in queue '%s'", word,
		    queue_name(k->q));
	(void)strlcpy(id.text, word, sizeof(id.text));
	for (int i = 0; st == ST_GONE && i < 4; i++)	/* it may move before it is opened */
		if ((st = scan_find(k->q, STATES_ALL, &id, &p, &k->r->err)) == ST_OK)
			st = put(k, &p);
	return st;
}

static enum status
peek_next(struct peek *k)
{
	struct error *err = &k->r->err;
	enum status st, worst = ST_OK;
	struct scan *scan;
	struct place p;
	int64_t done = 0;

	if ((st = scan_open(k->q, STATE_BIT(STATE_READY), &scan, err)) != ST_OK)
		return st;
	while (done < k->n && (st = scan_next(scan, &p, err)) == ST_OK) {
		st = put(k, &p);
		if (st == ST_OK)
			done++;
		else if (st == ST_DENIED)	/* claims pass over it, and say so, as well */
			run_trouble(k->r, st, &worst);
		else if (st == ST_GONE || st == ST_BADDATA)
			error_clear(err);
		else
			break;
	}
	scan_close(scan);
	if (st != ST_NONE && st != ST_OK)
		return st;
	return done > 0 ? ST_OK : worst != ST_OK ? worst : ST_NONE;
}

static enum status
run_peek(struct run *r)
{
	struct peek k = { .r = r, .n = 1, .terminal = isatty(STDOUT_FILENO) == 1 };
	bool limited = false;
	const char *arg;
	enum status st;
	int key;

	while ((key = run_option(r, &arg)) != 0) {
		if (key == 'i')
			k.info = true;
		else if (key == JSON)
			k.json = true;
		else if ((st = arg_number(r, "-n", arg, 1, INT64_MAX, &k.n)) != ST_OK)
			return st;
		else
			limited = true;
	}
	if ((st = run_operands(r, 1, 2)) != ST_OK)
		return st;
	if (limited && r->noperands == 2)
		return run_usage(r, "-n goes with the next messages, not with an ID");
	if ((st = run_queue(r, r->operand[0], &k.q)) != ST_OK)
		return st;
	st = r->noperands == 2 ? peek_id(&k, r->operand[1]) : peek_next(&k);
	queue_close(k.q);
	return st;
}

const struct cmd cmd_peek = {
	.name = "peek",
	.operands = "QUEUE [ID]",
	.summary = "show the next message, or the one with ID; change nothing",
	.opts = opts,
	.run = run_peek,
	.looks = true,
};
