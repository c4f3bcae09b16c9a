/*
 * columns.c: the columns of mq top: what they show of a queue, and how they sort queues.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "top/top.h"

/* ---- words for numbers ------------------------------------------------ */

void
short_number(char *buf, size_t size, uint64_t n)
{
	if (n <= 99999)
		(void)snprintf(buf, size, "%" PRIu64, n);
	else
		(void)humanize_number(buf, 5, (int64_t)n, "", HN_AUTOSCALE,
		    HN_NOSPACE | HN_DECIMAL | HN_DIVISOR_1000);
}

static void
short_rate(char *buf, size_t size, double rate)
{
	if (rate < 1000)
		(void)snprintf(buf, size, "%.1f", rate);
	else
		short_number(buf, size, (uint64_t)rate);
}

void
short_age(char *buf, size_t size, usec_t age)
{
	char text[DURATION_MAX], *to = text;

	age_format(age, text);
	for (const char *c = text; *c != '\0'; c++)
		if (*c != ' ')
			*to++ = *c;
	*to = '\0';
	if (to - text > 6)
		text[strcspn(text, "wdhms") + 1] = '\0';
	(void)strlcpy(buf, text, size);
}

double
rate_in(const struct figure *f)
{
	return f->rates.rate[0][COUNT_PUSHED];
}

double
rate_out(const struct figure *f)
{
	return f->rates.rate[0][COUNT_ACKED];
}

bool
figure_stale(const struct top *t, const struct figure *f)
{
	return f->counted && clock_mono() - f->at > 2 * t->delay;
}

/* ---- columns ---------------------------------------------------------- */

#define CELL(name) \
	static void name(const struct top *t, const struct figure *f, char *buf, size_t size)
#define COUNT(name, s) CELL(name) { (void)t; short_number(buf, size, f->t.count[s]); }

CELL(cell_name) { (void)t; (void)strlcpy(buf, f->name, size); }

CELL(cell_ready)
{
	if (figure_stale(t, f)) {
		*buf++ = '~';
		size--;
	}
	short_number(buf, size, f->t.count[STATE_READY]);
}

COUNT(cell_delayed, STATE_DELAYED)
COUNT(cell_claimed, STATE_CLAIMED)
COUNT(cell_held, STATE_HELD)
COUNT(cell_dead, STATE_DEAD)

CELL(cell_oldest)
{
	usec_t at = tally_oldest(&f->t);

	(void)strlcpy(buf, "-", size);
	if (at != 0)
		short_age(buf, size, t->now - at);
}

CELL(cell_in) { (void)t; short_rate(buf, size, rate_in(f)); }
CELL(cell_out) { (void)t; short_rate(buf, size, rate_out(f)); }

CELL(cell_workers)
{
	(void)t;
	(void)snprintf(buf, size, "%u%s", f->workers, f->unsure ? "?" : "");
}

/* How long it will take to drain the queue at the rates of the last minute. */
CELL(cell_drain)
{
	uint64_t n = f->t.count[STATE_READY] + f->t.count[STATE_CLAIMED];
	double net = rate_out(f) - rate_in(f);

	(void)t;
	(void)strlcpy(buf, n > 0 && net < 0 ? "grows" : "-", size);
	if ((f->paused & PAUSED_POP) != 0)
		(void)strlcpy(buf, "paused", size);
	else if ((f->paused & PAUSED_PUSH) != 0)
		(void)strlcpy(buf, "nopush", size);
	else if (n > 0 && net > 0)
		short_age(buf, size, (usec_t)((double)n / net * USEC));
}

/* The trend, as bars of eight heights.  The greatest value in it has the full height. */
CELL(cell_trend)
{
	static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const ascii[] = { " ", ".", ":", "-", "=", "+", "*", "#", "#" };
	const char *const *level = t->s.utf8 ? blocks : ascii;
	double max = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < f->ntrend; i++)
		if (f->trend[i] > max)
			max = f->trend[i];
	for (size_t i = 0; i < f->ntrend; i++) {
		double v = f->trend[i];
		(void)strlcat(buf, level[v <= 0 ? 0 : 1 + (int)(v / max * 7)], size);
	}
}

static int
columns_cmp(double a, double b)
{
	return a < b ? -1 : a > b;
}

#define COMPARE(name, what) \
	static int name(const struct figure *a, const struct figure *b) { return what; }
#define BY_COUNT(name, s) COMPARE(name, columns_cmp((double)a->t.count[s], (double)b->t.count[s]))

COMPARE(by_name, strcmp(a->name, b->name))
COMPARE(by_backlog, columns_cmp((double)tally_backlog(&a->t), (double)tally_backlog(&b->t)))
BY_COUNT(by_claimed, STATE_CLAIMED)
BY_COUNT(by_dead, STATE_DEAD)
COMPARE(by_out, columns_cmp(rate_out(a), rate_out(b)))
COMPARE(by_workers, columns_cmp(a->workers, b->workers))
/* The queue with the older message is the greater one; one without messages is the least. */
COMPARE(by_oldest, columns_cmp(tally_oldest(&b->t) != 0 ? (double)tally_oldest(&b->t) : 1e18,
    tally_oldest(&a->t) != 0 ? (double)tally_oldest(&a->t) : 1e18))

const struct column top_columns[NCOLUMNS] = {
	[COLUMN_NAME] = { "QUEUE", 0, 99, cell_name, 'n', by_name, true },
	[COLUMN_READY] = { "READY", -6, 10, cell_ready, 'd', by_backlog, false },
	[COLUMN_DELAYED] = { "DELAY", -5, 2, cell_delayed, 0, NULL, false },
	[COLUMN_CLAIMED] = { "CLAIM", -5, 7, cell_claimed, 'f', by_claimed, false },
	[COLUMN_HELD] = { "HELD", -5, 1, cell_held, 0, NULL, false },
	[COLUMN_DEAD] = { "DEAD", -5, 9, cell_dead, 'x', by_dead, false },
	[COLUMN_OLDEST] = { "OLDEST", -6, 8, cell_oldest, 'o', by_oldest, false },
	[COLUMN_IN] = { "IN/s", -5, 4, cell_in, 0, NULL, true },
	[COLUMN_OUT] = { "OUT/s", -5, 6, cell_out, 'r', by_out, true },
	[COLUMN_TREND] = { "TREND", 8, 5, cell_trend, 0, NULL, true },
	[COLUMN_DRAIN] = { "DRAIN", -6, 3, cell_drain, 0, NULL, false },
	[COLUMN_WORKERS] = { "WORK", -4, 4, cell_workers, 'w', by_workers, true },
};

int
top_sort_key(int key)
{
	for (int i = 0; i < NCOLUMNS; i++)
		if (top_columns[i].key == key && key != 0)
			return i;
	return -1;
}

const char *
trend_tail(const struct top *t, const struct figure *f, const char *text, int width)
{
	size_t skip = f->ntrend > (size_t)width ? f->ntrend - (size_t)width : 0;

	for (; skip > 0; skip--)
		do
			text++;
		while (t->s.utf8 && (*text & 0xc0) == 0x80);
	return text;
}

/* ---- which queues, in which order ------------------------------------- */

static const struct top *sorting;

static int
columns_by_sort(const void *pa, const void *pb)
{
	const struct figure *a = &sorting->d.f[*(const size_t *)pa],
	    *b = &sorting->d.f[*(const size_t *)pb];
	int c = top_columns[sorting->sort].cmp(a, b);

	/* Names are sorted upwards and all else downwards, so that the worst queues come first. */
	if (sorting->sort != COLUMN_NAME)
		c = -c;
	if (sorting->reverse)
		c = -c;
	return c != 0 ? c : by_name(a, b);
}

enum status
top_order(struct top *t, struct error *err)
{
	size_t *order = reallocarray(t->order, t->d.n + 1, sizeof(*order));
	struct cursor *c = &t->queues;

	if (order == NULL)
		return error_sys(err, ENOMEM, "top");
	t->order = order;
	c->n = 0;
	for (size_t i = 0; i < t->d.n; i++)
		if (strstr(t->d.f[i].name, t->filter) != NULL)
			order[c->n++] = i;
	sorting = t;
	if (c->n > 1)
		qsort(order, c->n, sizeof(*order), columns_by_sort);
	/* The queue that was chosen stays chosen, wherever it is now. */
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(t->d.f[order[i]].name, t->selected) == 0)
			c->at = i;
	if (c->at >= c->n)
		c->at = c->n > 0 ? c->n - 1 : 0;
	(void)strlcpy(t->selected, c->n > 0 ? t->d.f[order[c->at]].name : "", sizeof(t->selected));
	return ST_OK;
}
