/*
 * replay.c: mq replay: deliver messages again that were acknowledged and kept.
 */
#include <string.h>

#include "base/name.h"
#include "spool/spool.h"
#include "topic/topic.h"
#include "shared/cmd.h"
#include "shared/select.h"
#include "shared/act.h"

enum { TO = OPT_LONG };

static const struct opt opts[] = {
	{ TO, "to", "QUEUE", false, "into QUEUE, not the one that they are from" },
	{ ACT_RATE, "rate", "N/s", false, "at most N a second (N/m, N/h)" },
	{ ACT_ALL, "all", NULL, false, "all that are kept" },
	{ ACT_DRY, "dry-run", NULL, false, "only say what would be done" },
	SELECT_OPTS,
	OPT_END
};

struct replay {
	struct run *r;
	const char *name;	/* the argument of --to */
	struct queue *to, **target;
};

static enum status
option(void *arg, struct run *r, int key, const char *value)
{
	struct replay *p = arg;

	(void)r;
	if (key != TO)
		return ST_NONE;
	p->name = value;
	return ST_OK;
}

/* The other queue is made when there is a message for it. */
static enum status
ready(void *arg, struct run *r, struct queue *q, struct queue **target)
{
	struct replay *p = arg;

	if (p->name != NULL && !queue_name_ok(p->name))
		return run_usage(r, "--to: '%s' is not a queue name", p->name);
	p->r = r;
	p->target = target;
	if (p->name == NULL || strcmp(p->name, queue_name(q)) == 0)
		p->to = q;
	return ST_OK;
}

static enum status
replay(void *arg, struct queue *q, const struct place *at, usec_t now, struct error *err)
{
	struct replay *p = arg;
	enum status st;

	if (at->state != STATE_DONE)
		return error_set(err, ST_BADDATA, 0,
		    "message %s is %s: only what was acknowledged and kept is replayed",
		    at->name.id.text, state_names[at->state]);
	if (p->to == NULL) {
		if ((st = run_queue_create(p->r, p->name, &p->to)) != ST_OK)
			return st;
		(void)strlcpy(p->r->queue, queue_name(q), sizeof(p->r->queue));
		*p->target = p->to;
	}
	return message_replay(q, at, p->to, now, err);
}

static enum status
run_replay(struct run *r)
{
	struct replay p = { .r = r };
	struct action a = { .name = "replay", .past = "replayed", .all = STATE_BIT(STATE_DONE),
	    .wanted = -1, .first = 1,
	    .act = replay, .option = option, .ready = ready, .arg = &p };

	return act_run(r, &a);
}

const struct cmd cmd_replay = {
	.name = "replay",
	.operands = "QUEUE [ID...]",
	.summary = "deliver again what was acknowledged and kept",
	.opts = opts,
	.run = run_replay,
};
