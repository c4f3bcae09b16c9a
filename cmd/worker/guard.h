/*
 * guard.h: a second process that kills the process groups of the handlers when the worker
 * dies, however it dies.
 */
#ifndef CMD_WORKER_GUARD_H
#define CMD_WORKER_GUARD_H

#include <sys/types.h>

#include "base/base.h"

#define GUARD_DIR 256

/* Call this before anything is opened.  The table has n places. */
enum status guard_start(int n, struct error *err) MUST_CHECK;
void guard_stop(void);
/* The directory of handler i, "" if it has none; the guard removes it as well. */
char *guard_dir(int i);
/* Remove a directory with all that is in it. */
void guard_remove(const char *dir);
/* The place where handler i keeps its process group; it is shared with the child. */
volatile pid_t *guard_place(int i);

#endif
