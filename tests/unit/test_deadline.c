/* test_deadline.c: the heap of a worker's deadlines, against a look at all of them. */
#include "tap.h"
#include "worker/deadline.c"	/* NOLINT(bugprone-suspicious-include): it is in no library */

#define MANY 200

static struct deadline d[MANY];

/* The same numbers below n each time: Numerical Recipes' generator. */
static int
pick(uint32_t n)
{
	static uint32_t seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (int)((seed >> 8) % n);
}

/* The earliest of those that are set, and how many are. */
static usec_t
earliest(int *n)
{
	usec_t least = USEC_MAX;

	*n = 0;
	for (int i = 0; i < MANY; i++) {
		*n += deadline_is_set(&d[i]);
		if (d[i].at < least)
			least = d[i].at;
	}
	return least;
}

/* Whether what is due is taken out, the earliest first, and nothing else. */
static bool
due_is_right(struct deadlines *ds, usec_t mono)
{
	int before, after;
	usec_t least = earliest(&before);
	bool next = deadlines_next(ds) == least;
	struct deadline *due = deadlines_due(ds, mono);

	(void)earliest(&after);
	if (least > mono)
		return next && due == NULL && after == before;
	return next && due != NULL && !deadline_is_set(due) && due->at == USEC_MAX &&
	    after == before - 1;
}

int
main(void)
{
	struct deadlines ds;
	struct error err = { .status = ST_OK };
	int bad = 0, left;

	if (!ok(deadlines_open(&ds, MANY, &err) == ST_OK, "a heap"))
		return done();
	for (int i = 0; i < MANY; i++)
		deadline_init(&ds, &d[i], DUE_LOOK, &d[i]);
	is_int(deadlines_next(&ds), USEC_MAX, "an empty heap has no next deadline");
	ok(deadlines_due(&ds, USEC_MAX - 1) == NULL, "and nothing is due");
	for (int i = 0; i < 100000; i++) {
		struct deadline *any = &d[pick(MANY)];
		switch (pick(5)) {
		case 0:
			bad += !due_is_right(&ds, pick(1000));
			break;
		case 1:
			deadline_set(any, USEC_MAX);
			break;
		default:
			deadline_set(any, pick(1000));
			break;
		}
	}
	is_int(bad, 0, "what is due comes in its order, however deadlines are set and taken back");
	(void)earliest(&left);
	for (usec_t last = 0; left > 0; left--) {
		struct deadline *due = deadlines_due(&ds, 1000);
		bad += due == NULL;
		if (due == NULL)
			break;
		bad += deadlines_next(&ds) < last;
		last = deadlines_next(&ds);
	}
	is_int(bad, 0, "the rest comes in order, too");
	is_int(deadlines_next(&ds), USEC_MAX, "then the heap is empty");
	deadlines_close(&ds);
	return done();
}
