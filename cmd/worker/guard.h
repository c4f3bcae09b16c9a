/*
 * guard.h: a second process that kills the process groups of the handlers when the worker
 * dies, however it dies.
 */
#ifndef CMD_WORKER_GUARD_H
#define CMD_WORKER_GUARD_H

#include <sys/types.h>

#include "base/base.h"

#define GUARD_DIR 256

/*
 * Start the guard, with a place for each of 'n' handlers.  Call this before anything is opened,
 * because the guard inherits what is open.
 */
enum status guard_start(int n, struct error *err) MUST_CHECK;
void guard_stop(void);
/* The directory of handler 'i', or "" if it has none.  The guard removes that, too. */
char *guard_dir(int i);
/* Remove the directory 'dir' with all that is in it. */
void guard_remove(const char *dir);
/* The place that holds the process group of handler 'i'; the handler's child shares it. */
volatile pid_t *guard_place(int i);

#endif
