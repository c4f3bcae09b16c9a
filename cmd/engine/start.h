/*
 * start.h: the process of a helper.
 */
#ifndef CMD_ENGINE_START_H
#define CMD_ENGINE_START_H

#include <limits.h>

#include "base/base.h"

struct process {
	pid_t pid;		/* -1: none runs */
	int in, out, err;	/* to its stdin, from its stdout and stderr, all non-blocking */
};

/*
 * Start the program of that name in the directory of helpers, with a clean environment.  It dies
 * with us.  ST_CONF: there is no such program.
 */
enum status process_start(const char *name, struct process *p, struct error *err) MUST_CHECK;
/* Wait until it has ended, but not beyond 'deadline' (clock_mono); then it is killed. */
void process_end(struct process *p, usec_t deadline);
/* Where the helper of that name is.  False: it is not there, with errno. */
bool process_find(const char *name, char path[PATH_MAX]);
/* The directory of helpers. */
const char *process_dir(void);

#endif
