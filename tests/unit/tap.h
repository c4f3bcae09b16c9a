/*
 * tap.h: as much of the Test Anything Protocol as the unit tests need.  Each test
 * is its own program; end main with "return done();".
 */
#ifndef TAP_H
#define TAP_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

static inline bool
ok(bool good, const char *text)
{
	printf("%s %d - %s\n", good ? "ok" : "not ok", ++tap_count, text);
	if (!good)
		tap_failed++;
	(void)fflush(stdout);
	return good;
}

static inline bool
is_int(int64_t got, int64_t want, const char *text)
{
	if (ok(got == want, text))
		return true;
	printf("#  got %" PRId64 "\n# want %" PRId64 "\n", got, want);
	return false;
}

static inline bool
is_str(const char *got, const char *want, const char *text)
{
	if (ok(strcmp(got, want) == 0, text))
		return true;
	printf("#  got '%s'\n# want '%s'\n", got, want);
	return false;
}

static inline int
done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
