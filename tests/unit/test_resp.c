/* test_resp.c: replies of Redis, whole, in part, damaged, and beyond all bounds. */
#include <stdlib.h>

/* It is in no library. */
#include "helper/redis/resp.c"	/* NOLINT(bugprone-suspicious-include) */
#include "tap.h"

#define GOOD "*6\r\n+OK\r\n:-42\r\n$5\r\na\r\n\0c\r\n$-1\r\n*2\r\n$0\r\n\r\n-ERR no\r\n*-1\r\n"
#define GOOD_LEN (sizeof(GOOD) - 1)

/* The same numbers below n each time: Numerical Recipes' generator. */
static uint32_t
pick(uint32_t n)
{
	static uint32_t seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Measure a copy that has no byte more, so that a look beyond its end is found. */
static enum status
measure(const char *data, size_t len, size_t *size)
{
	char *copy = malloc(len + (len == 0));
	size_t replies;
	enum status st;

	if (copy == NULL)
		abort();
	memcpy(copy, data, len);
	st = resp_measure(copy, len, size, &replies);
	free(copy);
	return st;
}

static void
whole(void)
{
	char data[] = GOOD "+next\r\n";
	struct reply *r = NULL;
	size_t size, replies;

	if (!ok(resp_measure(data, sizeof(data) - 1, &size, &replies) == ST_OK, "it is measured"))
		return;
	is_int((int64_t)size, GOOD_LEN, "it ends where the next one begins");
	if (!ok((r = resp_parse(data, replies)) != NULL, "it is taken apart"))
		return;
	is_int(r->n, 6, "six items");
	is_str(resp_item(r, 0)->text, "OK", "a simple string");
	is_int(resp_number(resp_item(r, 1)), -42, "a number");
	ok(resp_item(r, 2)->len == 5 && memcmp(resp_item(r, 2)->text, "a\r\n\0c", 6) == 0,
	    "any bytes");
	is_int(resp_item(r, 3)->type, '_', "no string");
	is_str(resp_item(resp_item(r, 4), 0)->text, "", "an empty string");
	is_int(resp_item(resp_item(r, 4), 1)->type, '-', "an error within");
	is_str(resp_item(resp_item(r, 4), 1)->text, "ERR no", "its text");
	is_int(resp_item(r, 5)->type, '_', "no array");
	is_int(resp_item(r, 6)->type, '_', "there is no seventh");
	is_int(resp_item(resp_item(r, 0), 0)->type, '_', "and nothing in a string");
	free(r);
}

static void
in_part(void)
{
	size_t size = 0, bad = 0;

	for (size_t len = 0; len < GOOD_LEN; len++)
		bad += measure(GOOD, len, &size) != ST_NONE || size <= len || size > GOOD_LEN;
	is_int((int64_t)bad, 0, "each part of a reply asks for more, and not for too much");
}

static void
refused(const char *data, size_t len, const char *text)
{
	size_t size;

	is_int(measure(data, len, &size), ST_BADDATA, text);
}

static void
bounds(void)
{
	size_t size, len = (REPLIES_MAX + 1) * 4, head = strlen("*1048577\r\n");
	char *many = malloc(head + len), *line = malloc(LINE_LEN_MAX + 3);

	if (many == NULL || line == NULL)
		abort();
	memcpy(many, "*1048577\r\n", head);
	for (size_t i = 0; i <= REPLIES_MAX; i++)
		memcpy(many + head + i * 4, ":1\r\n", 4);
	refused(many, head + len, "too many replies");
	memset(line, 'x', LINE_LEN_MAX + 3);
	line[0] = '+';
	refused(line, LINE_LEN_MAX + 3, "a line without an end");
	refused("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", 40, "too deep");
	is_int(measure("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", 36, &size), ST_OK,
	    "just not too deep");
	refused("$1073741825\r\n", 13, "a string that is too long");
	is_int(measure("$1073741824\r\n", 13, &size), ST_NONE, "just not too long");
	is_int((int64_t)size, 13 + 1073741824 + 2, "how much it needs");
	refused("$9999999999999999999\r\n", 22, "a number that is none");
	refused("$\r\n\r\n", 5, "no number");
	refused("$2\r\nabc\r\n", 9, "a string that goes on");
	refused("+a\0b\r\n", 6, "NUL in a line");
	refused("+ab\n+\r\n", 7, "a line with another end");
	refused("HTTP/1.1 400\r\n", 14, "another protocol");
	free(many);
	free(line);
}

/* Damage a good reply.  What is measured as one can be taken apart. */
static bool
survives(void)
{
	char data[GOOD_LEN];
	size_t size, replies;
	struct reply *r;

	memcpy(data, GOOD, GOOD_LEN);
	for (uint32_t n = pick(4) + 1; n > 0; n--)
		data[pick(GOOD_LEN)] = pick(2) != 0 ? "*$:+-\r\n019"[pick(10)] : (char)pick(256);
	if (resp_measure(data, GOOD_LEN, &size, &replies) != ST_OK)
		return true;
	if ((r = resp_parse(data, replies)) == NULL || size > GOOD_LEN)
		return false;
	for (size_t i = 0; i < replies; i++)
		if (r[i].type != '*' && r[i].text + r[i].len >= data + GOOD_LEN)
			return false;
	free(r);
	return true;
}

int
main(void)
{
	int good = 0;

	whole();
	in_part();
	bounds();
	for (int i = 0; i < 100000; i++)
		good += survives();
	is_int(good, 100000, "damaged replies are refused, or taken apart within their bounds");
	return done();
}
