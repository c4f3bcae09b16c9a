/*
 * latest.c: queues in which a new message replaces the waiting ones of its key.
 *
 * A message is removed only for a newer one of the very same key that was seen to stand in the
 * queue.  The hint (newest.c) says where to look for the newer one.  If the hint is wrong, a
 * message too many is delivered, and none is lost.
 *
 * A push that is durable first writes the hint, and then looks at the messages that wait.  A
 * message that comes back from a claim is first moved, and then the hint is read.  So at least one
 * of two such processes sees what the other did.  A claim, too, asks for each message whether there
 * is a newer one.  So two pushes at once, or a push that was killed, cost at worst one delivery too
 * many.
 */
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/counters.h"
#include "view/view.h"
#include "pattern/order.h"
#include "pattern/newest.h"
#include "pattern/leave.h"
#include "pattern/latest.h"

/* How often a hint that changes is followed. */
#define LATEST_ROUNDS 16

/* Only the ids tell which message is newer, so that all hosts agree on it: see newest_after. */
static bool
latest_older(const struct msgname *a, const struct msgname *b)
{
	return strcmp(a->id.text, b->id.text) < 0;
}

/* Read the headers of a message, if it stands there.  True: the caller has to free them. */
static bool
latest_headers(struct queue *q, const struct place *p, struct headers *h)
{
	struct error ignored;
	enum status st;
	int fd;

	error_clear(&ignored);
	if (p->name.finished || msg_open(q, p, &fd, &ignored) != ST_OK)
		return false;
	st = msg_headers(fd, &p->name, h, &ignored);
	(void)close(fd);
	return st == ST_OK;
}

static bool
latest_keys_equal(const struct headers *a, const struct headers *b)
{
	struct header x, y;

	/* A producer may give only the hash of a key, and then there is no such header. */
	if (!headers_find(a, "Key", &x))
		return !headers_find(b, "Key", &y);
	return headers_find(b, "Key", &y) && x.valuelen == y.valuelen &&
	    memcmp(x.value, y.value, x.valuelen) == 0;
}

/*
 * Whether both messages stand there, and have the same key.  The names hold only a hash, which can
 * be the same for different keys, and a producer can choose keys so that it is.
 */
static bool
latest_same_key(struct queue *q, const struct place *a, const struct place *b)
{
	struct headers x, y;
	bool same = false;

	if (!latest_headers(q, a, &x))
		return false;
	if (latest_headers(q, b, &y)) {
		same = latest_keys_equal(&x, &y);
		headers_free(&y);
	}
	headers_free(&x);
	return same;
}

/*
 * Whether a newer message of this key stands: the one that the hint names, or, if that has moved or
 * is of another key with the same hash, the one that has the turn, or the last that waits for it.
 */
static bool
latest_newer_stands(struct queue *q, const struct place *p, const struct place *hint)
{
	const char *order = p->name.order;
	struct place newer;

	return latest_same_key(q, p, hint) ||
	    (order_holder(q, order, &newer) && latest_older(&p->name, &newer.name) &&
	    latest_same_key(q, p, &newer)) ||
	    (order_last(q, order, &newer) && latest_older(&p->name, &newer.name) &&
	    latest_same_key(q, p, &newer));
}

bool
latest_superseded(struct queue *q, const struct place *p)
{
	struct place hint, before;

	if (!newest_read(q, p->name.order, &hint))
		return false;
	/* The message that the hint named may have been replaced meanwhile: then look again. */
	for (int i = 0; i < LATEST_ROUNDS; i++) {
		if (!latest_older(&p->name, &hint.name))
			return false;
		if (latest_newer_stands(q, p, &hint))
			return true;
		before = hint;
		if (!newest_read(q, p->name.order, &hint) || strcmp(hint.file, before.file) == 0)
			return false;
	}
	return false;
}

enum status
latest_drop(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	struct leave l = { .state = p->state, .name = p->name, .event = "replaced" };
	enum status st = leave(q, p, &l, now, err);

	if (st == ST_OK)
		counters_add(q, COUNT_REMOVED, 1, now);
	return st;
}

void
latest_returned(struct queue *q, const struct place *p, usec_t now)
{
	struct error ignored;

	error_clear(&ignored);
	if (latest_superseded(q, p))
		(void)!latest_drop(q, p, now, &ignored);
}

/*
 * Remove the older messages of the key that wait for their turn, or to be tried again.  A message
 * that is claimed stays.
 */
static void
latest_replace(struct queue *q, const struct place *p, const struct place *old, usec_t now)
{
	struct error ignored;
	struct place next;

	error_clear(&ignored);
	/* A message that came meanwhile may have replaced ours, but it knows nothing of 'old'. */
	if (old != NULL && leave_waits(old->state) &&
	    (latest_same_key(q, old, p) || latest_superseded(q, old)) &&
	    latest_drop(q, old, now, &ignored) == ST_OK)
		return;
	error_clear(&ignored);
	while (order_waits(q, p->name.order, &next) && latest_older(&next.name, &p->name) &&
	    latest_same_key(q, &next, p))
		if (latest_drop(q, &next, now, &ignored) != ST_OK)
			return;
}

void
latest_published(struct queue *q, const struct place *p, usec_t now)
{
	struct place old;
	bool known;

	if (!q->policy.latest || p->name.order[0] == '\0' || p->file[0] == '\0')
		return;
	known = newest_read(q, p->name.order, &old);
	if (known && latest_older(&p->name, &old.name) && latest_superseded(q, p)) {
		latest_returned(q, p, now);
		return;
	}
	newest_write(q, p, known ? &old.name.id : NULL);
	latest_replace(q, p, known && latest_older(&old.name, &p->name) ? &old : NULL, now);
	latest_returned(q, p, now);	/* a newer one may have come meanwhile */
}

void
latest_arrived(struct queue *q, const struct place *p, usec_t now)
{
	struct error failed;

	if (!q->policy.latest || p->name.order[0] == '\0' || !leave_waits(p->state))
		return;
	error_clear(&failed);
	if (moves_sync(q, &failed) == ST_OK)
		latest_published(q, p, now);
	else
		q->sync_failed = true;	/* the last moves_sync reports it */
}
