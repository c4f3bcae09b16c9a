/*
 * config.c: mq config: a queue's policy, and where each value comes from.
 */
#include <string.h>

#include "spool/policy.h"
#include "spool/spool.h"
#include "shared/cmd.h"
#include "shared/out.h"

enum { JSON = OPT_LONG };

static const struct opt opts[] = {
	{ JSON, "json", NULL, false, "a JSON object" },
	OPT_END
};

/* Print an ini file that could be read back, with the values grouped by their origin. */
static void
put_ini(const struct policy *p)
{
	bool done[NKEYS] = { false };
	char value[600];

	for (int i = 0; i < NKEYS; i++) {
		if (done[i])
			continue;
		(void)printf("# %s\n", p->origin[i][0] != '\0' ? p->origin[i] : "built in");
		for (int k = i; k < NKEYS; k++)
			if (strcmp(p->origin[k], p->origin[i]) == 0) {
				conf_value(p, k, value, sizeof(value));
				(void)printf("%s%s = %s\n", policy_local(k, value) ? "" : "# ",
				    conf_keys[k].name, value);
				done[k] = true;
			}
	}
}

static void
put_json(const struct policy *p)
{
	char value[600];

	(void)fputc('{', stdout);
	for (int i = 0; i < NKEYS; i++) {
		conf_value(p, i, value, sizeof(value));
		json_name(stdout, conf_keys[i].name, i == 0);
		json_quoted(stdout, value, strlen(value));
	}
	(void)fputs("}\n", stdout);
}

static enum status
run_config(struct run *r)
{
	struct queue *q = NULL;
	bool json = false;
	const char *arg;
	enum status st;

	while (run_option(r, &arg) != 0)
		json = true;
	if ((st = run_operands(r, 1, 1)) != ST_OK ||
	    (st = run_queue(r, r->operand[0], &q)) != ST_OK)
		return st;
	if (json)
		put_json(queue_policy(q));
	else
		put_ini(queue_policy(q));
	queue_close(q);
	return ST_OK;
}

const struct cmd cmd_config = {
	.name = "config",
	.operands = "QUEUE",
	.summary = "show the policy of a queue",
	.opts = opts,
	.run = run_config,
	.pipe = PIPE_ENDS,
};
