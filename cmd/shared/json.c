/*
 * json.c: values and bodies as JSON, streamed.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "shared/out.h"

#define CHUNK 65536

void
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

void
json_value(FILE *f, const char *text)
{
	if (text == NULL)
		(void)fputs("null", f);
	else
		json_quoted(f, text, strlen(text));
}

void
json_time(FILE *f, usec_t at)
{
	char text[TIME_MAX];

	if (at != 0)
		time_format(at, text);
	json_value(f, at != 0 ? text : NULL);
}

/* ---- bodies ----------------------------------------------------------- */

/*
 * Pass the body to 'put' piece by piece.  With 'cut_utf8', a piece does not end inside a code
 * point; otherwise, it is a multiple of 3 bytes.  '*text' says whether all of it is UTF-8.
 */
static enum status
json_each_piece(int fd, const struct msgname *n, FILE *f, void (*put)(FILE *, const char *, size_t),
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
json_put_base64(FILE *f, const char *data, size_t len)
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

void
json_body_bytes(FILE *f, const char *data, size_t len)
{
	bool text = true;
	uint32_t cp;

	for (size_t i = 0, n; text && i < len; i += n)
		text = (n = out_utf8((const unsigned char *)data + i, len - i, &cp)) > 0;
	json_name(f, text ? "body" : "body_base64", false);
	(void)fputc('"', f);
	(text ? json_text : json_put_base64)(f, data, len);
	(void)fputc('"', f);
}

enum status
json_body_text(int fd, const struct msgname *n, bool *text, struct error *err)
{
	*text = true;
	return json_each_piece(fd, n, NULL, NULL, true, text, err);
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
	st = json_each_piece(fd, n, f, text ? json_text : json_put_base64, text, NULL, err);
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
