/*
 * lane.h: the lanes, where messages wait for the turn of their key.
 */
#ifndef SPOOL_LANE_H
#define SPOOL_LANE_H

#include "base/base.h"

struct msgname;
struct place;
struct queue;
struct shelf;

/* What to do about a directory that is missing.  One of advice is made, but not made durable. */
enum missing { MISSING_LEAVE, MISSING_MAKE_ADVICE, MISSING_MAKE };

/* Open a directory in 'parent'.  ST_GONE: it is not there. */
enum status queue_sub(struct queue *q, int parent, const char *name, enum missing missing, int *fd,
    struct error *err) MUST_CHECK;
/*
 * Open a directory of the queue to look into it.  *fd is -1 if it is missing or no directory, which
 * mq fsck reports.
 */
enum status queue_sub_look(struct queue *q, const char *name, int *fd,
    struct error *err) MUST_CHECK;
/* Open the lane of an order key.  Close it with shelf_close.  ST_GONE: there is none. */
enum status lane_open(struct queue *q, const char *order, struct shelf *sh,
    struct error *err) MUST_CHECK;
/* Like lane_open, but make the lane if it is missing.  ST_GONE: somebody removed it meanwhile. */
enum status lane_make(struct queue *q, const char *order, struct shelf *sh,
    struct error *err) MUST_CHECK;
/* Remove a lane if it is empty.  Whoever parks a message there makes it again. */
void lane_remove(struct queue *q, const char *order);
bool place_in_lane(const struct place *p);
/* Open the directory of the lanes, as queue_sub_look does. */
enum status lanes_look(struct queue *q, int *fd, struct error *err) MUST_CHECK;
/* Whether a name is that of an order key. */
bool order_ok(const char *text);

#endif
