/*
 * list.c: mq ls and mq dead: messages as a table, as ids, as JSON.
 *
 * Without --sort the messages are printed as they are read, in constant memory.  With it, they are
 * held in memory.
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
#include "shared/columns.h"
#include "shared/list.h"

#define MAX_COLUMNS 20

struct list {
	struct run *r;
	struct queue *q;
	struct select *sel;
	const struct column *col[MAX_COLUMNS];
	size_t ncol;
	const struct column *sort;
	struct groups *by;	/* NULL: each message for itself */
	bool descending, json, terminal, columns;
	size_t width;		/* width of the terminal; 0: no terminal */
	struct progress progress;
	usec_t now;
	struct place *held;
	size_t n, cap;
};

/* ---- options ---------------------------------------------------------- */

static enum status
list_choose_columns(struct list *l, const char *names)
{
	char text[300], *word, *rest = text;

	l->ncol = 0;
	if (strlcpy(text, names, sizeof(text)) >= sizeof(text))
		return run_usage(l->r, "-o: too many columns");
	while ((word = strsep(&rest, ",")) != NULL) {
		if (l->ncol == MAX_COLUMNS)
			return run_usage(l->r, "-o: too many columns");
		if ((l->col[l->ncol] = column_find(l->r, "-o", word)) == NULL)
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
			l->columns = true;
			st = list_choose_columns(l, arg);
			break;
		case LIST_SORT:
			l->descending = arg[0] == '-';
			l->sort = column_find(l->r, "--sort", arg + (l->descending ? 1 : 0));
			st = l->sort == NULL ? ST_USAGE : ST_OK;
			break;
		case LIST_JSON:
			l->json = true;
			st = ST_OK;
			break;
		case LIST_BY:
			groups_free(l->by);
			l->by = groups_new(l->r, arg);
			st = l->by == NULL ? l->r->err.status : ST_OK;
			break;
		case LIST_IDS:
			l->columns = true;
			st = list_choose_columns(l, "id");
			break;
		default:
			break;
		}
		if (st != ST_OK && st != ST_NONE)
			return st;
	}
	if (l->by != NULL && (l->sort != NULL || l->columns || select_last(l->sel)))
		return run_usage(l->r, "--by has columns and an order of its own: without -o, "
		    "--ids, --sort and --last");
	return ST_OK;
}

/* ---- output ----------------------------------------------------------- */

/* The width of a column.  On a terminal the column must hold its heading, too. */
static int
list_width(const struct list *l, size_t i)
{
	int heading = l->terminal ? (int)strlen(l->col[i]->heading) : 0;

	return heading > l->col[i]->width ? heading : l->col[i]->width;
}

static void
list_heading(const struct list *l)
{
	if (l->json || !l->terminal || l->by != NULL)
		return;
	for (size_t i = 0; i < l->ncol; i++) {
		bool last = i + 1 == l->ncol;
		(void)printf("%-*s%s", last ? 0 : list_width(l, i), l->col[i]->heading,
		    last ? "\n" : "  ");
	}
}

/*
 * Print one cell, padded.  On a terminal it may have the colour of the state, and the last cell is
 * cut at the end of the line.
 */
static void
list_put_cell(const struct list *l, size_t i, size_t *used, const struct place *p)
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
	if (l->col[i]->coloured)
		out_colour(stdout, (int)p->state);
	(void)printf("%-*s%s", last ? 0 : list_width(l, i), text, last ? "" : "  ");
	if (l->col[i]->coloured)
		out_colour(stdout, -1);
	*used += (size_t)list_width(l, i) + 2;
	free(text);
}

static enum status
list_put_row(struct list *l, const struct place *p, struct error *err)
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
		list_put_cell(l, i, &used, p);
	(void)fputc('\n', stdout);
	return ST_OK;
}

/* ---- sorted ----------------------------------------------------------- */

static const struct list *sorting;

static int
list_by_column(const void *a, const void *b)
{
	int c = sorting->sort->cmp(a, b);

	if (c == 0)
		c = column_by_enqueued(a, b);
	return sorting->descending ? -c : c;
}

static enum status
list_hold(struct list *l, const struct place *p, struct error *err)
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
list_put_sorted(struct list *l, int64_t limit, struct error *err)
{
	size_t n = (uint64_t)limit < l->n ? (size_t)limit : l->n, first = select_last(l->sel) ?
	    l->n - n : 0;
	enum status st = ST_OK;

	sorting = l;
	if (l->n > 1)
		qsort(l->held, l->n, sizeof(*l->held), list_by_column);
	for (size_t i = first; st == ST_OK && i < first + n; i++)
		st = list_put_row(l, &l->held[i], err);
	return st;
}

/* ---- running ---------------------------------------------------------- */

static enum status
list_visit_one(void *arg, const struct place *p)
{
	struct list *l = arg;
	struct error *err = &l->r->err;

	if (l->by != NULL)
		return groups_add(l->by, l->q, p, err);
	if (l->sort != NULL)
		return list_hold(l, p, err);
	return ferror(stdout) != 0 ? ST_IO : list_put_row(l, p, err);
}

static void
list_draw(void *arg, uint64_t seen, uint64_t selected)
{
	struct list *l = arg;

	if (progress_due(&l->progress))
		progress_draw("%s: looked at %" PRIu64 ", %" PRIu64 " selected, %.0f/s",
		    queue_name(l->q), seen, selected, progress_rate(&l->progress, seen));
}

static enum status
list_go_over(struct list *l, unsigned states)
{
	struct visit v = { list_visit_one, list_draw, l };
	enum status st, worst = ST_OK;
	int64_t limit = select_limit(l->sel);
	struct stat sb;

	/*
	 * Somebody who sees the rows come needs no progress line.  So draw one only while rows are
	 * held back for sorting, or written to a file.
	 */
	progress_start(&l->progress, l->r);
	l->progress.on &= l->terminal ? l->sort != NULL || l->by != NULL :
	    fstat(STDOUT_FILENO, &sb) == 0 && S_ISREG(sb.st_mode);
	/* Sort or count all messages first; the limit applies after that. */
	if (l->sort != NULL || l->by != NULL)
		select_set_limit(l->sel, INT64_MAX);
	st = select_each(l->sel, l->q, states, l->now, &v, &worst);
	progress_clear();
	if (st == ST_OK && l->by != NULL)
		groups_put(l->by, queue_name(l->q), l->json, l->width, limit, l->now);
	else if (st == ST_OK && l->sort != NULL)
		st = list_put_sorted(l, limit, &l->r->err);
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
	if ((st = list_choose_columns(&l, opt->columns)) == ST_OK &&
	    (st = options(&l)) == ST_OK && (st = run_operands(r, 1, 1)) == ST_OK &&
	    (st = run_queue(r, r->operand[0], &l.q)) == ST_OK) {
		l.width = l.terminal && !l.json ? out_columns() : 0;
		list_heading(&l);
		st = list_go_over(&l, opt->states);
	}
	select_free(l.sel);
	queue_close(l.q);
	groups_free(l.by);
	free(l.held);
	return st;
}
