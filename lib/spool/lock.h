/*
 * lock.h: exclusion between processes that change something in several steps.
 */
#ifndef SPOOL_LOCK_H
#define SPOOL_LOCK_H

#include "base/base.h"

struct queue;

#define LOCK_FILE "lock"

/* Each byte of the file is a lock of its own. */
enum {
	LOCK_POLICY,		/* queue.conf: see configure.c */
	LOCK_IMPORT,		/* keeps two imports from bringing in the same ids */
	LOCK_KEYS = 1 << 16	/* from here on: a directory of keys in once/, by its inode */
};

/*
 * The mode of a file or directory that is locked as a whole.  Only users who may write to the queue
 * can open it.
 */
mode_t queue_lock_mode(const struct queue *q);
mode_t queue_lock_dir_mode(const struct queue *q);
/*
 * Lock that byte, and wait for it at most 'patience'.  *fd is the lock, for queue_unlock.  It is -1
 * where locks do not work.  ST_EXISTS: another process has the lock, and 'err' is left to the
 * caller.
 */
enum status queue_lock(struct queue *q, int64_t byte, usec_t patience, int *fd,
    struct error *err) MUST_CHECK;
void queue_unlock(int fd);

#endif
