/*
 * nack.c: mq nack: say that an attempt failed.
 */
#include "base/name.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "life/life.h"
#include "shared/cmd.h"

enum { DELAY = OPT_LONG, REASON, DEAD, NO_COUNT };

static const struct opt opts[] = {
	{ DELAY, "delay", "DUR", false, "not again before DUR, instead of the policy's back-off" },
	{ REASON, "reason", "TEXT", false, "why it failed, for 'mq dead'" },
	{ DEAD, "dead", NULL, false, "give up on it now" },
	{ NO_COUNT, "no-count", NULL, false, "this attempt does not count" },
	OPT_END
};

struct nack {
	struct run *r;
	struct queue *q;
	struct failure why;
	bool no_count;
};

static enum status
nack(void *arg, const char *handle, struct error *err)
{
	struct nack *n = arg;
	usec_t now = clock_now();
	enum state state = n->why.delay > 0 ? STATE_DELAYED : STATE_READY;
	struct claim c;
	enum status st;

	if ((st = claim_find(n->q, handle, &c, err)) != ST_OK)
		return st;
	if (n->no_count)
		st = claim_release(n->q, &c, n->why.delay > 0 ? n->why.delay : 0, now, err);
	else
		st = claim_fail(n->q, &c, &n->why, now, &state, err);
	if (st == ST_OK)
		run_verbose(n->r, "message %s is %s now", c.at.name.id.text, state_names[state]);
	return st;
}

static enum status
options(struct nack *n)
{
	enum status st = ST_OK;
	const char *arg;
	int key;

	while (st == ST_OK && (key = run_option(n->r, &arg)) != 0)
		switch (key) {
		case DELAY:
			st = arg_duration(n->r, "--delay", arg, &n->why.delay);
			break;
		case REASON:
			n->why.text = arg;
			break;
		case DEAD:
			n->why.permanent = true;
			break;
		case NO_COUNT:
			n->no_count = true;
			break;
		default:
			break;
		}
	if (st == ST_OK && n->why.permanent && (n->no_count || n->why.delay >= 0))
		return run_usage(n->r, "--dead goes neither with --no-count nor with --delay");
	return st;
}

static enum status
run_nack(struct run *r)
{
	struct nack n = { .r = r, .why = { .reason = "nack", .delay = -1 } };
	enum status st;

	if ((st = options(&n)) != ST_OK || (st = run_operands(r, 2, -1)) != ST_OK ||
	    (st = run_queue(r, r->operand[0], &n.q)) != ST_OK)
		return st;
	st = run_each(r, 1, nack, &n);
	queue_close(n.q);
	return st;
}

const struct cmd cmd_nack = {
	.name = "nack",
	.operands = "QUEUE HANDLE...",
	.summary = "end claims: the attempts failed",
	.opts = opts,
	.looks = true,
	.run = run_nack,
};
