/*
 * out.h: stdout, JSON, foreign bytes.
 */
#ifndef CMD_SHARED_OUT_H
#define CMD_SHARED_OUT_H

#include <stdio.h>

#include "base/base.h"

struct msgname;
struct place;
struct queue;
struct run;

/* Flush and check stdout: ST_IO if anything was not taken. */
enum status out_flush(struct run *r) MUST_CHECK;
/*
 * Whether the reader of stdout has taken all that was written there; false, and errno: it went.
 * meanwhile is called now and then, and may be NULL.
 */
bool out_taken(void (*meanwhile)(void *arg), void *arg) MUST_CHECK;
/* Write foreign text to stdout or stderr, made visible by vis(3). */
void out_vis(FILE *f, const char *text, size_t len);
/* Length of the UTF-8 sequence at 'text' (RFC 3629), 0 if it is none; its code point in *cp. */
size_t out_utf8(const unsigned char *text, size_t len, uint32_t *cp);
/*
 * Print a table of words, lines that end with \n, to stdout: each column as wide as its widest
 * word, the first one to the left.  If that is wider than 'columns', those go whose heading is in
 * 'less' (NULL at the end), one after the other, as far as they hold nothing but 0 and -.
 */
void out_squeeze(char *table, size_t columns, const char *const *less);
/* Width of the terminal that stdout is. */
size_t out_columns(void);
/* Shorten text to so many columns, with "..." at its end, if it is longer. */
void out_clip(char *text, size_t columns);
/*
 * The colour of a state, or -1 for none; writes nothing unless stdout is a terminal that has
 * colours, and NO_COLOR is not set.
 */
void out_colour(FILE *f, int state);
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void json_quoted(FILE *f, const char *text, size_t len);
/* ,"name": first is true for no comma. */
void json_name(FILE *f, const char *name, bool first);
/* "{" and the members of json_message, all or nothing of it. */
enum status json_open(FILE *f, struct queue *q, const struct place *p,
    struct error *err) MUST_CHECK;
/*
 * The members of a message (design: id queue state priority attempts deliveries size enqueued due
 * deadline expires handle reason headers), braces left to the caller: "{" before, more members and
 * "}" after.  headers is null where they are broken or may not be read.
 */
enum status json_message(FILE *f, struct queue *q, const struct place *p,
    struct error *err) MUST_CHECK;
/*
 * ,"body": or ,"body_base64": streamed from the file's position body to its end, in constant
 * memory.
 */
enum status json_body(FILE *f, int fd, const struct msgname *n, struct error *err) MUST_CHECK;
/* The same under these names; text NULL: in base64 whatever it is. */
enum status json_body_as(FILE *f, int fd, const struct msgname *n, const char *text,
    const char *base64, struct error *err) MUST_CHECK;
/* Whether the body is UTF-8. */
enum status json_body_text(int fd, const struct msgname *n, bool *text,
    struct error *err) MUST_CHECK;
/* Copy the body of an open message to a descriptor. */
enum status body_copy(int from, const struct msgname *n, int to, struct error *err) MUST_CHECK;

#endif
