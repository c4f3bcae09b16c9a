/*
 * resp.c: the protocol of Redis, version 2.  What it reads came from a server, which is not trusted
 * to send no more than it should.
 */
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "helper/redis/redis.h"

#define DEPTH_MAX 8
#define REPLIES_MAX ((size_t)1 << 20)
#define SIZE_MAX_REPLY ((size_t)1 << 30)
#define LINE_LEN_MAX 65536

/* Find the end of the line at 'at'.  ST_NONE: it is not there yet. */
static enum status
resp_line(const char *data, size_t len, size_t at, size_t *end)
{
	const char *nl = memchr(data + at, '\n', len - at);

	if (nl == NULL)
		return len - at > LINE_LEN_MAX ? ST_BADDATA : ST_NONE;
	*end = (size_t)(nl - data);
	return *end > at && data[*end - 1] == '\r' && memchr(data + at, '\0', *end - at) == NULL ?
	    ST_OK : ST_BADDATA;
}

/* Read the number that the line from 'at' to 'end' has. */
static bool
resp_digits(const char *data, size_t at, size_t end, int64_t *n)
{
	bool minus = data[at] == '-';
	size_t i = at + minus;

	if (i == end || end - i > 18)
		return false;
	for (*n = 0; i < end; i++) {
		if (!is_digit(data[i]))
			return false;
		*n = *n * 10 + (data[i] - '0');
	}
	if (minus)
		*n = -*n;
	return true;
}

struct measure {
	const char *data;
	size_t len, at, need, replies;
};

static enum status
resp_walk(struct measure *m, int depth)
{
	size_t start = m->at + 1, end;
	enum status st;
	int64_t n;
	char type;

	m->need = m->at + 3;
	if (m->len < m->need)
		return ST_NONE;
	type = m->data[m->at];
	if (depth > DEPTH_MAX || ++m->replies > REPLIES_MAX || type == '\0' ||
	    strchr("+-:$*", type) == NULL)
		return ST_BADDATA;
	if ((st = resp_line(m->data, m->len, start, &end)) != ST_OK) {
		m->need = m->len + 1;
		return st;
	}
	m->at = end + 1;
	if (type == '+' || type == '-')
		return ST_OK;
	if (!resp_digits(m->data, start, end - 1, &n))
		return ST_BADDATA;
	if (type == '$' && n >= 0) {
		if ((uint64_t)n > SIZE_MAX_REPLY)
			return ST_BADDATA;
		m->need = m->at += (size_t)n + 2;
		if (m->need > m->len)
			return ST_NONE;
		return memcmp(m->data + m->at - 2, "\r\n", 2) == 0 ? ST_OK : ST_BADDATA;
	}
	for (; type == '*' && n > 0; n--)
		if ((st = resp_walk(m, depth + 1)) != ST_OK)
			return st;
	return ST_OK;
}

enum status
resp_measure(const char *data, size_t len, size_t *size, size_t *replies)
{
	struct measure m = { .data = data, .len = len };
	enum status st = resp_walk(&m, 0);

	*size = st == ST_OK ? m.at : m.need;
	*replies = m.replies;
	return *size > SIZE_MAX_REPLY + LINE_LEN_MAX ? ST_BADDATA : st;
}

/* Fill in 'to' from what is at 'at', and take its items from *next on.  Returns where it ends. */
static char *
resp_build(char *at, struct reply *to, struct reply **next)
{
	char *end = strchr(at, '\n');

	end[-1] = '\0';
	*to = (struct reply){ .type = *at, .text = at + 1, .len = (size_t)(end - 1 - (at + 1)) };
	if (*at == '+' || *at == '-')
		return end + 1;
	to->n = strtoll(at + 1, NULL, 10);
	if (*at == ':')
		return end + 1;
	if (to->n < 0) {
		to->type = '_';
		to->n = 0;
		return end + 1;
	}
	if (*at == '$') {
		to->text = end + 1;
		to->len = (size_t)to->n;
		end[1 + to->len] = '\0';
		return end + 1 + to->len + 2;
	}
	to->item = *next;
	*next += to->n;
	at = end + 1;
	for (int64_t i = 0; i < to->n; i++)
		at = resp_build(at, &to->item[i], next);
	return at;
}

struct reply *
resp_parse(char *data, size_t replies)
{
	struct reply *all = calloc(replies, sizeof(*all)), *next;

	if (all == NULL)
		return NULL;
	next = all + 1;
	(void)resp_build(data, all, &next);
	return all;
}

const struct reply *
resp_item(const struct reply *r, int64_t i)
{
	static const struct reply none = { .type = '_', .text = "" };

	return r->type == '*' && i < r->n ? &r->item[i] : &none;
}

int64_t
resp_number(const struct reply *r)
{
	if (r->type == ':')
		return r->n;
	return r->type == '*' || r->type == '_' ? 0 : strtoll(r->text, NULL, 10);
}
