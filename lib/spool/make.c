/*
 * make.c: making a queue.
 *
 * A new queue is built under a hidden name, synced and renamed into place, and gets its tmp/ last.
 * A process that finds a queue with its tmp/ therefore knows that the queue itself survives a power
 * failure (F6.6 and F6.7 of spool-format.md).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"

static enum status
make_layout_dir(struct queue *q, const char *name, mode_t mode, const char *const *buckets,
    struct error *err)
{
	enum status st;
	int fd;

	st = fs_mkdir(q->fd, name, mode, q->owner, err);
	if (st != ST_OK && st != ST_EXISTS)
		return st;
	if ((st = fs_open_dir(q->fd, name, false, &fd, err)) != ST_OK)
		return st;
	for (; st == ST_OK && *buckets != NULL; buckets++) {
		st = fs_mkdir(fd, *buckets, queue_dir_mode(q), q->owner, err);
		if (st == ST_EXISTS)
			st = ST_OK;
	}
	if (st == ST_OK && queue_synced(q))
		st = fs_sync(fd, err);
	(void)close(fd);
	return st;
}

enum status
queue_layout(struct queue *q, usec_t now, struct error *err)
{
	char plain[BUCKET_MAX], ready[BUCKET_MAX], watched[BUCKET_MAX];
	const char *const none[] = { NULL };
	enum status st;

	bucket_format(0, now, plain);
	bucket_format('0' + PRIORITY_DEFAULT, now, ready);
	bucket_format('w', now, watched);
	/* The directory ready/ makes it a queue, so it comes last. */
	if ((st = make_layout_dir(q, "new", queue_new_mode(q), none, err)) != ST_OK ||
	    (st = make_layout_dir(q, "failures", queue_dir_mode(q), none, err)) != ST_OK)
		return st;
	for (int s = NSTATES - 1; s >= 0; s--) {
		const char *buckets[] = { s == STATE_READY ? ready : plain,
		    s == STATE_CLAIMED ? watched : NULL, NULL };
		if ((st = make_layout_dir(q, state_names[s], queue_dir_mode(q), buckets,
		    err)) != ST_OK)
			return st;
	}
	return queue_synced(q) ? fs_sync(q->fd, err) : ST_OK;
}

/*
 * Write the queue.conf of a new queue before anything else, because its policy decides about the
 * modes of all that is in the queue.
 */
static enum status
make_first_conf(struct queue *q, const char *const *assign, size_t n, struct error *err)
{
	return n == 0 ? ST_OK : queue_conf_put(q, "", 0, assign, n, err);
}

/*
 * Make the hidden directory of a queue in the making.  Nobody knows its name, so an error names the
 * queue.
 */
static enum status
make_hidden(struct queue *q, const char *name, struct error *err)
{
	struct error making;
	enum status st;

	error_clear(&making);
	st = fs_mkdir(q->spool->fd, name, 0700, q->owner, &making);
	return st == ST_OK || st == ST_GONE ? st :
	    error_sys(err, making.errnum, "cannot make queue '%s' in %s", q->name, q->spool->path);
}

/* The same for what is made in that directory: put the name of the queue in front of the error. */
static enum status
making_failed(const struct queue *q, enum status st, struct error *err)
{
	char text[sizeof(err->text)];

	if (st == ST_OK || st == ST_EXISTS || st == ST_GONE || err->errnum == 0)
		return st;
	(void)strlcpy(text, err->text, sizeof(text));
	(void)snprintf(err->text, sizeof(err->text), "cannot make queue '%s' in %.250s: %.200s",
	    q->name, q->spool->path, text);
	return st;
}

static enum status
make_queue(struct spool *sp, const char *name, const char *const *assign, size_t n,
    struct error *err)
{
	char tmp[48] = NEW_PREFIX;
	struct queue *q;
	enum status st;
	int fd;

	if ((q = queue_alloc(sp, name)) == NULL)
		return error_sys(err, ENOMEM, "make queue");
	tmp_name(tmp + strlen(NEW_PREFIX));
	if ((st = queue_policy_load(q, err)) == ST_OK)
		st = make_hidden(q, tmp, err);
	if (st == ST_OK) {
		st = fs_open_dir(sp->fd, tmp, false, &q->fd, err);
		if (st == ST_OK && (st = make_first_conf(q, assign, n, err)) == ST_OK &&
		    (st = fs_set_mode(q->fd, queue_top_mode(q), q->owner, err)) == ST_OK &&
		    (st = queue_layout(q, clock_now(), err)) == ST_OK)
			st = fs_move_own(sp->fd, tmp, sp->fd, name, err);
		if (st != ST_OK)
			fs_remove_tree(sp->fd, tmp);	/* ST_EXISTS: another made it meanwhile */
		if ((st = making_failed(q, st, err)) == ST_OK)
			st = queue_tmp(q, &fd, err);
	}
	queue_close(q);
	if (st == ST_GONE)
		st = error_set(err, ST_NOCREATE, 0, "queue %s: the spool went away", name);
	if (st == ST_IO || st == ST_UNSURE)
		err->status = st = ST_NOCREATE;
	return st == ST_EXISTS ? ST_OK : st;
}

enum status
queue_create(struct spool *sp, const char *name, const char *const *assign, size_t n,
    struct queue **q, struct error *err)
{
	enum status st = queue_open(sp, name, q, err);

	if (st != ST_NOTFOUND)
		return st;
	/*
	 * Make the queue only if nothing has that name.  Anything else is for a person to look at,
	 * or was made just now.
	 */
	if (faccessat(sp->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == -1) {
		error_clear(err);
		if ((st = make_queue(sp, name, assign, n, err)) != ST_OK)
			return st;
	}
	error_clear(err);
	return queue_open(sp, name, q, err);
}
