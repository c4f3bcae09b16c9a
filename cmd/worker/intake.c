/*
 * intake.c: messages that come from an engine.
 *
 * The engine may send as many as the worker can start at once, and no more: one that waits here
 * would be kept from other workers.  What came too many, as the place was taken meanwhile, goes
 * back.
 *
 * Several queues keep their order: the next one may send something when those before it have
 * nothing, or have been silent for a while, since an engine may take its time to say so.
 */
#include <string.h>

#include "base/name.h"
#include "shared/cmd.h"
#include "worker/link.h"
#include "worker/sources.h"
#include "worker/work.h"

/* A queue with credit that has been silent for so long holds up the next one no more. */
#define SILENT USEC
/* A message that waits for longer, for what reason ever, goes back. */
#define STALE (5 * USEC)
/* A look that found nothing, once more: what an engine calls empty need not be. */
#define IDLES 2

/* ---- messages -------------------------------------------------------------- */

static struct source *
intake_source(const struct link *l, const char *queue)
{
	for (struct source *s = l->w->source; s < l->w->source + l->w->nsources; s++)
		if (strcmp(s->intake->target, queue) == 0)
			return s;
	return NULL;
}

/* What has expired is dropped, or becomes a dead letter. */
static bool
intake_expired(struct link *l, struct parcel *p)
{
	usec_t expires = p->claim.at.name.expires;

	if (expires == 0 || expires > clock_now())
		return false;
	claim_close(&p->claim);
	if (p->source->policy->expired == EXPIRED_DROP) {
		settling_begin(l, p, SETTLE_ACK);
		return true;
	}
	p->reason = strdup("expired");
	settling_begin(l, p, SETTLE_DEAD);
	return true;
}

static void
intake_give_back(struct link *l, struct parcel *p)
{
	claim_close(&p->claim);
	settling_begin(l, p, SETTLE_NACK);
}

void
intake_message(struct link *l, const struct event_of_engine *ev)
{
	struct source *s = intake_source(l, ev->queue);
	struct error err = { 0 };
	struct parcel *p;

	if (s == NULL)
		return;	/* the client lets none come that nobody asked for */
	s->intake->credit--;
	s->intake->idles = 0;
	s->intake->since = clock_mono();
	if ((p = parcel_make(l, s, ev, &err)) == NULL || p->fd == -1) {
		/* No room, no descriptors: that is not the message's fault. */
		work_trouble(l->w, &err);
		backoff_failed(&s->intake->backoff);
		if (p != NULL)
			intake_give_back(l, p);
		else
			engine_nack(l->e, ev->token, 0, -1, NULL, NULL);
		return;
	}
	if (intake_expired(l, p))
		return;
	*s->intake->last = p;
	s->intake->last = &p->behind;
	source_wake(s);
}

static void
intake_ended(struct source *s, const struct event_of_engine *ev)
{
	struct intake *k = s->intake;

	k->credit = 0;
	k->stopping = false;
	if (ev->class == CLASS_AGAIN || ev->class == CLASS_FULL || ev->class == CLASS_UNKNOWN) {
		backoff_failed(&k->backoff);
		return;
	}
	(void)error_set(&k->ended, class_status(ev->class), 0, "queue '%s': %s", s->name, ev->text);
	source_wake(s);
}

void
intake_event(struct link *l, const struct event_of_engine *ev)
{
	struct source *s = ev->queue != NULL ? intake_source(l, ev->queue) : NULL;

	if (s == NULL)
		return;
	if (ev->kind == EV_IDLE)
		s->intake->idles++;
	else if (ev->kind == EV_ENDED)
		intake_ended(s, ev);
	else if (ev->kind == EV_STOPPED) {
		s->intake->stopping = false;
		s->intake->credit = 0;
	}
}

/* ---- whether the queue is there -------------------------------------------- */

/* A worker may make the places of dead letters, and not a queue whose name was mistyped. */
static void
intake_check(struct link *l, struct source *s)
{
	struct intake *k = s->intake;

	if (k->there || k->checking || k->ended.status != ST_OK || !backoff_lets(&k->backoff))
		return;
	k->checking = true;
	engine_ask(l->e, k, "check", k->target, NULL);
}

bool
intake_answer(struct link *l, const struct event_of_engine *ev)
{
	for (struct source *s = l->w->source; s < l->w->source + l->w->nsources; s++) {
		if (ev->data != s->intake)
			continue;
		s->intake->checking = false;
		if (ev->kind == EV_OK || ev->class == CLASS_CANNOT)
			s->intake->there = true;
		else
			intake_ended(s, ev);
		return true;
	}
	return false;
}

/* ---- the next one ---------------------------------------------------------- */

static struct parcel *
intake_pop(struct intake *k)
{
	struct parcel *p = k->first;

	if ((k->first = p->behind) == NULL)
		k->last = &k->first;
	return p;
}

enum status
intake_next(struct link *l, struct source *s, struct claim *c, struct passed *over,
    struct error *err)
{
	struct intake *k = s->intake;
	const struct msgname *n;

	if ((k->policy.paused & PAUSED_POP) != 0) {
		over->held = HELD_PAUSED;
		return error_set(err, ST_AGAIN, 0, "queue '%s' is paused", s->name);
	}
	if (k->ended.status != ST_OK) {
		*err = k->ended;
		return err->status;
	}
	if (k->first == NULL)
		return ST_NONE;
	n = &k->first->claim.at.name;
	if (l->w->claim.room > 0 && n->size - n->head > l->w->claim.room)
		return ST_LARGE;
	*c = intake_pop(k)->claim;
	return ST_OK;
}

bool
intake_drained(const struct link *l, const struct source *s)
{
	return s->intake->idles >= IDLES && s->intake->first == NULL && !s->intake->stopping &&
	    l->settling == 0;
}

/* ---- how many may come ----------------------------------------------------- */

/* Whether this queue does not hold up the next one. */
static bool
intake_is_quiet(const struct source *s)
{
	const struct intake *k = s->intake;

	return s->hope == SOURCE_GONE || (k->policy.paused & PAUSED_POP) != 0 || !breaker_lets(s) ||
	    !backoff_lets(&k->backoff) || (k->first == NULL && (k->idles > 0 ||
	    (k->credit > 0 && clock_mono() - k->since > SILENT)));
}

static int64_t
intake_wanted(const struct source *s, int64_t room)
{
	const struct intake *k = s->intake;

	if (s->hope == SOURCE_GONE || !k->there || k->ended.status != ST_OK || !breaker_lets(s) ||
	    (k->policy.paused & PAUSED_POP) != 0 || !backoff_lets(&k->backoff))
		return 0;
	if (s->jobs > 0 && s->jobs - s->running < room)
		room = s->jobs > s->running ? s->jobs - s->running : 0;
	return breaker_open(s) && room > 1 ? 1 : room;
}

/* 'may' is false if a queue before this one comes first. */
static void
intake_credit(struct link *l, struct source *s, int64_t wanted, bool may)
{
	struct intake *k = s->intake;

	if (k->stopping)
		return;
	if (k->credit > wanted) {
		k->stopping = true;
		engine_stop(l->e, k->target);
	} else if (may && k->credit < wanted) {
		if (k->credit == 0)
			k->since = clock_mono();
		engine_take(l->e, k->target, wanted - k->credit,
		    parcel_lease(l, work_lease(l->w, s)), false);
		k->credit = wanted;
	}
}

void
intake_turn(struct link *l)
{
	int64_t room = work_room(l->w), wanted;
	struct work *w = l->w;
	bool may = true;

	for (struct source *s = w->source; l->ready && s < w->source + w->nsources; s++) {
		struct intake *k = s->intake;
		intake_check(l, s);
		wanted = intake_wanted(s, room);
		while (k->first != NULL && (wanted == 0 || clock_mono() - k->first->came > STALE))
			intake_give_back(l, intake_pop(k));
		intake_credit(l, s, wanted, may);
		may &= intake_is_quiet(s);
	}
}

usec_t
intake_due(const struct link *l)
{
	const struct work *w = l->w;
	usec_t at = USEC_MAX, mono = clock_mono();

	for (const struct source *s = w->source; s < w->source + w->nsources; s++) {
		const struct intake *k = s->intake;
		usec_t next = k->backoff.until > mono ? k->backoff.until :
		    w->nsources > 1 && k->credit > 0 && k->idles == 0 ? k->since + SILENT + 1000 :
		    USEC_MAX;
		if (next > mono && next < at)
			at = next;
	}
	return at;
}

void
intake_reset(struct link *l)
{
	for (struct source *s = l->w->source; s < l->w->source + l->w->nsources; s++) {
		struct intake *k = s->intake;
		while (k->first != NULL) {
			struct parcel *p = intake_pop(k);
			if (l->stay)
				intake_give_back(l, p);
			else {
				claim_close(&p->claim);
				parcel_forget(l, p);
			}
		}
		k->credit = 0;
		k->stopping = k->checking = k->there = false;
		k->idles = 0;
	}
}
