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
#define REPLY_FAILED "failed"	/* in place of an answer: why there will be none */
/* The directory; ST_GONE: there is none. */
enum status replies_open(struct queue *q, bool create, int *fd, struct error *err) MUST_CHECK;
/*
 * The places that nobody waits in, of at most max behind after (0: of all).  seen is called for
 * each, and may be NULL.
 */
void replies_sweep(struct queue *q, int replies, const char *after, size_t max, usec_t now,
    bool remove, void (*seen)(void *, const char *, bool removed), void *arg);
void replies_tidy(struct queue *q, int replies, usec_t now);
/*
 * Before a message goes for good: where its answer is awaited, "" if nowhere.  When it has gone:
 * tell why there will be none.
 */
void reply_asker(struct queue *q, const struct place *p, char token[REPLY_LEN + 1]);
void reply_failed(struct queue *q, const char *token, const char *why, usec_t now);

#endif
