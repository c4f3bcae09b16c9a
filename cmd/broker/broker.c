/*
 * broker.c: what the verbs on an engine have in common.
 */
#include <ctype.h>
#include <poll.h>
#include <string.h>

#include "shared/cmd.h"
#include "broker/broker.h"

/* ---- what was typed ------------------------------------------------------- */

const char *
broker_option_name(const struct run *r, int key)
{
	const struct opt *o = r->cmd->opts;

	while (o->key != 0 && o->key != key)
		o++;
	return o->name;
}

const char *
broker_option(struct run *r, const char **arg)
{
	int key = run_option(r, arg);

	return key == 0 ? NULL : broker_option_name(r, key);
}

enum status
broker_queue(struct broker *b)
{
	struct run *r = b->r;
	const char *name = r->operand[0];

	for (const char *p = name; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p) || *p == ' ')
			return error_set(&r->err, ST_USAGE, 0,
			    "'%s' is not a queue name: it has blanks or control characters", name);
	if (name[0] == '\0')
		return error_set(&r->err, ST_USAGE, 0, "an empty name names no queue");
	return address_target(r, &b->address, name, b->target);
}

/* ---- the engine ------------------------------------------------------------- */

enum status
broker_open(struct broker *b, const struct engine_options *opt)
{
	return b->e != NULL ? ST_OK :
	    engine_open(b->r, &b->address, opt, &b->e, &b->r->err);
}

enum status
broker_answer(struct broker *b, struct event_of_engine *ev)
{
	return engine_answer(b->e, ev, &b->r->err);
}

enum status
broker_event(struct broker *b, usec_t deadline, struct event_of_engine *ev)
{
	struct pollfd p[ENGINE_FDS];
	usec_t until, left;

	while (engine_next(b->e, ev) != ST_OK) {
		if (clock_mono() >= deadline)
			return ST_NONE;
		until = engine_poll(b->e, p);
		left = (until < deadline ? until : deadline) - clock_mono();
		(void)poll(p, ENGINE_FDS, left > USEC ? 1000 : left < 0 ? 0 :
		    (int)(left / 1000) + 1);
	}
	return ST_OK;
}
