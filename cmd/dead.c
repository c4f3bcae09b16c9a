/*
 * dead.c: mq dead: dead messages, and why each of them died.
 */
#include "base/name.h"
#include "shared/cmd.h"
#include "shared/list.h"

static const struct opt opts[] = { LIST_OPTS, OPT_END };

static enum status
run_dead(struct run *r)
{
	static const struct list_options dead = { STATE_BIT(STATE_DEAD), "id,attempts,age,reason" };

	return list_run(r, &dead);
}

const struct cmd cmd_dead = {
	.name = "dead",
	.operands = "QUEUE",
	.summary = "list dead letters, with the reason of each",
	.opts = opts,
	.run = run_dead,
	.looks = true,
	.pipe = PIPE_ENDS,
};
