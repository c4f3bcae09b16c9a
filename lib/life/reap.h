/*
 * reap.h: the messages that come back by themselves, and the litter of dead writers.
 */
#ifndef LIFE_REAP_H
#define LIFE_REAP_H

#include "base/base.h"

struct passed;
struct place;
struct queue;

#define REAP_MAX 64
/*
 * Return delayed messages that are due, at most REAP_MAX; and messages whose claims have lapsed,
 * after a look at a bounded number of claims.  *wake becomes the time at which there may be more to
 * do, if that is sooner; 'now' means at once.
 */
void reap_due(struct queue *q, usec_t now, usec_t *wake, struct passed *over);
void reap_lapsed(struct queue *q, usec_t now, usec_t *wake, struct passed *over);
/* Make a delayed message ready, or end it if it has expired. */
enum status reap_return(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;
/* Move the files in new/ to ready/. */
void reap_new(struct queue *q, usec_t now, struct passed *over);
/*
 * Find what dead writers left in a directory under names that begin with 'prefix': files older than
 * an hour and, if 'trees' is set, directories older than 36 hours, unless a writer has them locked.
 * 'remove' also removes them.  'seen' is called for each, and may be NULL.
 */
void reap_litter(int dir, const char *prefix, bool trees, usec_t now, bool remove,
    void (*seen)(void *arg, const char *name, bool removed), void *arg);

#endif
