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

/*
 * '*id' becomes the message of the key that has the turn.  False: no message has it, as far as
 * can be seen.
 */
bool order_turn(struct queue *q, const char *order, struct msgid *id);
/*
 * Turns that end between these two calls are passed on only by order_resume.  A verb that goes over
 * many messages and moves them needs that: otherwise the next message of a key would be put where
 * the verb does not come any more, and the verb would meet later messages of the key before it.
 */
void order_defer(struct queue *q);
void order_resume(struct queue *q);

/* ---- sweep.c --------------------------------------------------------------- */

/*
 * Get all keys going that are stuck.  A change of the policy needs that, because a message may then
 * no longer block its key.
 */
void order_sweep_all(struct queue *q);

/* ---- once.c ---------------------------------------------------------------- */

/* Check that a text may be a key.  ST_BADDATA: it may not; the error says why. */
enum status once_check(const char *key, struct error *err) MUST_CHECK;
/*
 * Find the message that was accepted under the key before, unless that is longer ago than the
 * policy key "once" says.  ST_OK: there is one, and it is durable.  ST_NONE: there is none.
 * ST_UNSURE: there is one, but it is not certain to be in the queue.
 */
enum status once_find(struct queue *q, const char *key, usec_t now, struct msgid *id,
    struct error *err) MUST_CHECK;

/* ---- reply.c --------------------------------------------------------------- */

#define REPLY_LEN 32	/* hex digits: what a request's header Reply-To holds */
bool reply_ok(const char *token);
/*
 * 'token' becomes the value of the first header Reply-To.  False: there is no such header, or its
 * value is something else, such as a mail address.
 */
bool reply_wanted(const struct headers *h, char token[REPLY_LEN + 1]);
/*
 * Check that somebody waits for an answer under the token.  ST_LOST: nobody does, and the answer is
 * counted as late.  ST_BADDATA: the text is no token.
 */
enum status reply_awaited(struct queue *q, const char *token, usec_t now,
    struct error *err) MUST_CHECK;
/* An answer that is being written.  'fd' is its file, or -1 if there is none. */
struct answer {
	int fd;
	char tmp[40];
};
enum status answer_open(struct queue *q, struct answer *a, struct error *err) MUST_CHECK;
enum status answer_write(struct answer *a, const void *data, size_t len,
    struct error *err) MUST_CHECK;
/*
 * Give the answer to the process that waits for it; the answer is closed in any case.  ST_LOST:
 * nobody waits, or there is an answer already, so this one is dropped and counted.
 */
enum status answer_send(struct queue *q, struct answer *a, const char *token, usec_t now,
    struct error *err) MUST_CHECK;
/* Remove an answer that was not sent. */
void answer_close(struct queue *q, struct answer *a);

/* ---- ask.c ----------------------------------------------------------------- */

/*
 * Make a place for the answer, and watch it; call this before the request is pushed.  '*out' has
 * to be closed with question_close even if this fails.
 */
enum status question_open(struct queue *q, usec_t now, struct question **out,
    struct error *err) MUST_CHECK;
const char *question_token(const struct question *a);
/* Write the path of the answer to 'buf', in a form for people to read. */
void question_path(const struct question *a, char *buf, size_t size);
/*
 * Wait for the answer until 'deadline' (clock_mono).  ST_OK: '*fd' is the answer, open for reading.
 * ST_LOST: nobody will answer; the error says why.  ST_NONE: the time is over, and nobody can
 * answer any more.  ST_AGAIN: a signal came.
 */
enum status question_wait(struct question *a, usec_t deadline, int *fd,
    struct error *err) MUST_CHECK;
/* With 'keep' the file of the answer stays where it is for a day. */
void question_close(struct question *a, bool keep);
/*
 * Take back a request that was pushed with this priority and that nobody has claimed.  The cost
 * does not grow with the number of messages that wait.  ST_NONE: the request was not found.
 */
enum status question_withdraw(struct queue *q, const struct msgid *id, int priority, usec_t now,
    struct error *err) MUST_CHECK;

/* ---- subscription.c -------------------------------------------------------- */

/*
 * Check that 'q' may get what 'topic' gets.  NULL stands for a queue that is not made yet.
 * ST_USAGE: 'q' must not.
 */
enum status subscription_allowed(struct queue *topic, struct queue *q,
    struct error *err) MUST_CHECK;
/*
 * Make 'topic' a topic and 'q' its subscriber.  The filters replace those of an earlier
 * subscription.  ST_USAGE: because of what others have subscribed meanwhile this must not be, and
 * nothing was made.
 */
enum status subscribe(struct queue *topic, struct queue *q, const char *const *filters, size_t n,
    struct error *err) MUST_CHECK;
/*
 * End the subscription of the queue.  The queue itself need not be there any more.
 * ST_NOTFOUND: there is no such subscription.
 */
enum status unsubscribe(struct queue *topic, const char *queue, struct error *err) MUST_CHECK;
/* Wake the processes that wait for messages of the topic, because what is due there has changed. */
void topic_poke(struct queue *topic);

#endif
