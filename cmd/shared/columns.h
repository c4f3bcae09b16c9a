/*
 * columns.h: the columns of ls and dead.  Help, completions and the checks of the manual come
 * from this list.
 */
#ifndef CMD_SHARED_COLUMNS_H
#define CMD_SHARED_COLUMNS_H

#include <stdio.h>

#include "base/base.h"

struct place;
struct queue;
struct run;

/*
 * Each column: its name, its least width on a terminal, and its heading there.  columns.c has
 * put_NAME and by_NAME for each.  FIRST marks the beginning of the list.
 */
#define COLUMNS(FIRST, X) \
	FIRST(id, 36, "ID") \
	X(state, 7, "STATE") \
	X(priority, 1, "PRIO") \
	X(attempts, 2, "ATTEMPTS") \
	X(deliveries, 2, "DELIVERIES") \
	X(size, 7, "SIZE") \
	X(age, 6, "AGE") \
	X(enqueued, 27, "ENQUEUED") \
	X(due, 27, "DUE") \
	X(deadline, 27, "DEADLINE") \
	X(expires, 27, "EXPIRES") \
	X(reason, 20, "REASON") \
	X(handle, 78, "HANDLE") \
	X(file, 40, "FILE") \
	X(origin, 8, "ORIGIN")

/* The names of the columns, "id,state,...". */
#define COLUMN_FIRST(name, ...) #name
#define COLUMN_NEXT(name, ...) "," #name
#define COLUMN_LIST COLUMNS(COLUMN_FIRST, COLUMN_NEXT)

struct column {
	const char *name, *heading;
	int width;	/* least width on a terminal */
	void (*print)(FILE *f, struct queue *q, const struct place *p, usec_t now);
	int (*cmp)(const struct place *a, const struct place *b);
	bool coloured;	/* by state */
};

/*
 * Find a column by its name.  NULL: there is none, and the error of the option 'opt' is in r->err.
 */
const struct column *column_find(struct run *r, const char *opt, const char *name);
/* Compare two rows that are equal in the column that sorts them. */
int column_by_enqueued(const struct place *a, const struct place *b);

#endif
