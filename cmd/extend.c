/*
 * extend.c: mq extend: renew the lease of a claim.
 */
#include "spool/spool.h"
#include "life/life.h"
#include "shared/cmd.h"

static const struct opt opts[] = { OPT_END };

struct extend {
	struct run *r;
	struct queue *q;
	usec_t lease;
};

static enum status
extend(void *arg, const char *handle, struct error *err)
{
	struct extend *e = arg;
	char until[TIME_MAX];
	struct claim c;
	enum status st;

	if ((st = claim_find(e->q, handle, &c, err)) != ST_OK ||
	    (st = claim_extend(e->q, &c, e->lease, clock_now(), err)) != ST_OK)
		return st;
	time_format(c.at.name.key, until);
	run_verbose(e->r, "message %s is leased until %s", c.at.name.id.text, until);
	return ST_OK;
}

static enum status
run_extend(struct run *r)
{
	struct extend e = { .r = r };
	enum status st;

	if ((st = run_operands(r, 2, 3)) != ST_OK)
		return st;
	if (r->noperands == 3) {
		if ((st = arg_duration(r, "DUR", r->operand[2], &e.lease)) != ST_OK)
			return st;
		if (e.lease == 0)
			return run_usage(r,
			    "a lease of no length is none: nack gives the message back");
		r->noperands = 2;	/* the rest is the handle, or "-" for many */
	}
	if ((st = run_queue(r, r->operand[0], &e.q)) != ST_OK)
		return st;
	st = run_each(r, 1, extend, &e);
	queue_close(e.q);
	return st;
}

const struct cmd cmd_extend = {
	.name = "extend",
	.operands = "QUEUE HANDLE [DUR]",
	.summary = "renew the lease of a claim",
	.opts = opts,
	.looks = true,
	.run = run_extend,
};
