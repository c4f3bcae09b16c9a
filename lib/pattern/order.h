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
	/* order_ask without 'take': nobody has the turn, and no message waits in the lane */
	ORDER_NOBODYS,
	ORDER_FAILED	/* whose turn it is cannot be told; the error says why */
};
/*
 * Whether a message that stands in ready/ has its turn.  With 'take' the message gets the turn if
 * nobody has it; say so only if no earlier message of the key stands in ready/.  If another message
 * has the turn, '*turn' becomes its id.  '*again' becomes true if an earlier message of the key may
 * have come to ready/ meanwhile, so that the caller has to look through ready/ again.
 */
enum order_is order_ask(struct queue *q, const struct place *p, bool take, struct msgid *turn,
    bool *again, struct error *err) MUST_CHECK;
/*
 * Park a message whose turn has not come in the lane of its key, so that no claim has to pass over
 * it.  'dir' is the bucket that the message is in.  '*again' becomes true if its turn may have come
 * meanwhile, so that the caller has to look through ready/ again.
 */
enum status order_park(struct queue *q, int dir, const struct place *p, bool *again,
    struct error *err) MUST_CHECK;
/*
 * Pass the turn of a message that has gone for good, or is marked to go, to the next one of its
 * key.  False: the turn could not be passed on now.
 */
bool order_leave(struct queue *q, const struct msgname *n);
/*
 * Set the turn right after another process claimed the message first.  That process may have ended
 * the message before we gave it the turn, and then nobody else would pass that turn on.
 */
void order_lost(struct queue *q, const struct msgname *n);
/*
 * Bring it about that the message of this id (NULL: none) does not have the turn, and that the
 * message that has it can be claimed.  False: that could not be done now.
 */
bool order_settle(struct queue *q, const char *order, const struct msgid *id);
/*
 * Set the turn and the lane of its key right after a message was moved to 'to'.  A message that has
 * the turn keeps it, unless it stands where messages do not block their key.  A message without the
 * turn that came to ready/ is parked if newer ones are parked.
 */
void order_moved(struct queue *q, const struct place *to);
/*
 * Like order_moved, but for a message that came from another queue or an archive: if it had the
 * turn of its key there, it gets the turn here, unless another message has it.
 */
void order_came(struct queue *q, const struct place *p);
/* Whether a message has a key and was delivered before, so that it had the turn of the key. */
bool order_begun(const struct msgname *n);
/* Whether a message has the turn of its key. */
bool order_holds(struct queue *q, const struct msgname *n);
/*
 * Where the message is that has the turn, and the newest message that waits for it.  False: there
 * is none, as far as can be seen.
 */
bool order_holder(struct queue *q, const char *order, struct place *p);
bool order_last(struct queue *q, const char *order, struct place *p);
/*
 * The next message of a key that waits: the one that has the turn, if it is in ready/ or delayed/,
 * or else the first of the lane.
 */
bool order_waits(struct queue *q, const char *order, struct place *p);

/* ---- sweep.c --------------------------------------------------------------- */

/*
 * Get keys going that are stuck.  One call looks into a bounded number of lanes, and after a call
 * that found nothing the next ones do nothing for some seconds.  True: a key was stuck.
 */
bool order_sweep(struct queue *q, usec_t now);
/*
 * Like order_sweep, but for a consumer that has other work.  A call that found nothing does not
 * put off the next order_sweep, which is to look when the consumer has no other work.
 */
bool order_sweep_some(struct queue *q, usec_t now);
/*
 * What is wrong with the turn of a key, or NULL if nothing is.  '*stuck' tells whether messages
 * wait because of that.  With 'repair' it is mended, and '*mended' tells whether that succeeded.
 */
const char *order_check(struct queue *q, const char *order, bool repair, bool *stuck, bool *mended,
    struct error *err);

#endif
