/*
 * value.c: the simple types of values that the keys of a policy have (numbers, sizes, durations and
 * words): how each is read and printed, and its rule in words.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "spool/policy.h"
#include "spool/keys.h"

/* Read digits as a number.  *end is where they end. */
static bool
value_digits(const char *text, const char **end, int64_t *out)
{
	int64_t n = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (n > (INT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (*at - '0');
	}
	*end = at;
	*out = n;
	return at > text;
}

bool
value_duration(const char *text, usec_t *out)
{
	struct error ignored = { .status = ST_OK };

	return duration_parse(text, out, &ignored) == ST_OK;
}

static bool
dur_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	usec_t d;

	(void)syntax, (void)p;
	if (!value_duration(text, &d) || d == 0)
		return false;
	*(usec_t *)at = d;
	return true;
}

static void
dur_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	char text[DURATION_MAX];

	(void)syntax, (void)p;
	duration_format(*(const usec_t *)at, text);
	(void)strlcpy(buf, text, size);
}

/* The word of a syntax such as "DUR|never", which stands for 0. */
static const char *
value_word_of(const char *syntax)
{
	return strchr(syntax, '|') + 1;
}

static bool
dur_or_word_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	if (strcmp(text, value_word_of(syntax)) != 0)
		return dur_parse(text, syntax, p, at);
	*(usec_t *)at = 0;
	return true;
}

static void
dur_or_word_print(const struct policy *p, const void *at, const char *syntax, char *buf,
    size_t size)
{
	if (*(const usec_t *)at != 0)
		dur_print(p, at, syntax, buf, size);
	else
		(void)strlcpy(buf, value_word_of(syntax), size);
}

static bool
number_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	const char *end;
	int64_t n;

	(void)syntax, (void)p;
	if (!value_digits(text, &end, &n) || *end != '\0')
		return false;
	*(int64_t *)at = n;
	return true;
}

static void
number_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	(void)syntax, (void)p;
	(void)snprintf(buf, size, "%" PRId64, *(const int64_t *)at);
}

static bool
attempts_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	const int64_t *n = at;

	return number_parse(text, syntax, p, at) && *n >= 1 && *n <= 1000000;
}

static bool
jobs_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	const int64_t *n = at;

	return number_parse(text, syntax, p, at) && *n >= 1 && *n <= 1000;
}

static const char suffixes[] = "KMGT";

static bool
size_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	const char *end, *suffix;
	int64_t n;

	(void)syntax, (void)p;
	if (!value_digits(text, &end, &n))
		return false;
	if (*end != '\0') {
		if ((suffix = strchr(suffixes, *end)) == NULL || end[1] != '\0')
			return false;
		for (; suffix >= suffixes; suffix--) {
			if (n > INT64_MAX / 1024)
				return false;
			n *= 1024;
		}
	}
	*(int64_t *)at = n;
	return true;
}

static void
size_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	int64_t n = *(const int64_t *)at;
	int suffix = 0;

	(void)syntax, (void)p;
	for (; n != 0 && n % 1024 == 0 && suffix < 4; suffix++)
		n /= 1024;
	(void)snprintf(buf, size, "%" PRId64 "%.*s", n, suffix > 0,
	    suffixes + suffix - (suffix > 0));
}

/* In a limit, "none" is 0. */
bool
value_none(const char *text, void *at)
{
	if (strcmp(text, "none") != 0)
		return false;
	*(int64_t *)at = 0;
	return true;
}

static bool
count_limit_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	return value_none(text, at) || number_parse(text, syntax, p, at);
}

static bool
size_limit_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	return value_none(text, at) || size_parse(text, syntax, p, at);
}

static void
count_limit_print(const struct policy *p, const void *at, const char *syntax, char *buf,
    size_t size)
{
	if (*(const int64_t *)at != 0)
		number_print(p, at, syntax, buf, size);
	else
		(void)strlcpy(buf, "none", size);
}

static void
size_limit_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	if (*(const int64_t *)at != 0)
		size_print(p, at, syntax, buf, size);
	else
		(void)strlcpy(buf, "none", size);
}

/*
 * Read one of the words of a syntax such as "full|none".  The value is its index, as in the enums
 * of policy.h.
 */
static bool
choice_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	size_t len = strlen(text), word;

	(void)p;
	for (int i = 0; *syntax != '\0'; i++) {
		word = strcspn(syntax, "|");
		if (len == word && strncmp(text, syntax, len) == 0) {
			*(int *)at = i;
			return true;
		}
		syntax += word + (syntax[word] == '|');
	}
	return false;
}

static void
choice_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	(void)p;
	for (int i = *(const int *)at; i > 0; i--)
		syntax += strcspn(syntax, "|") + 1;
	(void)snprintf(buf, size, "%.*s", (int)strcspn(syntax, "|"), syntax);
}

#define TYPE(name, print, rule) \
	const struct type type_##name = { name##_parse, print##_print, rule }

TYPE(dur, dur, "a duration above 0, such as 30s, 5m or 1.5h");
TYPE(attempts, number, "a number from 1 to 1000000");
TYPE(choice, choice, "one of these words");
TYPE(dur_or_word, dur_or_word, "a duration above 0, such as 30s, 12h or 7d, or that word");
TYPE(count_limit, count_limit, "a number, or none");
TYPE(size_limit, size_limit, "bytes, also with K, M, G or T (powers of 1024), or none");
TYPE(size, size, "bytes, also with K, M, G or T (powers of 1024)");
TYPE(number, number, "a number");
TYPE(jobs, number, "a number from 1 to 1000");
