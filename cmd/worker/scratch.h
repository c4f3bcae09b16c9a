/*
 * scratch.h: files without a name for bodies, in memory or in TMPDIR.
 */
#ifndef CMD_WORKER_SCRATCH_H
#define CMD_WORKER_SCRATCH_H

#include "base/base.h"

/* The directory for them. */
const char *scratch_dir(void);
/* Fill in the error for a failure there, which errno tells. */
enum status scratch_failed(struct error *err);
/* Make a file for so many bytes. */
enum status scratch_open(int64_t size, int *fd, struct error *err) MUST_CHECK;

#endif
