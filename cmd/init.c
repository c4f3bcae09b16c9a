/*
 * init.c: mq init: make a queue, or change its policy.
 */
#include <stdlib.h>
#include <string.h>

#include "spool/policy.h"
#include "spool/spool.h"
#include "pattern/pattern.h"
#include "pattern/circle.h"
#include "shared/cmd.h"

static const struct opt opts[] = { OPT_END };

/* With another order_dead, messages that waited for dead ones of their key may go on now. */
static void
let_pass(struct queue *q, const char *const *assign, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(assign[i], "order_dead=", strlen("order_dead=")) == 0)
			order_sweep_all(q);
}

/* Refuse a circle of dead-letter queues: a message that fails would go round in it for ever. */
static enum status
init_no_circle(struct run *r, const char *const *assign, size_t n)
{
	const size_t len = strlen("dead_queue=");
	const char *queue = r->operand[0];
	enum status st;
	char way[300];

	for (size_t i = 0; i < n; i++) {
		const char *to = assign[i] + len;
		if (strncmp(assign[i], "dead_queue=", len) != 0 || strcmp(to, "none") == 0 ||
		    strcmp(to, queue) == 0)
			continue;
		if ((st = run_spool(r, true)) != ST_OK)
			return st;
		if (circle_reaches(r->spool, to, queue, way, sizeof(way)))
			return error_set(&r->err, ST_USAGE, 0,
			    "dead letters of '%s' would come back to it, by way of %s",
			    queue, way);
	}
	return ST_OK;
}

static enum status
run_init(struct run *r)
{
	const char *const *assign = (const char *const *)(r->operand + 1);
	struct queue *q = NULL;
	char *text = NULL;
	size_t len, n;
	enum status st;

	if ((st = run_operands(r, 1, -1)) != ST_OK)
		return st;
	n = (size_t)r->noperands - 1;
	/* Check the keys before anything is made: a mistyped key must not leave a queue behind. */
	st = n > 0 ? conf_edit("", 0, assign, n, &text, &len, &r->err) : ST_OK;
	free(text);
	if (st != ST_OK || (st = init_no_circle(r, assign, n)) != ST_OK)
		return st;
	r->assign = assign;
	r->nassign = n;
	if ((st = run_queue_create(r, r->operand[0], &q)) == ST_OK && n > 0)
		st = queue_configure(q, assign, n, &r->err);
	if (st == ST_OK) {
		let_pass(q, assign, n);
		run_verbose(r, "%s/%s", r->spool_path, r->operand[0]);
	}
	queue_close(q);
	return st;
}

const struct cmd cmd_init = {
	.name = "init",
	.operands = "QUEUE [KEY=VALUE...]",
	.summary = "make a queue, or change its policy",
	.opts = opts,
	.run = run_init,
};
