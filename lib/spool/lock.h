/*
 * lock.h: exclusion between processes that change something in several steps.
 */
#ifndef SPOOL_LOCK_H
#define SPOOL_LOCK_H

#include "base/base.h"

struct queue;

#define LOCK_FILE "lock"

/* What is locked: the bytes of the file. */
enum {
	LOCK_POLICY,		/* queue.conf: see configure.c */
	LOCK_IMPORT,		/* that no two imports bring in the same ids */
	LOCK_KEYS = 1 << 16	/* from here on: a directory of keys in once/, by its inode */
};

/*
 * Of what is locked as a whole, a file or a directory: only whoever may write to the queue can open
 * it.
 */
mode_t queue_lock_mode(const struct queue *q);
mode_t queue_lock_dir_mode(const struct queue *q);
/*
 * Lock that byte, and wait so long for it.  *fd is the lock, for queue_unlock; -1 where locks do
 * not work.  ST_EXISTS: another process has it; the error is the caller's to tell.
 */
enum status queue_lock(struct queue *q, int64_t byte, usec_t patience, int *fd,
    struct error *err) MUST_CHECK;
void queue_unlock(int fd);

#endif
