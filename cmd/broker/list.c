/*
 * list.c: mq ls and mq dead on an engine.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "shared/out.h"
#include "broker/broker.h"

#define MAX_COLUMNS 12
/* So many of a state are asked for at most: some helpers have them all in memory. */
#define LIST_MAX 100000

/* A row: where it is printed, and what of. */
struct row { FILE *f; struct broker *b; const struct message *m; const char *state; };

struct listing {
	struct broker *b;
	const char *state;	/* NULL: all that the engine lists */
	int64_t limit;
	bool json;
	const struct list_column *col[MAX_COLUMNS];
	size_t ncol;
	uint64_t shown;
};

/* ---- columns ------------------------------------------------------------------ */

static void
column_text(FILE *f, const char *text)
{
	if (text == NULL || text[0] == '\0')
		(void)fputc('-', f);
	else
		out_vis(f, text, strlen(text));
}

static void
column_time(FILE *f, usec_t at)
{
	char text[TIME_MAX];

	if (at != 0)
		time_format(at, text);
	column_text(f, at != 0 ? text : NULL);
}

static void
column_number(FILE *f, int64_t n, bool known)
{
	if (known)
		(void)fprintf(f, "%" PRId64, n);
	else
		(void)fputc('-', f);
}

static void
column_age(FILE *f, usec_t since)
{
	char text[DURATION_MAX];

	if (since == 0) {
		(void)fputc('-', f);
		return;
	}
	age_format(clock_now() - since, text);
	/* One word, so that awk counts the columns right. */
	for (const char *c = text; *c != '\0'; c++)
		if (*c != ' ')
			(void)fputc(*c, f);
}

#define PUT(name) static void column_put_##name(const struct row *w)
PUT(id) { column_text(w->f, w->m->id); }
PUT(state) { column_text(w->f, w->state); }
PUT(priority) { column_number(w->f, w->m->priority, true); }
PUT(attempts) { column_number(w->f, engine_attempts(w->b->e, w->m), true); }
PUT(deliveries) { column_number(w->f, w->m->deliveries, engine_can(w->b->e, "deliveries")); }
PUT(size) { column_number(w->f, shown_size(w->m), true); }
PUT(age) { column_age(w->f, w->m->enqueued); }
PUT(enqueued) { column_time(w->f, w->m->enqueued); }
PUT(expires) { column_time(w->f, w->m->expires); }
PUT(reason) { column_text(w->f, w->m->reason); }

static const struct list_column {
	const char *name;
	int width;
	void (*put)(const struct row *w);
} list_columns[] = { { "id", 36, column_put_id }, { "state", 7, column_put_state },
    { "priority", 1, column_put_priority }, { "attempts", 2, column_put_attempts },
    { "deliveries", 2, column_put_deliveries }, { "size", 7, column_put_size },
    { "age", 6, column_put_age }, { "enqueued", 27, column_put_enqueued },
    { "expires", 27, column_put_expires }, { "reason", 20, column_put_reason } };
#define NCOLUMNS (sizeof(list_columns) / sizeof(list_columns[0]))

static enum status
list_choose(struct listing *l, const char *names)
{
	char text[300], *word, *rest = text;

	l->ncol = 0;
	if (strlcpy(text, names, sizeof(text)) >= sizeof(text))
		return run_usage(l->b->r, "-o: too many columns");
	while ((word = strsep(&rest, ",")) != NULL) {
		size_t i = 0;
		while (i < NCOLUMNS && strcmp(list_columns[i].name, word) != 0)
			i++;
		if (i == NCOLUMNS)
			return run_usage(l->b->r, "-o: no column '%s' on an engine; there are id, "
			    "state, priority, attempts, deliveries, size, age, enqueued, expires "
			    "and reason", word);
		if (l->ncol == MAX_COLUMNS)
			return run_usage(l->b->r, "-o: too many columns");
		l->col[l->ncol++] = &list_columns[i];
	}
	return ST_OK;
}

/* ---- listing ------------------------------------------------------------------ */

enum status
list_allowed(struct broker *b, const char *state)
{
	enum status st = refuse_unless(b, "list");

	if (st != ST_OK || engine_lists(b->e, "list", state))
		return st;
	return error_set(&b->r->err, ST_USAGE, 0, "%s: messages that are '%s' cannot be listed; "
	    "it lists %s", engine_name(b->e), state, engine_cap(b->e, "list"));
}

enum status
list_each(struct broker *b, const char *state, int64_t max, int64_t bytes, list_visitor *one,
    void *arg)
{
	struct event_of_engine ev;
	char most[24], size[24];
	enum status st = ST_OK;
	int64_t n = 0;

	(void)snprintf(most, sizeof(most), "%" PRId64, max < LIST_MAX ? max : LIST_MAX);
	(void)snprintf(size, sizeof(size), "%" PRId64, bytes);
	engine_ask(b->e, NULL, "list", b->target, state, most, size);
	while (st == ST_OK && (st = engine_wait(b->e, USEC_MAX, &ev)) == ST_OK) {
		if (ev.kind == EV_OK) {
			if (n < max && (n == LIST_MAX ||
			    frame_field(&ev.frame, 2, "more") != NULL))
				run_note(b->r, "there may be more than these %" PRId64 " %s ones, "
				    "which cannot be listed at once", n, state);
			return ST_OK;
		}
		if (ev.kind == EV_ERR || ev.kind == EV_DOWN)
			return error_set(&b->r->err, ev.kind == EV_ERR &&
			    ev.class != CLASS_UNKNOWN ? class_status(ev.class) : ST_AGAIN, 0,
			    "%s: %s", engine_name(b->e), ev.text);
		n += ev.kind == EV_ITEM;
		if (ev.kind == EV_ITEM)
			st = ferror(stdout) != 0 ? ST_IO : one(arg, &ev);
	}
	return st == ST_IO ? out_flush(b->r) : st;
}

static void
list_heading(const struct listing *l)
{
	for (size_t i = 0; !l->json && isatty(STDOUT_FILENO) == 1 && i < l->ncol; i++) {
		bool last = i + 1 == l->ncol;
		for (const char *c = l->col[i]->name; *c != '\0'; c++)
			(void)fputc(*c - 'a' + 'A', stdout);
		(void)printf("%*s", last ? 0 : l->col[i]->width + 2 - (int)strlen(l->col[i]->name),
		    last ? "\n" : "");
	}
}

static enum status
list_put(void *arg, const struct event_of_engine *ev)
{
	struct listing *l = arg;
	struct shown s = { .b = l->b, .queue = l->b->r->operand[0], .state = ev->text,
	    .m = &ev->message };
	char cell[700];
	enum status st = ST_OK;

	l->shown++;
	if (l->json) {
		(void)fputc('{', stdout);
		st = shown_json(stdout, &s, false, &l->b->r->err);
		(void)fputs("}\n", stdout);
		return st;
	}
	for (size_t i = 0; i < l->ncol; i++) {
		bool last = i + 1 == l->ncol;
		struct row w = { fmemopen(cell, sizeof(cell), "w"), l->b, &ev->message, ev->text };
		if (w.f == NULL)
			return error_set(&l->b->r->err, ST_AGAIN, 0, "not enough memory");
		l->col[i]->put(&w);
		(void)fclose(w.f);
		(void)printf("%-*s%s", last ? 0 : l->col[i]->width, cell, last ? "\n" : "  ");
	}
	return ST_OK;
}

static const char *const list_names[] = { "ready", "delayed", "claimed", "dead" };
#define NSTATES_LISTED 4

/* A list that lacks some states must not look as if there were no messages. */
static void
list_tell_lack(const struct listing *l)
{
	const struct engine *e = l->b->e;

	for (size_t i = 0; i < NSTATES_LISTED; i++)
		if (!engine_lists(e, "list", list_names[i])) {
			run_note(l->b->r, "%s lists no messages but those that are %s",
			    engine_name(e), engine_cap(e, "list"));
			return;
		}
}

/* All states that the engine lists, one after the other, until there are enough. */
static enum status
list_states(struct listing *l)
{
	enum status st = ST_OK;

	for (size_t i = 0; st == ST_OK && i < NSTATES_LISTED && l->shown < (uint64_t)l->limit; i++)
		if (l->state != NULL ? strcmp(l->state, list_names[i]) == 0 :
		    engine_lists(l->b->e, "list", list_names[i]))
			st = list_each(l->b, list_names[i], l->limit - (int64_t)l->shown, 0,
			    list_put, l);
	return st;
}

/* ---- the verbs ---------------------------------------------------------------- */

static enum status
list_option(struct listing *l, const char *name, const char *arg)
{
	if (strcmp(name, "limit") == 0)
		return arg_number(l->b->r, "-n", arg, 1, INT64_MAX, &l->limit);
	if (strcmp(name, "columns") == 0)
		return list_choose(l, arg);
	if (strcmp(name, "ids") == 0)
		return list_choose(l, "id");
	if (strcmp(name, "state") == 0)
		l->state = arg;
	l->json |= strcmp(name, "json") == 0;
	return ST_OK;
}

static enum status
list_typed(struct listing *l, const char *columns)
{
	struct run *r = l->b->r;
	enum status st = list_choose(l, columns);
	const char *name, *arg;

	while (st == ST_OK && (name = broker_option(r, &arg)) != NULL)
		st = list_option(l, name, arg);
	if (st != ST_OK || (st = run_operands(r, 1, 1)) != ST_OK)
		return st;
	return broker_queue(l->b);
}

static enum status
list_run_on(struct listing *l, const char *columns)
{
	struct broker *b = l->b;
	enum status st;

	if ((st = list_typed(l, columns)) != ST_OK ||
	    (st = broker_open(b, &(struct engine_options){ 0 })) != ST_OK ||
	    (st = l->state != NULL ? list_allowed(b, l->state) : refuse_unless(b, "list")) != ST_OK)
		return st;
	if (l->state == NULL)
		list_tell_lack(l);
	list_heading(l);
	return list_states(l);
}

/* Without a QUEUE: the queues. */
static enum status
list_queues(struct broker *b)
{
	struct event_of_engine ev;
	bool json = false;
	const char *name, *arg;
	enum status st;

	while ((name = broker_option(b->r, &arg)) != NULL) {
		if (strcmp(name, "json") != 0)
			return run_usage(b->r, "this option is about messages: name their QUEUE");
		json = true;
	}
	if ((st = broker_open(b, &(struct engine_options){ 0 })) != ST_OK ||
	    (st = refuse_unless(b, "queues")) != ST_OK)
		return st;
	engine_ask(b->e, NULL, "queues");
	while ((st = engine_wait(b->e, USEC_MAX, &ev)) == ST_OK && ev.kind == EV_QUEUE) {
		(void)fputs(json ? "{\"queue\":" : "", stdout);
		if (json)
			json_value(stdout, ev.text);
		else
			out_vis(stdout, ev.text, strlen(ev.text));
		(void)fputs(json ? "}\n" : "\n", stdout);
	}
	if (st != ST_OK || ev.kind == EV_OK)
		return st;
	return error_set(&b->r->err, ev.kind == EV_ERR && ev.class != CLASS_UNKNOWN ?
	    class_status(ev.class) : ST_AGAIN, 0, "%s: %s", engine_name(b->e), ev.text);
}

enum status
broker_ls(struct broker *b)
{
	struct listing l = { .b = b, .limit = INT64_MAX };

	return b->r->noperands == 0 ? list_queues(b) :
	    list_run_on(&l, "id,state,priority,attempts,size,age");
}

enum status
broker_dead(struct broker *b)
{
	struct listing l = { .b = b, .limit = INT64_MAX, .state = "dead" };

	return list_run_on(&l, "id,attempts,age,reason");
}
