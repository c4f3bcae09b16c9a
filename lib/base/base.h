/*
 * base.h: statuses, errors and times, which every file of mq uses.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <sys/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* ---- error.c --------------------------------------------------------------- */

/* A command may end with any status of the first half; see status_exit. */
enum status {
	ST_OK,
	ST_NONE,	/* nothing there: empty, timed out, nothing matched */
	ST_USAGE,	/* bad option, bad queue name */
	ST_BADDATA,	/* data that is too large, a bad header, or no handle */
	ST_NOTFOUND,	/* no such queue, message or file */
	ST_LOST,	/* the claim has ended, or it belongs to somebody else */
	ST_INTERNAL,
	/* it is done, but something about it is not certain: not synced, or the id not printed */
	ST_UNSURE,
	ST_NOCREATE,	/* cannot create */
	ST_IO,
	ST_AGAIN,	/* full, paused, disk low */
	ST_DENIED,	/* permission */
	ST_CONF,	/* configuration, or a spool of a newer format */
	/*
	 * These are expected outcomes inside the library.  A command turns them into one of the
	 * above.
	 */
	ST_GONE,	/* the name is not there any more, because somebody else was faster */
	ST_EXISTS,
	ST_LARGE	/* it is larger than the room for it */
};

struct error {
	enum status status;
	int errnum;	/* errno, or 0 */
	char text[600];	/* it may hold foreign bytes, so apply strvis before printing */
};

/* The exit status of a command for a status, by the table of mq(1). */
int status_exit(enum status st);

/*
 * Fill the error and return 'st'.  If 'errnum' is not 0, ": " and its text are added.  The first
 * error stands: an error that is filled already is not overwritten.
 */
enum status error_set(struct error *err, enum status st, int errnum, const char *fmt,
    ...) PRINTF_LIKE(4, 5);

/*
 * Like error_set, but the status follows from 'errnum' (EACCES: ST_DENIED, ENOSPC: ST_AGAIN, ...).
 */
enum status error_sys(struct error *err, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The status that 'errnum' stands for.  ST_IO: none fits better. */
enum status status_of_errno(int errnum);

/*
 * Whether the error comes from this process, which has too many open files or no memory, and not
 * from what it opened or read.  The next file would then meet the same error.
 */
bool error_is_ours(const struct error *err);

/* Whether the disk, or the user's share of it, is full. */
bool error_is_full(const struct error *err);

/* Make the error empty, before its first use or before another one. */
void error_clear(struct error *err);

/* ---- clock.c --------------------------------------------------------------- */

typedef int64_t usec_t;
#define USEC 1000000LL
#define USEC_MAX INT64_MAX
#define KEY_LEN 23	/* 20261121T031601.123456Z */

usec_t clock_now(void);		/* wall clock */
usec_t clock_mono(void);	/* for lengths of time: it never steps, and its zero is arbitrary */

/*
 * Read a duration: a decimal number, which may have a fraction, and a unit ms, s, m, h, d or w (s
 * if there is none).  It may be from 0 to 100 years long.  ST_USAGE: the text is none; the error
 * names it.
 */
enum status duration_parse(const char *text, usec_t *out, struct error *err) MUST_CHECK;

/* Print the shortest exact text that duration_parse reads back: "90s", "5m", "250ms". */
#define DURATION_MAX 32
void duration_format(usec_t d, char buf[DURATION_MAX]);

/*
 * Read "10/s", "5/m" or "100/h", or a plain number, which counts per second.  The number is at most
 * 1000000.  The rate is *n in each *unit.
 */
bool rate_parse(const char *text, int64_t *n, usec_t *unit);

/*
 * Print a duration for people, with at most two units: "3m 12s", "5d 2h", "0s".  A negative one
 * counts as 0.
 */
void age_format(usec_t d, char buf[DURATION_MAX]);

/* Print a time as RFC 3339 has it, in UTC with microseconds: 2026-11-21T03:16:01.123456Z. */
#define TIME_MAX 40
void time_format(usec_t t, char buf[TIME_MAX]);

/*
 * Read such a time.  The fraction, the Z or the whole time of day may be missing.  ST_USAGE: the
 * text is no time.
 */
enum status time_parse(const char *text, usec_t *out, struct error *err) MUST_CHECK;

/*
 * Print and read the time key of file names, for the years 1970 to 9999.  key_parse is false if
 * 'text' does not start with a valid key.
 */
void key_format(usec_t t, char buf[KEY_LEN + 1]);
bool key_parse(const char *text, usec_t *out);

/* Set *wake to 'at' if that is sooner. */
void wake_at(usec_t *wake, usec_t at);

#endif
