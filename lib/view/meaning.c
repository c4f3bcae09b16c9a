/*
 * meaning.c: what it means for a message that a name came to a directory, or left one.
 *
 * A change of state is a rename: the kernel reports a departure and an arrival with one cookie.
 * The two need not be neighbours, so the last departures are remembered.  What an arrival means
 * follows from where the message came from, and from its name.
 */
#include <sys/inotify.h>
#include <string.h>

#include "base/name.h"
#include "spool/queue.h"
#include "spool/lane.h"
#include "view/view.h"
#include "view/scan.h"
#include "view/event.h"

/* ---- what a move means ------------------------------------------------- */

static struct departure *
meaning_departure(struct events *ev, uint32_t cookie)
{
	for (size_t i = 0; cookie != 0 && i < PARTED; i++)
		if (ev->parted[i].cookie == cookie)
			return &ev->parted[i];
	return NULL;
}

const char *
meaning_came(const struct place *to)
{
	if (to->name.waited)
		return NULL;	/* a message that waits for its turn counts as ready already */
	switch (to->state) {
	case STATE_READY:
		return to->name.deliveries == 0 && to->name.reason[0] == '\0' ? "pushed" : "moved";
	case STATE_DELAYED:
		return to->name.deliveries == 0 ? "delayed" : "moved";
	default:
		return "moved";
	}
}

/*
 * What it means that a message moved from one place to another.  'from' is NULL if the message was
 * not seen to leave a place.  NULL is returned if nothing happened that is to be told.
 */
static const char *
meaning_of(const struct departure *from, const struct place *to)
{
	if (from == NULL || from->untold)
		return meaning_came(to);
	if (from->arrived_new)
		return NULL;
	if (from->at.state == to->state)
		return to->state == STATE_CLAIMED && !name_ended(&to->name) ? "extended" : NULL;
	switch (to->state) {
	case STATE_CLAIMED:
		return "claimed";
	case STATE_HELD:
		return "held";
	case STATE_DEAD:
		return "dead";
	case STATE_DONE:
		return "acked";
	default:
		break;
	}
	/*
	 * An attempt that failed is counted in the name that the message gets at the end of the
	 * claim, or before that in the mark of the claim.
	 */
	if (from->at.state == STATE_CLAIMED)
		return from->at.name.failed != 0 || to->name.attempts > from->at.name.attempts ?
		    "failed" : "released";
	return from->at.state == STATE_DELAYED && to->name.attempts == from->at.name.attempts &&
	    to->state == STATE_READY && from->at.name.key <= clock_now() ? "due" : "retried";
}

bool
meaning_tell(struct events *ev, struct event *e, size_t queue, const char *what,
    const struct place *p)
{
	if (what == NULL)
		return false;
	e->time = clock_now();
	e->what = what;
	e->queue = queue < ev->nqueues ? ev->queue[queue]->name : "-";
	e->have = p != NULL;
	if (p != NULL)
		e->at = *p;
	return true;
}

/* ---- departures and arrivals ------------------------------------------- */

/*
 * Remember a file that came to new/ and was adopted before we could look at it.  Its arrival in
 * ready/ is told instead.
 */
static void
meaning_untold(struct events *ev, size_t queue, const char *file)
{
	struct unseen *u = &ev->unseen[ev->next_unseen];

	u->queue = queue;
	(void)strlcpy(u->file, file, sizeof(u->file));
	ev->next_unseen = (ev->next_unseen + 1) % PARTED;
}

static bool
meaning_was_untold(struct events *ev, size_t queue, const char *file)
{
	for (size_t i = 0; i < PARTED; i++)
		if (ev->unseen[i].queue == queue && strcmp(ev->unseen[i].file, file) == 0) {
			ev->unseen[i].file[0] = '\0';
			return true;
		}
	return false;
}

/*
 * Whether a message that left ready/ only waits for the turn of its key: it is in the lane of the
 * key, or has left the lane again and stands in a state of the queue.
 */
static bool
meaning_parked(struct events *ev, const struct departure *d)
{
	struct queue *q = ev->queue[d->queue];
	const struct msgname *n = &d->at.name;
	struct error ignored;
	struct shelf lane;
	struct place p;
	bool yes;

	error_clear(&ignored);
	if (d->at.state != STATE_READY || n->order[0] == '\0')
		return false;
	yes = lane_open(q, n->order, &lane, &ignored) == ST_OK &&
	    place_find(&lane, &n->id, NULL, NULL, &p, &ignored) == ST_OK;
	shelf_close(&lane);
	error_clear(&ignored);
	return yes || scan_find(q, STATES_ALL, &n->id, &p, &ignored) == ST_OK;
}

/* Tell of a message that left, and did not arrive anywhere that we watch. */
static bool
meaning_moved_away(struct events *ev, const struct departure *d, struct event *e)
{
	return !d->arrived_new && !meaning_parked(ev, d) &&
	    meaning_tell(ev, e, d->queue, "moved", &d->at);
}

bool
meaning_depart(struct events *ev, const struct inotify_event *ie, const struct watched *w,
    struct event *e)
{
	struct departure *d = &ev->parted[ev->next_parted];
	struct departure old = *d;
	struct place p;

	memset(&p, 0, sizeof(p));
	p.state = w->state;
	(void)strlcpy(p.file, ie->name, sizeof(p.file));
	(void)strlcpy(p.bucket, w->bucket, sizeof(p.bucket));
	if (w->what == DIR_BUCKET && name_parse(ie->name, &p.name) != NAME_OK)
		return false;
	*d = (struct departure){ .cookie = ie->cookie, .queue = w->queue, .at = p,
	    .arrived_new = w->what == DIR_NEW,
	    .untold = w->what == DIR_NEW && meaning_was_untold(ev, w->queue, ie->name) };
	ev->next_parted = (ev->next_parted + 1) % PARTED;
	return old.cookie != 0 && meaning_moved_away(ev, &old, e);
}

bool
meaning_arrive(struct events *ev, const struct inotify_event *ie, const struct watched *w,
    struct event *e)
{
	struct departure *from = meaning_departure(ev, ie->cookie);
	struct place p;

	if (from != NULL)
		from->cookie = 0;	/* its other members are used below */
	if (!watched_place(ev, w, ie->name, &p)) {
		if (w->what == DIR_NEW)
			meaning_untold(ev, w->queue, ie->name);
		return false;
	}
	if (watched_before(ev, w->queue, &p))
		return false;
	if (w->what == DIR_NEW)
		return meaning_tell(ev, e, w->queue, "pushed", &p);
	if (from != NULL && from->queue != w->queue)
		return meaning_tell(ev, e, w->queue, "moved", &p);
	return meaning_tell(ev, e, w->queue, meaning_of(from, &p), &p);
}

bool
meaning_deleted(struct events *ev, const struct inotify_event *ie, const struct watched *w,
    struct event *e)
{
	struct place p;

	if (w->what != DIR_BUCKET || !watched_place(ev, w, ie->name, &p))
		return false;
	return meaning_tell(ev, e, w->queue, w->state == STATE_CLAIMED ? "acked" : "removed", &p);
}

bool
meaning_overdue(struct events *ev, struct event *e)
{
	for (size_t i = 0; i < PARTED; i++) {
		struct departure *d = &ev->parted[i];
		if (d->cookie == 0)
			continue;
		d->cookie = 0;
		if (meaning_moved_away(ev, d, e))
			return true;
	}
	return false;
}

bool
meaning_awaits(const struct events *ev)
{
	for (size_t i = 0; i < PARTED; i++)
		if (ev->parted[i].cookie != 0)
			return true;
	return false;
}
