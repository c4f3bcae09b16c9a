/*
 * past.c: a subscription that starts from messages which the topic kept, or which nobody wanted.
 *
 * A message may just be distributed by a process that has not seen the subscription.  The states
 * are looked at in the order in which messages go through them, claimed/ first, so such a message
 * is found in one of them (see topic.c).  A claim that is acknowledged still stands in claimed/ for
 * a moment, so it counts here.
 *
 * The ids in the topic are noted first, then those in the queue.  A message that comes to done/
 * only after that was distributed with the subscription in force: the queue has got it already, and
 * may have handled it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/name.h"
#include "base/idset.h"
#include "base/envelope.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/place.h"
#include "view/view.h"
#include "pattern/latest.h"
#include "life/fail.h"
#include "topic/topic.h"
#include "topic/link.h"

struct catching {
	struct queue *topic, *q;
	struct names filters;
	struct idset *past, *have;
	usec_t since, now;
	uint64_t given, passed;		/* passed over, as they could not be read */
	struct error why;		/* of the first that was passed over */
};

/* The states of a topic that a subscription may start from. */
static const enum state kept[] = { STATE_CLAIMED, STATE_DONE, STATE_HELD };

static enum status
past_note_all(struct queue *q, unsigned states, struct idset *ids, struct error *err)
{
	struct scan *scan;
	struct place p;
	enum status st;

	if ((st = scan_open(q, states | SCAN_ENDED, &scan, err)) != ST_OK)
		return st;
	while ((st = scan_next(scan, &p, err)) == ST_OK)
		if ((st = idset_add(ids, &p.name.id, err)) != ST_OK && st != ST_EXISTS)
			break;
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}

static enum status
past_note(struct catching *g, struct error *err)
{
	enum status st = ST_OK;

	if ((g->past = idset_new()) == NULL || (g->have = idset_new()) == NULL)
		return queue_fail(g->q, err, ENOMEM, "subscribe");
	for (size_t i = 0; st == ST_OK && i < sizeof(kept) / sizeof(kept[0]); i++)
		st = past_note_all(g->topic, STATE_BIT(kept[i]), g->past, err);
	return st == ST_OK ? past_note_all(g->q, STATES_ALL, g->have, err) : st;
}

static enum status
past_passes(struct catching *g, const struct place *p, struct error *err)
{
	struct headers h;
	enum status st;
	int fd;

	if ((st = msg_open(g->topic, p, &fd, err)) != ST_OK)
		return st;
	if ((st = msg_headers(fd, &p->name, &h, err)) == ST_OK) {
		st = filters_match(&g->filters, &h) ? ST_OK : ST_NONE;
		headers_free(&h);
	}
	(void)close(fd);
	return st;
}

/* A held message that nobody wanted now has a taker: end it like an acknowledged one. */
static enum status
past_no_longer_held(struct catching *g, const struct place *p, struct error *err)
{
	struct msgname n = p->name;

	n.key = g->now;
	n.reason[0] = '\0';
	if (g->topic->policy.keep == KEEP_NO)
		return place_drop(g->topic, p, err);
	return place_move(g->topic, p, g->topic, STATE_DONE, &n, NULL, err);
}

/*
 * A message is not given: it moved on, is broken, is not for this queue, or cannot be read.  None
 * of this holds up the others; only an error of this process is returned.
 */
static enum status
past_unread(struct catching *g, enum status st, struct error *err)
{
	if (error_is_ours(err))
		return st;
	if (st != ST_GONE && st != ST_BADDATA && st != ST_NONE && g->passed++ == 0)
		g->why = *err;
	error_clear(err);
	return ST_OK;
}

static enum status
past_catch_one(struct catching *g, const struct place *p, struct error *err)
{
	bool unrouted = p->state == STATE_HELD;
	struct msgname n;
	struct place at;
	enum status st;

	if (id_time(&p->name.id) < g->since || (unrouted &&
	    strcmp(p->name.reason, "unrouted") != 0) ||
	    !idset_has(g->past, &p->name.id) || idset_has(g->have, &p->name.id))
		return ST_OK;
	if ((st = past_passes(g, p, err)) != ST_OK)
		return past_unread(g, st, err);
	name_of_subscriber(&p->name, &n);
	renew_expiry(g->q, &n, g->now);
	if ((st = message_link(g->topic, p, g->q, &n, g->now, &at, err)) == ST_OK) {
		g->given++;
		latest_published(g->q, &at, g->now);
		st = idset_add(g->have, &p->name.id, err);
	}
	return st == ST_GONE || st == ST_EXISTS ? ST_OK : st;
}

/*
 * Go over one state, and give its messages to the queue.  If 'leave' is set, do not give, but end
 * the held messages that the queue has for sure.
 */
static enum status
past_catch_state(struct catching *g, enum state s, bool leave, struct error *err)
{
	struct scan *scan;
	struct place p;
	enum status st;

	if ((st = scan_open(g->topic, STATE_BIT(s) | SCAN_ENDED, &scan, err)) != ST_OK)
		return st;
	while ((st = scan_next(scan, &p, err)) == ST_OK) {
		if (!leave)
			st = past_catch_one(g, &p, err);
		else if (strcmp(p.name.reason, "unrouted") == 0 && idset_has(g->have, &p.name.id))
			st = past_no_longer_held(g, &p, err);
		if (st != ST_OK && st != ST_GONE)
			break;
	}
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}

enum status
topic_catch_up(struct queue *topic, struct queue *q, usec_t since, usec_t now, uint64_t *given,
    struct error *err)
{
	struct catching g = { .topic = topic, .q = q, .since = since, .now = now };
	enum status st;

	*given = 0;
	if ((st = subscription_filters(topic, q->name, &g.filters, err)) != ST_OK)
		return st;
	q->careful = true;
	st = past_note(&g, err);
	for (size_t i = 0; st == ST_OK && i < sizeof(kept) / sizeof(kept[0]); i++)
		st = past_catch_state(&g, kept[i], false, err);
	q->careful = false;
	*given = g.given;
	if (st == ST_OK && (st = moves_sync(q, err)) == ST_OK)
		st = past_catch_state(&g, STATE_HELD, true, err);
	idset_free(g.past);
	idset_free(g.have);
	names_free(&g.filters);
	if (st == ST_OK && g.passed > 0)
		st = error_set(err, g.why.status, 0, "%llu message%s passed over: %.400s",
		    (unsigned long long)g.passed, g.passed == 1 ? " is" : "s are", g.why.text);
	return st;
}
