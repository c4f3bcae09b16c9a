/*
 * selection.h: what a selection asks for, shared by selection.c (the options), selected.c (one
 * message) and select.c (all of a queue).
 */
#ifndef CMD_SHARED_SELECTION_H
#define CMD_SHARED_SELECTION_H

#include <sys/queue.h>
#include <regex.h>

#include "base/base.h"
#include "shared/cause.h"

struct run;

/* A range of numbers; both ends are in it. */
struct range {
	int64_t low, high;
};

/* A header that a message must have, with a value that matches 'glob'. */
struct want {
	SLIST_ENTRY(want) next;
	const char *name, *glob;	/* glob NULL: any value */
	size_t len;			/* of the name */
};

struct select {
	struct run *r;
	bool given, last;
	unsigned states;
	usec_t older, newer;	/* ages of --older and --newer; -1: not given */
	usec_t since, until;	/* points in time */
	struct range priority, attempts, size;
	const char *reason;
	const char *like;	/* an id, or a piece of one */
	char cause[CAUSE_MAX];	/* of that message's failure, once it was looked at */
	SLIST_HEAD(wants, want) headers;
	bool has_match;
	regex_t match;
	int64_t limit;
};

#endif
