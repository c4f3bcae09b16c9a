/*
 * base.h: statuses, errors, time: what every file of mq speaks.
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

/* The first half is what a command may end with; see status_exit(). */
enum status {
	ST_OK,
	ST_NONE,	/* nothing there: empty, timed out, nothing matched */
	ST_USAGE,	/* bad option, bad queue name */
	ST_BADDATA,	/* bad data: too large, bad header, no handle */
	ST_NOTFOUND,	/* no such queue, message or file */
	ST_LOST,	/* the claim is no longer yours, or it is another's */
	ST_INTERNAL,
	ST_UNSURE,	/* done, but not certain: not synced, id not printed */
	ST_NOCREATE,	/* cannot create */
	ST_IO,
	ST_AGAIN,	/* full, paused, disk low */
	ST_DENIED,	/* permission */
	ST_CONF,	/* configuration, or a spool of a newer format */
	/* Expected outcomes inside the library; a command turns them into one of the above. */
	ST_GONE,	/* the name examined is gone: somebody else was faster */
	ST_EXISTS,
	ST_LARGE	/* larger than there is room for */
};

struct error {
	enum status status;
	int errnum;	/* errno, or 0 */
	char text[600];	/* may hold foreign bytes: strvis before printing */
};

/* Exit status of the command line for a status (the table of mq(1)). */
int status_exit(enum status st);

/*
 * Fill the error and return st.  A non-zero errnum adds ": " and its text.
 * The first error stands: a filled error is not overwritten.
 */
enum status error_set(struct error *err, enum status st, int errnum, const char *fmt,
    ...) PRINTF_LIKE(4, 5);

/* As error_set; the status follows from errnum (EACCES: ST_DENIED, ENOSPC: ST_AGAIN, ...). */
enum status error_sys(struct error *err, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The status that errnum stands for, ST_IO if none is better. */
enum status status_of_errno(int errnum);

/*
 * Whether it is not the fault of what was opened or read: too many open files, or no memory, which
 * the next one meets, too.
 */
bool error_is_ours(const struct error *err);

/* Whether the disk, or the user's share of it, is full. */
bool error_is_full(const struct error *err);

/* Make the error ready for use, or for use again. */
void error_clear(struct error *err);

/* ---- clock.c --------------------------------------------------------------- */

typedef int64_t usec_t;
#define USEC 1000000LL
#define USEC_MAX INT64_MAX
#define KEY_LEN 23	/* 20261121T031601.123456Z */

usec_t clock_now(void);		/* wall clock */
usec_t clock_mono(void);	/* for lengths: never steps; an arbitrary zero */

/*
 * A duration: a decimal number, with a fraction if wanted, and a unit ms, s, m, h,
 * d or w (none: s).  0 to 100 years.  ST_USAGE otherwise; the error names text.
 */
enum status duration_parse(const char *text, usec_t *out, struct error *err) MUST_CHECK;

/* The shortest exact form that duration_parse reads back: "90s", "5m", "250ms". */
#define DURATION_MAX 32
void duration_format(usec_t d, char buf[DURATION_MAX]);

/* "10/s", "5/m", "100/h", or a number a second (at most 1000000): n in each unit. */
bool rate_parse(const char *text, int64_t *n, usec_t *unit);

/* For people: two units at most, "3m 12s", "5d 2h", "0s".  Negative counts as 0. */
void age_format(usec_t d, char buf[DURATION_MAX]);

/* RFC 3339 in UTC with microseconds: 2026-11-21T03:16:01.123456Z. */
#define TIME_MAX 40
void time_format(usec_t t, char buf[TIME_MAX]);

/* Back again; the fraction, the Z and all of the time of day may be missing.  ST_USAGE. */
enum status time_parse(const char *text, usec_t *out, struct error *err) MUST_CHECK;

/*
 * The time key of file names; false if text does not start with a valid one.  Years 1970 to 9999.
 */
void key_format(usec_t t, char buf[KEY_LEN + 1]);
bool key_parse(const char *text, usec_t *out);

/* Make *wake sooner if at is. */
void wake_at(usec_t *wake, usec_t at);

#endif
