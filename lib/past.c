/*
 * past.c: a subscription that starts from what the topic kept, or nobody wanted.
 *
 * Looked at in the order in which messages go on, claimed/ first: what is just
 * being distributed, by one who has not seen the subscription, is in one or the
 * other (see topic.c).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

struct catching {
	struct queue *topic, *q;
	struct names filters;
	struct idset *have;
	usec_t since, now;
	uint64_t given;
};

static enum status
what_it_has(struct catching *g, struct error *err)
{
	struct scan *scan;
	struct place p;
	enum status st;

	if ((g->have = idset_new()) == NULL)
		return queue_fail(g->q, err, ENOMEM, "subscribe");
	if ((st = scan_open(g->q, STATES_ALL, &scan, err)) != ST_OK)
		return st;
	while ((st = scan_next(scan, &p, err)) == ST_OK)
		if ((st = idset_add(g->have, &p.name.id, err)) != ST_OK && st != ST_EXISTS)
			break;
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}

static enum status
passes(struct catching *g, const struct place *p, struct error *err)
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

/* Nobody wanted it, and now somebody has it: as if it were acknowledged. */
static enum status
no_longer_held(struct catching *g, const struct place *p, struct error *err)
{
	struct msgname n = p->name;

	n.key = g->now;
	n.reason[0] = '\0';
	if (g->topic->policy.keep == KEEP_NO)
		return place_drop(g->topic, p, err);
	return place_move(g->topic, p, g->topic, STATE_DONE, &n, NULL, err);
}

static enum status
catch_one(struct catching *g, const struct place *p, struct error *err)
{
	bool unrouted = p->state == STATE_HELD;
	struct msgname n;
	struct place at;
	enum status st;

	if (id_time(&p->name.id) < g->since || (unrouted && strcmp(p->name.reason, "unrouted") != 0))
		return ST_OK;
	if ((st = passes(g, p, err)) != ST_OK)
		return st;
	if (!idset_has(g->have, &p->name.id)) {
		name_of_subscriber(&p->name, &n);
		renew_expiry(g->q, &n, g->now);
		if ((st = message_link(g->topic, p, g->q, &n, g->now, &at, err)) == ST_OK) {
			g->given++;
			latest_published(g->q, &at, g->now);
			st = idset_add(g->have, &p->name.id, err);
		}
		if (st != ST_OK && st != ST_EXISTS)
			return st;
	}
	return ST_OK;
}

/* One state; what is held leaves it once the queue has it for sure. */
static enum status
catch_state(struct catching *g, enum state s, bool leave, struct error *err)
{
	struct scan *scan;
	struct place p;
	enum status st;

	if ((st = scan_open(g->topic, STATE_BIT(s), &scan, err)) != ST_OK)
		return st;
	while ((st = scan_next(scan, &p, err)) == ST_OK) {
		if (!leave)
			st = catch_one(g, &p, err);
		else if (strcmp(p.name.reason, "unrouted") == 0 && idset_has(g->have, &p.name.id))
			st = no_longer_held(g, &p, err);
		/* It went on, or is broken, or is not for this one. */
		if (st == ST_GONE || st == ST_BADDATA || st == ST_NONE) {
			error_clear(err);
			st = ST_OK;
		}
		if (st != ST_OK)
			break;
	}
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}

enum status
topic_catch_up(struct queue *topic, struct queue *q, usec_t since, usec_t now, uint64_t *given, struct error *err)
{
	struct catching g = { .topic = topic, .q = q, .since = since, .now = now };
	enum status st;

	*given = 0;
	if ((st = subscription_filters(topic, q->name, &g.filters, err)) != ST_OK)
		return st;
	q->careful = true;
	if ((st = what_it_has(&g, err)) == ST_OK && (st = catch_state(&g, STATE_CLAIMED, false, err)) == ST_OK &&
	    (st = catch_state(&g, STATE_DONE, false, err)) == ST_OK)
		st = catch_state(&g, STATE_HELD, false, err);
	q->careful = false;
	*given = g.given;
	if (st == ST_OK && (st = moves_sync(q, err)) == ST_OK)
		st = catch_state(&g, STATE_HELD, true, err);
	idset_free(g.have);
	names_free(&g.filters);
	return st;
}
