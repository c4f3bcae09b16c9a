/*
 * settle.c: what becomes of a topic's message after it was given to its subscribers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "spool/queue.h"
#include "pattern/leave.h"
#include "life/life.h"
#include "topic/topic.h"
#include "topic/round.h"

static enum status
settle_unrouted(struct queue *topic, struct claim *c, usec_t now, struct error *err)
{
	struct leave l = { .to = topic, .state = STATE_HELD, .name = c->at.name, .event = "held" };

	name_unclaim(&l.name);
	l.name.key = now;
	(void)strlcpy(l.name.reason, "unrouted", sizeof(l.name.reason));
	return leave(topic, &c->at, &l, now, err);
}

/* Record why message 'i' stays in the topic, and which queues have it already. */
static void
settle_record(struct round *r, size_t i)
{
	struct failure why = { .reason = REFUSED };
	char *given = NULL;
	size_t len;
	FILE *f;

	if ((f = open_memstream(&given, &len)) == NULL)
		return;
	for (size_t s = 0; s < r->names.n; s++)
		if (*round_want(r, i, s) == HAS)
			(void)fprintf(f, "%s%s", ftell(f) > 0 ? " " : "", r->subs[s].name);
		else if (*round_want(r, i, s) == WANTS && why.text == NULL)
			why.text = r->subs[s].trouble;
	if (fclose(f) == 0) {
		why.given = given;
		record_add(r->topic, &r->c[i].at.name.id, 0, &why, r->now, given[0] != '\0');
		(void)strlcpy(r->c[i].at.name.reason, REFUSED, sizeof(r->c[i].at.name.reason));
	}
	free(given);
}

enum status
round_later(struct round *r, size_t i, struct error *err)
{
	struct claim *c = &r->c[i];
	usec_t delay = r->short_of ? 0 : policy_backoff(&r->topic->policy, c->at.name.deliveries);

	/* If the message is ready again at once, or has failed before, do not go on with it now. */
	r->stuck |= !r->short_of && (c->at.name.deliveries > 1 || delay == 0);
	return claim_release(r->topic, c, delay, r->now, err);
}

/*
 * All subscribers have message 'i', but it cannot leave the topic.  Note who has it, so that they
 * do not get it again, and try again later.
 */
static void
settle_stays(struct round *r, size_t i, const struct error *why)
{
	struct error ignored;

	if (!r->stuck)
		r->tell(r->arg, NULL, why);
	settle_record(r, i);
	error_clear(&ignored);
	/* If that fails, the lock ends with this process, and another takes the claim back. */
	if (round_later(r, i, &ignored) != ST_OK)
		error_clear(&ignored);
	r->stuck = true;
}

void
round_settle(struct round *r, size_t i)
{
	struct error err;
	enum status st;

	error_clear(&err);
	if (round_failed(r, i)) {
		if (!r->unsynced)
			settle_record(r, i);
		if ((st = round_later(r, i, &err)) != ST_OK && st != ST_LOST && st != ST_GONE)
			r->tell(r->arg, NULL, &err);
		return;
	}
	if (!round_routed(r, i) && r->topic->policy.unrouted != UNROUTED_DROP)
		st = settle_unrouted(r->topic, &r->c[i], r->now, &err);
	else
		st = claim_ack(r->topic, &r->c[i], r->now, &err);
	/* If another process has taken the claim, it also distributes the message. */
	if (st != ST_OK && st != ST_LOST && st != ST_GONE)
		settle_stays(r, i, &err);
}

/*
 * After a redo all queues are synced: a name that a dead process gave may not be on disk yet,
 * whichever queue it is in.
 */
void
round_sync(struct round *r)
{
	struct error err;

	error_clear(&err);
	if ((r->names.n <= SYNC_EACH && !r->redo) || queue_sync_all(r->topic, &err) == ST_OK)
		return;
	r->tell(r->arg, NULL, &err);
	r->unsynced = true;
}
