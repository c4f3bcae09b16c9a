/*
 * modes.c: the checks of modes, groups and owners (rule F11.5 of spool-format.md).
 *
 * A mode may let in more people than the policy asks for: that is the choice of the user who set
 * it.  A mode, group or owner that shuts out a user of the queue is a finding.
 */
#include <sys/stat.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "spool/policy.h"
#include "spool/queue.h"
#include "spool/modes.h"
#include "fsck/check.h"

/* Whether others than the user who made it are to use it. */
static bool
modes_is_shared(const struct mode_of *m)
{
	return (m->mode & 0077) != 0;
}

/* Whether somebody is shut out; 'why' says by what. */
static bool
modes_wrong(const struct fsck *f, const struct mode_of *m, char *why, size_t size)
{
	const struct stat *is = m->is;
	struct stat top;

	/* With a wrong group, the mode alone does not tell who is shut out. */
	if (f->q->policy.group[0] != '\0' && f->q->owner.gid != (gid_t)-1 &&
	    is->st_gid != f->q->owner.gid)
		(void)snprintf(why, size, "its group is not %s", f->q->policy.group);
	else if ((m->mode & ~is->st_mode & 0777) != 0)
		(void)snprintf(why, size, "its mode is %04o, and the policy asks for %04o",
		    (unsigned)is->st_mode & 07777, (unsigned)m->mode);
	else if (!modes_is_shared(m) && fstat(f->q->fd, &top) == 0 && top.st_uid != is->st_uid)
		(void)snprintf(why, size, "it belongs to uid %lu, and the queue to uid %lu",
		    (unsigned long)is->st_uid, (unsigned long)top.st_uid);
	else
		return false;
	return true;
}

/*
 * A user who may not set the mode may still remove an empty directory, or a file that is only
 * advice: mq makes it again with the right mode when it is needed.
 */
static bool
modes_mend(struct fsck *f, const struct mode_of *m)
{
	struct error ignored;
	enum status st;

	error_clear(&ignored);
	/* A file with a second name may belong to somebody else's data: leave its mode alone. */
	if (!m->file || m->is->st_nlink == 1) {
		st = fs_mend_mode(m->dir, m->name, m->mode, f->q->owner, &ignored);
		if (st == ST_OK || st == ST_GONE)
			return true;
	}
	if (!m->file)
		return fs_rmdir(m->dir, m->name);
	if (m->dir != f->q->fd || strcmp(m->name, QUEUE_CONF) == 0)
		return false;
	error_clear(&ignored);
	st = fs_unlink(m->dir, m->name, &ignored);
	return st == ST_OK || st == ST_GONE;
}

static enum status
modes_check(void *arg, const struct mode_of *m, struct error *err)
{
	struct fsck *f = arg;
	char why[160];

	(void)err;
	if (!modes_wrong(f, m, why, sizeof(why)))
		return ST_OK;
	if (f->repair && modes_mend(f, m))
		fsck_found(f, WRONG_MODE, true, m->path, "%s", why);
	else
		fsck_found(f, WRONG_MODE, false, m->path, "%s%s: only root or uid %lu may set it",
		    why,
		    modes_is_shared(m) ? ", which shuts others out" : "",
		    (unsigned long)m->is->st_uid);
	return ST_OK;
}

enum status
fsck_modes(struct fsck *f)
{
	return queue_modes(f->q, modes_check, f, f->err);
}
