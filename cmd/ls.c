/*
 * ls.c: mq ls: list the queues, or the messages of one queue.
 */
#include <string.h>

#include "base/names.h"
#include "base/name.h"
#include "spool/spool.h"
#include "shared/cmd.h"
#include "shared/list.h"

static const struct opt opts[] = { LIST_OPTS, OPT_END };

static enum status
list_queues(struct run *r)
{
	struct names names;
	bool json = false;
	const char *arg;
	enum status st, worst = ST_OK;
	int key;

	while ((key = run_option(r, &arg)) != 0) {
		if (key != LIST_JSON)
			return run_usage(r, "this option is about messages: name their QUEUE");
		json = true;
	}
	if ((st = run_queues(r, &names, &worst)) != ST_OK)
		return st;
	for (size_t i = 0; i < names.n; i++)
		(void)printf(json ? "{\"queue\":\"%s\"}\n" : "%s\n", names.name[i]);
	names_free(&names);
	return worst;
}

static enum status
run_ls(struct run *r)
{
	static const struct list_options all = { STATES_ALL,
	    "id,state,priority,attempts,size,age" };

	return r->noperands == 0 ? list_queues(r) : list_run(r, &all);
}

const struct cmd cmd_ls = {
	.name = "ls",
	.operands = "[QUEUE]",
	.summary = "list queues, or the messages of one",
	.opts = opts,
	.run = run_ls,
	.looks = true,
	.pipe = PIPE_ENDS,
};
