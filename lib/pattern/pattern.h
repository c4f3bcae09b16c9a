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

/* Whether a text may be a key; ST_BADDATA says why not. */
enum status once_check(const char *key, struct error *err) MUST_CHECK;
/*
 * The message that was accepted under a key before, if that is not longer ago than the policy's
 * once: ST_OK, and it is durable.  ST_NONE: there is none.  ST_UNSURE: there is, but it is not
 * certain to be in the queue.
 */
enum status once_find(struct queue *q, const char *key, usec_t now, struct msgid *id,
    struct error *err) MUST_CHECK;

/* ---- reply.c --------------------------------------------------------------- */

#define REPLY_LEN 32	/* hex digits: what a request's header Reply-To holds */
bool reply_ok(const char *token);
/*
 * The value of the first header Reply-To; false: there is none, or it is something else, such as a
 * mail address.
 */
bool reply_wanted(const struct headers *h, char token[REPLY_LEN + 1]);
/*
 * Whether somebody waits there.  ST_LOST: no, which counts as a late answer; ST_BADDATA: that is no
 * reply place.
 */
enum status reply_awaited(struct queue *q, const char *token, usec_t now,
    struct error *err) MUST_CHECK;
/* An answer on its way: fd is its file, of which nobody knows yet; -1: there is none. */
struct answer {
	int fd;
	char tmp[40];
};
enum status answer_open(struct queue *q, struct answer *a, struct error *err) MUST_CHECK;
enum status answer_write(struct answer *a, const void *data, size_t len,
    struct error *err) MUST_CHECK;
/*
 * Give it to who waits for it; closes it in any case.  ST_LOST: dropped and counted, for nobody
 * waits, or there is an answer already.
 */
enum status answer_send(struct queue *q, struct answer *a, const char *token, usec_t now,
    struct error *err) MUST_CHECK;
/* Remove what was not sent. */
void answer_close(struct queue *q, struct answer *a);

/* ---- ask.c ----------------------------------------------------------------- */

/*
 * A place for the answer, watched: to be made before the request is pushed.  question_close also
 * what failed.
 */
enum status question_open(struct queue *q, usec_t now, struct question **out,
    struct error *err) MUST_CHECK;
const char *question_token(const struct question *a);
/* Where the answer comes to, for people. */
void question_path(const struct question *a, char *buf, size_t size);
/*
 * Until deadline (clock_mono).  ST_OK: *fd is the answer, open for reading; ST_LOST: nobody will
 * answer, the error says why; ST_NONE: the time is over, and nobody can answer any more; ST_AGAIN:
 * a signal came.
 */
enum status question_wait(struct question *a, usec_t deadline, int *fd,
    struct error *err) MUST_CHECK;
/* keep: leave the answer where it is; it stays for a day. */
void question_close(struct question *a, bool keep);
/*
 * Take a request back that was pushed with this priority and nobody has claimed, at a cost that
 * does not grow with what waits.  ST_NONE: it was not found.
 */
enum status question_withdraw(struct queue *q, const struct msgid *id, int priority, usec_t now,
    struct error *err) MUST_CHECK;

/* ---- subscription.c -------------------------------------------------------- */

/*
 * subscription_allowed: ST_USAGE: q must not get what topic gets (either may be NULL: not made
 * yet).  subscribe makes topic a topic; filters of an earlier subscription are replaced.  It, too,
 * is ST_USAGE, and makes nothing, where others have subscribed meanwhile so that it must not be.
 * unsubscribe: ST_NOTFOUND, there is none; of q only the name is needed, as it may be gone.
 */
enum status subscription_allowed(struct queue *topic, struct queue *q,
    struct error *err) MUST_CHECK;
enum status subscribe(struct queue *topic, struct queue *q, const char *const *filters, size_t n,
    struct error *err) MUST_CHECK;
enum status unsubscribe(struct queue *topic, const char *queue, struct error *err) MUST_CHECK;
/* Who waits for what is due in a topic looks again: call it when that changed. */
void topic_poke(struct queue *topic);

#endif
