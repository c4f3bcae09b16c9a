/*
 * order.h: messages of one key, one at a time.
 */
#ifndef PATTERN_ORDER_H
#define PATTERN_ORDER_H

#include "base/base.h"

struct msgid;
struct msgname;
struct place;
struct queue;

/*
 * Whether a message that stands in ready has its turn, which it gets if nobody has it.  ST_NONE: it has not.  *again becomes true where
 * an earlier one that may have been overlooked was put in ready.  *turn: who has it, if another has.  ST_EXISTS, only without take: nobody has
 * the turn; ask again with take when no earlier one of the key stands in ready.
 */
enum status order_ask(struct queue *, const struct place *, bool take, struct msgid *turn, bool *again, struct error *) MUST_CHECK;
/* Put one whose turn has not come where no claim has to pass over it.  dir: its bucket. */
enum status order_park(struct queue *, int dir, const struct place *, bool *again, struct error *) MUST_CHECK;
/* The message has gone for good, or is about to: the next of its key has its turn.  False: that could not be done now. */
bool order_leave(struct queue *, const struct msgname *);
/* Another was quicker, and may have ended it before it got its turn from us. */
void order_lost(struct queue *, const struct msgname *);
/*
 * It stands there now; if it has the turn, it keeps it, but where the policy lets others overtake.  If not, and newer ones
 * are parked, it is parked with them.
 */
void order_moved(struct queue *, const struct place *);
/* It came there from elsewhere: if it had the turn of its key there, it has it here, unless another has. */
void order_came(struct queue *, const struct place *);
/* Whether it has a key, and was delivered before: then it had the turn. */
bool order_begun(const struct msgname *);
/* Whether it has the turn of its key. */
bool order_holds(struct queue *, const struct msgname *);
/* Lanes that wait for nobody get going again; so many at a time, and only now and then if there are none.  True: there was one. */
bool order_sweep(struct queue *, usec_t now);
/* What is wrong with the turn of a key, whether messages wait because of it, and mend it.  NULL: nothing. */
const char *order_check(struct queue *, const char *order, bool repair, bool *stuck, bool *mended, struct error *);

/* Where the message is that has the turn, and the newest that waits for it.  False: there is none, as far as can be seen. */
bool order_holder(struct queue *, const char *order, struct place *);
bool order_last(struct queue *, const char *order, struct place *);
/* The next that waits: it has its turn and is not worked on, or is the first of the lane. */
bool order_waits(struct queue *, const char *order, struct place *);

#endif
