/*
 * newest.h: where the newest message of a key was last seen, in queues that keep only that.
 */
#ifndef PATTERN_NEWEST_H
#define PATTERN_NEWEST_H

#include "base/base.h"

struct msgname;
struct place;
struct queue;

/*
 * The hint of a key (F15.31 of spool-format.md).  It says where to look, and proves
 * nothing: its message may have moved or gone since.  False: the queue keeps no hints, or has none
 * for this key.
 */
bool newest_read(struct queue *q, const char *order, struct place *p);
/* As newest_read, whatever the policy says now: for a checker. */
bool newest_link(struct queue *q, const char *order, struct place *p);
/* Let the hint of its key name this message. */
void newest_write(struct queue *q, const struct place *p);
/*
 * The message left its place.  at: where it stands now, if it still waits in the queue; else
 * NULL.
 */
void newest_follow(struct queue *q, const struct msgname *n, const struct place *at);
/*
 * A time after that of the newest message of a key, and not before at: that of the next one's id.
 */
usec_t newest_after(struct queue *q, const char *order, usec_t at);
/* Remove the hint of a key. */
enum status newest_forget(struct queue *q, const char *order, struct error *err) MUST_CHECK;

#endif
