/*
 * version.c: mq version.
 */
#include "shared/cmd.h"

static const struct opt opts[] = { OPT_END };

static enum status
run_version(struct run *r)
{
	enum status st = run_operands(r, 0, 0);

	if (st == ST_OK)
		(void)printf("mq %s\n", MQ_VERSION);
	return st;
}

const struct cmd cmd_version = {
	.name = "version",
	.operands = "",
	.summary = "print the version",
	.opts = opts,
	.run = run_version,
	.pipe = PIPE_ENDS,
};
