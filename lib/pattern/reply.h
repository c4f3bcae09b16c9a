/*
 * reply.h: the places of answers.
 */
#ifndef PATTERN_REPLY_H
#define PATTERN_REPLY_H

#include "base/base.h"
#include "pattern/pattern.h"

struct place;
struct queue;

#define REPLY_ANSWER "answer"
#define REPLY_FAILED "failed"	/* stands in place of an answer, and says why there is none */
/* Open the directory of reply places.  ST_GONE: there is none. */
enum status replies_open(struct queue *q, bool create, int *fd, struct error *err) MUST_CHECK;
/*
 * Find the places in which nobody waits, among at most max places whose names are greater than
 * after (max 0: among all).  seen is called for each of them, and may be NULL.
 */
void replies_sweep(struct queue *q, int replies, const char *after, size_t max, usec_t now,
    bool remove, void (*seen)(void *, const char *, bool removed), void *arg);
void replies_tidy(struct queue *q, int replies, usec_t now);
/*
 * reply_asker, before a message goes for good: the place where its answer is awaited, or "".
 * reply_failed, when it has gone: tell whoever waits there why there will be no answer.
 */
void reply_asker(struct queue *q, const struct place *p, char token[REPLY_LEN + 1]);
void reply_failed(struct queue *q, const char *token, const char *why, usec_t now);

#endif
