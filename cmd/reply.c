/*
 * reply.c: mq reply: give an answer to the process that waits for it.
 */
#include <stdlib.h>

#include "spool/spool.h"
#include "pattern/pattern.h"
#include "shared/cmd.h"
#include "shared/input.h"
#include "shared/typed.h"

static const struct opt opts[] = {
	{ 'm', "message", "TEXT", false, "the answer is TEXT, not stdin" },
	OPT_END
};

/* Get the operands.  In a handler, the environment says which request is answered. */
static enum status
operands(struct run *r, const char **queue, const char **token, struct input *in)
{
	bool named = r->noperands >= 2;
	enum status st;

	if ((st = run_operands(r, 0, 3)) != ST_OK)
		return st;
	in->file = r->noperands % 2 == 1 ? r->operand[r->noperands - 1] : NULL;
	if (in->text != NULL && in->file != NULL)
		return run_usage(r, "-m and FILE don't go together");
	*queue = named ? r->operand[0] : getenv("MQ_QUEUE");
	*token = named ? r->operand[1] : getenv("MQ_HEADER_REPLY_TO");
	if (*queue == NULL)
		return run_usage(r, "not in a handler of 'mq work': QUEUE and PLACE are missing");
	if (*token == NULL)
		return error_set(&r->err, ST_BADDATA, 0,
		    "this message is no request: it has no header Reply-To");
	return ST_OK;
}

static enum status
reply_put(void *arg, const void *data, size_t len, struct error *err)
{
	return answer_write(arg, data, len, err);
}

static enum status
run_reply(struct run *r)
{
	struct answer answer = { .fd = -1 };
	const char *queue = NULL, *token = NULL, *arg;
	struct queue *q = NULL;
	struct input in = { 0 };
	enum status st;

	while (run_option(r, &arg) != 0)
		if ((st = typed_text(r, arg, "there is one answer", &in.text)) != ST_OK)
			return st;
	if ((st = operands(r, &queue, &token, &in)) != ST_OK)
		return st;
	run_stoppable();	/* a signal then removes the half-written answer */
	/* Check that somebody waits before the answer is read, and again when it is complete. */
	if ((st = run_queue(r, queue, &q)) == ST_OK &&
	    (st = reply_awaited(q, token, clock_now(), &r->err)) == ST_OK &&
	    (st = answer_open(q, &answer, &r->err)) == ST_OK &&
	    (st = input_copy(r, &in, "nothing was answered", reply_put, &answer)) == ST_OK)
		st = answer_send(q, &answer, token, clock_now(), &r->err);
	if (q != NULL)
		answer_close(q, &answer);
	queue_close(q);
	return st;
}

const struct cmd cmd_reply = {
	.name = "reply",
	.operands = "[QUEUE PLACE] [FILE]",
	.summary = "answer a request",
	.opts = opts,
	.looks = true,
	.run = run_reply,
};
