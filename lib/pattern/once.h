/*
 * once.h: keys that were accepted before.
 */
#ifndef PATTERN_ONCE_H
#define PATTERN_ONCE_H

#include "base/base.h"

struct msgname;
struct queue;

/*
 * Publish the file `from` as the message of a key; *n tells its name, which becomes the first's
 * name if there was one before (*duplicate).  Unless it is ST_OK or ST_UNSURE (accepted, but it may
 * not be in the queue yet) nothing has happened, and the file is where it was.
 */
enum status once_publish(struct queue *q, const char *key, int fromfd, const char *from,
    struct msgname *n, usec_t now, bool *duplicate, struct error *err) MUST_CHECK;
/*
 * What dead producers left in a directory of once/: messages that were accepted are brought into
 * the queue, others removed, and the markers whose time is over; without act only told.  seen may
 * be NULL.
 */
enum once_kind { ONCE_UNFINISHED, ONCE_LITTER, ONCE_FOREIGN };
enum status once_tend(struct queue *q, int dir, usec_t now, bool act,
    void (*seen)(void *, enum once_kind, const char *name, bool done), void *arg,
    struct error *err) MUST_CHECK;
/* The same for one of the directories, any. */
void once_sweep(struct queue *q, usec_t now);

#endif
