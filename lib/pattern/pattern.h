/*
 * pattern.h: the door to what a key, an id and an asker mean.
 */
#ifndef PATTERN_PATTERN_H
#define PATTERN_PATTERN_H

#include "base/base.h"

struct headers;
struct msgid;
struct question;
struct queue;

/* ---- order.c --------------------------------------------------------------- */

/* Whose turn it is among the messages of a key.  False: nobody's, as far as can be seen. */
bool order_turn(struct queue *q, const char *order, struct msgid *id);
/*
 * For who goes over many messages and moves them: turns that end between these two are passed on at
 * the end.  Else the next of a key would be put where it is not met any more, and those after it
 * would be met before it.
 */
void order_defer(struct queue *q);
void order_resume(struct queue *q);
/* Whoever waits for the turn of its key and for nobody else goes on: after a change of policy. */
void order_sweep_all(struct queue *q);

/* ---- once.c ---------------------------------------------------------------- */

/* Whether the text may be a key.  ST_BADDATA: it may not; the error says why. */
enum status once_check(const char *key, struct error *err) MUST_CHECK;
/*
 * The message that was accepted under the key before, unless that is longer ago than the policy's
 * once.  ST_OK: it is durable.  ST_NONE: there is none.  ST_UNSURE: it is accepted, but not
 * certain to be in the queue.
 */
enum status once_find(struct queue *q, const char *key, usec_t now, struct msgid *id,
    struct error *err) MUST_CHECK;

/* ---- reply.c --------------------------------------------------------------- */

#define REPLY_LEN 32	/* hex digits: what a request's header Reply-To holds */
bool reply_ok(const char *token);
/*
 * The value of the first header Reply-To.  False: there is none, or its value is something else,
 * such as a mail address.
 */
bool reply_wanted(const struct headers *h, char token[REPLY_LEN + 1]);
/*
 * Whether somebody waits for an answer there.  ST_LOST: nobody does, and a late answer is counted;
 * ST_BADDATA: the token is not that of a reply place.
 */
enum status reply_awaited(struct queue *q, const char *token, usec_t now,
    struct error *err) MUST_CHECK;
/* An answer that is being written: fd is its file, whose name nobody else knows; -1: none. */
struct answer {
	int fd;
	char tmp[40];
};
enum status answer_open(struct queue *q, struct answer *a, struct error *err) MUST_CHECK;
enum status answer_write(struct answer *a, const void *data, size_t len,
    struct error *err) MUST_CHECK;
/*
 * Give the answer to the process that waits for it, and close it in any case.  ST_LOST: nobody
 * waits, or there is an answer already; this one is dropped, and counted.
 */
enum status answer_send(struct queue *q, struct answer *a, const char *token, usec_t now,
    struct error *err) MUST_CHECK;
/* Remove an answer that was not sent. */
void answer_close(struct queue *q, struct answer *a);

/* ---- ask.c ----------------------------------------------------------------- */

/*
 * Make a place for the answer, and watch it, before the request is pushed.  *out is to be closed
 * by question_close also if this fails.
 */
enum status question_open(struct queue *q, usec_t now, struct question **out,
    struct error *err) MUST_CHECK;
const char *question_token(const struct question *a);
/* The path of the answer, for people. */
void question_path(const struct question *a, char *buf, size_t size);
/*
 * Wait for the answer until deadline (clock_mono).  ST_OK: *fd is the answer, open for reading.
 * ST_LOST: nobody will answer; the error says why.  ST_NONE: the time is over, and nobody can
 * answer any more.  ST_AGAIN: a signal came.
 */
enum status question_wait(struct question *a, usec_t deadline, int *fd,
    struct error *err) MUST_CHECK;
/* keep: the answer stays where it is, for a day. */
void question_close(struct question *a, bool keep);
/*
 * Take back a request that was pushed with this priority and that nobody has claimed.  The cost
 * does not grow with what waits.  ST_NONE: the request was not found.
 */
enum status question_withdraw(struct queue *q, const struct msgid *id, int priority, usec_t now,
    struct error *err) MUST_CHECK;

/* ---- subscription.c -------------------------------------------------------- */

/*
 * Whether q may get what topic gets; NULL stands for a queue that is not made yet.
 * ST_USAGE: it must not.
 */
enum status subscription_allowed(struct queue *topic, struct queue *q,
    struct error *err) MUST_CHECK;
/*
 * Make topic a topic and q its subscriber; the filters replace those of an earlier subscription.
 * ST_USAGE: others have subscribed meanwhile so that this must not be, and nothing was made.
 */
enum status subscribe(struct queue *topic, struct queue *q, const char *const *filters, size_t n,
    struct error *err) MUST_CHECK;
/* ST_NOTFOUND: no such subscription.  The queue itself need not be there any more. */
enum status unsubscribe(struct queue *topic, const char *queue, struct error *err) MUST_CHECK;
/* Wake those that wait for what a topic gets: what is due there has changed. */
void topic_poke(struct queue *topic);

#endif
