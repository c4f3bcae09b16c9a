/*
 * hold.c: a search that is held back for a time.
 */
#include "life/life.h"
#include "life/flow.h"

enum status
flow_hold_back(struct flow *f, enum held why, usec_t until)
{
	f->over->held = why;
	if (until < *f->wake)
		*f->wake = until;
	return ST_AGAIN;
}
