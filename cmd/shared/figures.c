/*
 * figures.c: the numbers of a queue.
 */
#include <inttypes.h>
#include <string.h>

#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/progress.h"
#include "shared/figures.h"

const char *const paused_words[] = { "no", "pop", "push", "all" };

enum status
count_messages(struct run *r, struct queue *q, unsigned states, usec_t now, struct tally *t)
{
	struct progress progress;
	uint64_t seen = 0;
	struct scan *scan;
	struct place p;
	enum status st;

	memset(t, 0, sizeof(*t));
	t->now = now;
	progress_start(&progress, r);
	if ((st = scan_open(q, states | SCAN_ANY_ORDER, &scan, &r->err)) != ST_OK)
		return st;
	while ((st = scan_next(scan, &p, &r->err)) == ST_OK) {
		tally_add(t, &p);
		seen++;
		if (progress_due(&progress))
			progress_draw("%s: %" PRIu64 " counted, %.0f/s", queue_name(q), seen,
			    progress_rate(&progress, seen));
	}
	progress_clear();
	st = tally_end(t, scan, st, &r->err);
	scan_close(scan);
	return st;
}

uint64_t
numbers_bytes(const struct numbers *n)
{
	uint64_t sum = 0;

	for (int s = 0; s < NSTATES; s++)
		if (s != STATE_DONE)	/* done is an archive */
			sum += n->t.bytes[s];
	return sum;
}

double
numbers_drain(const struct numbers *n)
{
	const double *rate = n->rates.rate[0];
	double fall = rate[COUNT_ACKED] + rate[COUNT_DEAD] - rate[COUNT_PUSHED] -
	    rate[COUNT_RETRIED];

	if (tally_backlog(&n->t) == 0 || fall <= 0)
		return -1;
	return (double)tally_backlog(&n->t) / fall;
}
