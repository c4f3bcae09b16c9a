/*
 * hold.c: mq hold: set messages aside until mq retry.
 */
#include "base/name.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/act.h"

static const struct opt opts[] = { ACT_OPTS, OPT_END };

static enum status
hold(void *arg, struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	(void)arg;
	return move_hold(q, p, now, err);
}

static enum status
run_hold(struct run *r)
{
	struct action a = { .name = "hold", .past = "held", .all = STATE_BIT(STATE_READY) |
	    STATE_BIT(STATE_DELAYED), .wanted = STATE_HELD, .first = 1, .act = hold };

	return act_run(r, &a);
}

const struct cmd cmd_hold = {
	.name = "hold",
	.operands = "QUEUE [ID...]",
	.summary = "set messages aside until retry",
	.opts = opts,
	.run = run_hold,
};
