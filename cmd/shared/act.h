/*
 * act.h: what retry, bury, hold, rm and mv have in common.
 */
#ifndef CMD_SHARED_ACT_H
#define CMD_SHARED_ACT_H

#include "base/base.h"
#include "shared/cmd.h"
#include "shared/select.h"

struct place;
struct queue;

/* What one of these verbs does to a message. */
struct action {
	const char *name, *past;	/* "retry", "retried" */
	unsigned all;			/* states that --all means */
	int wanted;			/* messages in this state need nothing; -1: none */
	bool destroys;			/* --all needs --force or --dry-run */
	int first;			/* index of the operand that is the first id */
	enum status (*act)(void *arg, struct queue *q, const struct place *p, usec_t now,
	    struct error *err);
	/* Whether the verb applies to this message at all.  NULL: it applies to every message. */
	bool (*fits)(void *arg, struct queue *q, const struct place *p);
	/* Take one of the verb's own options.  ST_NONE: 'key' is not one of them. */
	enum status (*option)(void *arg, struct run *r, int key, const char *value);
	/*
	 * Called once the queue is open; may be NULL.  '*target' is the queue to sync at the end.
	 */
	enum status (*ready)(void *arg, struct run *r, struct queue *q, struct queue **target);
	void *arg;
};
enum { ACT_ALL = OPT_LONG + 140, ACT_FORCE, ACT_DRY, ACT_RATE };
#define ACT_OPTS \
	SELECT_OPTS, \
	{ ACT_ALL, "all", NULL, false, "all messages that this is meant for (see the manual)" }, \
	{ ACT_FORCE, "force", NULL, false, "claimed messages too: their holders lose them" }, \
	{ ACT_DRY, "dry-run", NULL, false, "only say what would be done" }
enum status act_run(struct run *r, struct action *a) MUST_CHECK;

#endif
