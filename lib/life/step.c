/*
 * step.c: how a step of the search for a claim ends the search, or passes a message over.
 */
#include "life/attempt.h"
#include "life/fail.h"

enum step
step_stop(struct attempt *a, enum status st)
{
	a->status = st;
	return STEP_STOP;
}

enum step
step_pass_over(struct attempt *a, enum status st)
{
	return pass_over(a->over, a->err) == ST_OK ? STEP_NEXT : step_stop(a, st);
}
