/*
 * replace.c: a new version in the place of a message that an operator edited.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/log.h"
#include "life/life.h"
#include "life/batch.h"

/* Whether the old one still stands where it was found: this very file. */
static bool
replace_in_place(int dir, const struct place *old, const struct stat *was)
{
	struct stat sb;

	return fstatat(dir, old->file, &sb, AT_SYMLINK_NOFOLLOW) == 0 && sb.st_dev == was->st_dev &&
	    sb.st_ino == was->st_ino;
}

/*
 * The new one is there; the old one goes.  Where it does not, or somebody moved it just now, the
 * new one is taken out again; but not if the old one has lost a name: then it is gone, whatever
 * a server that lost its answer says.
 */
static enum status
replace_drop_old(struct queue *q, int dir, const struct place *old, int oldfd, const struct stat *was,
    const struct place *new, struct error *err)
{
	struct error undoing;
	enum status st, undone;
	struct stat sb;
	int fd;

	if ((st = fs_unlink(dir, old->file, err)) == ST_OK)
		return ST_OK;
	if (!replace_in_place(dir, old, was) && fstat(oldfd, &sb) == 0 && sb.st_nlink < was->st_nlink) {
		error_clear(err);
		return ST_OK;
	}
	error_clear(&undoing);
	if ((undone = place_open(q, new, &fd, &undoing)) == ST_OK) {
		undone = fs_unlink(fd, new->file, &undoing);
		(void)close(fd);
	}
	if (undone != ST_OK && undone != ST_GONE)
		return error_set(err, ST_UNSURE, undoing.errnum, "the old version, too, may still be there");
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
	q->careful = true;
	st = bucket_put(q, b->tmpfd, b->p[0].tmp, old->state, &n, new, err);
	q->careful = false;
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
