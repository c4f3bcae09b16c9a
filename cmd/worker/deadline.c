/*
 * deadline.c: a binary heap (Williams, 1964) whose members know their places, so that a
 * deadline that changes need not be searched for.
 */
#include <errno.h>
#include <stdlib.h>

#include "worker/deadline.h"

enum status
deadlines_open(struct deadlines *ds, int room, struct error *err)
{
	ds->n = 0;
	ds->room = room;
	if ((ds->heap = calloc((size_t)room + 1, sizeof(struct deadline *))) == NULL)
		return error_sys(err, ENOMEM, "work");
	return ST_OK;
}

void
deadlines_close(struct deadlines *ds)
{
	free(ds->heap);
	ds->heap = NULL;
}

void
deadline_init(struct deadlines *ds, struct deadline *d, enum due what, void *whose)
{
	*d = (struct deadline){ .what = what, .whose = whose, .at = USEC_MAX, .in = ds };
}

static void
deadline_put(struct deadlines *ds, struct deadline *d, int place)
{
	ds->heap[place] = d;
	d->place = place;
}

/* Insert 'd', which belongs at 'place' or above, by moving later deadlines down. */
static void
deadline_rise(struct deadlines *ds, struct deadline *d, int place)
{
	for (; place > 1 && ds->heap[place / 2]->at > d->at; place /= 2)
		deadline_put(ds, ds->heap[place / 2], place);
	deadline_put(ds, d, place);
}

/* Insert 'd', which belongs at 'place' or below, by moving earlier deadlines up. */
static void
deadline_sink(struct deadlines *ds, struct deadline *d, int place)
{
	for (int child; (child = place * 2) <= ds->n; place = child) {
		if (child < ds->n && ds->heap[child + 1]->at < ds->heap[child]->at)
			child++;
		if (ds->heap[child]->at >= d->at)
			break;
		deadline_put(ds, ds->heap[child], place);
	}
	deadline_put(ds, d, place);
}

static void
deadline_remove(struct deadlines *ds, struct deadline *d)
{
	struct deadline *last = ds->heap[ds->n--];
	int place = d->place;

	d->place = 0;
	if (last == d)
		return;
	deadline_rise(ds, last, place);
	deadline_sink(ds, last, last->place);
}

void
deadline_set(struct deadline *d, usec_t at)
{
	struct deadlines *ds = d->in;

	if (d->place != 0)
		deadline_remove(ds, d);
	d->at = at;
	if (at != USEC_MAX)
		deadline_rise(ds, d, ++ds->n);
}

bool
deadline_is_set(const struct deadline *d)
{
	return d->place != 0;
}

struct deadline *
deadlines_due(struct deadlines *ds, usec_t mono)
{
	struct deadline *d = ds->n > 0 ? ds->heap[1] : NULL;

	if (d == NULL || d->at > mono)
		return NULL;
	deadline_set(d, USEC_MAX);
	return d;
}

usec_t
deadlines_next(const struct deadlines *ds)
{
	return ds->n > 0 ? ds->heap[1]->at : USEC_MAX;
}
