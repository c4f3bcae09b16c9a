/*
 * writer.c: frames put into a stream of bytes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/frame.h"

static bool
writer_room(struct writer *w, size_t more)
{
	size_t cap = w->cap == 0 ? 4096 : w->cap;
	char *data;

	if (w->broken)
		return false;
	while (cap < w->len + more)
		cap *= 2;
	if (cap == w->cap)
		return true;
	if ((data = realloc(w->data, cap)) == NULL) {
		w->broken = true;
		return false;
	}
	w->data = data;
	w->cap = cap;
	return true;
}

void
writer_bytes(struct writer *w, const void *data, size_t len)
{
	if (len == 0 || !writer_room(w, len))
		return;
	memcpy(w->data + w->len, data, len);
	w->len += len;
}

static size_t
writer_escape(char out[3], unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	if (c > ' ' && c != 0x7f && c != '%') {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '%';
	out[1] = digits[c >> 4];
	out[2] = digits[c & 15];
	return 3;
}

/* Add the text, escaped, but no more of it than has room in a line of 'max' bytes. */
static void
writer_escaped(struct writer *w, const char *text, size_t max)
{
	char c[3];

	for (const char *p = text; *p != '\0'; p++) {
		size_t n = writer_escape(c, (unsigned char)*p);
		if (w->len - w->line + n > max)
			return;
		writer_bytes(w, c, n);
	}
}

void
writer_begin(struct writer *w, const char *word)
{
	/* Bytes that were sent make room before the buffer grows. */
	if (w->from > 0 && w->from >= w->len / 2) {
		memmove(w->data, w->data + w->from, w->len - w->from);
		w->len -= w->from;
		w->from = 0;
	}
	w->line = w->len;
	writer_bytes(w, word, strlen(word));
}

void
writer_word(struct writer *w, const char *word)
{
	writer_bytes(w, " ", 1);
	if (word == NULL || word[0] == '\0')
		writer_bytes(w, "-", 1);
	else if (strcmp(word, "-") == 0)
		writer_bytes(w, "%2d", 3);
	else
		writer_escaped(w, word, SIZE_MAX);
}

void
writer_number(struct writer *w, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	writer_word(w, text);
}

void
writer_field(struct writer *w, const char *name, const char *text)
{
	if (text == NULL)
		return;
	writer_bytes(w, " ", 1);
	writer_bytes(w, name, strlen(name));
	writer_bytes(w, "=", 1);
	writer_escaped(w, text, SIZE_MAX);
}

void
writer_field_number(struct writer *w, const char *name, int64_t n, int64_t absent)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	if (n != absent)
		writer_field(w, name, text);
}

void
writer_text(struct writer *w, const char *text)
{
	writer_bytes(w, " ", 1);
	writer_escaped(w, text[0] == '\0' ? "?" : text, FRAME_LINE_MAX);
}

void
writer_end(struct writer *w)
{
	if (w->len - w->line > FRAME_LINE_MAX)
		w->broken = true;
	writer_bytes(w, "\n", 1);
}

size_t
writer_pending(const struct writer *w)
{
	return w->len - w->from;
}

enum status
writer_flush(struct writer *w, int fd, struct error *err)
{
	ssize_t n;

	if (w->broken)
		return error_set(
		    err, ST_INTERNAL, 0, "a frame could not be made: too long, or no memory");
	while (w->from < w->len) {
		if ((n = write(fd, w->data + w->from, w->len - w->from)) == -1) {
			if (errno == EAGAIN || errno == EINTR)
				return ST_OK;
			return error_set(err, ST_IO, errno, "write");
		}
		w->from += (size_t)n;
	}
	w->from = w->len = 0;
	return ST_OK;
}

void
writer_free(struct writer *w)
{
	free(w->data);
	*w = (struct writer){ 0 };
}
