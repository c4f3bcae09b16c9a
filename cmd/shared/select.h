/*
 * select.h: selecting messages by options.
 */
#ifndef CMD_SHARED_SELECT_H
#define CMD_SHARED_SELECT_H

#include "base/base.h"
#include "shared/cmd.h"

struct place;
struct queue;
struct select;

/*
 * The options of every verb that selects messages; its table includes SELECT_OPTS.  The manual
 * describes them once, in mq(1).
 */
enum { SEL_STATE = OPT_LONG + 100, SEL_OLDER, SEL_NEWER, SEL_PRIORITY, SEL_ATTEMPTS, SEL_SIZE,
    SEL_HEADER, SEL_REASON,
	SEL_LIKE, SEL_MATCH, SEL_FIRST, SEL_LAST, SEL_SINCE, SEL_UNTIL };
#define SELECT_OPTS \
	{ SEL_STATE, "state", "STATE", false, \
	    "only messages in STATE; a list a,b, or given again" }, \
	{ SEL_OLDER, "older", "DUR", false, "only messages enqueued at least DUR ago" }, \
	{ SEL_NEWER, "newer", "DUR", false, "only messages enqueued less than DUR ago" }, \
	{ SEL_SINCE, "since", "TIME|DUR", false, \
	    "only messages enqueued at TIME (UTC) or DUR ago, or later" }, \
	{ SEL_UNTIL, "until", "TIME|DUR", false, \
	    "only messages enqueued before TIME (UTC) or DUR ago" }, \
	{ SEL_PRIORITY, "priority", "N", false, "only messages of priority N; N+, N-M" }, \
	{ SEL_ATTEMPTS, "attempts", "N", false, "only messages that failed N times; N+, N-M" }, \
	{ SEL_SIZE, "size", "N", false, "only bodies of N bytes; N+, N-M, with K, M, G" }, \
	{ SEL_HEADER, "header", "NAME[=GLOB]", false, "only messages with such a header" }, \
	{ SEL_REASON, "reason", "GLOB", false, "only messages that failed for such a reason" }, \
	{ SEL_LIKE, "like", "ID", false, "only messages that failed for the same cause as ID" }, \
	{ SEL_MATCH, "match", "REGEX", false, \
	    "only messages with a line that matches (extended regex)" }, \
	{ 'n', "limit", "N", false, "at most N messages" }, \
	{ SEL_FIRST, "first", "N", true, "the first message, or N" }, \
	{ SEL_LAST, "last", "N", true, "the last message, or N" }

struct select *select_new(struct run *r);
void select_free(struct select *s);
/* Take an option if it is one of the above.  ST_NONE: it is not. */
enum status select_option(struct select *s, int key, const char *arg) MUST_CHECK;
/*
 * select_given says whether any option other than -n was given.  select_states returns the states
 * to look at: those of --state, or 'initial' without that option.
 */
bool select_given(const struct select *s);
unsigned select_states(const struct select *s, unsigned initial);
/*
 * select_limit returns how many messages are wanted at most (INT64_MAX: no limit), and select_last
 * whether the last ones are wanted.
 */
int64_t select_limit(const struct select *s);
void select_set_limit(struct select *s, int64_t limit);
bool select_last(const struct select *s);
/*
 * Whether the message is selected.  ST_OK: it is.  ST_NONE: it is not.  ST_GONE: it moved on.
 * ST_DENIED: it may not be read, but the caller can go on with the others.
 */
enum status select_match(struct select *s, struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;

/* What to do with each selected message. */
struct visit {
	/* ST_GONE and ST_NONE: this message does not count.  Any other failure ends the visit. */
	enum status (*one)(void *arg, const struct place *p);
	/* called for each message that is looked at, before 'one'; may be NULL */
	void (*seen)(void *arg, uint64_t looked_at, uint64_t selected);
	void *arg;
};
/*
 * Visit the selected messages in their order, until the limit is reached or run_stopped(). Only
 * --last holds messages in memory.  What may not be read is reported, and raises '*worst'.
 */
enum status select_each(struct select *s, struct queue *q, unsigned initial, usec_t now,
    const struct visit *v, enum status *worst) MUST_CHECK;

#endif
