/*
 * json.c: messages and bodies as JSON, streamed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "spool/record.h"
#include "spool/origin.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/out.h"

#define CHUNK 65536

static void
json_text(FILE *f, const char *text, size_t len)
{
	while (len > 0) {
		uint32_t cp = 0;
		size_t n = out_utf8((const unsigned char *)text, len, &cp);
		if (n == 0) {
			(void)fputs("\\ufffd", f);
			n = 1;
		} else if (cp == '"' || cp == '\\')
			(void)fprintf(f, "\\%c", (char)cp);
		else if (cp == '\n')
			(void)fputs("\\n", f);
		else if (cp == '\t')
			(void)fputs("\\t", f);
		else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			(void)fprintf(f, "\\u%04x", (unsigned)cp);
		else
			(void)fwrite(text, 1, n, f);
		text += n;
		len -= n;
	}
}

void
json_quoted(FILE *f, const char *text, size_t len)
{
	(void)fputc('"', f);
	json_text(f, text, len);
	(void)fputc('"', f);
}

void
json_name(FILE *f, const char *name, bool first)
{
	(void)fprintf(f, "%s\"%s\":", first ? "" : ",", name);
}

static void
member(FILE *f, const char *name, const char *text)
{
	json_name(f, name, false);
	if (text == NULL)
		(void)fputs("null", f);
	else
		json_quoted(f, text, strlen(text));
}

static void
member_number(FILE *f, const char *name, int64_t n)
{
	json_name(f, name, false);
	(void)fprintf(f, "%" PRId64, n);
}

static void
member_time(FILE *f, const char *name, usec_t at)
{
	char text[TIME_MAX];

	if (at != 0)
		time_format(at, text);
	member(f, name, at != 0 ? text : NULL);
}

/*
 * Print the headers as an object.  Values of the same name are joined by ", ", as handlers get
 * them.
 */
static enum status
put_headers(FILE *f, const struct headers *headers, struct error *err)
{
	struct headers_index all;
	const char *comma = "";
	enum status st;

	if ((st = headers_index(headers, fold_case, &all, err)) != ST_OK)
		return st;
	(void)fputc('{', f);
	for (size_t i = 0; i < all.n; i++) {
		const struct header *h = &all.h[i].header;
		if (!all.h[i].first)
			continue;
		(void)fputs(comma, f);
		comma = ",";
		json_quoted(f, h->name, h->namelen);
		(void)fputs(":\"", f);
		json_text(f, h->value, h->valuelen);
		for (size_t k = all.h[i].next; k != SIZE_MAX; k = all.h[k].next) {
			(void)fputs(", ", f);
			json_text(f, all.h[k].header.value, all.h[k].header.valuelen);
		}
		(void)fputc('"', f);
	}
	(void)fputc('}', f);
	headers_index_free(&all);
	return ST_OK;
}

/*
 * Read the headers.  If they are broken or may not be read, '*known' is false and ST_OK returned.
 */
static enum status
read_headers(struct queue *q, const struct place *p, struct headers *headers, bool *known,
    struct error *err)
{
	enum status st;
	int fd;

	*known = true;
	if (p->name.head == 0)
		return ST_OK;
	if ((st = msg_open(q, p, &fd, err)) == ST_OK) {
		st = msg_headers(fd, &p->name, headers, err);
		(void)close(fd);
	}
	if (st == ST_BADDATA || st == ST_DENIED) {
		error_clear(err);
		*known = false;
		st = ST_OK;
	}
	return st;
}

enum status
json_message(FILE *f, struct queue *q, const struct place *p, struct error *err)
{
	const struct msgname *n = &p->name;
	char handle[HANDLE_MAX], reason[600], origin[QUEUE_NAME_MAX + 1];
	struct headers headers = { 0 };
	enum status st;
	bool known;

	if ((st = read_headers(q, p, &headers, &known, err)) != ST_OK)
		return st;
	json_name(f, "id", true);
	json_quoted(f, n->id.text, ID_LEN);
	member(f, "queue", queue_name(q));
	member(f, "state", state_names[p->state]);
	member_number(f, "priority", n->priority);
	member_number(f, "attempts", n->attempts);
	member_number(f, "deliveries", n->deliveries);
	member_number(f, "size", n->size - n->head);
	member_time(f, "enqueued", id_time(&n->id));
	member_time(f, "due", p->state == STATE_DELAYED ? n->key : 0);
	member_time(f, "deadline", p->state == STATE_CLAIMED ? n->key : 0);
	member_time(f, "expires", n->expires);
	handle_format(p, handle);
	member(f, "handle", p->state == STATE_CLAIMED && n->token[0] != '\0' ? handle : NULL);
	msg_reason(q, p, reason, sizeof(reason));
	member(f, "reason", reason[0] != '\0' ? reason : NULL);
	member(f, "origin", queue_origin(q, n, origin) == ORIGIN_KNOWN ? origin : NULL);
	json_name(f, "headers", false);
	if (known)
		st = put_headers(f, &headers, err);
	else
		(void)fputs("null", f);
	headers_free(&headers);
	return st;
}

enum status
json_open(FILE *f, struct queue *q, const struct place *p, struct error *err)
{
	char *text = NULL;
	size_t len = 0;
	enum status st;
	FILE *memory;

	/*
	 * Print into memory first.  If the message moves on before its headers are read, no half
	 * line is printed.
	 */
	if ((memory = open_memstream(&text, &len)) == NULL)
		return error_sys(err, ENOMEM, "JSON");
	(void)fputc('{', memory);
	st = json_message(memory, q, p, err);
	if (fclose(memory) != 0 && st == ST_OK)
		st = error_sys(err, ENOMEM, "JSON");
	if (st == ST_OK)
		(void)fwrite(text, 1, len, f);
	free(text);
	return st;
}

/* ---- bodies ----------------------------------------------------------- */

/*
 * Pass the body to 'put' piece by piece.  With 'cut_utf8', a piece does not end inside a code
 * point; otherwise, it is a multiple of 3 bytes.  '*text' says whether all of it is UTF-8.
 */
static enum status
each_piece(int fd, const struct msgname *n, FILE *f, void (*put)(FILE *, const char *, size_t),
    bool cut_utf8, bool *text, struct error *err)
{
	static char buf[CHUNK + 3];
	size_t have = 0, use;
	off_t at = n->head;
	ssize_t got;

	do {
		got = pread(fd, buf + have, sizeof(buf) - have, at);
		if (got == -1)
			return error_sys(err, errno, "read the message");
		at += got;
		have += (size_t)got;
		use = have;
		if (cut_utf8 && got > 0) {
			/* Leave a sequence that continues in the next piece. */
			size_t back = 0;
			while (back < 3 && back < have &&
			    ((unsigned char)buf[have - 1 - back] & 0xc0) == 0x80)
				back++;
			if (back < have && (unsigned char)buf[have - 1 - back] >= 0xc0)
				use = have - 1 - back;
		} else if (!cut_utf8 && got > 0)
			use = have / 3 * 3;
		if (text != NULL)
			for (size_t i = 0, len; *text && i < use; i += len) {
				uint32_t cp;
				len = out_utf8((unsigned char *)buf + i, use - i, &cp);
				*text = len > 0;
			}
		if (put != NULL)
			put(f, buf, use);
		memmove(buf, buf + use, have - use);
		have -= use;
	} while (got > 0 && (text == NULL || *text));
	return ST_OK;
}

/* Print base64 (RFC 4648, section 4). */
static void
put_base64(FILE *f, const char *data, size_t len)
{
	static const char digit[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)data;

	for (; len > 0; p += 3, len -= len < 3 ? len : 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (len > 1 ? (uint32_t)p[1] << 8 : 0) |
		    (len > 2 ? p[2] : 0);
		(void)fputc(digit[v >> 18], f);
		(void)fputc(digit[v >> 12 & 63], f);
		(void)fputc(len > 1 ? digit[v >> 6 & 63] : '=', f);
		(void)fputc(len > 2 ? digit[v & 63] : '=', f);
	}
}

enum status
json_body_text(int fd, const struct msgname *n, bool *text, struct error *err)
{
	*text = true;
	return each_piece(fd, n, NULL, NULL, true, text, err);
}

enum status
json_body_as(FILE *f, int fd, const struct msgname *n, const char *name, const char *base64,
    struct error *err)
{
	bool text = false;
	enum status st = ST_OK;

	/* Read the file twice rather than keep it in memory. */
	if (name != NULL && (st = json_body_text(fd, n, &text, err)) != ST_OK)
		return st;
	json_name(f, text ? name : base64, false);
	(void)fputc('"', f);
	st = each_piece(fd, n, f, text ? json_text : put_base64, text, NULL, err);
	(void)fputc('"', f);
	return st;
}

enum status
json_body(FILE *f, int fd, const struct msgname *n, struct error *err)
{
	return json_body_as(f, fd, n, "body", "body_base64", err);
}

enum status
body_copy(int from, const struct msgname *n, int to, struct error *err)
{
	static char buf[CHUNK];
	off_t at = n->head;
	ssize_t got, w;

	while ((got = pread(from, buf, sizeof(buf), at)) > 0) {
		at += got;
		for (char *p = buf; got > 0; p += w, got -= w) {
			w = write(to, p, (size_t)got);
			if (w == -1 && errno == EINTR)
				w = 0;
			else if (w == -1)
				return error_sys(err, errno, "write");
		}
	}
	return got == -1 ? error_sys(err, errno, "read the message") : ST_OK;
}
