/*
 * lane.h: where messages wait for the turn of their key.
 */
#ifndef SPOOL_LANE_H
#define SPOOL_LANE_H

#include "base/base.h"

struct listing;
struct msgname;
struct place;
struct queue;
struct shelf;

/* A directory below parent, made durably if it is to be.  ST_GONE: it is not there. */
enum status queue_sub(struct queue *, int parent, const char *name, bool create, int *fd, struct error *) MUST_CHECK;
/* The names in a directory of the queue, as fs_list; none if it is missing. */
enum status queue_sub_list(struct queue *, const char *dir, const char *after, size_t max, struct listing *, bool *more, struct error *) MUST_CHECK;
/* The lane of an order key; close it with shelf_close.  ST_GONE: there is none. */
enum status lane_open(struct queue *, const char *order, struct shelf *, struct error *) MUST_CHECK;
/* Move a file into the lane of a key, which is made if need be; as bucket_put. */
enum status lane_put(struct queue *, const char *order, int fromfd, const char *from, struct msgname *, struct error *) MUST_CHECK;
/* Remove a lane if it is empty: whoever parks there now makes it again. */
void lane_remove(struct queue *, const char *order);
bool place_in_lane(const struct place *);
/* The names of lanes, as fs_list; and whether a name is one of an order key. */
enum status lanes_list(struct queue *, const char *after, size_t max, struct listing *, bool *more, struct error *) MUST_CHECK;
bool order_ok(const char *);

#endif
