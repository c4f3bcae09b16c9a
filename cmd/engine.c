/*
 * engine.c: mq engine: which message engines there are, what one can do, and whether it can be
 * used.
 */
#include "shared/cmd.h"
#include "broker/broker.h"

enum { CHECK = OPT_LONG };

static const struct opt opts[] = {
	{ CHECK, "check", NULL, false, "try each step to the engine, and to QUEUE" },
	OPT_END
};

static enum status
run_engine(struct run *r)
{
	bool check = false;
	const char *arg;
	enum status st;

	while (run_option(r, &arg) != 0)
		check = true;
	if ((st = run_operands(r, check ? 1 : 0, check ? 2 : 1)) != ST_OK)
		return st;
	if (check)
		return check_engine(r, r->operand[0], r->noperands == 2 ? r->operand[1] : NULL);
	if (r->noperands == 1)
		return table_engine(r, r->operand[0]);
	table_engines();
	return ST_OK;
}

const struct cmd cmd_engine = {
	.name = "engine",
	.operands = "[URL [QUEUE]]",
	.summary = "tell what message engines can do, and try to reach one",
	.opts = opts,
	.run = run_engine,
};
