/* test_envelope.c: header blocks, ours and those that strangers wrote. */
#include <stdlib.h>

#include "mq.h"
#include "tap.h"

static void
adding(void)
{
	static const struct { const char *text, *block; } good[] = {
		{ "Name: value", "Name: value\n\n" }, { "Name:value", "Name: value\n\n" },
		{ "Name: \t value \t", "Name: value\n\n" }, { "a:", "a: \n\n" }, { "a: ", "a: \n\n" },
		{ "X-1_b.c: d: e", "X-1_b.c: d: e\n\n" }, { "a: \xc3\xa4\tb", "a: \xc3\xa4\tb\n\n" },
	};
	static const struct { const char *text; enum status st; } bad[] = {
		{ "", ST_USAGE }, { "a", ST_USAGE }, { ":", ST_USAGE }, { ": b", ST_USAGE }, { "a b: c", ST_USAGE },
		{ " a: b", ST_USAGE }, { "a : b", ST_USAGE }, { "a\t: b", ST_USAGE }, { "\xc3\xa4: b", ST_USAGE },
		{ "a: b\n", ST_BADDATA }, { "a: b\r", ST_BADDATA }, { "a\n: b", ST_BADDATA }, { "\n", ST_BADDATA },
		{ "a: \x7f", ST_BADDATA }, { "a: \x1b[m", ST_BADDATA }, { "no colon\x01", ST_BADDATA },
	};
	struct headers h = { 0 };
	struct error err;
	char name[HEADER_NAME_MAX + 10];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		error_clear(&err);
		is_int(headers_add(&h, good[i].text, &err), ST_OK, "added");
		ok(h.len == strlen(good[i].block) && memcmp(h.block, good[i].block, h.len) == 0, good[i].text);
		ok(headers_valid(&h), "and valid");
		headers_free(&h);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		error_clear(&err);
		is_int(headers_add(&h, bad[i].text, &err), bad[i].st, "refused");
		ok(h.len == 0 && h.block == NULL, "and nothing was added");
	}
	error_clear(&err);
	ok(headers_add(&h, "X: abcd\n", &err) == ST_BADDATA, "a line feed");
	is_str(err.text, "a header must not hold control characters (byte 0x0a at 7)", "is told with its place");
	memset(name, 'n', sizeof(name));
	memcpy(name + HEADER_NAME_MAX, ": v", 4);
	error_clear(&err);
	is_int(headers_add(&h, name, &err), ST_OK, "a name of 64");
	headers_free(&h);
	memcpy(name + HEADER_NAME_MAX, "n: v", 5);
	is_int(headers_add(&h, name, &err), ST_USAGE, "a name of 65");
	headers_free(&h);
}

static void
iterating(void)
{
	struct headers h = { 0 };
	struct header x;
	struct error err;
	size_t pos = 0;

	ok(!headers_next(&h, &pos, &x), "no headers, none to see");
	error_clear(&err);
	ok(headers_add(&h, "A: one", &err) == ST_OK && headers_add(&h, "b:", &err) == ST_OK &&
	    headers_add(&h, "A: th:ree", &err) == ST_OK, "three headers");
	is_int((int64_t)h.len, 7 + 4 + 10 + 1, "the length counts the empty line once");
	ok(headers_next(&h, &pos, &x) && x.namelen == 1 && x.name[0] == 'A' && x.valuelen == 3 &&
	    memcmp(x.value, "one", 3) == 0, "the first");
	ok(headers_next(&h, &pos, &x) && x.namelen == 1 && x.name[0] == 'b' && x.valuelen == 0, "an empty one");
	ok(headers_next(&h, &pos, &x) && x.valuelen == 6 && memcmp(x.value, "th:ree", 6) == 0, "the third");
	ok(!headers_next(&h, &pos, &x) && !headers_next(&h, &pos, &x), "and no more");
	headers_free(&h);
	ok(h.block == NULL && h.len == 0, "freed");
}

static void
limit(void)
{
	static char text[HEADERS_MAX + 10];
	struct headers h = { 0 };
	struct error err;

	memset(text, 'v', sizeof(text) - 1);
	memcpy(text, "a: ", 3);
	text[HEADERS_MAX - 2] = '\0';
	error_clear(&err);
	is_int(headers_add(&h, text, &err), ST_OK, "a block of 65,536 bytes");
	is_int((int64_t)h.len, HEADERS_MAX, "its length");
	ok(headers_valid(&h), "is valid");
	is_int(headers_add(&h, "b:", &err), ST_BADDATA, "and takes no more");
	is_int((int64_t)h.len, HEADERS_MAX, "nothing changed");
	headers_free(&h);
	text[HEADERS_MAX - 2] = 'v';
	text[HEADERS_MAX - 1] = '\0';
	is_int(headers_add(&h, text, &err), ST_BADDATA, "one byte more");
	text[HEADERS_MAX - 1] = 'v';
	is_int(headers_add(&h, text, &err), ST_BADDATA, "and many more");
	headers_free(&h);
}

/* On the heap and exactly as long, so that the sanitizer sees a byte read too far. */
static bool
valid(const char *bytes, size_t len)
{
	struct headers h = { malloc(len > 0 ? len : 1), len };
	bool good;

	memcpy(h.block, bytes, len);
	good = headers_valid(&h);
	headers_free(&h);
	return good;
}

static void
strangers(void)
{
#define IS(s) ok(valid(s, sizeof(s) - 1), "good block: " #s)
#define NOT(s) ok(!valid(s, sizeof(s) - 1), "bad block: " #s)
	IS("a: b\n\n");
	IS("a: \n\n");
	IS("a: b\nA: \xff\t \n\n");
	NOT("");
	NOT("\n");
	NOT("\n\n");
	NOT("a");
	NOT("a:");
	NOT("a: ");
	NOT("a: b");
	NOT("a: b\n");
	NOT("a: b\n\n\n");
	NOT("a: b\n\nx");
	NOT("a: b\n\na: b\n\n");
	NOT("a:b\n\n");
	NOT("a:\n\n");
	NOT("a:\tb\n\n");
	NOT(": b\n\n");
	NOT(" a: b\n\n");
	NOT("a b: c\n\n");
	NOT("a: b\r\n\r\n");
	NOT("a: b\0c\n\n");
	NOT("a\0: c\n\n");
	NOT("a: \x1b\n\n");
	NOT("a: \x7f\n\n");
	NOT("a: b\n c\n\n");
	NOT("\na: b\n\n");
	NOT("nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn: b\n\n");
}

/* Blocks of few bytes that matter, all up to a length: valid ones can be walked, and only them. */
static void
exhaustive(void)
{
	static const char bytes[] = { 'a', ':', ' ', '\n', 0 };
	unsigned count = 0, all = 1;
	bool good = true;

	for (size_t len = 0; len <= 7; len++, all *= sizeof(bytes))
		for (unsigned i = 0; i < all; i++) {
			struct headers h = { malloc(len + 1), len };
			struct header x;
			size_t pos = 0;

			for (unsigned k = 0, v = i; k < len; k++, v /= sizeof(bytes))
				h.block[k] = bytes[v % sizeof(bytes)];
			if (headers_valid(&h)) {
				count++;
				while (headers_next(&h, &pos, &x))
					good = good && x.namelen > 0 && memchr(x.value, '\n', x.valuelen) == NULL;
				good = good && pos == len - 1;
			}
			headers_free(&h);
		}
	ok(good, "valid blocks can be walked to their end");
	/* Names in a, values in "a", ":", " ": 1 of length 5; 3 + 1 of length 6; 9 + 3 + 1 of length 7. */
	is_int(count, 1 + 4 + 13, "and there are as many as the grammar has");
}

/* The headers of one name are chained, whatever stands between them, by either fold. */
static void
indexed(void)
{
	struct headers h = { 0 };
	struct headers_index all;
	struct error err;
	char text[64];
	size_t k, n = 0;

	error_clear(&err);
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(text, sizeof(text), "%s%d: %d", i % 2 == 0 ? "N" : "n", i % 1000, i);
		if (headers_add(&h, text, &err) != ST_OK)
			ok(false, "added");
	}
	is_int(headers_index(&h, fold_case, &all, &err), ST_OK, "indexed");
	is_int((int64_t)all.n, 3000, "all of them");
	for (size_t i = 0; i < all.n; i++)
		n += all.h[i].first == (i < 1000) && all.h[i].next == (i < 2000 ? i + 1000 : SIZE_MAX);
	is_int((int64_t)n, 3000, "each is chained to the next of its name");
	for (k = 7, n = 0; k != SIZE_MAX; k = all.h[k].next)
		n++;
	is_int((int64_t)n, 3, "and walked along");
	headers_index_free(&all);
	headers_free(&h);
	is_int(headers_index(&h, fold_case, &all, &err), ST_OK, "an empty block");
	is_int((int64_t)all.n, 0, "has none");
	headers_index_free(&all);
}

int
main(void)
{
	indexed();
	adding();
	iterating();
	limit();
	strangers();
	exhaustive();
	return done();
}
