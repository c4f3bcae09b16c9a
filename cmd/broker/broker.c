/*
 * broker.c: which verbs know what to do with an engine, and what they have in common.
 *
 * An engine is never asked for something that it cannot do, nor for something like it: what is not
 * listed here, or is not among the engine's capabilities, is refused before anything is sent.
 */
#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cmd.h"
#include "broker/broker.h"

struct broker_verb {
	const char *name;
	const char *options;	/* that engines know, by their long names, with blanks around each */
	enum status (*run)(struct broker *b);
};

static const struct broker_verb broker_verbs[] = {
	{ "push", " message lines null priority delay expire key header type content-type source "
	    "cloudevents id wait ", broker_push },
	{ "pop", " limit lines null json wait ", broker_pop },
	{ "claim", " body lease wait json ", broker_claim },
	{ "ack", " ", broker_ack },
	{ "nack", " delay reason dead no-count ", broker_nack },
	{ "extend", " ", broker_extend },
	{ "stat", " json ", broker_stat },
	{ "peek", " state limit info json ", broker_peek },
	{ "ls", " state limit columns json ids ", broker_ls },
	{ "dead", " limit columns json ids ", broker_dead },
	{ "retry", " all ", broker_retry },
};
#define NVERBS (sizeof(broker_verbs) / sizeof(broker_verbs[0]))

/* ---- what was typed ------------------------------------------------------- */

static const char *
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

static enum status
broker_allows(struct run *r, const struct broker_verb *v)
{
	char word[40];

	for (int i = 0; i < r->ngiven; i++) {
		const char *name = broker_option_name(r, r->given[i].key);
		(void)snprintf(word, sizeof(word), " %s ", name != NULL ? name : "");
		if (strstr(v->options, word) == NULL)
			return refuse_option(r, name);
	}
	return ST_OK;
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
broker_cannot(struct broker *b, const char *why, const char *instead)
{
	return error_set(&b->r->err, ST_USAGE, 0, "%s: %s; %s", engine_name(b->e), why, instead);
}

enum status
broker_needs(struct broker *b, const char *capability)
{
	return engine_can(b->e, capability) ? ST_OK : refuse_capability(b, capability);
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
		(void)poll(p, ENGINE_FDS, left > USEC ? 1000 : left < 0 ? 0 : (int)(left / 1000) + 1);
	}
	return ST_OK;
}

int64_t
broker_attempts(const struct broker *b, const struct message *m)
{
	/* An engine that keeps no count of failures knows how often it gave the message out. */
	return engine_can(b->e, "attempts") || m->deliveries == 0 ? m->attempts : m->deliveries - 1;
}

/* ---- running ---------------------------------------------------------------- */

static enum status
broker_do(struct run *r, const struct broker_verb *v, const char *spool)
{
	struct broker b = { .r = r };
	enum status st;

	if ((st = address_read(r, spool, &b.address)) == ST_OK)
		st = v->run(&b);
	engine_close(b.e);
	address_free(&b.address);
	return st;
}

enum status
broker_run(struct run *r, const char *spool)
{
	/* mq work knows of engines itself: see cmd/worker/link.h. */
	static const char *const elsewhere[] = { "help", "version", "engine", "work" };
	const struct broker_verb *v = broker_verbs;
	enum status st;
	void (*before)(int);

	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (strcmp(r->cmd->name, elsewhere[i]) == 0)
			return r->cmd->run(r);
	while (v < broker_verbs + NVERBS && strcmp(v->name, r->cmd->name) != 0)
		v++;
	if (v == broker_verbs + NVERBS)
		return refuse_verb(r);
	if ((st = broker_allows(r, v)) != ST_OK)
		return st;
	run_stoppable();
	/* That a helper is gone is no reason to die, even for a verb that only prints. */
	before = signal(SIGPIPE, SIG_IGN);
	st = broker_do(r, v, spool);
	(void)signal(SIGPIPE, before);
	return st;
}
