/*
 * latest.h: only the newest of a key waits.
 */
#ifndef PATTERN_LATEST_H
#define PATTERN_LATEST_H

#include "base/base.h"

struct place;
struct queue;

/*
 * A message was published, and is durable.  If it has a key, and the queue keeps the latest of
 * each, it replaces what waits and is older, or goes itself if a newer one stands there.  A place
 * whose file is "" is one that nobody knows.
 */
void latest_published(struct queue *q, const struct place *p, usec_t now);
/*
 * A message was moved or linked there just now: as latest_published, when it has been made
 * durable.
 */
void latest_arrived(struct queue *q, const struct place *p, usec_t now);
/* Whether a newer message of its key stands in the queue: it was seen. */
bool latest_superseded(struct queue *q, const struct place *p);
/*
 * A message went from claimed to where it waits: it is removed if it is superseded.  Ask
 * latest_superseded before that, too, and let the message go to ready then, not to delayed, where
 * it would keep its turn if the removal should not come to pass.
 */
void latest_returned(struct queue *q, const struct place *p, usec_t now);
/* Remove a message that a newer one takes the place of. */
enum status latest_drop(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;

#endif
