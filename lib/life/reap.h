/*
 * reap.h: what comes back by itself.
 */
#ifndef LIFE_REAP_H
#define LIFE_REAP_H

#include "base/base.h"

struct passed;
struct place;
struct queue;

#define REAP_MAX 64
/*
 * Return what is due and what has lapsed, at most REAP_MAX of each.  *wake: when there
 * may be more to do (now: at once).
 */
void reap_due(struct queue *q, usec_t now, usec_t *wake, struct passed *over);
void reap_lapsed(struct queue *q, usec_t now, usec_t *wake, struct passed *over);
/* What is delayed becomes ready, or has expired. */
enum status reap_return(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;
/* Move what lies in new/ to ready. */
void reap_new(struct queue *q, usec_t now, struct passed *over);
/*
 * What dead writers left in a directory under names with this prefix: files older than an hour
 * whose writer holds no lock, and, with trees, directories older than 36 hours.  seen is called for
 * each, and may be NULL.
 */
void reap_litter(int dir, const char *prefix, bool trees, usec_t now, bool remove,
    void (*seen)(void *, const char *, bool removed), void *arg);

#endif
