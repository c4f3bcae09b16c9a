/*
 * squeeze.c: printing a table of words as narrow as possible.
 */
#include <stdio.h>
#include <string.h>

#include "shared/out.h"

#define CELLS 32

struct squeeze {
	int width[CELLS];	/* 0: no such column; -1: the column is left out */
	bool blank[CELLS];	/* the column holds nothing but 0, 0.0 and - */
	const char *heading[CELLS];
};

/* Call 'cell' for each word of the table, and 'end' after each line unless it is NULL. */
static void
squeeze_each(struct squeeze *s, const char *table,
    void (*cell)(struct squeeze *, size_t row, size_t column, const char *at, int len),
    void (*end)(void))
{
	size_t row = 0;

	for (const char *line = table, *stop; *line != '\0'; line = stop + (*stop == '\n'), row++) {
		size_t column = 0;
		stop = line + strcspn(line, "\n");
		for (const char *at = line + strspn(line, " "); at < stop; at += strspn(at, " ")) {
			int len = (int)strcspn(at, " \n");
			cell(s, row, column < CELLS ? column : CELLS - 1, at, len);
			column++;
			at += len;
		}
		if (end != NULL)
			end();
	}
}

static void
squeeze_measure(struct squeeze *s, size_t row, size_t column, const char *at, int len)
{
	if (row == 0) {
		s->heading[column] = at;
		s->blank[column] = true;
	} else if (strspn(at, "0.-") < (size_t)len)
		s->blank[column] = false;
	if (len > s->width[column])
		s->width[column] = len;
}

static void
squeeze_print(struct squeeze *s, size_t row, size_t column, const char *at, int len)
{
	(void)row;
	if (column == 0)
		(void)printf("%-*.*s", s->width[column], len, at);
	else if (s->width[column] != -1)
		(void)printf(" %*.*s", s->width[column], len, at);
}

static void
squeeze_newline(void)
{
	(void)putchar('\n');
}

static size_t
squeeze_width(const struct squeeze *s)
{
	size_t sum = 0;

	for (size_t i = 0; i < CELLS && s->width[i] != 0; i++)
		if (s->width[i] != -1)
			sum += (size_t)s->width[i] + (i > 0);
	return sum;
}

void
out_squeeze(char *table, size_t columns, const char *const *less)
{
	struct squeeze s = { { 0 }, { false }, { NULL } };

	squeeze_each(&s, table, squeeze_measure, NULL);
	for (; *less != NULL && squeeze_width(&s) > columns; less++)
		for (size_t i = 1; i < CELLS && s.width[i] != 0; i++) {
			size_t len = strlen(*less);
			if (s.blank[i] && strncmp(s.heading[i], *less, len) == 0 &&
			    strchr(" \n", s.heading[i][len]) != NULL)
				s.width[i] = -1;
		}
	squeeze_each(&s, table, squeeze_print, squeeze_newline);
}
