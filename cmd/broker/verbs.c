/*
 * verbs.c: which verbs know what to do with an engine.
 *
 * An engine is never asked for something that it cannot do, nor for something like it: what is not
 * listed here, or is not among the engine's capabilities, is refused before anything is sent.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "shared/cmd.h"
#include "broker/broker.h"

struct verb {
	const char *name;
	const char *options;	/* by their long names, with blanks around each */
	enum status (*run)(struct broker *b);
};

static const struct verb on_engines[] = {
	{ "init", " ", broker_init },
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
#define NVERBS (sizeof(on_engines) / sizeof(on_engines[0]))

static enum status
verbs_allow(struct run *r, const struct verb *v)
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

static enum status
verbs_do(struct run *r, const struct verb *v, const char *spool)
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
	const struct verb *v = on_engines;
	enum status st;
	void (*before)(int);

	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (strcmp(r->cmd->name, elsewhere[i]) == 0)
			return r->cmd->run(r);
	while (v < on_engines + NVERBS && strcmp(v->name, r->cmd->name) != 0)
		v++;
	if (v == on_engines + NVERBS)
		return refuse_verb(r);
	if ((st = verbs_allow(r, v)) != ST_OK)
		return st;
	run_stoppable();
	/* That a helper is gone is no reason to die, even for a verb that only prints. */
	before = signal(SIGPIPE, SIG_IGN);
	st = verbs_do(r, v, spool);
	(void)signal(SIGPIPE, before);
	return st;
}
