/*
 * place.h: from one state to another.
 */
#ifndef SPOOL_PLACE_H
#define SPOOL_PLACE_H

#include "base/base.h"
#include "base/name.h"

struct queue;
struct shelf;

/* Move a file into the lane of a key, which is made if need be; as bucket_put. */
enum status lane_put(struct queue *q, const char *order, int fromfd, const char *from,
    struct msgname *n, struct error *err) MUST_CHECK;
/* Open the bucket that a place is in. */
enum status place_open(struct queue *, const struct place *, int *dirfd, struct error *) MUST_CHECK;
/* Move from place to a state of queue to (may be the same queue); counters of both follow. */
enum status place_move(struct queue *, const struct place *, struct queue *to, enum state, struct msgname *name, struct place *, struct error *) MUST_CHECK;
/* Rename a message where it stands, in its bucket.  ST_GONE: it is not there any more. */
enum status place_rename(struct queue *q, const struct place *p, const struct msgname *name, struct place *at, struct error *err) MUST_CHECK;
/*
 * Mark a claim as ended, by a name that tells how.  ST_NONE: there is no room for the longer name, on the disk or in
 * the name itself, and nothing was changed.
 */
enum status place_mark(struct queue *q, const struct place *p, const struct msgname *name, struct place *at, struct error *err) MUST_CHECK;
enum status place_drop(struct queue *, const struct place *, struct error *) MUST_CHECK;

#endif
