/*
 * place.h: moving messages from one state to another.
 */
#ifndef SPOOL_PLACE_H
#define SPOOL_PLACE_H

#include "base/base.h"
#include "base/name.h"

struct queue;
struct shelf;

/* Move a file into the lane of a key, as bucket_put does.  The lane is made if it is missing. */
enum status lane_put(struct queue *q, const char *order, int fromfd, const char *from,
    struct msgname *n, struct error *err) MUST_CHECK;
/* Open the bucket that a place is in. */
enum status place_open(struct queue *q, const struct place *p, int *dirfd,
    struct error *err) MUST_CHECK;
/*
 * Move a message to a state of the queue 'to', which may be the queue and the state that it is in. 
 * The counters of both follow.  If the name is taken there, its key grows.  *where (may be NULL) is
 * where the message went.
 */
enum status place_move(struct queue *q, const struct place *p, struct queue *to, enum state s,
    struct msgname *name, struct place *where, struct error *err) MUST_CHECK;
/* Rename a message in its bucket.  ST_GONE: it is not there any more. */
enum status place_rename(struct queue *q, const struct place *p, const struct msgname *name,
    struct place *at, struct error *err) MUST_CHECK;
/*
 * Mark a claim as ended, by a name that tells how.  ST_NONE: there is no room for the longer
 * name, on the disk or in the name itself, and nothing was changed.
 */
enum status place_mark(struct queue *q, const struct place *p, const struct msgname *name,
    struct place *at, struct error *err) MUST_CHECK;
/* Remove a message, and its record if it has one.  ST_GONE: it is not there any more. */
enum status place_drop(struct queue *q, const struct place *p, struct error *err) MUST_CHECK;

#endif
