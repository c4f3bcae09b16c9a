/*
 * retry.c: mq retry on an engine: dead letters become ready again, all of them or by their ids.
 */
#include <inttypes.h>
#include <string.h>

#include "shared/cmd.h"
#include "broker/broker.h"

static enum status
retry_ask(struct broker *b, const char *id, int64_t *n, struct error *err)
{
	struct event_of_engine ev;
	enum status st;

	engine_ask(b->e, NULL, "retry", b->target, id);
	if ((st = engine_answer(b->e, &ev, err)) != ST_OK)
		return st;
	if (!frame_number(&ev.frame, 2, "n", 0, INT64_MAX, 0, n))
		*n = 0;
	return ST_OK;
}

static enum status
retry_id(void *arg, const char *id, struct error *err)
{
	struct broker *b = arg;
	int64_t n = 0;
	enum status st;

	if (id[0] == '\0')
		return error_set(err, ST_NOTFOUND, 0, "an empty id is none");
	if ((st = retry_ask(b, id, &n, err)) == ST_OK && n == 0)
		st = error_set(err, ST_NOTFOUND, 0, "no dead letter '%.80s'", id);
	return st;
}

static enum status
retry_typed(struct broker *b, bool *all)
{
	struct run *r = b->r;
	const char *arg;
	enum status st;

	while (broker_option(r, &arg) != NULL)
		*all = true;
	if ((st = run_operands(r, 1, -1)) != ST_OK)
		return st;
	if (*all && r->noperands > 1)
		return run_usage(r, "--all, or an ID: not both");
	if (!*all && r->noperands == 1)
		return run_usage(r, "which? ID... or --all");
	return broker_queue(b);
}

enum status
broker_retry(struct broker *b)
{
	struct run *r = b->r;
	bool all = false;
	int64_t n = 0;
	enum status st;

	if ((st = retry_typed(b, &all)) != ST_OK ||
	    (st = broker_open(b, &(struct engine_options){ 0 })) != ST_OK ||
	    (st = refuse_unless(b, all ? "retry" : "retry-one")) != ST_OK)
		return st;
	if (!all)
		return run_each(r, 1, retry_id, b);
	/* The id that is none stands for all. */
	if ((st = retry_ask(b, "", &n, &r->err)) != ST_OK)
		return st;
	if (n == 0)
		return ST_NONE;
	run_note(r, "retried %" PRId64 " message%s", n, n == 1 ? "" : "s");
	return ST_OK;
}
