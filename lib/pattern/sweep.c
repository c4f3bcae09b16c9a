/*
 * sweep.c: keys that are stuck: finding them, and getting them going.
 *
 * A process that is killed after a message left and before it passed on the turn leaves a lane
 * whose messages wait, and nobody will pass the turn to them.  So does an operator who removes by
 * hand the message that blocks a key, or who changes the policy so that the message no longer
 * blocks it.  The end of a claim has a way back of its own (done_complete); for all else there is
 * only the sweep.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/look.h"
#include "spool/queue.h"
#include "spool/place.h"
#include "spool/lane.h"
#include "view/scan.h"
#include "pattern/pattern.h"
#include "pattern/turn.h"
#include "pattern/passing.h"
#include "pattern/order.h"

/*
 * A sweep looks into this many lanes at most.  A process whose sweep found nothing does not sweep
 * again before SWEEP_EVERY has passed.
 */
#define SWEEP_LANES 64
#define SWEEP_EVERY (10 * USEC)

/* What is wrong with the turn of a key.  NULL: nothing is, as far as can be seen. */
static const char *
sweep_wrong(struct queue *q, const char *order, struct error *err)
{
	struct place p;
	struct turn t;

	if (turn_read(q, order, &t, err) != TURN_DONE)
		return lane_first(q, order, &p, err) == LANE_WAITS ?
		    "messages wait, and it is nobody's turn" : NULL;
	switch (holder_find(q, order, &t, &p, err)) {
	case HOLDER_GONE:
		return "it is the turn of a message that is done with";
	case HOLDER_STANDS:
		return place_in_lane(&p) ? "it is the turn of a message that no claim can see" :
		    NULL;
	case HOLDER_FAILED:
		break;
	}
	return NULL;
}

/*
 * Look into up to 'max' of the lanes whose names come after 'after', and get those going that are
 * stuck; '*mended' becomes true if there was one.  The function returns how many lanes it looked
 * into, and 'after' becomes the name of the last one.
 */
static size_t
sweep_lanes(struct queue *q, char after[NAME_MAX_LEN + 1], size_t max, bool *mended)
{
	const struct entry *e;
	struct error ignored;
	struct walk w;
	size_t n = 0;
	int dir;

	error_clear(&ignored);
	if (lanes_look(q, &dir, &ignored) != ST_OK)
		return 0;
	walk_begin(&w, dir, after, max);
	for (; n < max && walk_next(&w, &e, &ignored) == ST_OK; n++) {
		(void)strlcpy(after, e->name, NAME_MAX_LEN + 1);
		*mended |= order_ok(after) && sweep_wrong(q, after, &ignored) != NULL &&
		    order_settle(q, after, NULL);
		error_clear(&ignored);
	}
	walk_end(&w);
	if (dir != -1)
		(void)close(dir);
	return n;
}

/*
 * A sweep starts at a random name and goes on from the first name after the last one.  So it
 * looks into all lanes if they are few, and otherwise meets each of them sooner or later.
 */
bool
order_sweep(struct queue *q, usec_t now)
{
	char after[NAME_MAX_LEN + 1], first[NAME_MAX_LEN + 1] = "";
	bool mended = false;
	uint64_t random;
	size_t n;

	if (q->swept != 0 && now >= q->swept && now - q->swept < SWEEP_EVERY)
		return false;
	arc4random_buf(&random, sizeof(random));
	(void)snprintf(after, sizeof(after), "%016llx", (unsigned long long)random);
	n = sweep_lanes(q, after, SWEEP_LANES, &mended);
	if (n < SWEEP_LANES)
		(void)sweep_lanes(q, first, SWEEP_LANES - n, &mended);
	q->swept = mended ? 0 : now;
	return mended;
}

bool
order_sweep_some(struct queue *q, usec_t now)
{
	usec_t swept = q->swept;
	bool mended = order_sweep(q, now);

	if (!mended)
		q->swept = swept;
	return mended;
}

void
order_sweep_all(struct queue *q)
{
	char after[NAME_MAX_LEN + 1] = "";
	bool mended = false;

	while (sweep_lanes(q, after, SCAN_LANES, &mended) == SCAN_LANES)
		continue;
}

const char *
order_check(struct queue *q, const char *order, bool repair, bool *stuck, bool *mended,
    struct error *err)
{
	const char *text = NULL;
	struct place p;

	/*
	 * Other processes pass turns on meanwhile, and between the two steps of that a key looks
	 * stuck.  So it counts as stuck only if it looks so three times.
	 */
	for (int i = 0; i < 3; i++)
		if ((text = sweep_wrong(q, order, err)) == NULL)
			break;
	*stuck = text != NULL && lane_first(q, order, &p, err) == LANE_WAITS;
	*mended = false;
	/* After a power failure turns/ORDER may hold more than one entry: each round ends one. */
	for (int i = 0; text != NULL && repair && !*mended && i < PASSING_ROUNDS; i++)
		*mended = order_settle(q, order, NULL) && sweep_wrong(q, order, err) == NULL;
	error_clear(err);
	return text;
}
