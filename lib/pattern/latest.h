/*
 * latest.h: only the newest of a key.
 */
#ifndef PATTERN_LATEST_H
#define PATTERN_LATEST_H

#include "base/base.h"

struct msgname;
struct place;
struct queue;

/*
 * A message was published, and is durable; of interest if it has a key and the queue keeps the latest of each.  It replaces what is
 * older, or goes itself if it is older.  File "": nobody knows where.
 */
void latest_published(struct queue *, const struct place *, usec_t now);
/* The same for one that was moved or linked there just now: what it replaces may go only when it is durable. */
void latest_arrived(struct queue *, const struct place *, usec_t now);
/* Whether a newer one of its key was published. */
bool latest_superseded(struct queue *, const struct msgname *);
/*
 * A message went from claimed to where it waits: if a newer one of its key was published, it is removed.  Ask latest_superseded before,
 * and let it go to ready then, where a claim removes it should this not come to pass: what is delayed keeps its turn.
 */
void latest_returned(struct queue *, const struct place *, usec_t now);
/* Remove a message that a newer one takes the place of. */
enum status latest_drop(struct queue *, const struct place *, usec_t now, struct error *) MUST_CHECK;
/*
 * The message was acknowledged, or is about to leave those that are to be delivered: nothing that comes is compared with it any more.
 * Before it leaves, for a crash after that would leave it the latest, and have others removed for its sake.
 */
void latest_done(struct queue *, const struct msgname *);

#endif
