/*
 * list.c: mq ls and mq dead: messages as a table, as ids, as JSON.
 *
 * Unsorted, the listing is streamed in constant memory; sorted, it is held.
 */
#include <sys/stat.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/progress.h"
#include "shared/select.h"
#include "shared/list.h"

#define MAX_COLUMNS 20

struct column {
	const char *name;
	int width;	/* on a terminal; negative: to the right */
	void (*print)(FILE *, struct queue *, const struct place *, usec_t now);
	int (*cmp)(const struct place *, const struct place *);
};

static int
cmp_numbers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static void
put_time(FILE *f, usec_t at)
{
	char text[TIME_MAX] = "-";

	if (at != 0)
		time_format(at, text);
	(void)fputs(text, f);
}

#define PRINTER(name) static void name(FILE *f, struct queue *q, const struct place *p, usec_t now)
#define UNUSED (void)q, (void)now

PRINTER(put_id) { UNUSED; (void)fputs(p->name.id.text, f); }
PRINTER(put_state) { UNUSED; (void)fputs(state_names[p->state], f); }
PRINTER(put_priority) { UNUSED; (void)fprintf(f, "%d", p->name.priority); }
PRINTER(put_attempts) { UNUSED; (void)fprintf(f, "%d", p->name.attempts); }
PRINTER(put_deliveries) { UNUSED; (void)fprintf(f, "%d", p->name.deliveries); }
PRINTER(put_size) { UNUSED; (void)fprintf(f, "%" PRId64, p->name.size - p->name.head); }
PRINTER(put_enqueued) { UNUSED; put_time(f, id_time(&p->name.id)); }
PRINTER(put_due) { UNUSED; put_time(f, p->state == STATE_DELAYED ? p->name.key : 0); }
PRINTER(put_deadline) { UNUSED; put_time(f, p->state == STATE_CLAIMED ? p->name.key : 0); }
PRINTER(put_expires) { UNUSED; put_time(f, p->name.expires); }

PRINTER(put_age)
{
	char text[DURATION_MAX];

	(void)q;
	age_format(now - id_time(&p->name.id), text);
	/* One word, so that a column stays a column to awk. */
	for (char *c = text, *to = text;; c++)
		if (*c != ' ' && (*to++ = *c) == '\0')
			break;
	(void)fputs(text, f);
}

PRINTER(put_reason)
{
	char text[600];

	(void)now;
	msg_reason(q, p, text, sizeof(text));
	if (text[0] == '\0')
		(void)fputc('-', f);
	else
		out_vis(f, text, strlen(text));
}

PRINTER(put_handle)
{
	char text[HANDLE_MAX] = "-";

	UNUSED;
	if (p->state == STATE_CLAIMED && p->name.token[0] != '\0')
		handle_format(p, text);
	(void)fputs(text, f);
}

PRINTER(put_file)
{
	char text[600];

	(void)now;
	place_path(q, p, text, sizeof(text));
	out_vis(f, text, strlen(text));
}

#define COMPARE(name, what) static int name(const struct place *a, const struct place *b) { return what; }
#define BY_NUMBER(name, member) COMPARE(name, cmp_numbers(a->member, b->member))
#define KEY_IN(p, s) ((p)->state == (s) ? (p)->name.key : 0)

COMPARE(by_id, strcmp(a->name.id.text, b->name.id.text))
BY_NUMBER(by_state, state)
BY_NUMBER(by_priority, name.priority)
BY_NUMBER(by_attempts, name.attempts)
BY_NUMBER(by_deliveries, name.deliveries)
COMPARE(by_size, cmp_numbers(a->name.size - a->name.head, b->name.size - b->name.head))
COMPARE(by_age, cmp_numbers(id_time(&b->name.id), id_time(&a->name.id)))
COMPARE(by_enqueued, cmp_numbers(id_time(&a->name.id), id_time(&b->name.id)))
COMPARE(by_due, cmp_numbers(KEY_IN(a, STATE_DELAYED), KEY_IN(b, STATE_DELAYED)))
COMPARE(by_deadline, cmp_numbers(KEY_IN(a, STATE_CLAIMED), KEY_IN(b, STATE_CLAIMED)))
BY_NUMBER(by_expires, name.expires)
COMPARE(by_reason, strcmp(a->name.reason, b->name.reason))
COMPARE(by_file, strcmp(a->file, b->file))

static const struct column columns[] = {
	{ "id", 36, put_id, by_id },
	{ "state", 7, put_state, by_state },
	{ "priority", 1, put_priority, by_priority },
	{ "attempts", 2, put_attempts, by_attempts },
	{ "deliveries", 2, put_deliveries, by_deliveries },
	{ "size", 7, put_size, by_size },
	{ "age", 6, put_age, by_age },
	{ "enqueued", 27, put_enqueued, by_enqueued },
	{ "due", 27, put_due, by_due },
	{ "deadline", 27, put_deadline, by_deadline },
	{ "expires", 27, put_expires, by_expires },
	{ "reason", 20, put_reason, by_reason },
	{ "handle", 78, put_handle, by_id },
	{ "file", 40, put_file, by_file },
};
#define NCOLUMNS (sizeof(columns) / sizeof(columns[0]))

struct list {
	struct run *r;
	struct queue *q;
	struct select *sel;
	const struct column *col[MAX_COLUMNS];
	size_t ncol;
	const struct column *sort;
	bool descending, json, terminal;
	size_t width;		/* of the terminal, 0: none */
	struct progress progress;
	usec_t now;
	struct place *held;
	size_t n, cap;
};

/* ---- options ---------------------------------------------------------- */

static const struct column *
column(struct list *l, const char *opt, const char *name)
{
	const char *names[NCOLUMNS], *near;
	char all[200] = "";

	for (size_t i = 0; i < NCOLUMNS; i++) {
		names[i] = columns[i].name;
		if (strcmp(columns[i].name, name) == 0)
			return &columns[i];
		(void)strlcat(all, i == 0 ? "" : ",", sizeof(all));
		(void)strlcat(all, columns[i].name, sizeof(all));
	}
	near = nearest(name, names, NCOLUMNS);
	if (near != NULL)
		(void)run_usage(l->r, "%s: no column '%s'; did you mean '%s'?", opt, name, near);
	else
		(void)run_usage(l->r, "%s: no column '%s'; there are %s", opt, name, all);
	return NULL;
}

static enum status
choose_columns(struct list *l, const char *names)
{
	char text[300], *word, *rest = text;

	l->ncol = 0;
	if (strlcpy(text, names, sizeof(text)) >= sizeof(text))
		return run_usage(l->r, "-o: too many columns");
	while ((word = strsep(&rest, ",")) != NULL) {
		if (l->ncol == MAX_COLUMNS)
			return run_usage(l->r, "-o: too many columns");
		if ((l->col[l->ncol] = column(l, "-o", word)) == NULL)
			return ST_USAGE;
		l->ncol++;
	}
	return ST_OK;
}

static enum status
options(struct list *l)
{
	const char *arg;
	enum status st;
	int key;

	while ((key = run_option(l->r, &arg)) != 0) {
		st = select_option(l->sel, key, arg);
		switch (st == ST_NONE ? key : 0) {
		case 'o':
			st = choose_columns(l, arg);
			break;
		case LIST_SORT:
			l->descending = arg[0] == '-';
			l->sort = column(l, "--sort", arg + (l->descending ? 1 : 0));
			st = l->sort == NULL ? ST_USAGE : ST_OK;
			break;
		case LIST_JSON:
			l->json = true;
			st = ST_OK;
			break;
		case LIST_IDS:
			st = choose_columns(l, "id");
			break;
		default:
			break;
		}
		if (st != ST_OK && st != ST_NONE)
			return st;
	}
	return ST_OK;
}

/* ---- output ----------------------------------------------------------- */

/* On a terminal there is a heading, which has to fit. */
static int
width(const struct list *l, size_t i)
{
	int heading = l->terminal ? (int)strlen(l->col[i]->name) : 0;

	return heading > l->col[i]->width ? heading : l->col[i]->width;
}

static void
heading(const struct list *l)
{
	if (l->json || !l->terminal)
		return;
	for (size_t i = 0; i < l->ncol; i++) {
		bool last = i + 1 == l->ncol;
		char text[20];
		(void)strlcpy(text, l->col[i]->name, sizeof(text));
		for (char *c = text; *c != '\0'; c++)
			*c = (char)(*c - 'a' + 'A');
		(void)printf("%-*s%s", last ? 0 : width(l, i), text, last ? "\n" : "  ");
	}
}

/* Padded; on a terminal coloured by state, and the last one no wider than the line. */
static void
put_cell(const struct list *l, size_t i, size_t *used, const struct place *p)
{
	bool last = i + 1 == l->ncol;
	char *text = NULL;
	size_t len = 0;
	FILE *f;

	if ((f = open_memstream(&text, &len)) == NULL)
		return;
	l->col[i]->print(f, l->q, p, l->now);
	if (fclose(f) != 0) {
		free(text);
		return;
	}
	if (last && l->width > *used)
		out_clip(text, l->width - *used);
	if (l->col[i]->print == put_state)
		out_colour(stdout, (int)p->state);
	(void)printf("%-*s%s", last ? 0 : width(l, i), text, last ? "" : "  ");
	if (l->col[i]->print == put_state)
		out_colour(stdout, -1);
	*used += (size_t)width(l, i) + 2;
	free(text);
}

static enum status
put_row(struct list *l, const struct place *p, struct error *err)
{
	size_t used = 0;
	enum status st;

	if (l->json) {
		if ((st = json_open(stdout, l->q, p, err)) == ST_OK)
			(void)fputs("}\n", stdout);
		else if (st == ST_GONE)
			error_clear(err);
		return st == ST_GONE ? ST_OK : st;
	}
	for (size_t i = 0; i < l->ncol; i++)
		put_cell(l, i, &used, p);
	(void)fputc('\n', stdout);
	return ST_OK;
}

/* ---- sorted ----------------------------------------------------------- */

static const struct list *sorting;

static int
by_column(const void *a, const void *b)
{
	int c = sorting->sort->cmp(a, b);

	if (c == 0)
		c = by_enqueued(a, b);
	return sorting->descending ? -c : c;
}

static enum status
hold(struct list *l, const struct place *p, struct error *err)
{
	if (l->n == l->cap) {
		size_t cap = l->cap == 0 ? 256 : l->cap * 2;
		struct place *held = reallocarray(l->held, cap, sizeof(*held));
		if (held == NULL)
			return error_sys(err, ENOMEM, "sort");
		l->held = held;
		l->cap = cap;
	}
	l->held[l->n++] = *p;
	return ST_OK;
}

static enum status
put_sorted(struct list *l, int64_t limit, struct error *err)
{
	size_t n = (uint64_t)limit < l->n ? (size_t)limit : l->n, first = select_last(l->sel) ? l->n - n : 0;
	enum status st = ST_OK;

	sorting = l;
	if (l->n > 1)
		qsort(l->held, l->n, sizeof(*l->held), by_column);
	for (size_t i = first; st == ST_OK && i < first + n; i++)
		st = put_row(l, &l->held[i], err);
	return st;
}

/* ---- running ---------------------------------------------------------- */

static enum status
visit_one(void *arg, const struct place *p)
{
	struct list *l = arg;
	struct error *err = &l->r->err;

	if (l->sort != NULL)
		return hold(l, p, err);
	return ferror(stdout) != 0 ? ST_IO : put_row(l, p, err);
}

static void
draw(void *arg, uint64_t seen, uint64_t selected)
{
	struct list *l = arg;

	if (progress_due(&l->progress))
		progress_draw("%s: looked at %" PRIu64 ", %" PRIu64 " selected, %.0f/s",
		    queue_name(l->q), seen, selected, progress_rate(&l->progress, seen));
}

static enum status
go_over(struct list *l, unsigned states)
{
	struct visit v = { visit_one, draw, l };
	enum status st, worst = ST_OK;
	int64_t limit = select_limit(l->sel);
	struct stat sb;

	/* Who sees the rows come, or what another program makes of them, needs no other sign. */
	progress_start(&l->progress, l->r);
	l->progress.on &= l->terminal ? l->sort != NULL : fstat(STDOUT_FILENO, &sb) == 0 && S_ISREG(sb.st_mode);
	if (l->sort != NULL)	/* the first of what is sorted, not the sorted of what is first */
		select_set_limit(l->sel, INT64_MAX);
	st = select_each(l->sel, l->q, states, l->now, &v, &worst);
	progress_clear();
	if (st == ST_OK && l->sort != NULL)
		st = put_sorted(l, limit, &l->r->err);
	return st != ST_OK && ferror(stdout) == 0 ? st : worst;
}

enum status
list_run(struct run *r, const struct list_options *opt)
{
	struct list l = { .r = r, .sel = select_new(r), .now = clock_now(),
	    .terminal = isatty(STDOUT_FILENO) == 1 };
	enum status st;

	if (l.sel == NULL)
		return error_sys(&r->err, ENOMEM, "list");
	if ((st = choose_columns(&l, opt->columns)) == ST_OK &&
	    (st = options(&l)) == ST_OK && (st = run_operands(r, 1, 1)) == ST_OK &&
	    (st = run_queue(r, r->operand[0], &l.q)) == ST_OK) {
		l.width = l.terminal && !l.json ? out_columns() : 0;
		heading(&l);
		st = go_over(&l, opt->states);
	}
	select_free(l.sel);
	queue_close(l.q);
	free(l.held);
	return st;
}
