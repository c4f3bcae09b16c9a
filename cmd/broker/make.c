/*
 * make.c: mq init on an engine: make a queue, unless it is there.
 */
#include "shared/cmd.h"
#include "broker/broker.h"

enum status
broker_init(struct broker *b)
{
	struct event_of_engine ev;
	struct run *r = b->r;
	enum status st;

	if ((st = run_operands(r, 1, -1)) != ST_OK)
		return st;
	if (r->noperands > 1)
		return error_set(&r->err, ST_USAGE, 0,
		    "an engine has no queue.conf: [queue NAME] of mq.conf says lease, attempts "
		    "and backoff");
	if ((st = broker_queue(b)) != ST_OK ||
	    (st = broker_open(b, &(struct engine_options){ .create = true })) != ST_OK ||
	    (st = refuse_unless(b, "make")) != ST_OK)
		return st;
	engine_ask(b->e, NULL, "make", b->target, NULL);
	return broker_answer(b, &ev);
}
