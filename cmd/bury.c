/*
 * bury.c: mq bury: give up on messages by hand.
 */
#include "base/name.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/act.h"

enum { REASON = OPT_LONG };

static const struct opt opts[] = {
	{ REASON, "reason", "TEXT", false, "why, for 'mq dead'" },
	ACT_OPTS,
	OPT_END
};

static enum status
option(void *arg, struct run *r, int key, const char *value)
{
	const char **reason = arg;

	(void)r;
	if (key != REASON)
		return ST_NONE;
	*reason = value;
	return ST_OK;
}

static enum status
bury(void *arg, struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	const char **reason = arg;

	return move_bury(q, p, *reason, now, err);
}

static enum status
run_bury(struct run *r)
{
	const char *reason = NULL;
	struct action a = { .name = "bury", .past = "buried", .all = STATE_BIT(STATE_READY) |
	    STATE_BIT(STATE_DELAYED) | STATE_BIT(STATE_HELD), .wanted = STATE_DEAD, .first = 1,
	    .act = bury, .option = option, .arg = &reason };

	return act_run(r, &a);
}

const struct cmd cmd_bury = {
	.name = "bury",
	.operands = "QUEUE [ID...]",
	.summary = "give up on messages: they become dead letters",
	.opts = opts,
	.run = run_bury,
};
