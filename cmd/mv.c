/*
 * mv.c: mq mv: move messages to another queue; id and state stay.
 */
#include <string.h>

#include "base/name.h"
#include "spool/spool.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/act.h"

static const struct opt opts[] = { ACT_OPTS, OPT_END };

struct mv {
	struct run *r;
	struct queue *to, **target;
	bool dry;
};

/* Only notice --dry-run, which must not make a queue.  act.c takes the option itself. */
static enum status
option(void *arg, struct run *r, int key, const char *value)
{
	struct mv *m = arg;

	(void)r, (void)value;
	m->dry |= key == ACT_DRY;
	return ST_NONE;
}

static enum status
ready(void *arg, struct run *r, struct queue *q, struct queue **target)
{
	struct mv *m = arg;
	enum status st;

	if (strcmp(r->operand[1], queue_name(q)) == 0)
		return run_usage(r, "'%s' is the queue that they are in", r->operand[1]);
	if ((st = run_conf(r)) != ST_OK)
		return st;
	m->r = r;
	m->target = target;
	st = run_queue(r, r->operand[1], &m->to);
	/* errors are still about the first queue */
	(void)strlcpy(r->queue, queue_name(q), sizeof(r->queue));
	if (st == ST_NOTFOUND && r->settings.autocreate) {
		error_clear(&r->err);	/* make the queue when there is a message to move */
		return ST_OK;
	}
	if (st == ST_OK)
		*target = m->to;
	return st;
}

static enum status
move(void *arg, struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	struct mv *m = arg;
	enum status st;

	if (m->to == NULL) {
		if ((st = run_queue_create(m->r, m->r->operand[1], &m->to)) != ST_OK)
			return st;
		(void)strlcpy(m->r->queue, queue_name(q), sizeof(m->r->queue));
		*m->target = m->to;
	}
	return move_to(q, p, m->to, now, err);
}

static enum status
run_mv(struct run *r)
{
	struct mv m = { .to = NULL };
	struct action a = { .name = "move", .past = "moved", .all = STATE_BIT(STATE_READY) |
	    STATE_BIT(STATE_DELAYED) | STATE_BIT(STATE_HELD) | STATE_BIT(STATE_DEAD),
	    .wanted = -1, .first = 2, .act = move, .option = option, .ready = ready, .arg = &m };

	return act_run(r, &a);
}

const struct cmd cmd_mv = {
	.name = "mv",
	.operands = "QUEUE TO [ID...]",
	.summary = "move messages to another queue",
	.opts = opts,
	.run = run_mv,
};
