/*
 * tally.c: how many messages there are, how large and how old.
 */
#include <string.h>

#include "base/name.h"
#include "view/view.h"

/* How many times in a row a queue has to be seen empty before it counts as empty. */
#define EMPTY_ROUNDS 4

static size_t
tally_age_class(usec_t age)
{
	usec_t limit = AGE_FIRST;
	size_t i = 0;

	for (; i < NAGES - 1 && age > limit; i++)
		limit *= 2;
	return i;
}

static bool
tally_is_waiting(const struct tally *t, const struct place *p)
{
	return p->state == STATE_READY || p->state == STATE_CLAIMED ||
	    (p->state == STATE_DELAYED && (p->name.deliveries > 0 || p->name.key <= t->now));
}

void
tally_add(struct tally *t, const struct place *p)
{
	usec_t at = id_time(&p->name.id);

	t->count[p->state]++;
	t->bytes[p->state] += (uint64_t)p->name.size;
	if (t->oldest[p->state] == 0 || at < t->oldest[p->state])
		t->oldest[p->state] = at;
	if (t->now == 0)
		return;
	t->age[p->state][tally_age_class(t->now - at)]++;
	if (tally_is_waiting(t, p) && (t->waiting == 0 || at < t->waiting))
		t->waiting = at;
}

enum status
tally_end(struct tally *t, const struct scan *s, enum status st, struct error *err)
{
	if (st == ST_NONE)
		return ST_OK;
	if (scan_missed(s) == NULL || error_is_ours(err))
		return st;
	t->missed = *err;
	error_clear(err);
	return ST_OK;
}

uint64_t
tally_backlog(const struct tally *t)
{
	return t->count[STATE_READY] + t->count[STATE_DELAYED] + t->count[STATE_CLAIMED];
}

usec_t
tally_oldest(const struct tally *t)
{
	usec_t at = 0;

	for (int s = 0; s < NSTATES; s++)
		if ((STATE_BIT(s) & STATES_BACKLOG) != 0 && t->oldest[s] != 0 &&
		    (at == 0 || t->oldest[s] < at))
			at = t->oldest[s];
	return at;
}

enum status
queue_tally(struct queue *q, unsigned states, struct tally *t, struct error *err)
{
	struct place p;
	struct scan *s;
	enum status st;

	memset(t, 0, sizeof(*t));
	if ((st = scan_open(q, states | SCAN_ANY_ORDER, &s, err)) != ST_OK)
		return st;
	while ((st = scan_next(s, &p, err)) == ST_OK)
		tally_add(t, &p);
	st = tally_end(t, s, st, err);
	scan_close(s);
	return st;
}

static enum status
tally_backlog_once(struct queue *q, uint64_t limit, uint64_t *n, struct error *err)
{
	struct place p;
	struct scan *s;
	enum status st;

	*n = 0;
	if ((st = scan_open(q, STATES_BACKLOG | SCAN_ANY_ORDER, &s, err)) != ST_OK)
		return st;
	while (*n <= limit && (st = scan_next(s, &p, err)) == ST_OK)
		++*n;
	scan_close(s);
	return st == ST_NONE ? ST_OK : st;
}

enum status
queue_backlog(struct queue *q, uint64_t limit, uint64_t *n, struct error *err)
{
	enum status st = ST_OK;

	/*
	 * A message that moves meanwhile may be in none of the listings.  So the queue is empty
	 * only if several rounds see no message at all.
	 */
	*n = 0;
	for (int round = 0; st == ST_OK && *n == 0 && round < EMPTY_ROUNDS; round++)
		st = tally_backlog_once(q, limit, n, err);
	return st;
}
