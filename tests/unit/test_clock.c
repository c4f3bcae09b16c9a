/* test_clock.c: durations, times and keys; formatting and parsing are inverses. */
#include <stdlib.h>
#include <time.h>

#include "mq.h"
#include "tap.h"

static void
durations_read(void)
{
	static const struct { const char *text; usec_t want; } good[] = {
		{ "0", 0 }, { "90", 90 * USEC }, { "90s", 90 * USEC }, { "5m", 300 * USEC },
		{ "2h", 7200 * USEC }, { "1d", 86400 * USEC }, { "1w", 604800 * USEC },
		{ "250ms", 250000 }, { "0.5s", 500000 }, { "1.5h", 5400 * USEC }, { "1.5", 1500000 },
		{ "0.001ms", 1 }, { "0.0009ms", 0 }, { "0.000001", 1 }, { "007m", 420 * USEC },
		{ "1.9999999999999999999999999w", 2 * 604800 * USEC - 1 },
		{ "0.333333333333333333333333333333h", 1200 * USEC - 1 },
		{ "36525d", 36525LL * 86400 * USEC },
	};
	static const char *const bad[] = {
		"", "s", "-1", "+1", "-1s", " 1s", "1s ", "5 m", "1e3", "5x", "5M", "5mm", "5sm", "1.s",
		".5s", ".", "1.", "1..2s", "1,5s", "0x10", "5m30s", "never", "1.5.5s", "\n", "5\xc2\xb5s",
	};
	static const char *const over[] = {
		"36525.0000001d", "3155760001", "5218w", "30500568904944w", "3000000000w", "9223372036854775807", "9223372036854775808w",
		"99999999999999999999999999999999999999ms", "18446744073709551617s",
	};
	struct error err;
	char text[200];
	usec_t d;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(text, sizeof(text), "duration '%s'", good[i].text);
		error_clear(&err);
		d = -1;
		is_int(duration_parse(good[i].text, &d, &err), ST_OK, text);
		is_int(d, good[i].want, text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "no duration: %zu", i);
		error_clear(&err);
		is_int(duration_parse(bad[i], &d, &err), ST_USAGE, text);
		ok(strstr(err.text, "is not a duration") != NULL, err.text[0] == '\'' && bad[i][0] != '\n' ? err.text : text);
	}
	for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++) {
		error_clear(&err);
		is_int(duration_parse(over[i], &d, &err), ST_USAGE, over[i]);
		ok(strstr(err.text, "100 years") != NULL, err.text);
	}
	error_clear(&err);
	ok(duration_parse("5x", &d, &err) == ST_USAGE, "5x");
	is_str(err.text, "'5x' is not a duration: a number with ms, s, m, h, d or w", "the text helps");
}

static bool
duration_returns(usec_t d)
{
	struct error err;
	char text[DURATION_MAX];
	usec_t back = -1;

	error_clear(&err);
	duration_format(d, text);
	if (duration_parse(text, &back, &err) == ST_OK && back == d)
		return true;
	printf("# %" PRId64 " became '%s', %" PRId64 "\n", d, text, back);
	return false;
}

static void
durations_printed(void)
{
	static const struct { usec_t d; const char *want; } table[] = {
		{ 0, "0s" }, { -5, "0s" }, { 1, "0.001ms" }, { 1500, "1.5ms" }, { 250000, "250ms" },
		{ 1000, "1ms" }, { 1500000, "1.5s" }, { 1234567, "1.234567s" }, { 90 * USEC, "90s" },
		{ 1000001, "1.000001s" }, { 300 * USEC, "5m" }, { 5400 * USEC, "90m" },
		{ 36000 * USEC, "10h" }, { 86400 * USEC, "1d" }, { 1209600 * USEC, "2w" }, { USEC, "1s" },
	};
	char text[DURATION_MAX];
	bool good = true;
	usec_t d = 1;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		duration_format(table[i].d, text);
		is_str(text, table[i].want, "duration_format");
	}
	for (int i = 0; i < 200000; i++)
		good = good && duration_returns(i);
	for (; d < 3000000000000000; d = d * 7 / 4 + 1)
		for (int i = -1; i < 2; i++)
			good = good && duration_returns(d + i) && duration_returns((d + i) * 1000 % 3000000000000000);
	ok(good, "what is printed reads back the same");
}

static void
ages(void)
{
	static const struct { usec_t d; const char *want; } table[] = {
		{ 0, "0s" }, { -1, "0s" }, { 999999, "0s" }, { 59 * USEC, "59s" }, { 60 * USEC, "1m" },
		{ 192 * USEC + 5, "3m 12s" }, { 7200 * USEC, "2h" }, { 7259 * USEC, "2h" },
		{ 7260 * USEC, "2h 1m" }, { (5 * 86400 + 7200) * USEC, "5d 2h" },
		{ 400 * 86400 * USEC, "400d" }, { USEC_MAX, "106751991d 4h" },
	};
	char text[DURATION_MAX];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		age_format(table[i].d, text);
		is_str(text, table[i].want, "age_format");
	}
}

/* Each day from 1970 to 9999 against libc's calendar. */
static void
calendar(void)
{
	const int64_t last = 253402300799;
	bool good = true;

	for (int64_t t = 0; t <= last; t += 86400) {
		time_t s = (time_t)(t + t / 86400 * 7919 % 86400);
		usec_t at = s * USEC + t / 86400 % USEC, back = -1;
		char want[64], key[KEY_LEN + 1];
		struct tm tm;
		size_t n = strftime(want, sizeof(want), "%Y%m%dT%H%M%S", gmtime_r(&s, &tm));

		(void)snprintf(want + n, sizeof(want) - n, ".%06dZ", (int)(at % USEC));
		key_format(at, key);
		if (good && (strcmp(key, want) != 0 || !key_parse(key, &back) || back != at)) {
			printf("# got %s, want %s\n", key, want);
			good = false;
		}
	}
	ok(good, "every day of eight thousand years agrees with gmtime, and reads back");
}

static void
keys(void)
{
	static const char *const bad[] = {
		"", "2", "20261121T031601.123456", "20261121T031601.12345Z", "20261121t031601.123456Z",
		"19691231T235959.999999Z", "20261301T000000.000000Z", "20260001T000000.000000Z",
		"20260100T000000.000000Z", "20260132T000000.000000Z", "20260431T000000.000000Z",
		"20260229T000000.000000Z", "21000229T000000.000000Z", "20260101T240000.000000Z",
		"20260101T006000.000000Z", "20260101T000060.000000Z", "20260101T000000,000000Z",
		" 0260101T000000.000000Z", "+2026101T000000.000000Z",
	};
	char key[KEY_LEN + 1], text[TIME_MAX];
	usec_t t = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!key_parse(bad[i], &t), bad[i]);
	ok(key_parse("20261121T031601.123456Z,more", &t), "a key with something behind it");
	is_int(t, 1795230961123456, "its time");
	key_format(t, key);
	is_str(key, "20261121T031601.123456Z", "and back");
	time_format(t, text);
	is_str(text, "2026-11-21T03:16:01.123456Z", "RFC 3339");
	ok(key_parse("20000229T235959.999999Z", &t), "2000 had a leap day");
	key_format(-1, key);
	is_str(key, "19700101T000000.000000Z", "before 1970 is the first key");
	key_format(253402300800000000, key);
	is_str(key, "99991231T235959.999999Z", "after 9999 is the last key");
	key_format(USEC_MAX, key);
	is_str(key, "99991231T235959.999999Z", "however far");
}

int
main(void)
{
	usec_t before, after;

	durations_read();
	durations_printed();
	ages();
	calendar();
	keys();
	before = clock_mono();
	after = clock_mono();
	ok(before <= after, "the monotonic clock does not go back");
	ok(clock_now() / USEC - time(NULL) >= -1 && clock_now() / USEC - time(NULL) <= 1, "clock_now is the time");
	return done();
}
