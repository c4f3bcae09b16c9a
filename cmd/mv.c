/*
 * mv.c: mq mv: move messages to another queue; id and state stay.
 */
#include <string.h>

#include "cmd.h"

static const struct opt opts[] = { ACT_OPTS, OPT_END };

static enum status
ready(void *arg, struct run *r, struct queue *q, struct queue **target)
{
	struct queue **to = arg;
	enum status st;

	if (strcmp(r->operand[1], queue_name(q)) == 0)
		return run_usage(r, "'%s' is the queue that they are in", r->operand[1]);
	if ((st = run_queue_create(r, r->operand[1], to)) == ST_OK)
		*target = *to;
	return st;
}

static enum status
move(void *arg, struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	struct queue **to = arg;

	return move_to(q, p, *to, now, err);
}

static enum status
run_mv(struct run *r)
{
	struct queue *to = NULL;
	struct action a = { .name = "move", .past = "moved", .all = STATE_BIT(STATE_READY) |
	    STATE_BIT(STATE_DELAYED) | STATE_BIT(STATE_HELD) | STATE_BIT(STATE_DEAD),
	    .wanted = -1, .first = 2, .act = move, .ready = ready, .arg = &to };

	return act_run(r, &a);
}

const struct cmd cmd_mv = {
	.name = "mv",
	.operands = "QUEUE TO [ID...]",
	.summary = "move messages to another queue",
	.opts = opts,
	.run = run_mv,
};
