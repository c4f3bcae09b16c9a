/*
 * frame.c: what all screens of mq top have: a title, the part of a list that is seen, and the
 * lines at the bottom with a note.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "shared/cmd.h"
#include "top/top.h"

void
draw_fit(struct top *t, struct cursor *c)
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

void
draw_title(struct top *t, const char *queue)
{
	char now[TIME_MAX], every[DURATION_MAX];
	struct screen *s = &t->s;
	int right = s->cols >= 60 ? 22 : s->cols > 20 ? 10 : 0;

	time_format(t->now, now);
	now[strcspn(now, ".")] = '\0';
	duration_format(t->delay, every);
	screen_printf(s, ATTR_BOLD, s->cols - right, "mq top  %s%s%s", queue,
	    queue[0] != '\0' ? " in " : "",
	    spool_path(t->d.spool));
	if (right == 22)
		screen_printf(s, 0, -right, "%s UTC, every %s", now + 11, every);
	else if (right != 0)
		screen_put(s, 0, -right, now + 11);
	screen_newline(s);
}

void
draw_foot(struct top *t, const char *info, const char *hints)
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

void
top_note(struct top *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(t->note, sizeof(t->note), fmt, ap);
	va_end(ap);
	t->bad = false;
}

void
top_error(struct top *t, struct error *err)
{
	(void)strlcpy(t->note, err->text, sizeof(t->note));
	t->bad = true;
	error_clear(err);
}
