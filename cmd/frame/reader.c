/*
 * reader.c: frames taken out of a stream of bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/envelope.h"
#include "frame/frame.h"

#define READ_SIZE ((size_t)256 << 10)

/* The kinds of lines that are followed by a header block and a body, see frame.h. */
static const char *const with_bytes[] = { "push", "msg", "item" };
#define HEAD_WORD 4
#define BODY_WORD 5

/* Make room for 'more' bytes behind what is there. */
static enum status
reader_grow(struct reader *r, size_t more, struct error *err)
{
	size_t cap = r->cap == 0 ? READ_SIZE : r->cap;
	char *data;

	if (r->from > 0) {
		memmove(r->data, r->data + r->from, r->len - r->from);
		r->len -= r->from;
		r->from = 0;
	}
	while (cap < r->len + more)
		cap *= 2;
	if (cap == r->cap)
		return ST_OK;
	if ((data = realloc(r->data, cap)) == NULL)
		return error_sys(err, ENOMEM, "a message of an engine");
	r->data = data;
	r->cap = cap;
	return ST_OK;
}

enum status
reader_fill(struct reader *r, int fd, struct error *err)
{
	enum status st;
	ssize_t n;

	if ((st = reader_grow(r, READ_SIZE, err)) != ST_OK)
		return st;
	if ((n = read(fd, r->data + r->len, r->cap - r->len)) == -1)
		return errno == EAGAIN || errno == EINTR ? ST_NONE : error_sys(err, errno, "read");
	if (n == 0)
		r->ended = true;
	r->len += (size_t)n;
	return ST_OK;
}

static int
reader_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Resolve the escapes of a word in its place.  False: one is wrong, or it hides a NUL. */
static bool
reader_unescape(char *word)
{
	char *to = word;
	int high, low;

	for (const char *p = word; *p != '\0'; p++) {
		if (*p != '%') {
			*to++ = *p;
			continue;
		}
		if ((high = reader_digit(p[1])) == -1 || (low = reader_digit(p[2])) == -1 ||
		    high + low == 0)
			return false;
		*to++ = (char)(high * 16 + low);
		p += 2;
	}
	*to = '\0';
	return true;
}

static enum status
reader_words(struct frame *f, char *line, struct error *err)
{
	char *next = line;

	f->n = 0;
	while (next != NULL) {
		if (f->n == FRAME_WORDS)
			return error_set(err, ST_BADDATA, 0, "a line has too many words");
		f->word[f->n] = next;
		if ((next = strchr(next, ' ')) != NULL)
			*next++ = '\0';
		if (f->word[f->n][0] == '\0')
			return error_set(err, ST_BADDATA, 0, "a line has an empty word");
		if (strcmp(f->word[f->n], "-") == 0)
			f->word[f->n][0] = '\0';
		else if (!reader_unescape(f->word[f->n]))
			return error_set(err, ST_BADDATA, 0, "a word has a wrong escape");
		f->n++;
	}
	return ST_OK;
}

/* Read the length in a word of the line, which is not taken apart yet. */
static bool
reader_length(const char *line, int word, int64_t max, size_t *len)
{
	char *end;
	long long n;

	while (word-- > 0) {
		if ((line = strchr(line, ' ')) == NULL)
			return false;
		line++;
	}
	if (*line < '0' || *line > '9')
		return false;
	errno = 0;
	n = strtoll(line, &end, 10);
	if (errno != 0 || (*end != ' ' && *end != '\0') || n > max)
		return false;
	*len = (size_t)n;
	return true;
}

static bool
reader_has_bytes(const char *line)
{
	for (size_t i = 0; i < sizeof(with_bytes) / sizeof(with_bytes[0]); i++) {
		size_t len = strlen(with_bytes[i]);
		if (strncmp(line, with_bytes[i], len) == 0 && line[len] == ' ')
			return true;
	}
	return false;
}

enum status
reader_next(struct reader *r, struct frame *f, struct error *err)
{
	char *line = r->data + r->from, *end;
	size_t have = r->len - r->from, len, head = 0, body = 0;

	if (have == 0 || have < r->need)
		return ST_NONE;
	if ((end = memchr(line, '\n', have)) == NULL && have <= FRAME_LINE_MAX)
		return ST_NONE;
	if (end == NULL || (len = (size_t)(end - line)) > FRAME_LINE_MAX ||
	    memchr(line, '\0', len) != NULL)
		return error_set(err, ST_BADDATA, 0, "a line is too long, or has a NUL");
	*end = '\0';
	f->head = f->body = NULL;
	if (reader_has_bytes(line)) {
		if (!reader_length(line, HEAD_WORD, HEADERS_MAX, &head) ||
		    !reader_length(line, BODY_WORD, FRAME_BODY_MAX, &body))
			return error_set(err, ST_BADDATA, 0, "a line has no lengths: %.80s", line);
		if (have < len + 1 + head + body) {
			*end = '\n';
			r->need = len + 1 + head + body;
			return ST_NONE;
		}
		f->head = end + 1;
		f->body = f->head + head;
	}
	f->headlen = head;
	f->bodylen = body;
	r->need = 0;
	r->from += len + 1 + head + body;
	return reader_words(f, line, err);
}

void
reader_free(struct reader *r)
{
	free(r->data);
	*r = (struct reader){ 0 };
}

const char *
frame_field(const struct frame *f, int first, const char *name)
{
	size_t len = strlen(name);

	for (int i = first; i < f->n; i++)
		if (strncmp(f->word[i], name, len) == 0 && f->word[i][len] == '=')
			return f->word[i] + len + 1;
	return NULL;
}

bool
frame_number(const struct frame *f, int first, const char *name, int64_t min, int64_t max,
    int64_t absent, int64_t *n)
{
	const char *text = frame_field(f, first, name);
	char *end;

	*n = absent;
	if (text == NULL)
		return true;
	errno = 0;
	*n = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *n >= min && *n <= max;
}
