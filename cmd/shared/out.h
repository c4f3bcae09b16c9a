/*
 * out.h: stdout, JSON, and foreign bytes.
 */
#ifndef CMD_SHARED_OUT_H
#define CMD_SHARED_OUT_H

#include <stdio.h>

#include "base/base.h"

struct headers_index;
struct msgname;
struct place;
struct queue;
struct run;

/* Flush stdout.  ST_IO: not everything could be written. */
enum status out_flush(struct run *r) MUST_CHECK;
/*
 * Wait until the reader of stdout has taken all that was written there.  Returns false, with errno,
 * if the reader went before that or a signal stopped us.  After 10 s it returns true all the same.
 * 'meanwhile' is called now and then, and may be NULL.
 */
bool out_taken(void (*meanwhile)(void *arg), void *arg) MUST_CHECK;
/*
 * Write to stdout, and call 'meanwhile' each time that the alarm rings (see alarm.h).  False, with
 * errno: stdout failed, or a signal stopped us.
 */
bool out_slowly(const char *data, size_t len, void (*meanwhile)(void *arg), void *arg) MUST_CHECK;
/* Write foreign text to stdout or stderr, made visible by vis(3). */
void out_vis(FILE *f, const char *text, size_t len);
/*
 * Return the length of the UTF-8 sequence at 'text' (RFC 3629), or 0 if it is invalid.  '*cp' is
 * its code point.
 */
size_t out_utf8(const unsigned char *text, size_t len, uint32_t *cp);
/*
 * Print a table to stdout.  Its words are separated by blanks, its lines end with newlines.  Each
 * column gets as wide as its widest word; the first one is aligned to the left.  If the table is
 * wider than 'columns', leave out columns whose heading is in 'less' (NULL at the end), one after
 * the other, but only those that hold nothing but 0 and -.
 */
void out_squeeze(char *table, size_t columns, const char *const *less);
/* The width of the terminal that stdout is. */
size_t out_columns(void);
/* Shorten 'text' to at most 'columns' columns, with "..." at its end, if it is longer. */
void out_clip(char *text, size_t columns);
/*
 * Write the colour of a state, or for -1 the end of a colour.  Nothing is written unless stdout is
 * a terminal with colours and NO_COLOR is not set.
 */
void out_colour(FILE *f, int state);
/* Print what is in a JSON string.  Bytes that are not UTF-8 become U+FFFD. */
void json_text(FILE *f, const char *text, size_t len);
/* The same, with the quotes. */
void json_quoted(FILE *f, const char *text, size_t len);
/* Print a string, or null if 'text' is NULL. */
void json_value(FILE *f, const char *text);
/* Print a time, or null if it is 0. */
void json_time(FILE *f, usec_t at);
/* Print the name of a member behind a comma; 'first' leaves out the comma. */
void json_name(FILE *f, const char *name, bool first);
/* Print headers as an object. */
void json_headers(FILE *f, const struct headers_index *all);
/* Print "{" and what json_message prints, or nothing at all if that fails. */
enum status json_open(FILE *f, struct queue *q, const struct place *p,
    struct error *err) MUST_CHECK;
/* The same for a message that is in no spool: 'fd' has its headers and its body. */
enum status json_open_fd(FILE *f, const char *queue, const struct place *p, int fd,
    struct error *err) MUST_CHECK;
/*
 * Print the members of a message (MESSAGE_MEMBERS).  The caller prints the braces and any further
 * members.  'headers' is null if they are broken or may not be read.
 */
enum status json_message(FILE *f, struct queue *q, const struct place *p,
    struct error *err) MUST_CHECK;
/*
 * Print the body as the member "body", or "body_base64" if it is not UTF-8.  It is streamed in
 * constant memory.
 */
enum status json_body(FILE *f, int fd, const struct msgname *n, struct error *err) MUST_CHECK;
/* The same for a body in memory. */
void json_body_bytes(FILE *f, const char *data, size_t len);
/*
 * Like json_body, with these names for the member.  If 'text' is NULL, the body is always in
 * base64.
 */
enum status json_body_as(FILE *f, int fd, const struct msgname *n, const char *text,
    const char *base64, struct error *err) MUST_CHECK;
/* Whether the body is UTF-8. */
enum status json_body_text(int fd, const struct msgname *n, bool *text,
    struct error *err) MUST_CHECK;
/* Copy the body of an open message to a descriptor. */
enum status body_copy(int from, const struct msgname *n, int to, struct error *err) MUST_CHECK;

#endif
