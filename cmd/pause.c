/*
 * pause.c: mq pause and mq resume: stop and allow claims, or pushes.
 */
#include <stdio.h>

#include "spool/policy.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/distribute.h"

enum { PUSH = OPT_LONG };

static const struct opt pause_opts[] = {
	{ PUSH, "push", NULL, false, "stop pushes, not claims" },
	OPT_END
};

static const struct opt resume_opts[] = {
	{ PUSH, "push", NULL, false, "allow pushes, not claims" },
	OPT_END
};

static enum status
change(struct run *r, bool pause)
{
	int which = PAUSED_POP;
	struct queue *q = NULL;
	const char *arg;
	enum status st;

	while (run_option(r, &arg) != 0)
		which = PAUSED_PUSH;
	if ((st = run_operands(r, 1, 1)) != ST_OK ||
	    (st = run_queue(r, r->operand[0], &q)) != ST_OK)
		return st;
	st = queue_pause(q, which, pause, &r->err);
	/* Processes that wait at a subscriber do not notice that the topic's policy changed. */
	if (st == ST_OK && !pause && queue_is_topic(q))
		run_distribute(r, q);
	queue_close(q);
	return st;
}

static enum status
run_pause(struct run *r)
{
	return change(r, true);
}

static enum status
run_resume(struct run *r)
{
	return change(r, false);
}

const struct cmd cmd_pause = {
	.name = "pause",
	.operands = "QUEUE",
	.summary = "stop claims (or pushes) until resume",
	.opts = pause_opts,
	.run = run_pause,
};

const struct cmd cmd_resume = {
	.name = "resume",
	.operands = "QUEUE",
	.summary = "allow claims (or pushes) again",
	.opts = resume_opts,
	.run = run_resume,
};
