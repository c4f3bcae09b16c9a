/*
 * top_draw.c: the screens of mq top.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "top.h"

#define TREND_WIDTH 8
/* Of a name that is longer, so much is kept as long as there is a column that can go. */
#define NAME_KEPT 20

/* ---- words for numbers ------------------------------------------------ */

/* In five columns. */
static void
short_number(char *buf, size_t size, uint64_t n)
{
	if (n <= 99999)
		(void)snprintf(buf, size, "%" PRIu64, n);
	else
		(void)humanize_number(buf, 5, (int64_t)n, "", HN_AUTOSCALE, HN_NOSPACE | HN_DECIMAL | HN_DIVISOR_1000);
}

static void
short_rate(char *buf, size_t size, double rate)
{
	if (rate < 1000)
		(void)snprintf(buf, size, "%.1f", rate);
	else
		short_number(buf, size, (uint64_t)rate);
}

/* In six columns: two units, no blank. */
static void
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

static usec_t
oldest(const struct figure *f)
{
	usec_t at = 0;

	for (int s = STATE_READY; s <= STATE_CLAIMED; s++)
		if (f->t.oldest[s] != 0 && (at == 0 || f->t.oldest[s] < at))
			at = f->t.oldest[s];
	return at;
}

static uint64_t
backlog(const struct figure *f)
{
	return f->t.count[STATE_READY] + f->t.count[STATE_DELAYED] + f->t.count[STATE_CLAIMED];
}

static double
rate_in(const struct figure *f)
{
	return f->rates.rate[0][COUNT_PUSHED];
}

static double
rate_out(const struct figure *f)
{
	return f->rates.rate[0][COUNT_ACKED];
}

/* Counted longer ago than a frame or two. */
static bool
stale(const struct top *t, const struct figure *f)
{
	return f->counted && clock_mono() - f->at > 2 * t->delay;
}

/* ---- columns ---------------------------------------------------------- */

#define CELL(name) static void name(const struct top *t, const struct figure *f, char *buf, size_t size)
#define COUNT(name, s) CELL(name) { (void)t; short_number(buf, size, f->t.count[s]); }

CELL(cell_ready)
{
	if (stale(t, f)) {
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
	usec_t at = oldest(f);

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

/* How long what waits will take at the rates of the last minute. */
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

/* Eight heights; the greatest of what is seen is the full one. */
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
cmp(double a, double b)
{
	return a < b ? -1 : a > b;
}

#define COMPARE(name, what) static int name(const struct figure *a, const struct figure *b) { return what; }
#define BY_COUNT(name, s) COMPARE(name, cmp((double)a->t.count[s], (double)b->t.count[s]))

COMPARE(by_name, strcmp(a->name, b->name))
COMPARE(by_backlog, cmp((double)backlog(a), (double)backlog(b)))
BY_COUNT(by_claimed, STATE_CLAIMED)
BY_COUNT(by_dead, STATE_DEAD)
COMPARE(by_out, cmp(rate_out(a), rate_out(b)))
COMPARE(by_workers, cmp(a->workers, b->workers))
/* The one whose oldest message is older is greater. */
COMPARE(by_oldest, cmp(oldest(b) != 0 ? (double)oldest(b) : 1e18, oldest(a) != 0 ? (double)oldest(a) : 1e18))

struct column {
	const char *title;
	int width;		/* of what is to the right: negative */
	int rank;		/* those with the lowest go first where it is narrow */
	void (*cell)(const struct top *, const struct figure *, char *, size_t);
	int key;		/* sorts by it; 0: none does */
	int (*cmp)(const struct figure *, const struct figure *);
	enum { NEVER, IF_DEAD, IF_PAUSED } colour;
};

static const struct column columns[] = {
	{ "QUEUE", 0, 99, NULL, 'n', by_name, IF_PAUSED },
	{ "READY", -6, 10, cell_ready, 'd', by_backlog, NEVER },
	{ "DELAY", -5, 2, cell_delayed, 0, NULL, NEVER },
	{ "CLAIM", -5, 7, cell_claimed, 'f', by_claimed, NEVER },
	{ "HELD", -5, 1, cell_held, 0, NULL, NEVER },
	{ "DEAD", -5, 9, cell_dead, 'x', by_dead, IF_DEAD },
	{ "OLDEST", -6, 8, cell_oldest, 'o', by_oldest, NEVER },
	{ "IN/s", -5, 4, cell_in, 0, NULL, NEVER },
	{ "OUT/s", -5, 6, cell_out, 'r', by_out, NEVER },
	{ "TREND", TREND_WIDTH, 5, cell_trend, 0, NULL, NEVER },
	{ "DRAIN", -6, 3, cell_drain, 0, NULL, IF_PAUSED },
	{ "WORK", -4, 4, cell_workers, 'w', by_workers, NEVER },
};
#define NCOLUMNS ((int)(sizeof(columns) / sizeof(columns[0])))

int
top_sort_key(int key)
{
	for (int i = 0; i < NCOLUMNS; i++)
		if (columns[i].key == key && key != 0)
			return i;
	return -1;
}

/* ---- which queues, in which order ------------------------------------- */

static const struct top *sorting;

static int
by_sort(const void *pa, const void *pb)
{
	const struct figure *a = &sorting->d.f[*(const size_t *)pa], *b = &sorting->d.f[*(const size_t *)pb];
	int c = columns[sorting->sort].cmp(a, b);

	/* Names rise, everything else falls: the worst is to be seen first. */
	if (sorting->sort != 0)
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
		qsort(order, c->n, sizeof(*order), by_sort);
	/* The queue that was chosen stays so, wherever it is now. */
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(t->d.f[order[i]].name, t->selected) == 0)
			c->at = i;
	if (c->at >= c->n)
		c->at = c->n > 0 ? c->n - 1 : 0;
	(void)strlcpy(t->selected, c->n > 0 ? t->d.f[order[c->at]].name : "", sizeof(t->selected));
	return ST_OK;
}

/* ---- what all screens have -------------------------------------------- */

/* How many rows are left for a list, with so many above it; its part that is seen follows the choice. */
static void
fit(struct top *t, struct cursor *c)
{
	int below = t->s.rows >= 8 ? 2 : 1, left = t->s.rows - t->s.row - below;

	c->page = t->batch ? c->n : left > 0 ? (size_t)left : 1;
	if (c->at < c->top)
		c->top = c->at;
	if (c->at >= c->top + c->page)
		c->top = c->at - c->page + 1;
	if (c->top + c->page > c->n)
		c->top = c->n > c->page ? c->n - c->page : 0;
}

static void
put_title(struct top *t, const char *queue)
{
	char now[TIME_MAX], every[DURATION_MAX];
	struct screen *s = &t->s;
	int right = s->cols >= 60 ? 22 : 10;

	time_format(t->now, now);
	now[strcspn(now, ".")] = '\0';
	duration_format(t->delay, every);
	screen_printf(s, ATTR_BOLD, s->cols - right, "mq top  %s%s%s", queue, queue[0] != '\0' ? " in " : "",
	    spool_path(t->d.spool));
	if (right == 22)
		screen_printf(s, 0, -right, "%s UTC, every %s", now + 11, every);
	else
		screen_put(s, 0, -right, now + 11);
	screen_newline(s);
}

/* The last line: a question, what there is to say, or which keys there are. */
static void
put_foot(struct top *t, const char *info, const char *hints)
{
	struct screen *s = &t->s;
	unsigned attr = t->ask != NULL ? ATTR_BOLD : t->bad ? ATTR_RED | ATTR_BOLD : 0;

	if (t->batch)
		return;
	while (s->row < s->rows - (s->rows >= 8 ? 2 : 1))
		screen_newline(s);
	if (s->rows >= 8) {
		screen_put(s, 0, 0, info);
		screen_newline(s);
	}
	if (t->typing)
		screen_printf(s, ATTR_BOLD, 0, "names with: %s_  (Return, Esc)", t->filter);
	else if (t->note[0] != '\0')
		screen_put(s, attr, 0, t->note);
	else
		screen_put(s, 0, 0, hints);
}

/* ---- all queues ------------------------------------------------------- */

struct layout {
	bool on[NCOLUMNS];
	int name, trend, command;
};

static int
needed(const struct layout *l)
{
	int sum = l->name;

	for (int i = 1; i < NCOLUMNS; i++)
		sum += l->on[i] ? 1 + abs(columns[i].width) : 0;
	return sum;
}

/* Take away the least important column; false: there is none. */
static bool
drop_one(struct layout *l)
{
	int least = -1;

	for (int i = 1; i < NCOLUMNS; i++)
		if (l->on[i] && (least == -1 || columns[i].rank < columns[least].rank))
			least = i;
	if (least != -1)
		l->on[least] = false;
	return least != -1;
}

static void
lay_out(const struct top *t, struct layout *l)
{
	int longest = (int)strlen(columns[0].title), left;

	for (size_t i = 0; i < t->d.n; i++)
		if ((int)strlen(t->d.f[i].name) > longest)
			longest = (int)strlen(t->d.f[i].name);
	for (int i = 0; i < NCOLUMNS; i++)
		l->on[i] = true;
	l->name = longest < NAME_KEPT ? longest : NAME_KEPT;
	while (needed(l) > t->s.cols && drop_one(l))
		continue;
	left = t->s.cols - needed(l);
	if (left < 0) {
		l->name = t->s.cols;
		left = 0;
	}
	if (left > longest - l->name) {
		left -= longest - l->name;
		l->name = longest;
	} else {
		l->name += left;
		left = 0;
	}
	l->trend = TREND_WIDTH + (left < 12 ? left : 12);
	left -= l->trend - TREND_WIDTH;
	l->command = left >= 12 ? left - 1 : 0;
}

static int
column_width(const struct layout *l, int i)
{
	if (i == 0)
		return l->name;
	return columns[i].cell == cell_trend ? l->trend : columns[i].width;
}

static void
put_heads(struct top *t, const struct layout *l)
{
	struct screen *s = &t->s;
	int used = s->col;

	for (int i = 0; i < NCOLUMNS; i++) {
		if (!l->on[i])
			continue;
		if (i > 0)
			screen_put(s, ATTR_REVERSE, 1, "");
		screen_put(s, ATTR_REVERSE | (i == t->sort ? ATTR_BOLD : 0), column_width(l, i), columns[i].title);
	}
	used = s->cols - s->col - used;
	if (l->command > 0 && used > 0)
		screen_put(s, ATTR_REVERSE, used, " RUNNING");
	screen_newline(s);
}

/* What the workers of a queue run: one of their handlers. */
static const struct task *
a_task(const struct top *t, const char *queue)
{
	for (size_t i = 0; i < t->d.workers.n; i++)
		if (strcmp(t->d.workers.w[i].queue, queue) == 0 && t->d.workers.w[i].ntasks > 0)
			return &t->d.workers.w[i].task[0];
	return NULL;
}

/* The newest of the trend, as many as there is room for. */
static const char *
newest(const struct top *t, const struct figure *f, const char *text, int width)
{
	size_t skip = f->ntrend > (size_t)width ? f->ntrend - (size_t)width : 0;

	for (; skip > 0; skip--)
		do
			text++;
		while (t->s.utf8 && (*text & 0xc0) == 0x80);
	return text;
}

static void
put_cell(struct top *t, const struct layout *l, const struct figure *f, int i, unsigned attr)
{
	char text[TREND_MAX * 3 + 1] = "?";
	int width = column_width(l, i);
	const struct column *c = &columns[i];

	if (c->cell == NULL)
		(void)strlcpy(text, f->name, sizeof(text));
	else {
		screen_put(&t->s, attr, 1, "");
		if (f->counted || c->cell == cell_workers || c->cell == cell_trend)
			c->cell(t, f, text, sizeof(text));
	}
	if (c->colour == IF_DEAD && f->t.count[STATE_DEAD] > 0)
		attr |= ATTR_RED;
	if (c->colour == IF_PAUSED && f->paused != PAUSED_NO)
		attr |= ATTR_YELLOW;
	screen_put(&t->s, attr, width, c->cell == cell_trend ? newest(t, f, text, width) : text);
}

static void
put_queue(struct top *t, const struct layout *l, const struct figure *f, bool chosen)
{
	unsigned attr = chosen ? ATTR_REVERSE : 0;
	const struct task *task = a_task(t, f->name);

	for (int i = 0; i < NCOLUMNS; i++)
		if (l->on[i])
			put_cell(t, l, f, i, attr);
	if (l->command > 0) {
		screen_put(&t->s, attr, 1, "");
		screen_put(&t->s, attr, l->command, task != NULL ? task->command : "");
	}
	screen_newline(&t->s);
}

static void
put_totals(struct top *t)
{
	uint64_t n[NSTATES] = { 0 };
	double in = 0, out = 0;
	usec_t age = 0;
	char since[DURATION_MAX];

	for (size_t i = 0; i < t->d.n; i++) {
		const struct figure *f = &t->d.f[i];
		for (int s = 0; s < NSTATES; s++)
			n[s] += f->t.count[s];
		in += rate_in(f);
		out += rate_out(f);
		if (stale(t, f) && clock_mono() - f->at > age)
			age = clock_mono() - f->at;
	}
	screen_printf(&t->s, 0, 0, "%zu queue%s, %zu worker%s ", t->d.n, t->d.n == 1 ? "" : "s", t->d.workers.n,
	    t->d.workers.n == 1 ? "" : "s");
	for (int s = 0; s < STATE_DONE; s++)
		if (n[s] > 0 || (s != STATE_DELAYED && s != STATE_HELD))
			screen_printf(&t->s, s == STATE_DEAD && n[s] > 0 ? ATTR_RED : 0, 0, " %s %" PRIu64 " ",
			    state_names[s], n[s]);
	screen_printf(&t->s, 0, 0, " in %.1f/s  out %.1f/s", in, out);
	if (age > 0) {
		short_age(since, sizeof(since), age);
		screen_printf(&t->s, 0, 0, "  ~: up to %s ago", since);
	}
	screen_newline(&t->s);
}

/* About the queue that is chosen: what is wrong with it, or what is run for it. */
static void
queue_info(const struct top *t, char *buf, size_t size)
{
	const struct figure *f = t->queues.n > 0 ? &t->d.f[t->order[t->queues.at]] : NULL;
	const struct task *task = f != NULL ? a_task(t, f->name) : NULL;
	char age[DURATION_MAX];

	buf[0] = '\0';
	if (f == NULL)
		(void)strlcpy(buf, t->filter[0] != '\0' ? "no queue matches the filter" : "no queues", size);
	else if (f->trouble[0] != '\0')
		(void)strlcpy(buf, f->trouble, size);
	else if (task != NULL) {
		short_age(age, sizeof(age), task->age);
		(void)snprintf(buf, size, "%s: %u running; for %s: %s", f->name, f->running, age, task->command);
	} else if (f->workers > 0)
		(void)snprintf(buf, size, "%s: %u running", f->name, f->running);
}

static void
draw_queues(struct top *t)
{
	struct cursor *c = &t->queues;
	struct layout l;
	char info[COMMAND_MAX + 200];

	put_title(t, "");
	if (t->s.rows >= 12)
		put_totals(t);
	lay_out(t, &l);
	put_heads(t, &l);
	fit(t, c);
	for (size_t i = c->top; i < c->n && i < c->top + c->page; i++)
		put_queue(t, &l, &t->d.f[t->order[i]], i == c->at && !t->batch);
	queue_info(t, info, sizeof(info));
	put_foot(t, info, "?:help q:quit Return:open /:filter z:pause R:retry dead ndorfxw:sort i:reverse");
}

/* ---- one queue -------------------------------------------------------- */

static void
put_tabs(struct top *t, const struct figure *f)
{
	struct screen *s = &t->s;

	for (int i = NSTATES; i >= 0; i--) {
		int state = NSTATES - 1 - i;	/* all, then one by one */
		uint64_t n = state >= 0 ? f->t.count[state] : 0;
		unsigned attr = (state < 0 ? NSTATES : state) == t->m.tab ? ATTR_REVERSE : 0;
		if (attr == 0 && state >= 0 && n == 0 && s->cols < 70)
			continue;
		if (state == STATE_DEAD && n > 0)
			attr |= ATTR_RED;
		if (state < 0)
			screen_put(s, attr, 0, " all ");
		else
			screen_printf(s, attr, 0, " %s %s%" PRIu64 " ", state_names[state], stale(t, f) ? "~" : "", n);
	}
	screen_newline(s);
}

static void
put_flow(struct top *t, const struct figure *f)
{
	static const char *const paused[] = { "", ": no claims", ": no pushes",
	    ": neither claims nor pushes" };
	char text[TREND_MAX * 3 + 1], age[DURATION_MAX], drain[DURATION_MAX];

	cell_trend(t, f, text, sizeof(text));
	cell_oldest(t, f, age, sizeof(age));
	cell_drain(t, f, drain, sizeof(drain));
	screen_printf(&t->s, f->paused != PAUSED_NO ? ATTR_YELLOW : 0, 0,
	    "in %.1f/s  out %.1f/s  failed %.1f/s  oldest %s  drain %s%s  ", rate_in(f), rate_out(f),
	    f->rates.rate[0][COUNT_FAILED], age, drain, paused[f->paused]);
	if (t->s.cols > t->s.col)
		screen_put(&t->s, 0, 0, newest(t, f, text, t->s.cols - t->s.col));
	screen_newline(&t->s);
}

/* Its workers and what they run, in at most so many lines. */
static void
put_workers(struct top *t, const char *queue, int lines)
{
	struct screen *s = &t->s;
	size_t more = 0;
	char age[DURATION_MAX];

	for (size_t i = 0; i < t->d.workers.n; i++) {
		const struct worker *w = &t->d.workers.w[i];
		if (strcmp(w->queue, queue) != 0)
			continue;
		if (lines-- > 1) {
			screen_printf(s, ATTR_BOLD, 0, "worker %d of %s: %llu running, %llu done, %llu failed%s", (int)w->pid,
			    w->user, w->running, w->done, w->failed, w->sure ? "" : " (perhaps of another spool)");
			screen_newline(s);
		} else
			more++;
		for (size_t k = 0; k < w->ntasks; k++)
			if (lines-- > 1) {
				short_age(age, sizeof(age), w->task[k].age);
				screen_printf(s, 0, 0, "  %s for %s: %s", w->task[k].id, age, w->task[k].command);
				screen_newline(s);
			} else
				more++;
	}
	if (more > 0) {
		screen_printf(s, 0, 0, "  and %zu more", more);
		screen_newline(s);
	}
}

/* What there is to say of a message: when something will happen to it, else why it failed. */
static void
message_remark(const struct top *t, const struct place *p, char *buf, size_t size)
{
	char age[DURATION_MAX];

	short_age(age, sizeof(age), p->name.key - t->now);
	if (p->state == STATE_DELAYED)
		(void)snprintf(buf, size, "due in %s ", age);
	else if (p->state == STATE_CLAIMED)
		(void)snprintf(buf, size, "lease ends in %s ", age);
	else
		buf[0] = '\0';
	msg_reason(t->m.q, p, buf + strlen(buf), size - strlen(buf));
}

static void
put_message(struct top *t, const struct place *p, bool chosen)
{
	struct screen *s = &t->s;
	unsigned attr = chosen ? ATTR_REVERSE : 0;
	char text[600];
	bool narrow = s->cols < 70;

	if (narrow)	/* the part in which two differ */
		screen_put(s, attr, 12, p->name.id.text + ID_LEN - 12);
	else
		screen_put(s, attr, ID_LEN, p->name.id.text);
	if (t->m.tab == NSTATES)
		screen_printf(s, attr | (p->state == STATE_DEAD ? ATTR_RED : 0), 8, " %s", state_names[p->state]);
	short_age(text, sizeof(text), t->now - id_time(&p->name.id));
	screen_put(s, attr, -7, text);
	screen_printf(s, attr, -4, "%d", p->name.attempts);
	if (!narrow) {
		short_number(text, sizeof(text), (uint64_t)(p->name.size - p->name.head));
		screen_put(s, attr, -7, text);
	}
	message_remark(t, p, text, sizeof(text));
	screen_put(s, attr, 1, "");
	screen_put(s, attr, s->cols - s->col, text);
	screen_newline(s);
}

static void
put_message_heads(struct top *t)
{
	struct screen *s = &t->s;
	bool narrow = s->cols < 70;

	screen_put(s, ATTR_REVERSE, narrow ? 12 : ID_LEN, "MESSAGE");
	if (t->m.tab == NSTATES)
		screen_put(s, ATTR_REVERSE, 8, " STATE");
	screen_put(s, ATTR_REVERSE, -7, "AGE");
	screen_put(s, ATTR_REVERSE, -4, "TRY");
	if (!narrow)
		screen_put(s, ATTR_REVERSE, -7, "SIZE");
	screen_put(s, ATTR_REVERSE, s->cols - s->col, " WHY OR WHEN");
	screen_newline(s);
}

/* The remark of the one that is chosen, which the list may have cut. */
static void
message_info(const struct top *t, char *buf, size_t size)
{
	const struct place *p = messages_chosen(t);

	buf[0] = '\0';
	if (t->m.broken[0] != '\0')
		(void)strlcpy(buf, t->m.broken, size);
	else if (p == NULL)
		(void)strlcpy(buf, "no messages in this state", size);
	else
		message_remark(t, p, buf, size);
	if (buf[0] == '\0' && t->m.more)
		(void)snprintf(buf, size, "the first %d of a state are listed", LIST_MAX);
}

static void
draw_messages(struct top *t)
{
	static const struct figure none;
	const struct figure *f = data_find(&t->d, queue_name(t->m.q));
	struct cursor *c = &t->m.cursor;
	char info[800];

	if (f == NULL)
		f = &none;
	put_title(t, queue_name(t->m.q));
	put_tabs(t, f);
	if (t->s.rows >= 12)
		put_flow(t, f);
	put_workers(t, queue_name(t->m.q), t->batch ? TASKS_MAX : t->s.rows / 3);
	put_message_heads(t);
	fit(t, c);
	for (size_t i = c->top; i < c->n && i < c->top + c->page; i++)
		put_message(t, &t->m.p[i], i == c->at && !t->batch);
	message_info(t, info, sizeof(info));
	put_foot(t, info, "?:help q:back Return:read r:retry h:hold b:bury x:remove Tab:state z:pause");
}

/* ---- help ------------------------------------------------------------- */

static void
draw_help(struct top *t)
{
	static const char *const text[] = {
	    "up, down, k, j     choose a line; also PgUp, PgDn, Home, End",
	    "Return             open the queue; read the message in $PAGER",
	    "q, Esc             back; from the queues: quit",
	    "z                  pause the queue, or resume it: no claims",
	    "R                  retry all dead messages of the queue (asks)",
	    "Ctrl-L             draw the screen anew",
	    "",
	    "Queues:            n d o r f x w  sort by name, depth, oldest,",
	    "                   rate out, claimed, dead, workers; i reverses",
	    "                   /  only the names that have this in them",
	    "Messages:          Tab  next state; 0 all, 1 ready, 2 delayed,",
	    "                   3 claimed, 4 held, 5 dead, 6 done",
	    "                   p read, r retry, h hold, b bury,",
	    "                   x remove for good (asks)",
	    "",
	    "~ was counted a while ago.  WORK with ?: may be another spool's.",
	};

	put_title(t, "");
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		screen_put(&t->s, 0, 0, text[i]);
		screen_newline(&t->s);
	}
	put_foot(t, "", "any key: back");
}

enum status
top_draw(struct top *t, struct error *err)
{
	t->now = clock_now();
	screen_begin(&t->s);
	if (t->view == VIEW_HELP)
		draw_help(t);
	else if (t->view == VIEW_MESSAGES)
		draw_messages(t);
	else
		draw_queues(t);
	return screen_end(&t->s, err);
}
