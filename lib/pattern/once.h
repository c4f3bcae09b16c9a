/*
 * once.h: keys that were accepted before.
 */
#ifndef PATTERN_ONCE_H
#define PATTERN_ONCE_H

#include "base/base.h"

struct msgname;
struct queue;

/*
 * Publish the file `from` as the message of a key, under the name *n.  If a message was accepted
 * under the key before, *duplicate becomes true and *n that message's name.  ST_UNSURE: the message
 * is accepted, but may not be in the queue yet.  After any failure nothing has happened, and the
 * file is where it was.
 */
enum status once_publish(struct queue *q, const char *key, int fromfd, const char *from,
    struct msgname *n, usec_t now, bool *duplicate, struct error *err) MUST_CHECK;
/*
 * Tidy up one directory of once/ (with act; else only look): messages of dead producers are brought
 * into the queue if they were accepted, and removed if not; markers whose time is over are removed.
 * seen is called for what was found, and may be NULL.
 */
enum once_kind { ONCE_UNFINISHED, ONCE_LITTER, ONCE_FOREIGN, ONCE_OVER };
enum status once_tend(struct queue *q, int dir, usec_t now, bool act,
    void (*seen)(void *, enum once_kind, const char *name, bool done), void *arg,
    struct error *err) MUST_CHECK;
/* Tidy up any one of the directories. */
void once_sweep(struct queue *q, usec_t now);

#endif
