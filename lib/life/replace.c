/*
 * replace.c: how a new version takes the place of a message that an operator edited.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/log.h"
#include "view/view.h"
#include "life/life.h"
#include "life/batch.h"

/* Whether the very file of the old version still stands where it was found. */
static bool
replace_in_place(int dir, const struct place *old, const struct stat *was)
{
	struct stat sb;

	return fstatat(dir, old->file, &sb, AT_SYMLINK_NOFOLLOW) == 0 && sb.st_dev == was->st_dev &&
	    sb.st_ino == was->st_ino;
}

/* How often the old version is looked for: a listing may miss a message that moves meanwhile. */
#define REPLACE_LOOKS 2

/*
 * Whether the file of the old version is anywhere in the queue.  Its link count does not tell that,
 * because other queues may share the file.
 */
static bool
replace_elsewhere(struct queue *q, const struct stat *was, const struct msgid *id)
{
	struct error ignored;
	struct scan *scan;
	bool found = false;
	struct place p;
	int dir;

	error_clear(&ignored);
	for (int look = 0; !found && look < REPLACE_LOOKS; look++) {
		if (scan_open(q, STATES_ALL, &scan, &ignored) != ST_OK)
			return true;	/* nobody can tell, so assume it is: nothing gets lost */
		while (!found && scan_next(scan, &p, &ignored) == ST_OK)
			if (strcmp(p.name.id.text, id->text) == 0 &&
			    place_open(q, &p, &dir, &ignored) == ST_OK) {
				found = replace_in_place(dir, &p, was);
				(void)close(dir);
			}
		scan_close(scan);
		error_clear(&ignored);
	}
	return found;
}

/*
 * The new version is there: remove the old one.  If that cannot be removed, or somebody has just
 * moved it, take the new version out again.  But if the old version is gone, keep the new one, even
 * if a server that lost its answer reports a failure.
 */
static enum status
replace_drop_old(struct queue *q, int dir, const struct place *old, int oldfd,
    const struct stat *was,
    const struct place *new, struct error *err)
{
	struct error undoing;
	enum status st, undone;
	struct stat sb;
	int fd;

	if ((st = fs_unlink(dir, old->file, err)) == ST_OK)
		return ST_OK;
	/*
	 * On a local file system an unlink that fails was not done, and ST_GONE says that somebody
	 * else was quicker.  A server may have done it and lost its answer.
	 */
	if ((st != ST_GONE || queue_remote(q)) && ((fstat(oldfd, &sb) == 0 && sb.st_nlink == 0) ||
	    (!replace_in_place(dir, old, was) && !replace_elsewhere(q, was, &old->name.id)))) {
		error_clear(err);
		return ST_OK;
	}
	error_clear(&undoing);
	if ((undone = place_open(q, new, &fd, &undoing)) == ST_OK) {
		undone = fs_unlink(fd, new->file, &undoing);
		(void)close(fd);
	}
	if (undone != ST_OK && undone != ST_GONE)
		return error_set(err, ST_UNSURE, undoing.errnum,
		    "the old version, too, may still be there");
	return st;
}

static enum status
replace_put_new(struct batch *b, const struct place *old, const struct stat *was, struct place *new,
    struct error *err)
{
	struct msgname n = old->name;
	struct queue *q = b->q;
	enum status st;

	if ((st = fs_give(b->tmpfd, b->p[0].tmp, was, err)) != ST_OK)
		return st;
	n.size = b->p[0].size;
	n.head = b->p[0].head;
	n.key++;	/* never the name of the old one */
	new->file[0] = '\0';
	q->careful = true;
	st = bucket_put(q, b->tmpfd, b->p[0].tmp, old->state, &n, new, err);
	q->careful = false;
	if (st != ST_OK && st != ST_GONE && bucket_put_happened(q, b->tmpfd, b->p[0].tmp, new)) {
		error_clear(err);
		st = ST_OK;
	}
	if (st == ST_OK) {
		writer_forget(b, 1);
		st = moves_sync(q, err);
	}
	return st;
}

enum status
batch_replace(struct batch *b, const struct place *old, int oldfd, usec_t now, struct error *err)
{
	struct place new;
	struct stat was;
	enum status st;
	int dir;

	if (fstat(oldfd, &was) == -1)
		return queue_fail(b->q, err, errno, "edit");
	if ((st = syncer_data(b, err)) != ST_OK || (st = place_open(b->q, old, &dir, err)) != ST_OK)
		return st;
	st = replace_in_place(dir, old, &was) ? replace_put_new(b, old, &was, &new, err) : ST_GONE;
	if (st == ST_OK)
		st = replace_drop_old(b->q, dir, old, oldfd, &was, &new, err);
	(void)close(dir);
	if (st == ST_OK)
		log_event(b->q, "edited", &new.name, new.state, now);
	return st;
}
