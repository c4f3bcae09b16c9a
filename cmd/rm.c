/*
 * rm.c: mq rm: remove messages for good.
 */
#include "base/name.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/act.h"

static const struct opt opts[] = { ACT_OPTS, OPT_END };

static enum status
drop(void *arg, struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	(void)arg;
	return move_drop(q, p, now, err);
}

static enum status
run_rm(struct run *r)
{
	struct action a = { .name = "remove", .past = "removed",
	    .all = STATES_ALL & ~STATE_BIT(STATE_CLAIMED), .wanted = -1, .destroys = true,
	    .first = 1, .act = drop };

	return act_run(r, &a);
}

const struct cmd cmd_rm = {
	.name = "rm",
	.operands = "QUEUE [ID...]",
	.summary = "remove messages for good",
	.opts = opts,
	.run = run_rm,
};
