/*
 * peek.c: mq peek: look at messages and change nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/select.h"
#include "shared/ids.h"
#include "cloudevents/cloudevents.h"

enum { JSON = OPT_LONG, EVENTS };

static const struct opt opts[] = {
	SELECT_OPTS,
	{ 'i', "info", NULL, false, "what is known about it, and its headers, before the body" },
	{ JSON, "json", NULL, false, "one JSON object a line, body included" },
	{ EVENTS, "cloudevents", NULL, false, "one CloudEvent in JSON a line" },
	OPT_END
};

struct peek {
	struct run *r;
	struct queue *q;
	bool info, json, events, terminal;
	bool named;		/* by its id: what is known is shown even if it is broken */
	struct select *sel;
	uint64_t shown;
	enum status worst;
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
static enum status
put_record(struct peek *k, const struct msgid *id)
{
	char *text, *line, *rest;
	enum status st;
	size_t len;

	st = msg_record(k->q, id, &text, &len, &k->r->err);
	for (rest = text; rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
		if (line[0] == '\0')
			continue;
		(void)fputs("Failure: ", stdout);
		out_vis(stdout, line, strlen(line));
		(void)fputc('\n', stdout);
	}
	free(text);
	return st;
}

/* Without its headers if st, why it could not be opened, or they say so.  Returns st, or what the headers are. */
static enum status
put_info(struct peek *k, const struct place *p, int fd, enum status st)
{
	const struct msgname *n = &p->name;
	struct headers headers = { 0 };
	enum status record;
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
	record = put_record(k, &n->id);
	(void)fputc('\n', stdout);
	return st == ST_OK ? record : st;
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
		return k->info && !k->json && !k->events ? put_info(k, p, -1, st) : st;
	if (k->events)
		st = cloudevent_write(stdout, k->q, p, fd, NULL, err);
	else if (k->json) {
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
	enum status st;

	k->named = true;
	if ((st = id_resolve(k->r, k->q, word, &id)) != ST_OK)
		return st;
	st = ST_GONE;
	for (int i = 0; st == ST_GONE && i < 4; i++)	/* it may move before it is opened */
		if ((st = scan_find(k->q, STATES_ALL, &id, &p, &k->r->err)) == ST_OK)
			st = put(k, &p);
	return st;
}

static enum status
peek_one(void *arg, const struct place *p)
{
	struct peek *k = arg;
	enum status st = put(k, p);

	if (st == ST_OK)
		k->shown++;
	else if (st == ST_DENIED)	/* claims pass over it, and say so, as well */
		run_trouble(k->r, st, &k->worst);
	return st == ST_DENIED || st == ST_BADDATA ? ST_NONE : st;
}

static enum status
peek_selected(struct peek *k)
{
	struct visit v = { peek_one, NULL, k };
	enum status st;

	if (select_limit(k->sel) == INT64_MAX)
		select_set_limit(k->sel, 1);
	st = select_each(k->sel, k->q, STATE_BIT(STATE_READY), clock_now(), &v, &k->worst);
	if (st != ST_OK)
		return st;
	return k->shown > 0 ? ST_OK : k->worst != ST_OK ? k->worst : ST_NONE;
}

static enum status
options(struct peek *k)
{
	enum status st = ST_OK;
	const char *arg;
	int key;

	while (st == ST_OK && (key = run_option(k->r, &arg)) != 0) {
		k->info |= key == 'i';
		k->json |= key == JSON;
		k->events |= key == EVENTS;
		if ((st = select_option(k->sel, key, arg)) == ST_NONE)
			st = ST_OK;
	}
	return st;
}

static enum status
peek(struct peek *k)
{
	struct run *r = k->r;
	enum status st;

	if ((st = options(k)) != ST_OK || (st = run_operands(r, 1, 2)) != ST_OK)
		return st;
	if (k->json && k->events)
		return run_usage(r, "one of --json and --cloudevents");
	if (r->noperands == 2 && (select_given(k->sel) || select_limit(k->sel) != INT64_MAX))
		return run_usage(r, "a selection, or an ID: not both");
	if ((st = run_queue(r, r->operand[0], &k->q)) != ST_OK)
		return st;
	return r->noperands == 2 ? peek_id(k, r->operand[1]) : peek_selected(k);
}

static enum status
run_peek(struct run *r)
{
	struct peek k = { .r = r, .sel = select_new(r), .terminal = isatty(STDOUT_FILENO) == 1 };
	enum status st;

	if (k.sel == NULL)
		return error_sys(&r->err, ENOMEM, "peek");
	st = peek(&k);
	queue_close(k.q);
	select_free(k.sel);
	return st;
}

const struct cmd cmd_peek = {
	.name = "peek",
	.operands = "QUEUE [ID]",
	.summary = "show messages, the next one, and change nothing",
	.opts = opts,
	.run = run_peek,
	.looks = true,
};
