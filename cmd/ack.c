/*
 * ack.c: mq ack: acknowledge a claimed message as done.
 */
#include "spool/spool.h"
#include "life/life.h"
#include "shared/cmd.h"

static const struct opt opts[] = { OPT_END };

static enum status
ack(void *arg, const char *handle, struct error *err)
{
	struct queue *q = arg;
	struct claim c;
	enum status st;

	if ((st = claim_find(q, handle, &c, err)) != ST_OK)
		return st;
	return claim_ack(q, &c, clock_now(), err);
}

static enum status
run_ack(struct run *r)
{
	struct queue *q = NULL;
	enum status st;

	if ((st = run_operands(r, 2, -1)) != ST_OK ||
	    (st = run_queue(r, r->operand[0], &q)) != ST_OK)
		return st;
	st = run_each(r, 1, ack, q);
	queue_close(q);
	return st;
}

const struct cmd cmd_ack = {
	.name = "ack",
	.operands = "QUEUE HANDLE...",
	.summary = "end claims: the messages are done with",
	.opts = opts,
	.looks = true,
	.run = run_ack,
};
