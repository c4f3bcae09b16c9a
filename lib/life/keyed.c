/*
 * keyed.c: whether the turn of a message with a key has come, in a pass over ready/.
 *
 * Messages of one key are claimed one at a time and in their order.  A pass meets them in that
 * order, unless one was published, or came back, behind the place where the pass is.  Then the
 * pass may have missed an earlier message, and begins anew.  A key whose turn has not come is
 * remembered for the rest of the pass.  If there are too many such keys, their messages are parked
 * in the lanes of the keys, where no claim has to pass over them.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/name.h"
#include "base/look.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "pattern/order.h"
#include "pattern/latest.h"
#include "life/life.h"
#include "life/attempt.h"
#include "life/fail.h"

/* By how much the clock of a file system may lag behind ours. */
#define TICK (USEC / 50)

void
keyed_begin(struct attempt *a)
{
	a->again = false;
	a->q->window.npassed = 0;
	a->q->window.began = clock_now();
}

/*
 * Whether a time lies within this pass.  A time in the future was noted before the clock was set
 * back; it does not count, because to look again for each such message would take long.
 */
static bool
keyed_since(const struct attempt *a, usec_t at)
{
	return at >= a->q->window.began - TICK && at <= clock_now() + TICK;
}

/*
 * Whether a message may have been published, or moved here, after the pass began.  Then the pass
 * may have missed another message of its key that was published just before.
 */
static bool
keyed_fresh(const struct attempt *a, int dir, const struct place *p)
{
	struct stat sb;

	if (keyed_since(a, id_time(&p->name.id)))
		return true;
	return fstatat(dir, p->file, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    keyed_since(a, stat_ctime(&sb));
}

/* Whether a bucket has a message of the key, one that stands before 'before' if that is given. */
static enum status
keyed_in_bucket(struct queue *q, const struct bucket *b, const char *order, const char *before,
    bool *has, struct error *err)
{
	struct listing l;
	struct msgname n;
	enum status st;

	if ((st = bucket_list(shelf_of(q, STATE_READY), b, &l, err)) != ST_OK) {
		*has = st == ST_GONE;	/* it may have been renamed, and then was not seen */
		return st == ST_GONE ? ST_OK : st;
	}
	for (size_t i = 0; !*has && i < l.n && (before == NULL || strcmp(l.e[i].name, before) < 0);
	    i++)
		*has = l.e[i].type == DT_REG && name_parse(l.e[i].name, &n) == NAME_OK &&
		    strcmp(n.order, order) == 0;
	listing_free(&l);
	return ST_OK;
}

/*
 * Before a message takes the turn of its key, or is parked, all messages before it must have been
 * seen.  STEP_ANEW: one may have been missed.
 */
static enum step
keyed_in_sight(struct attempt *a, int dir, const struct place *p)
{
	bool missed = false, here = false;
	struct buckets bs;
	enum status st;

	/* The clock was set back, so no time tells which messages have come since. */
	if (clock_now() < a->q->window.began)
		return STEP_ANEW;
	if (!keyed_fresh(a, dir, p))
		return STEP_OK;
	if ((st = buckets_list(shelf_of(a->q, STATE_READY), &bs, a->err)) != ST_OK)
		return step_stop(a, st);
	for (size_t i = 0; st == ST_OK && !missed && !here && i < bs.n; i++) {
		here = strcmp(bs.b[i].name, p->bucket) == 0;
		st = keyed_in_bucket(a->q, &bs.b[i], p->name.order, here ? p->file : NULL, &missed,
		    a->err);
	}
	buckets_free(&bs);
	return st != ST_OK ? step_stop(a, st) : missed ? STEP_ANEW : STEP_OK;
}

/* The index of a key among those that were passed over.  w->npassed: it is not there. */
static unsigned
keyed_find(const struct window *w, const char *order)
{
	unsigned i = 0;

	while (i < w->npassed && strcmp(w->passed[i].order, order) != 0)
		i++;
	return i;
}

/*
 * Whether another message of the same key was passed over, and this one does not have the turn.  A
 * message with the turn may stand behind the one that was passed over, because of its priority.
 */
static bool
keyed_was_passed(const struct window *w, const struct msgname *n)
{
	unsigned i = keyed_find(w, n->order);

	return i < w->npassed && strcmp(w->passed[i].turn.text, n->id.text) != 0;
}

/*
 * Remember that a key was passed over.  'turn' is the message that has the turn, or NULL if that is
 * unknown.  False: there is no room for more keys.
 */
static bool
keyed_remember(struct window *w, const char *order, const struct msgid *turn)
{
	static const struct msgid none;
	unsigned i = keyed_find(w, order);

	if (i == PASSED_MAX)
		return false;
	if (i == w->npassed) {
		(void)strlcpy(w->passed[i].order, order, sizeof(w->passed[i].order));
		w->passed[w->npassed++].turn = turn != NULL ? *turn : none;
	}
	return true;
}

/*
 * Pass over a message, and in this pass also the later ones of its key, except the message that has
 * the turn.
 */
static enum step
keyed_pass_by(struct attempt *a, int dir, const struct place *p, const struct msgid *turn)
{
	enum status st;
	enum step step;

	if (!keyed_remember(&a->q->window, p->name.order, turn) && !a->park)
		return STEP_ANEW;
	if (!a->park)
		return STEP_NEXT;
	if ((step = keyed_in_sight(a, dir, p)) != STEP_OK)
		return step;
	st = order_park(a->q, dir, p, &a->again, a->err);
	return st == ST_OK || st == ST_NONE ? STEP_NEXT : step_stop(a, st);
}

/*
 * Ask whether the turn of a message has come.  STEP_NEXT: it has not; *turn becomes the message
 * that has the turn.
 */
static enum step
keyed_ask(struct attempt *a, int dir, const struct place *p, struct msgid *turn)
{
	enum order_is is = order_ask(a->q, p, false, turn, &a->again, a->err);
	enum step step;

	if (is == ORDER_NOBODYS) {	/* take the turn, unless an earlier message was missed */
		if ((step = keyed_in_sight(a, dir, p)) != STEP_OK)
			return step;
		is = order_ask(a->q, p, true, turn, &a->again, a->err);
	}
	switch (is) {
	case ORDER_ITS_TURN:
		return STEP_OK;
	case ORDER_NOT_YET:
	case ORDER_NOBODYS:
		return STEP_NEXT;
	case ORDER_FAILED:
		break;
	}
	return step_stop(a, a->err->status);
}

static enum step
keyed_come(struct attempt *a, int dir, const struct place *p)
{
	struct msgid turn = { "" };
	enum step step = STEP_NEXT;
	enum status st;

	if (latest_superseded(a->q, p)) {
		st = latest_drop(a->q, p, a->now, a->err);
		return st == ST_OK || st == ST_GONE ? STEP_NEXT : step_stop(a, st);
	}
	if (!keyed_was_passed(&a->q->window, &p->name))
		step = keyed_ask(a, dir, p, &turn);
	return step == STEP_NEXT ? keyed_pass_by(a, dir, p, &turn) : step;
}

/* If the turn of a key cannot be read, all its later messages wait, and other keys go on. */
enum step
keyed_turn(struct attempt *a, int dir, const struct place *p)
{
	enum step step = keyed_come(a, dir, p);

	if (step != STEP_STOP || !keyed_remember(&a->q->window, p->name.order, NULL))
		return step;
	return step_pass_over(a, a->status);
}
