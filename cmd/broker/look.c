/*
 * look.c: mq stat and mq peek on an engine.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/envelope.h"
#include "base/names.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "broker/broker.h"

/* ---- stat ------------------------------------------------------------------- */

static const char *const numbers[] = { "ready", "delayed", "claimed", "dead" };
#define NNUMBERS 4

/* What the engine tells of a queue; -1: it does not tell that. */
struct figures_of { int64_t n[NNUMBERS]; usec_t oldest; };

static void
stat_row(const struct broker *b, const char *queue, int width, const struct figures_of *f)
{
	const char *about = engine_can(b->e, "approx") ? "~" : "";
	char text[DURATION_MAX] = "-", cell[32];

	(void)printf("%-*s", width, queue);
	for (int i = 0; i < NNUMBERS; i++) {
		(void)snprintf(cell, sizeof(cell), f->n[i] == -1 ? "-" : "%s%" PRId64, about,
		    f->n[i]);
		(void)printf(" %9s", cell);
	}
	if (f->oldest > 0) {
		age_format(clock_now() - f->oldest, text);
		text[strcspn(text, " ")] = '\0';
	}
	(void)printf(" %8s\n", text);
}

static void
stat_json(const struct broker *b, const char *queue, const struct figures_of *f)
{
	(void)fputs("{\"queue\":", stdout);
	json_value(stdout, queue);
	for (int i = 0; i < NNUMBERS; i++) {
		json_name(stdout, numbers[i], false);
		if (f->n[i] == -1)
			json_value(stdout, NULL);
		else
			(void)printf("%" PRId64, f->n[i]);
	}
	json_name(stdout, "oldest", false);
	json_time(stdout, f->oldest > 0 ? f->oldest : 0);
	(void)printf(",\"approx\":%s}\n", engine_can(b->e, "approx") ? "true" : "false");
}

/* 'width' -1: as JSON. */
static void
stat_put(const struct broker *b, const char *queue, int width, const struct figures_of *f)
{
	if (width == -1)
		stat_json(b, queue, f);
	else
		stat_row(b, queue, width, f);
}

static enum status
stat_ask(struct broker *b, const char *target, struct figures_of *f)
{
	struct event_of_engine ev;
	enum status st;

	engine_ask(b->e, NULL, "stat", target);
	if ((st = broker_answer(b, &ev)) != ST_OK)
		return st;
	for (int i = 0; i < NNUMBERS; i++)
		if (!frame_number(&ev.frame, 2, numbers[i], 0, INT64_MAX, -1, &f->n[i]))
			f->n[i] = -1;
	if (!frame_number(&ev.frame, 2, "oldest", 0, INT64_MAX, 0, &f->oldest))
		f->oldest = 0;
	return ST_OK;
}

static enum status
stat_names(struct broker *b, struct names *names)
{
	struct event_of_engine ev;
	enum status st;

	engine_ask(b->e, NULL, "queues");
	while (engine_wait(b->e, USEC_MAX, &ev) == ST_OK && ev.kind == EV_QUEUE)
		if ((st = names_add(names, ev.text, &b->r->err)) != ST_OK)
			return st;
	return ev.kind == EV_OK ? ST_OK : error_set(&b->r->err, ev.kind == EV_ERR ?
	    class_status(ev.class) : ST_AGAIN, 0, "%s: %s", engine_name(b->e), ev.text);
}

static void
stat_heading(int width, bool json)
{
	if (!json)
		(void)printf("%-*s %9s %9s %9s %9s %8s\n", width, "QUEUE", "READY", "DELAYED",
		    "CLAIMED", "DEAD", "OLDEST");
}

/* The queue that was named. */
static enum status
stat_named(struct broker *b, bool json)
{
	const char *queue = b->r->operand[0];
	int width = (int)strlen(queue) > 5 ? (int)strlen(queue) : 5;
	struct figures_of f;
	enum status st = stat_ask(b, b->target, &f);

	if (st != ST_OK)
		return st;
	stat_heading(width, json);
	stat_put(b, queue, json ? -1 : width, &f);
	return ST_OK;
}

static enum status
stat_all(struct broker *b, bool json)
{
	enum status st, worst = ST_OK;
	struct names names = { 0 };
	int width = 5;

	if ((st = refuse_unless(b, "queues")) == ST_OK)
		st = stat_names(b, &names);
	for (size_t i = 0; st == ST_OK && i < names.n; i++)
		if ((int)strlen(names.name[i]) > width)
			width = (int)strlen(names.name[i]);
	if (st == ST_OK)
		stat_heading(width, json);
	for (size_t i = 0; st == ST_OK && i < names.n && !run_stopped(); i++) {
		struct figures_of f;
		enum status one = stat_ask(b, names.name[i], &f);
		if (one == ST_OK)
			stat_put(b, names.name[i], json ? -1 : width, &f);
		else if (one == ST_NOTFOUND)	/* it was removed just now */
			error_clear(&b->r->err);
		else
			run_trouble(b->r, one, &worst);
	}
	names_free(&names);
	return st != ST_OK ? st : worst;
}

enum status
broker_stat(struct broker *b)
{
	struct run *r = b->r;
	bool json = false;
	const char *arg;
	enum status st;

	while (broker_option(r, &arg) != NULL)
		json = true;
	if ((st = run_operands(r, 0, 1)) != ST_OK ||
	    (r->noperands == 1 && (st = broker_queue(b)) != ST_OK) ||
	    (st = broker_open(b, &(struct engine_options){ 0 })) != ST_OK ||
	    (st = refuse_unless(b, "stat")) != ST_OK)
		return st;
	return r->noperands == 0 ? stat_all(b, json) : stat_named(b, json);
}

/* ---- peek ------------------------------------------------------------------- */

struct peeking {
	struct broker *b;
	const char *state;
	int64_t limit;
	bool info, json;
	uint64_t shown;
};

static void
peek_line(const char *name, const char *value, size_t len)
{
	(void)printf("%s: ", name);
	out_vis(stdout, value, len);
	(void)fputc('\n', stdout);
}

static void
peek_time(const char *name, usec_t at)
{
	char text[TIME_MAX];

	if (at == 0)
		return;
	time_format(at, text);
	(void)printf("%s: %s\n", name, text);
}

static void
peek_info(const struct peeking *k, const struct message *m, const char *state)
{
	struct headers all = { (char *)(uintptr_t)m->head, m->headlen };
	struct header h;
	size_t pos = 0;

	peek_line("Id", m->id, strlen(m->id));
	(void)printf("State: %s\nPriority: %d\nAttempts: %" PRId64 "\n", state, m->priority,
	    engine_attempts(k->b->e, m));
	if (engine_can(k->b->e, "deliveries"))
		(void)printf("Deliveries: %" PRId64 "\n", m->deliveries);
	(void)printf("Size: %" PRId64 "\n", shown_size(m));
	peek_time("Enqueued", m->enqueued);
	peek_time("Expires", m->expires);
	if (m->reason != NULL)
		peek_line("Reason", m->reason, strlen(m->reason));
	while (headers_next(&all, &pos, &h)) {
		(void)fputs("Header: ", stdout);
		out_vis(stdout, h.name, h.namelen);
		(void)fputs(": ", stdout);
		out_vis(stdout, h.value, h.valuelen);
		(void)fputc('\n', stdout);
	}
	(void)fputc('\n', stdout);
}

/* On a terminal, control characters are made visible. */
static void
peek_body(const struct message *m)
{
	const char *p = m->body, *end = p + m->bodylen;

	if (isatty(STDOUT_FILENO) != 1) {
		(void)fwrite(m->body, 1, m->bodylen, stdout);
		return;
	}
	while (p < end) {
		const char *stop = p;
		while (stop < end && *stop != '\n' && *stop != '\t')
			stop++;
		out_vis(stdout, p, (size_t)(stop - p));
		if (stop < end)
			(void)fputc(*stop++, stdout);
		p = stop;
	}
}

static enum status
peek_put(void *arg, const struct event_of_engine *ev)
{
	struct peeking *k = arg;
	const struct message *m = &ev->message;
	struct shown s = { .b = k->b, .queue = k->b->r->operand[0], .state = ev->text, .m = m };
	enum status st = ST_OK;

	k->shown++;
	if (k->json) {
		(void)fputc('{', stdout);
		st = shown_json(stdout, &s, true, &k->b->r->err);
		(void)fputs("}\n", stdout);
		return st;
	}
	if (k->info)
		peek_info(k, m, ev->text);
	peek_body(m);
	return ST_OK;
}

static enum status
peek_option(struct peeking *k, const char *name, const char *arg)
{
	if (strcmp(name, "limit") == 0)
		return arg_number(k->b->r, "-n", arg, 1, INT64_MAX, &k->limit);
	if (strcmp(name, "state") == 0)
		k->state = arg;
	k->info |= strcmp(name, "info") == 0;
	k->json |= strcmp(name, "json") == 0;
	return ST_OK;
}

static enum status
peek_typed(struct peeking *k)
{
	struct run *r = k->b->r;
	enum status st = ST_OK;
	const char *name, *arg;

	while (st == ST_OK && (name = broker_option(r, &arg)) != NULL)
		st = peek_option(k, name, arg);
	if (st != ST_OK || (st = run_operands(r, 1, 2)) != ST_OK)
		return st;
	if (r->noperands == 2)
		return run_usage(r, "an engine finds no message by its id: 'mq peek --state STATE "
		    "-n N --json' shows the first ones");
	return broker_queue(k->b);
}

enum status
broker_peek(struct broker *b)
{
	struct peeking k = { .b = b, .state = "ready", .limit = 1 };
	enum status st;

	if ((st = peek_typed(&k)) == ST_OK &&
	    (st = broker_open(b, &(struct engine_options){ 0 })) == ST_OK &&
	    (st = list_allowed(b, k.state)) == ST_OK)
		st = list_each(b, k.state, k.limit, FRAME_BODY_MAX, peek_put, &k);
	return st == ST_OK && k.shown == 0 ? ST_NONE : st;
}
