/*
 * queues.c: the screen of all queues.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "spool/policy.h"
#include "shared/cmd.h"
#include "shared/relays.h"
#include "top/top.h"

/* Columns are left out rather than cut a name below this length. */
#define NAME_KEPT 20
/* The trend gets at most this much more of the room; the command needs at least this much. */
#define TREND_MORE 12
#define COMMAND_LEAST 12

struct layout {
	bool on[NCOLUMNS];
	int name, trend, command;
};

static int
queues_needed(const struct layout *l)
{
	int sum = l->name;

	for (int i = 1; i < NCOLUMNS; i++)
		sum += l->on[i] ? 1 + abs(top_columns[i].width) : 0;
	return sum;
}

/* Leave out the least important column.  False: there is no column left. */
static bool
queues_drop_one(struct layout *l)
{
	int least = -1;

	for (int i = 1; i < NCOLUMNS; i++)
		if (l->on[i] && (least == -1 || top_columns[i].rank < top_columns[least].rank))
			least = i;
	if (least != -1)
		l->on[least] = false;
	return least != -1;
}

static int
queues_at_most(int n, int max)
{
	return n < max ? n : max;
}

/* Give the room that is left to names that are still cut, then to the trend and the command. */
static void
queues_spread(struct layout *l, int left, int longest)
{
	int name = queues_at_most(left, longest - l->name), trend = queues_at_most(left - name,
	    TREND_MORE);

	l->name += name;
	l->trend = top_columns[COLUMN_TREND].width + trend;
	left -= name + trend;
	l->command = left > COMMAND_LEAST ? left - 1 : 0;
}

static void
queues_lay_out(const struct top *t, struct layout *l)
{
	int longest = (int)strlen(top_columns[COLUMN_NAME].title);

	for (size_t i = 0; i < t->d.n; i++)
		if ((int)strlen(t->d.f[i].name) > longest)
			longest = (int)strlen(t->d.f[i].name);
	for (int i = 0; i < NCOLUMNS; i++)
		l->on[i] = true;
	l->name = queues_at_most(longest, NAME_KEPT);
	while (queues_needed(l) > t->s.cols && queues_drop_one(l))
		continue;
	l->name = queues_at_most(l->name, t->s.cols);
	queues_spread(l, t->s.cols - queues_needed(l), longest);
}

static int
queues_column_width(const struct layout *l, int i)
{
	return i == COLUMN_NAME ? l->name : i == COLUMN_TREND ? l->trend : top_columns[i].width;
}

static void
queues_put_heads(struct top *t, const struct layout *l)
{
	struct screen *s = &t->s;

	for (int i = 0; i < NCOLUMNS; i++) {
		if (!l->on[i])
			continue;
		if (i > 0)
			screen_put(s, ATTR_REVERSE, 1, "");
		screen_put(s, ATTR_REVERSE | (i == t->sort ? ATTR_BOLD : 0), queues_column_width(l,
		    i),
		    top_columns[i].title);
	}
	if (l->command > 0)
		screen_put(s, ATTR_REVERSE, 1 + l->command, " RUNNING");
	screen_newline(s);
}

/* One handler of the workers of a queue, as an example of what they run. */
static const struct task *
queues_a_task(const struct top *t, const char *queue)
{
	for (size_t i = 0; i < t->d.workers.n; i++)
		if (strcmp(t->d.workers.w[i].queue, queue) == 0 && t->d.workers.w[i].ntasks > 0)
			return &t->d.workers.w[i].task[0];
	return NULL;
}

static void
queues_put_cell(struct top *t, const struct layout *l, const struct figure *f, int i, unsigned attr)
{
	char text[CELL_MAX] = "?";
	int width = queues_column_width(l, i);

	if (f->counted || top_columns[i].uncounted)
		top_columns[i].cell(t, f, text, sizeof(text));
	if (i != COLUMN_NAME)
		screen_put(&t->s, attr, 1, "");
	if (i == COLUMN_DEAD && f->t.count[STATE_DEAD] > 0)
		attr |= ATTR_RED;
	if ((i == COLUMN_NAME || i == COLUMN_DRAIN) && f->paused != PAUSED_NO)
		attr |= ATTR_YELLOW;
	screen_put(&t->s, attr, width, i == COLUMN_TREND ? trend_tail(t, f, text, width) : text);
}

static void
queues_put_queue(struct top *t, const struct layout *l, const struct figure *f, bool chosen)
{
	unsigned attr = chosen ? ATTR_REVERSE : 0;
	const struct task *task = queues_a_task(t, f->name);

	for (int i = 0; i < NCOLUMNS; i++)
		if (l->on[i])
			queues_put_cell(t, l, f, i, attr);
	if (l->command > 0) {
		screen_put(&t->s, attr, 1, "");
		screen_put(&t->s, attr, l->command, task != NULL ? task->command : "");
	}
	screen_newline(&t->s);
}

/* Tell how old the oldest figure is, if some figures are stale, and whether some are not known. */
static void
queues_put_staleness(struct top *t)
{
	char since[DURATION_MAX];
	usec_t age = 0;
	bool unknown = false;

	for (size_t i = 0; i < t->d.n; i++) {
		const struct figure *f = &t->d.f[i];
		unknown |= !f->counted && f->trouble[0] == '\0';
		if (figure_stale(t, f) && clock_mono() - f->at > age)
			age = clock_mono() - f->at;
	}
	if (age > 0) {
		short_age(since, sizeof(since), age);
		screen_printf(&t->s, 0, 0, "  ~: up to %s ago", since);
	}
	if (unknown)
		screen_put(&t->s, 0, 0, "  counting");
}

static void
queues_put_totals(struct top *t)
{
	struct screen *s = &t->s;
	uint64_t n[NSTATES] = { 0 };
	double in = 0, out = 0;

	for (size_t i = 0; i < t->d.n; i++) {
		const struct figure *f = &t->d.f[i];
		for (int k = 0; k < NSTATES; k++)
			n[k] += f->t.count[k];
		in += rate_in(f);
		out += rate_out(f);
	}
	screen_printf(s, 0, 0, "%zu queue%s, %zu worker%s ", t->d.n, t->d.n == 1 ? "" : "s",
	    t->d.workers.processes, t->d.workers.processes == 1 ? "" : "s");
	for (int k = 0; k < STATE_DONE; k++)
		if (n[k] > 0 || (k != STATE_DELAYED && k != STATE_HELD))
			screen_printf(s, k == STATE_DEAD &&
			    n[k] > 0 ? ATTR_RED : 0, 0, " %s %" PRIu64 " ",
			    state_names[k], n[k]);
	screen_printf(s, 0, 0, " in %.1f/s  out %.1f/s", in, out);
	queues_put_staleness(t);
	screen_newline(s);
}

/* A line with all relays; none if no relay has run in this spool. */
static void
queues_put_relays(struct top *t)
{
	struct relay_state *s = NULL;
	char age[DURATION_MAX];
	size_t n = 0;

	if (relays_read(t->r, &s, &n) != ST_OK)
		error_clear(&t->r->err);	/* it is advice */
	if (n > 0)
		screen_put(&t->s, 0, 0, "relays:");
	for (size_t i = 0; i < n; i++) {
		bool well = s[i].is == RELAY_UP || s[i].is == RELAY_STARTING;
		screen_printf(&t->s, well ? 0 : ATTR_YELLOW, 0, "  %s %s", s[i].name,
		    relay_words[s[i].is]);
		if (!well) {
			short_age(age, sizeof(age), t->now - s[i].since);
			screen_printf(&t->s, ATTR_YELLOW, 0, " %s", age);
		}
	}
	if (n > 0)
		screen_newline(&t->s);
	free(s);
}

/* Say about the chosen queue what is wrong with it, or what its workers run. */
static void
queue_info(const struct top *t, char *buf, size_t size)
{
	const struct figure *f = t->queues.n > 0 ? &t->d.f[t->order[t->queues.at]] : NULL;
	const struct task *task = f != NULL ? queues_a_task(t, f->name) : NULL;
	char age[DURATION_MAX];

	buf[0] = '\0';
	if (f == NULL)
		(void)strlcpy(buf, t->filter[0] != '\0' ? "no queue matches the filter" :
		    "no queues", size);
	else if (f->trouble[0] != '\0')
		(void)strlcpy(buf, f->trouble, size);
	else if (task != NULL) {
		short_age(age, sizeof(age), task->age);
		(void)snprintf(buf, size, "%s: %u running; for %s: %s", f->name, f->running, age,
		    task->command);
	} else if (f->workers > 0)
		(void)snprintf(buf, size, "%s: %u running", f->name, f->running);
}

void
draw_queues(struct top *t)
{
	struct cursor *c = &t->queues;
	struct layout l;
	char info[COMMAND_MAX + 200];

	draw_title(t, "");
	if (t->s.rows >= 12) {
		queues_put_totals(t);
		queues_put_relays(t);
	}
	queues_lay_out(t, &l);
	queues_put_heads(t, &l);
	draw_fit(t, c);
	for (size_t i = c->top; i < c->n && i < c->top + c->page; i++)
		queues_put_queue(t, &l, &t->d.f[t->order[i]], i == c->at && !t->batch);
	queue_info(t, info, sizeof(info));
	draw_foot(t, info,
	    "?:help q:quit Return:open /:filter z:pause R:retry dead ndorfxw:sort i:reverse");
}
