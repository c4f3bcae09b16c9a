/*
 * screen.c: a terminal as rows of text.
 *
 * A frame is made line by line.  Only the lines that differ from what is shown are sent, with
 * one write, so that nothing flickers and a slow connection has little to carry.  All text
 * passes vis, so the only escape sequences are those of this file and of terminal.c.
 */
#include <sys/ioctl.h>
#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "shared/cmd.h"
#include "shared/out.h"
#include "top/top.h"

/* No more rows and columns than this are used. */
#define CELLS_MAX 1000

/* ---- the size of the terminal --------------------------------------------- */

static int
screen_in_bounds(long n, int fallback)
{
	return n < 1 ? fallback : n > CELLS_MAX ? CELLS_MAX : (int)n;
}

static int
screen_from_env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL ? screen_in_bounds(strtol(value, NULL, 10), 0) : 0;
}

static void
screen_terminal_size(int *rows, int *cols)
{
	struct winsize ws = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == -1)
		memset(&ws, 0, sizeof(ws));
	*rows = screen_in_bounds(ws.ws_row != 0 ? ws.ws_row : screen_from_env("LINES"), 24);
	*cols = screen_in_bounds(ws.ws_col != 0 ? ws.ws_col : screen_from_env("COLUMNS"), 80);
}

/* ---- one line --------------------------------------------------------- */

static void
screen_line_begin(struct screen *s)
{
	s->text = NULL;
	s->len = 0;
	s->col = 0;
	s->attr = 0;
	s->f = s->row < s->rows ? open_memstream(&s->text, &s->len) : NULL;
}

/* The columns of a line.  The last cell of the screen stays empty: some terminals would scroll. */
static int
screen_line_width(const struct screen *s)
{
	return s->row == s->rows - 1 && s->cols > 1 ? s->cols - 1 : s->cols;
}

static void
screen_set_attr(struct screen *s, unsigned attr)
{
	if (attr == s->attr || s->plain)
		return;
	s->attr = attr;
	(void)fprintf(s->f, "\033[0%s%s", (attr & ATTR_BOLD) != 0 ? ";1" : "",
	    (attr & ATTR_REVERSE) != 0 ? ";7" : "");
	if (s->colour)
		(void)fprintf(s->f, "%s%s", (attr & ATTR_RED) != 0 ? ";31" : "",
		    (attr & ATTR_YELLOW) != 0 ? ";33" : "");
	(void)fputc('m', s->f);
}

static void
screen_blanks(struct screen *s, int n)
{
	for (; n > 0; n--, s->col++)
		(void)fputc(' ', s->f);
}

/*
 * Find the first character of 'text': how many bytes it has, and how many columns it takes.
 * Negative: it cannot be shown.
 */
static int
screen_glyph(const struct screen *s, const char *text, size_t len, size_t *bytes)
{
	mbstate_t state = { 0 };
	wchar_t wc;
	size_t n;

	*bytes = 1;
	if ((unsigned char)*text < 0x80)
		return 1;
	if (!s->utf8)
		return -1;
	n = mbrtowc(&wc, text, len, &state);
	if (n == 0 || n > len)
		return -1;
	*bytes = n;
	return wcwidth(wc);
}

/* Write 'columns' columns of 'text'.  If it is 'cut', the last column has a mark. */
static void
screen_put_cut(struct screen *s, const char *text, size_t len, int columns, bool cut)
{
	size_t bytes;
	int room = cut && columns > 1 ? columns - 1 : columns;

	for (; len > 0; text += bytes, len -= bytes) {
		int w = screen_glyph(s, text, len, &bytes);
		if ((w < 0 ? 1 : w) > room)
			break;
		if (w > 0)
			(void)fwrite(text, 1, bytes, s->f);
		else if (w < 0)
			(void)fputc('?', s->f);
		room -= w < 0 ? 1 : w;
		s->col += w < 0 ? 1 : w;
	}
	if (cut && columns > 1) {
		(void)fputs(s->utf8 ? "…" : "+", s->f);
		s->col++;
	}
}

static int
screen_columns_of(const struct screen *s, const char *text, size_t len)
{
	size_t bytes;
	int columns = 0;

	for (; len > 0; text += bytes, len -= bytes) {
		int w = screen_glyph(s, text, len, &bytes);
		columns += w < 0 ? 1 : w;
	}
	return columns;
}

void
screen_put(struct screen *s, unsigned attr, int width, const char *text)
{
	int room = screen_line_width(s) - s->col, columns, field;
	char *seen = NULL;
	size_t len = 0;
	FILE *f;

	if (s->f == NULL || room <= 0 || (f = open_memstream(&seen, &len)) == NULL)
		return;
	out_vis(f, text, strlen(text));
	(void)fclose(f);
	columns = screen_columns_of(s, seen, len);
	field = width == 0 ? columns : abs(width);
	if (field > room)
		field = room;
	screen_set_attr(s, attr);
	if (width < 0)
		screen_blanks(s, field - columns);
	room = s->col;
	screen_put_cut(s, seen, len, field, columns > field);
	if (width > 0)
		screen_blanks(s, field - (s->col - room));
	free(seen);
}

void
screen_printf(struct screen *s, unsigned attr, int width, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	screen_put(s, attr, width, text);
}

/* ---- a frame ---------------------------------------------------------- */

static void
screen_drop_rows(struct screen *s)
{
	for (int i = 0; i < s->have; i++) {
		free(s->now[i]);
		free(s->shown[i]);
	}
	free(s->now);
	free(s->shown);
	s->have = 0;
	s->now = s->shown = NULL;
}

/* Make rows for the size of the terminal; if that has changed, the whole screen is drawn anew. */
static void
screen_make_rows(struct screen *s)
{
	int rows = s->rows, cols = s->cols;

	screen_terminal_size(&s->rows, &s->cols);
	if (s->rows == rows && s->cols == cols && s->have == rows)
		return;
	screen_drop_rows(s);
	s->now = calloc((size_t)s->rows, sizeof(*s->now));
	s->shown = calloc((size_t)s->rows, sizeof(*s->shown));
	if (s->now != NULL && s->shown != NULL)
		s->have = s->rows;
	s->clear = true;
}

void
screen_begin(struct screen *s)
{
	if (!s->plain)
		screen_make_rows(s);
	s->row = 0;
	screen_line_begin(s);
}

static void
screen_print_plain(struct screen *s)
{
	while (s->len > 0 && s->text[s->len - 1] == ' ')
		s->len--;
	(void)fwrite(s->text, 1, s->len, stdout);
	(void)fputc('\n', stdout);
}

void
screen_newline(struct screen *s)
{
	if (s->f != NULL) {
		screen_set_attr(s, 0);
		(void)fclose(s->f);
		if (s->plain && s->text != NULL)
			screen_print_plain(s);
		if (s->row < s->have) {
			free(s->now[s->row]);
			s->now[s->row] = s->text;
			s->text = NULL;
		}
		free(s->text);
	}
	s->row++;
	screen_line_begin(s);
}

/*
 * Compose what has to be sent.  A line is erased before it is written, because an erase after its
 * last column would take that column away.
 */
static void
screen_compose(struct screen *s, FILE *out)
{
	if (s->clear)
		(void)fputs("\033[0m\033[2J", out);
	for (int i = 0; i < s->have; i++) {
		char *line = s->now[i];
		if (line == NULL || (!s->clear && s->shown[i] != NULL &&
		    strcmp(line, s->shown[i]) == 0))
			continue;
		(void)fprintf(out, "\033[%d;1H\033[K%s", i + 1, line);
		s->now[i] = s->shown[i];
		s->shown[i] = line;
	}
	s->clear = false;
}

enum status
screen_end(struct screen *s, struct error *err)
{
	char *data = NULL;
	size_t len = 0;
	enum status st;
	FILE *out;

	while (s->row < s->have)
		screen_newline(s);
	if (s->f != NULL) {
		(void)fclose(s->f);
		free(s->text);
		s->f = NULL;
	}
	if (s->plain)
		return ST_OK;
	if ((out = open_memstream(&data, &len)) == NULL)
		return error_sys(err, ENOMEM, "screen");
	screen_compose(s, out);
	(void)fclose(out);
	st = terminal_write(data, len, err);
	free(data);
	return st;
}

void
screen_forget(struct screen *s)
{
	for (int i = 0; i < s->have; i++) {
		free(s->shown[i]);
		s->shown[i] = NULL;
	}
	s->clear = true;
}

/* ---- all of it -------------------------------------------------------- */

static bool
screen_is_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void
screen_open(struct screen *s)
{
	const char *no_colour = getenv("NO_COLOR");

	*s = (struct screen){ .utf8 = screen_is_utf8(),
	    .colour = no_colour == NULL || no_colour[0] == '\0' };
}

void
screen_open_plain(struct screen *s, int cols)
{
	*s = (struct screen){ .utf8 = screen_is_utf8(), .plain = true, .rows = INT_MAX,
	    .cols = cols };
}

void
screen_close(struct screen *s)
{
	screen_drop_rows(s);
}
