/*
 * retry.c: mq retry: dead, held or delayed messages are ready again.
 */
#include "base/name.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/act.h"

enum { KEEP = OPT_LONG };

static const struct opt opts[] = {
	{ KEEP, "keep-attempts", NULL, false, "do not start counting attempts anew" },
	{ ACT_RATE, "rate", "N/s", false, "at most N a second (N/m, N/h)" },
	ACT_OPTS,
	OPT_END
};

static enum status
option(void *arg, struct run *r, int key, const char *value)
{
	bool *keep = arg;

	(void)r, (void)value;
	if (key != KEEP)
		return ST_NONE;
	*keep = true;
	return ST_OK;
}

static enum status
retry(void *arg, struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	const bool *keep = arg;

	return move_retry(q, p, *keep, now, err);
}

static enum status
run_retry(struct run *r)
{
	bool keep = false;
	struct action a = { .name = "retry", .past = "retried", .all = STATE_BIT(STATE_DEAD),
	    .wanted = STATE_READY, .first = 1, .act = retry, .option = option, .arg = &keep };

	return act_run(r, &a);
}

const struct cmd cmd_retry = {
	.name = "retry",
	.operands = "QUEUE [ID...]",
	.summary = "make dead, held or delayed messages ready again",
	.opts = opts,
	.run = run_retry,
};
