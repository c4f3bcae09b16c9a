/*
 * selection.h: what a selection asks for, between selection.c (the options), selected.c (one
 * message) and select.c (all of a queue).
 */
#ifndef CMD_SHARED_SELECTION_H
#define CMD_SHARED_SELECTION_H

#include <sys/queue.h>
#include <regex.h>

#include "base/base.h"

struct run;

/* Inclusive. */
struct range {
	int64_t low, high;
};

/* A header that must be there, with a value like this. */
struct want {
	SLIST_ENTRY(want) next;
	const char *name, *glob;	/* glob NULL: any */
	size_t len;			/* of the name */
};

struct select {
	struct run *r;
	bool given, last;
	unsigned states;
	usec_t older, newer;	/* ages; -1: not given */
	usec_t since, until;	/* times */
	struct range priority, attempts, size;
	const char *reason;
	SLIST_HEAD(wants, want) headers;
	bool has_match;
	regex_t match;
	int64_t limit;
};

#endif
