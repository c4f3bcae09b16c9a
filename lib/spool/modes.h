/*
 * modes.h: what in a queue has which mode.
 */
#ifndef SPOOL_MODES_H
#define SPOOL_MODES_H

#include <sys/stat.h>

#include "base/base.h"

struct queue;

/* A file or directory that has a mode by the policy. */
struct mode_of {
	int dir;
	const char *name;	/* in dir */
	const char *path;	/* below the queue; "." is the queue itself */
	mode_t mode;		/* that it has to have */
	bool file;		/* a regular file, else a directory */
	const struct stat *is;
};
typedef enum status modes_visit(void *arg, const struct mode_of *m, struct error *err);

/*
 * Visit all of them, what holds others before what is in it.  A visit that fails ends the walk;
 * what cannot be opened does not.
 */
enum status queue_modes(struct queue *q, modes_visit *visit, void *arg,
    struct error *err) MUST_CHECK;

#endif
