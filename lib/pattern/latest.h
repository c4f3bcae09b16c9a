/*
 * latest.h: queues in which only the newest message of a key waits.
 */
#ifndef PATTERN_LATEST_H
#define PATTERN_LATEST_H

#include "base/base.h"

struct place;
struct queue;

/*
 * Call this after a message was published and made durable.  If it has a key, and the queue keeps
 * only the latest message of each key, it replaces the older ones that wait.  If a newer one stands
 * in the queue, the message itself is removed.  If 'p->file' is "", the place of the message is not
 * known, and nothing is done.
 */
void latest_published(struct queue *q, const struct place *p, usec_t now);
/*
 * Call this after a message was moved or linked to 'p'.  It makes the move durable, and then does
 * what latest_published does.
 */
void latest_arrived(struct queue *q, const struct place *p, usec_t now);
/* Whether a newer message of the same key was seen to stand in the queue. */
bool latest_superseded(struct queue *q, const struct place *p);
/*
 * Call this after a message went from claimed to a state in which it waits: it is removed if it is
 * superseded.  Ask latest_superseded before that move, too, and move a superseded message to ready
 * and not to delayed.  In delayed it would keep its turn if the removal did not come to pass.
 */
void latest_returned(struct queue *q, const struct place *p, usec_t now);
/* Remove a message that a newer one replaces. */
enum status latest_drop(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;

#endif
