/*
 * groups.h: messages counted by what they have in common: ls --by and dead --by.
 */
#ifndef CMD_SHARED_GROUPS_H
#define CMD_SHARED_GROUPS_H

#include "base/base.h"

struct groups;
struct place;
struct queue;
struct run;

#define GROUPS_LIST "reason|header:NAME|key|attempts|hour"

/* By what, as the option was given.  NULL: the error is in r->err. */
struct groups *groups_new(struct run *r, const char *by);
void groups_free(struct groups *g);
/* Count a message.  ST_GONE: it moved on.  ST_DENIED: it may not be read. */
enum status groups_add(struct groups *g, struct queue *q, const struct place *p,
    struct error *err) MUST_CHECK;
/*
 * Print up to 'limit' groups, the largest first: as JSON, one a line; else as a table, for a
 * terminal of 'width' columns, or for a program if that is 0.
 */
void groups_put(struct groups *g, const char *queue, bool json, size_t width, int64_t limit,
    usec_t now);

#endif
