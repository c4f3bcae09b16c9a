/*
 * modes.h: the mode that each file and directory of a queue is to have.
 */
#ifndef SPOOL_MODES_H
#define SPOOL_MODES_H

#include <sys/stat.h>

#include "base/base.h"

struct queue;

/* A file or directory whose mode follows from the policy. */
struct mode_of {
	int dir;
	const char *name;	/* its name in 'dir' */
	const char *path;	/* its path below the queue; "." is the queue itself */
	mode_t mode;		/* the mode that it is to have */
	bool file;		/* it is a regular file, not a directory */
	const struct stat *is;
};
typedef enum status modes_visit(void *arg, const struct mode_of *m, struct error *err);

/*
 * Visit all of them, and a directory before what is in it.  The queue's own directory comes last. 
 * A visit that fails ends the walk, and a directory that cannot be opened does not.
 */
enum status queue_modes(struct queue *q, modes_visit *visit, void *arg,
    struct error *err) MUST_CHECK;

#endif
