/*
 * message.c: one message, for people: what is known of it, and its body.
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
#include "shared/message.h"

static void
message_put_time(const char *name, usec_t at)
{
	char text[TIME_MAX];

	time_format(at, text);
	(void)printf("%s: %s\n", name, text);
}

static void
message_put_headers(const struct headers *headers)
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

/* Print the failure record, which says what went wrong in each attempt, behind "Failure: ". */
static enum status
message_put_record(struct run *r, struct queue *q, const struct msgid *id)
{
	char *text, *line, *rest;
	enum status st;
	size_t len;

	st = msg_record(q, id, &text, &len, &r->err);
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

enum status
message_info(struct run *r, struct queue *q, const struct place *p, int fd, bool broken_too,
    enum status st)
{
	const struct msgname *n = &p->name;
	struct headers headers = { 0 };
	enum status record;
	char text[600];

	if (st == ST_OK)
		st = msg_headers(fd, n, &headers, &r->err);
	if (st != ST_OK && (st != ST_BADDATA || !broken_too))
		return st;
	(void)printf("Id: %s\nState: %s\nPriority: %d\nAttempts: %d\nDeliveries: %d\nSize: %lld\n",
	    n->id.text, state_names[p->state], n->priority, n->attempts, n->deliveries,
	    (long long)(n->size - n->head));
	message_put_time("Enqueued", id_time(&n->id));
	if (p->state == STATE_DELAYED)
		message_put_time("Due", n->key);
	if (p->state == STATE_CLAIMED) {
		message_put_time("Deadline", n->key);
		handle_format(p, text);
		(void)printf("Handle: %s\n", text);
	}
	if (n->expires != 0)
		message_put_time("Expires", n->expires);
	msg_reason(q, p, text, sizeof(text));
	if (text[0] != '\0') {
		(void)fputs("Reason: ", stdout);
		out_vis(stdout, text, strlen(text));
		(void)fputc('\n', stdout);
	}
	place_path(q, p, text, sizeof(text));
	(void)fputs("File: ", stdout);
	out_vis(stdout, text, strlen(text));
	(void)fputc('\n', stdout);
	if (st == ST_OK)
		message_put_headers(&headers);
	headers_free(&headers);
	record = message_put_record(r, q, &n->id);
	(void)fputc('\n', stdout);
	return st == ST_OK ? record : st;
}

enum status
message_body(struct run *r, const struct place *p, int fd, bool terminal)
{
	static char buf[64 << 10];
	struct error *err = &r->err;
	off_t at = p->name.head;
	ssize_t n;

	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		at += n;
		if (!terminal) {
			if (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
				return out_flush(r);
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

enum status
message_show(struct run *r, struct queue *q, const struct place *p)
{
	enum status st;
	int fd;

	if ((st = msg_open(q, p, &fd, &r->err)) != ST_OK)
		return message_info(r, q, p, -1, true, st);
	if ((st = message_info(r, q, p, fd, true, ST_OK)) == ST_OK)
		st = message_body(r, p, fd, true);
	(void)close(fd);
	return st;
}
