/*
 * unsubscribe.c: mq unsubscribe: a queue gets no more messages of a topic.
 */
#include "base/name.h"
#include "spool/spool.h"
#include "pattern/pattern.h"
#include "shared/cmd.h"

static const struct opt opts[] = { OPT_END };

static enum status
run_unsubscribe(struct run *r)
{
	struct queue *topic = NULL;
	enum status st;

	if ((st = run_operands(r, 2, 2)) != ST_OK ||
	    (st = run_queue(r, r->operand[0], &topic)) != ST_OK)
		return st;
	if (!queue_name_ok(r->operand[1]))
		st = run_usage(r, "'%s' is not a queue name", r->operand[1]);
	else
		st = unsubscribe(topic, r->operand[1], &r->err);
	queue_close(topic);
	return st;
}

const struct cmd cmd_unsubscribe = {
	.name = "unsubscribe",
	.operands = "TOPIC QUEUE",
	.summary = "let a queue get no more of a topic",
	.opts = opts,
	.run = run_unsubscribe,
};
