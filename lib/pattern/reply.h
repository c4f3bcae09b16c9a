/*
 * reply.h: the reply places, which answers are put into.
 */
#ifndef PATTERN_REPLY_H
#define PATTERN_REPLY_H

#include "base/base.h"
#include "pattern/pattern.h"

struct place;
struct queue;

#define REPLY_ANSWER "answer"
#define REPLY_FAILED "failed"	/* comes in place of an answer, and says why there is none */
/* Open the directory of reply places.  ST_GONE: it is not there, and 'create' is false. */
enum status replies_open(struct queue *q, bool create, int *fd, struct error *err) MUST_CHECK;
/*
 * Find the places in which nobody waits any more, among the first 'max' places (0: among all) whose
 * names are greater than 'after'.  With 'remove' they are removed.  'seen' is called for each of
 * them, and may be NULL.
 */
void replies_sweep(struct queue *q, int replies, const char *after, size_t max, usec_t now,
    bool remove, void (*seen)(void *, const char *, bool removed), void *arg);
/* Remove the places in which nobody waits any more, among some that are chosen at random. */
void replies_tidy(struct queue *q, int replies, usec_t now);
/*
 * 'token' becomes the place that the message asks for its answer in, or "" if there is none.  Call
 * this before a message goes for good, while its headers can still be read.
 */
void reply_asker(struct queue *q, const struct place *p, char token[REPLY_LEN + 1]);
/*
 * Tell the process that waits at 'token' why there will be no answer.  Call this after the message
 * has gone.
 */
void reply_failed(struct queue *q, const char *token, const char *why, usec_t now);

#endif
