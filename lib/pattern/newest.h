/*
 * newest.h: where the newest message of a key was last seen, in queues that keep only the newest.
 */
#ifndef PATTERN_NEWEST_H
#define PATTERN_NEWEST_H

#include "base/base.h"

struct msgid;
struct msgname;
struct place;
struct queue;

/*
 * Read the hint of a key (F15.31 of spool-format.md).  The hint says where to look, and proves
 * nothing: its message may have moved or gone since.  False: the queue keeps no hints, or has none
 * for this key.
 */
bool newest_read(struct queue *q, const char *order, struct place *p);
/* Like newest_read, but whatever the policy says now.  mq fsck needs that. */
bool newest_link(struct queue *q, const char *order, struct place *p);
/*
 * Let the hint of the key name this message, unless somebody has written that of a newer message
 * meanwhile.  'past' is the message that the hint named before, if the caller has found that it may
 * be forgotten although it is newer; or NULL.
 */
void newest_write(struct queue *q, const struct place *p, const struct msgid *past);
/*
 * Call this after a message left its place.  If the hint of its key names the message, the hint
 * becomes 'at', where the message waits now.  NULL: it waits in this queue no more, and the hint is
 * removed.
 */
void newest_follow(struct queue *q, const struct msgname *n, const struct place *at);
/*
 * The time for the id of the next message of a key: 'at', or a later time if the newest message of
 * the key has an id that is not older than 'at'.
 */
usec_t newest_after(struct queue *q, const char *order, usec_t at);
/* Remove the hint of a key. */
enum status newest_forget(struct queue *q, const char *order, struct error *err) MUST_CHECK;

#endif
