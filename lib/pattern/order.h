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

/* Whether a message has the turn of its key. */
enum order_is {
	ORDER_ITS_TURN,
	ORDER_NOT_YET,	/* another message has the turn, or is about to get it */
	/* order_ask without take: nobody has the turn, and nothing waits in the lane */
	ORDER_NOBODYS,
	ORDER_FAILED	/* the error says why that cannot be told */
};
/*
 * Whether a message that stands in ready has its turn.  take: it gets the turn if nobody has it;
 * to be said only when no earlier message of the key stands in ready.  *turn becomes the message
 * that has it, if another one has.  *again becomes true where an earlier message was put in ready
 * that may have been overlooked.
 */
enum order_is order_ask(struct queue *q, const struct place *p, bool take, struct msgid *turn,
    bool *again,
    struct error *err) MUST_CHECK;
/* Put a message whose turn has not come where no claim has to pass over it.  dir: its bucket. */
enum status order_park(struct queue *q, int dir, const struct place *p, bool *again,
    struct error *err) MUST_CHECK;
/*
 * The message has gone for good, or is marked to go: the next one of its key gets the turn.
 * False: not now.
 */
bool order_leave(struct queue *q, const struct msgname *n);
/* Somebody else claimed the message first, and may have ended it before it got its turn from us. */
void order_lost(struct queue *q, const struct msgname *n);
/*
 * A message was moved there.  If it has the turn it keeps it, unless the policy lets others pass.
 * If not, and newer ones are parked, it is parked with them.
 */
void order_moved(struct queue *q, const struct place *to);
/*
 * A message came there from elsewhere: if it had the turn of its key there, it has it here,
 * unless another has.
 */
void order_came(struct queue *q, const struct place *p);
/* Whether a message has a key and was delivered before: then it had the turn. */
bool order_begun(const struct msgname *n);
/* Whether a message has the turn of its key. */
bool order_holds(struct queue *q, const struct msgname *n);
/*
 * Get lanes going that wait for nobody: a bounded number of them, and only now and then as long as
 * there are none.  True: there was one.
 */
bool order_sweep(struct queue *q, usec_t now);
/*
 * As order_sweep, for a consumer that has other work: that this saw nothing proves nothing, so it
 * does not keep the consumer from looking when there is no other work.
 */
bool order_sweep_some(struct queue *q, usec_t now);
/*
 * What is wrong with the turn of a key, whether messages wait because of it; and mend it.  NULL:
 * nothing.
 */
const char *order_check(struct queue *q, const char *order, bool repair, bool *stuck, bool *mended,
    struct error *err);

/*
 * Where the message is that has the turn, and the newest that waits for it.  False: there is
 * none, as far as can be seen.
 */
bool order_holder(struct queue *q, const char *order, struct place *p);
bool order_last(struct queue *q, const char *order, struct place *p);
/*
 * The next message that waits: it has its turn and is not worked on, or it is the first of the
 * lane.
 */
bool order_waits(struct queue *q, const char *order, struct place *p);

#endif
