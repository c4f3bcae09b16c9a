/*
 * peek.c: mq peek: look at messages and change nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/message.h"
#include "shared/select.h"
#include "shared/ids.h"
#include "cloudevents/cloudevents.h"

enum { JSON = OPT_LONG, EVENTS };

static const struct opt opts[] = {
	SELECT_OPTS,
	{ 'i', "info", NULL, false, "what is known about it, and its headers, before the body" },
	{ JSON, "json", NULL, false, "one JSON object a line, body included" },
	{ EVENTS, "cloudevents", NULL, false, "one CloudEvent in JSON a line" },
	OPT_END
};

struct peek {
	struct run *r;
	struct queue *q;
	bool info, json, events, terminal;
	bool named;		/* given by its id: show what is known even if it is broken */
	struct select *sel;
	uint64_t shown;
	enum status worst;
};

static enum status
peek_put(struct peek *k, const struct place *p)
{
	struct error *err = &k->r->err;
	enum status st;
	int fd;

	if ((st = msg_open(k->q, p, &fd, err)) != ST_OK)
		return k->info && !k->json && !k->events ?
		    message_info(k->r, k->q, p, -1, k->named, st) : st;
	if (k->events)
		st = cloudevent_write(stdout, k->q, p, fd, NULL, err);
	else if (k->json) {
		if ((st = json_open(stdout, k->q, p, err)) == ST_OK) {
			st = json_body(stdout, fd, &p->name, err);
			(void)fputs("}\n", stdout);
		}
	} else {
		if (k->info)
			st = message_info(k->r, k->q, p, fd, k->named, ST_OK);
		if (st == ST_OK)
			st = message_body(k->r, p, fd, k->terminal);
	}
	(void)close(fd);
	return st;
}

static enum status
peek_id(struct peek *k, const char *word)
{
	struct msgid id;
	struct place p;
	enum status st;

	k->named = true;
	if ((st = id_resolve(k->r, k->q, word, &id)) != ST_OK)
		return st;
	st = ST_GONE;
	for (int i = 0; st == ST_GONE && i < 4; i++)	/* it may move before msg_open */
		if ((st = scan_find(k->q, STATES_ALL, &id, &p, &k->r->err)) == ST_OK)
			st = peek_put(k, &p);
	return st;
}

static enum status
peek_one(void *arg, const struct place *p)
{
	struct peek *k = arg;
	enum status st = peek_put(k, p);

	if (st == ST_OK)
		k->shown++;
	else if (st == ST_DENIED)	/* claims pass over such a message and report it, too */
		run_trouble(k->r, st, &k->worst);
	return st == ST_DENIED || st == ST_BADDATA ? ST_NONE : st;
}

static enum status
peek_selected(struct peek *k)
{
	struct visit v = { peek_one, NULL, k };
	enum status st;

	if (select_limit(k->sel) == INT64_MAX)
		select_set_limit(k->sel, 1);
	st = select_each(k->sel, k->q, STATE_BIT(STATE_READY), clock_now(), &v, &k->worst);
	if (st != ST_OK)
		return st;
	return k->shown > 0 ? ST_OK : k->worst != ST_OK ? k->worst : ST_NONE;
}

static enum status
options(struct peek *k)
{
	enum status st = ST_OK;
	const char *arg;
	int key;

	while (st == ST_OK && (key = run_option(k->r, &arg)) != 0) {
		k->info |= key == 'i';
		k->json |= key == JSON;
		k->events |= key == EVENTS;
		if ((st = select_option(k->sel, key, arg)) == ST_NONE)
			st = ST_OK;
	}
	return st;
}

static enum status
peek(struct peek *k)
{
	struct run *r = k->r;
	enum status st;

	if ((st = options(k)) != ST_OK || (st = run_operands(r, 1, 2)) != ST_OK)
		return st;
	if (k->json && k->events)
		return run_usage(r, "one of --json and --cloudevents");
	if (r->noperands == 2 && (select_given(k->sel) || select_limit(k->sel) != INT64_MAX))
		return run_usage(r, "a selection, or an ID: not both");
	if ((st = run_queue(r, r->operand[0], &k->q)) != ST_OK)
		return st;
	return r->noperands == 2 ? peek_id(k, r->operand[1]) : peek_selected(k);
}

static enum status
run_peek(struct run *r)
{
	struct peek k = { .r = r, .sel = select_new(r), .terminal = isatty(STDOUT_FILENO) == 1 };
	enum status st;

	if (k.sel == NULL)
		return error_sys(&r->err, ENOMEM, "peek");
	st = peek(&k);
	queue_close(k.q);
	select_free(k.sel);
	return st;
}

const struct cmd cmd_peek = {
	.name = "peek",
	.operands = "QUEUE [ID]",
	.summary = "show messages, the next one, and change nothing",
	.opts = opts,
	.run = run_peek,
	.looks = true,
	.pipe = PIPE_ENDS,
};
