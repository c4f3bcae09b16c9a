/*
 * act.h: retry, bury, hold, rm, mv.
 */
#ifndef CMD_SHARED_ACT_H
#define CMD_SHARED_ACT_H

#include "base/base.h"
#include "shared/cmd.h"
#include "shared/select.h"

struct place;
struct queue;

/* What such a verb does to one message. */
struct action {
	const char *name, *past;	/* "retry", "retried" */
	unsigned all;			/* states that --all means */
	int wanted;			/* a message in this state has it already; -1: none */
	bool destroys;			/* --all needs --force (but with --dry-run) */
	int first;			/* operand of the first id */
	enum status (*act)(void *arg, struct queue *, const struct place *, usec_t now,
	    struct error *);
	/* Whether the verb is for this message at all; may be NULL. */
	bool (*fits)(void *arg, struct queue *, const struct place *);
	/* The verb's own options; ST_NONE: not one of them. */
	enum status (*option)(void *arg, struct run *, int key, const char *value);
	/* After the queue was opened (may be NULL); the queue to sync at the end. */
	enum status (*ready)(void *arg, struct run *, struct queue *, struct queue **target);
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
