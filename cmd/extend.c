/*
 * extend.c: mq extend: renew the lease of a claim.
 */
#include "cmd.h"

static const struct opt opts[] = { OPT_END };

static enum status
run_extend(struct run *r)
{
	struct queue *q = NULL;
	struct claim c;
	char until[TIME_MAX];
	usec_t lease = 0;
	enum status st;

	if ((st = run_operands(r, 2, 3)) != ST_OK)
		return st;
	if (r->noperands == 3) {
		if ((st = arg_duration(r, "DUR", r->operand[2], &lease)) != ST_OK)
			return st;
		if (lease == 0)
			return run_usage(r, "a lease of no length is none: nack gives the message back");
	}
	if ((st = run_queue(r, r->operand[0], &q)) != ST_OK)
		return st;
	if ((st = claim_find(q, r->operand[1], &c, &r->err)) == ST_OK &&
	    (st = claim_extend(q, &c, lease, clock_now(), &r->err)) == ST_OK) {
		time_format(c.at.name.key, until);
		run_verbose(r, "message %s is leased until %s", c.at.name.id.text, until);
	}
	queue_close(q);
	return st;
}

const struct cmd cmd_extend = {
	.name = "extend",
	.operands = "QUEUE HANDLE [DUR]",
	.summary = "renew the lease of a claim",
	.opts = opts,
	.run = run_extend,
};
