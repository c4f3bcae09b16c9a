/*
 * table.c: the list of subcommands, in the order of the manual.
 */
#include "pattern/pattern.h"
#include "shared/cmd.h"
#include "table.h"

#define EACH(X) \
	X(init) X(config) X(push) X(pop) X(claim) X(ack) X(nack) X(extend) X(work) X(request) \
	X(reply) X(peek) X(show) X(ls) X(stat) X(top) X(dead) X(retry) X(bury) X(hold) X(edit) \
	X(rm) X(mv) X(watch) X(wait) X(subscribe) X(unsubscribe) X(topics) X(replay) X(pause) \
	X(resume) X(engine) X(relay) X(fsck) X(check) X(export) X(import) X(help) X(version)

#define DECLARE(name) extern const struct cmd cmd_##name;
EACH(DECLARE)

#define ENTRY(name) &cmd_##name,
const struct cmd *const all_verbs[] = { EACH(ENTRY) NULL };
