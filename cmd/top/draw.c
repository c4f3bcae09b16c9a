/*
 * draw.c: the screens of mq top: one queue, and help.  That of all queues is in queues.c.
 */
#include <inttypes.h>
#include <string.h>

#include "base/name.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "shared/cmd.h"
#include "top/top.h"

/* ---- one queue -------------------------------------------------------- */

static void
draw_put_tabs(struct top *t, const struct figure *f)
{
	struct screen *s = &t->s;

	for (int i = NSTATES; i >= 0; i--) {
		int state = NSTATES - 1 - i;	/* -1: all states */
		uint64_t n = state >= 0 ? f->t.count[state] : 0;
		unsigned attr = (state < 0 ? NSTATES : state) == t->m.tab ? ATTR_REVERSE : 0;
		if (attr == 0 && state >= 0 && n == 0 && s->cols < 70)
			continue;
		if (state == STATE_DEAD && n > 0)
			attr |= ATTR_RED;
		if (state < 0)
			screen_put(s, attr, 0, " all ");
		else
			screen_printf(s, attr, 0, " %s %s%" PRIu64 " ", state_names[state],
			    figure_stale(t, f) ? "~" : "", n);
	}
	screen_newline(s);
}

static void
draw_put_flow(struct top *t, const struct figure *f)
{
	static const char *const paused[] = { "", ": no claims", ": no pushes",
	    ": neither claims nor pushes" };
	char text[CELL_MAX], age[DURATION_MAX], drain[DURATION_MAX];

	top_columns[COLUMN_TREND].cell(t, f, text, sizeof(text));
	top_columns[COLUMN_OLDEST].cell(t, f, age, sizeof(age));
	top_columns[COLUMN_DRAIN].cell(t, f, drain, sizeof(drain));
	screen_printf(&t->s, f->paused != PAUSED_NO ? ATTR_YELLOW : 0, 0,
	    "in %.1f/s  out %.1f/s  failed %.1f/s  oldest %s  drain %s%s  ", rate_in(f),
	    rate_out(f),
	    f->rates.rate[0][COUNT_FAILED], age, drain, paused[f->paused]);
	if (t->s.cols > t->s.col)
		screen_put(&t->s, 0, 0, trend_tail(t, f, text, t->s.cols - t->s.col));
	screen_newline(&t->s);
}

/* Show the workers of a queue and what they run, in at most 'lines' lines. */
static void
draw_put_workers(struct top *t, const char *queue, int lines)
{
	struct screen *s = &t->s;
	size_t more = 0;
	char age[DURATION_MAX];

	for (size_t i = 0; i < t->d.workers.n; i++) {
		const struct worker *w = &t->d.workers.w[i];
		if (strcmp(w->queue, queue) != 0)
			continue;
		if (lines-- > 1) {
			screen_printf(s, ATTR_BOLD, 0,
			    "worker %d of %s: %llu running, %llu done, %llu failed%s", (int)w->pid,
			    w->user, w->running, w->done, w->failed, w->sure ? "" :
			    " (perhaps of another spool)");
			screen_newline(s);
		} else
			more++;
		for (size_t k = 0; k < w->ntasks; k++)
			if (lines-- > 1) {
				short_age(age, sizeof(age), w->task[k].age);
				screen_printf(s, 0, 0, "  %s for %s: %s", w->task[k].id, age,
				    w->task[k].command);
				screen_newline(s);
			} else
				more++;
	}
	if (more > 0) {
		screen_printf(s, 0, 0, "  and %zu more", more);
		screen_newline(s);
	}
}

/* A remark on a message: when something will happen to it, and why it failed. */
static void
draw_message_remark(const struct top *t, const struct place *p, char *buf, size_t size)
{
	char age[DURATION_MAX];

	short_age(age, sizeof(age), p->name.key - t->now);
	if (p->state == STATE_DELAYED)
		(void)snprintf(buf, size, "due in %s ", age);
	else if (p->state == STATE_CLAIMED)
		(void)snprintf(buf, size, "lease ends in %s ", age);
	else if (p->lane[0] != '\0')
		(void)strlcpy(buf, "waits for its turn ", size);
	else
		buf[0] = '\0';
	msg_reason(t->m.q, p, buf + strlen(buf), size - strlen(buf));
}

static void
draw_put_message(struct top *t, const struct place *p, bool chosen)
{
	struct screen *s = &t->s;
	unsigned attr = chosen ? ATTR_REVERSE : 0;
	char text[600];
	bool narrow = s->cols < 70;

	if (narrow)	/* the end of an id is where two ids differ */
		screen_put(s, attr, 12, p->name.id.text + ID_LEN - 12);
	else
		screen_put(s, attr, ID_LEN, p->name.id.text);
	if (t->m.tab == NSTATES)
		screen_printf(s, attr | (p->state == STATE_DEAD ? ATTR_RED : 0), 8, " %s",
		    state_names[p->state]);
	short_age(text, sizeof(text), t->now - id_time(&p->name.id));
	screen_put(s, attr, -7, text);
	screen_printf(s, attr, -4, "%d", p->name.attempts);
	if (!narrow) {
		short_number(text, sizeof(text), (uint64_t)(p->name.size - p->name.head));
		screen_put(s, attr, -7, text);
	}
	draw_message_remark(t, p, text, sizeof(text));
	screen_put(s, attr, 1, "");
	screen_put(s, attr, s->cols - s->col, text);
	screen_newline(s);
}

static void
draw_put_message_heads(struct top *t)
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

/* The whole remark on the chosen message, which the list may have cut. */
static void
draw_message_info(const struct top *t, char *buf, size_t size)
{
	const struct place *p = messages_chosen(t);

	buf[0] = '\0';
	if (t->m.broken[0] != '\0')
		(void)strlcpy(buf, t->m.broken, size);
	else if (p == NULL)
		(void)strlcpy(buf, "no messages in this state", size);
	else
		draw_message_remark(t, p, buf, size);
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
	draw_title(t, queue_name(t->m.q));
	draw_put_tabs(t, f);
	if (t->s.rows >= 12)
		draw_put_flow(t, f);
	draw_put_workers(t, queue_name(t->m.q), t->batch ? TASKS_MAX : t->s.rows / 3);
	draw_put_message_heads(t);
	draw_fit(t, c);
	for (size_t i = c->top; i < c->n && i < c->top + c->page; i++)
		draw_put_message(t, &t->m.p[i], i == c->at && !t->batch);
	draw_message_info(t, info, sizeof(info));
	draw_foot(t, info,
	    "?:help q:back Return:read r:retry h:hold b:bury x:remove Tab:state z:pause");
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

	draw_title(t, "");
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		screen_put(&t->s, 0, 0, text[i]);
		screen_newline(&t->s);
	}
	draw_foot(t, "", "any key: back");
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
