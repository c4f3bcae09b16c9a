/*
 * phase.c: whether a worker goes on, and what it says when it does not.
 */
#include "spool/spool.h"
#include "shared/cmd.h"
#include "shared/progress.h"
#include "worker/sources.h"
#include "worker/work.h"

void
work_enter(struct work *w, enum phase phase)
{
	if (phase > w->phase)
		w->phase = phase;
}

bool
work_can_note(void)
{
	return stderr_ready(0);
}

void
work_trouble(struct work *w, struct error *err)
{
	if (work_can_note())
		run_note(w->r, "%s", err->text);
	w->worst = err->status;
	error_clear(err);
}

void
work_leave(struct work *w, struct source *s, enum status why)
{
	if (status_exit(why) > status_exit(w->worst))
		w->worst = why;
	s->hope = SOURCE_GONE;
	deadline_set(&s->look, USEC_MAX);
}
