/*
 * select.c: visiting the selected messages of a queue.
 */
#include <errno.h>
#include <stdlib.h>

#include "view/view.h"
#include "pattern/pattern.h"
#include "shared/select.h"
#include "shared/selection.h"

/* The last 'max' messages that were met, in a ring. */
struct ring {
	struct place *p;
	size_t n, cap, max, next;	/* next: the oldest message, once the ring is full */
};

static enum status
select_ring_add(struct ring *ring, const struct place *p, struct error *err)
{
	if (ring->n == ring->cap && ring->cap < ring->max) {
		size_t cap = ring->cap == 0 ? 16 : ring->cap * 2;
		struct place *grown;
		if (cap > ring->max)
			cap = ring->max;
		if ((grown = reallocarray(ring->p, cap, sizeof(*grown))) == NULL)
			return error_sys(err, ENOMEM, "--last");
		ring->p = grown;
		ring->cap = cap;
	}
	if (ring->p == NULL)
		return ST_OK;	/* the last 0 of them */
	if (ring->n < ring->cap)
		ring->p[ring->n++] = *p;
	else {
		ring->p[ring->next] = *p;
		ring->next = (ring->next + 1) % ring->n;
	}
	return ST_OK;
}

/* Visit a selected message.  '*count' grows unless the visit says that it does not count. */
static enum status
select_visit(const struct visit *v, const struct place *p, int64_t *count, struct error *err)
{
	enum status st = v->one(v->arg, p);

	if (st == ST_OK)
		++*count;
	else if (st == ST_GONE || st == ST_NONE) {
		error_clear(err);
		st = ST_OK;
	}
	return st;
}

static enum status
select_scan_all(struct select *s, struct queue *q, struct scan *scan, usec_t now,
    const struct visit *v,
    struct ring *ring, enum status *worst)
{
	struct error *err = &s->r->err;
	enum status st = ST_OK;
	uint64_t seen = 0;
	int64_t n = 0;
	struct place p;

	while (!run_stopped() && (s->last || n < s->limit) &&
	    (st = scan_next(scan, &p, err)) == ST_OK) {
		if (v->seen != NULL)
			v->seen(v->arg, ++seen, (uint64_t)n);
		st = select_match(s, q, &p, now, err);
		if (st == ST_DENIED)
			run_trouble(s->r, st, worst);
		if (st == ST_NONE || st == ST_GONE || st == ST_DENIED) {
			/* Only this message is skipped. */
			st = ST_OK;
			continue;
		}
		if (st == ST_OK)
			st = s->last ? select_ring_add(ring, &p, err) : select_visit(v, &p, &n,
			    err);
		if (st != ST_OK)
			return st;
	}
	/* Report what could not be listed, but visit what was found all the same. */
	if (st != ST_OK && st != ST_NONE && scan_missed(scan) != NULL && !error_is_ours(err)) {
		run_trouble(s->r, st, worst);
		st = ST_NONE;
	}
	for (size_t i = 0; (st == ST_OK || st == ST_NONE) && !run_stopped() && i < ring->n; i++)
		st = select_visit(v, &ring->p[(ring->next + i) % ring->n], &n, err);
	return st == ST_NONE || st == ST_GONE ? ST_OK : st;
}

enum status
select_each(struct select *s, struct queue *q, unsigned initial, usec_t now,
    const struct visit *v, enum status *worst)
{
	struct ring ring = { .max = (uint64_t)s->limit < SIZE_MAX ? (size_t)s->limit : SIZE_MAX };
	struct scan *scan;
	enum status st;

	if ((st = scan_open(q, select_states(s, initial), &scan, &s->r->err)) != ST_OK)
		return st;
	order_defer(q);
	st = select_scan_all(s, q, scan, now, v, &ring, worst);
	order_resume(q);
	scan_close(scan);
	free(ring.p);
	return st;
}
