/*
 * passing.h: how the turn of a key goes from one message to the next.
 */
#ifndef PATTERN_PASSING_H
#define PATTERN_PASSING_H

#include "base/base.h"

struct msgid;
struct place;
struct queue;
struct turn;

/* How many rounds a loop may lose against other processes before it gives up. */
#define PASSING_ROUNDS 100

/* The oldest and the newest message that wait in the lane of a key. */
enum lane_is { LANE_WAITS, LANE_EMPTY, LANE_FAILED };
enum lane_is lane_first(struct queue *q, const char *order, struct place *p,
    struct error *err) MUST_CHECK;
enum lane_is lane_last(struct queue *q, const char *order, struct place *p,
    struct error *err) MUST_CHECK;

/* Find the message that has the turn.  HOLDER_GONE: it does not need the turn any more. */
enum holder_is { HOLDER_STANDS, HOLDER_GONE, HOLDER_FAILED };
enum holder_is holder_find(struct queue *q, const char *order, const struct turn *t,
    struct place *p, struct error *err) MUST_CHECK;
/* Whether a message that failed for good, or was set aside, keeps the turn of its key there. */
bool holder_blocks(const struct queue *q, const struct place *p);
/* Whether a message that stands there keeps the turn of its key. */
bool holder_keeps(const struct queue *q, const struct place *p);

/* PASSING_AGAIN: another process changed something meanwhile, so look again. */
enum passing { PASSING_DONE, PASSING_AGAIN, PASSING_FAILED };
/* Move a message from its lane to ready. */
enum passing passing_to_ready(struct queue *q, const struct place *p, struct error *err) MUST_CHECK;
/*
 * Give the turn, which nobody has, to the first message of the lane.  '*any' becomes true if there
 * is one.
 */
enum passing passing_start(struct queue *q, const char *order, bool *any,
    struct error *err) MUST_CHECK;
/*
 * Bring it about that the message of this id (NULL: none) does not have the turn, and that the
 * message that has it stands where a claim can see it.
 */
enum passing passing_settle(struct queue *q, const char *order, const struct msgid *id,
    struct error *err) MUST_CHECK;

#endif
