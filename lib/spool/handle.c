/*
 * handle.c: an open queue: the modes of its files, and its directories.
 *
 * Each directory is opened when it is first needed, and held from then on.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/queue.h"

enum status
queue_fail(const struct queue *q, struct error *err, int errnum, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return error_sys(err, errnum, "queue %s: %s", q->name, text);
}

const char *
queue_name(const struct queue *q)
{
	return q->name;
}

const struct policy *
queue_policy(const struct queue *q)
{
	return &q->policy;
}

bool
queue_remote(struct queue *q)
{
	if (q->remote == -1)
		q->remote = fs_is_remote(q->fd);
	return q->remote;
}

bool
queue_synced(const struct queue *q)
{
	return q->policy.sync == SYNC_ALWAYS;
}

/*
 * The write bits of those, group or others, who may write but not read.  They may put messages in,
 * and no more.
 */
static mode_t
handle_droppers(const struct queue *q)
{
	mode_t m = (mode_t)q->policy.mode;

	return m & 0022 & ~((m & 0044) >> 1);
}

mode_t
queue_file_mode(const struct queue *q)
{
	return (mode_t)q->policy.mode & ~handle_droppers(q);
}

/*
 * Whoever may read the messages may look into the directories.  Their set-group-ID bit passes the
 * group on.
 */
mode_t
queue_dir_mode(const struct queue *q)
{
	mode_t m = queue_file_mode(q);

	m |= (m & 0444) >> 2;
	if (q->policy.group[0] != '\0')
		m |= S_ISGID;
	return m;
}

mode_t
queue_top_mode(const struct queue *q)
{
	return queue_dir_mode(q) | handle_droppers(q) >> 1;
}

mode_t
queue_conf_mode(const struct queue *q)
{
	return queue_file_mode(q) | handle_droppers(q) << 1;
}

bool
queue_is_drop_box(const struct queue *q)
{
	return handle_droppers(q) != 0;
}

/*
 * A dropped file belongs to the user who drops it, and its group comes from new/.  Others may read
 * it if they may read all messages.
 */
mode_t
queue_drop_mode(const struct queue *q)
{
	return 0640 | ((mode_t)q->policy.mode & 0004);
}

/*
 * Droppers may not list new/.  Its group passes to their files, so that those who take the messages
 * may read them.  The sticky bit keeps a dropper from the files of another one, even if the dropper
 * guesses a name.  It would also stop group or others from taking messages, so it is left out where
 * they do.
 */
mode_t
queue_new_mode(const struct queue *q)
{
	mode_t d = handle_droppers(q), m = queue_dir_mode(q);
	bool others_take = (m & 0060) == 0060 || (m & 0006) == 0006;

	if (d == 0)
		return m;
	return m | d | d >> 1 | S_ISGID | (others_take ? 0 : S_ISVTX);
}

enum status
queue_state(struct queue *q, enum state s, int *fd, struct error *err)
{
	struct error opening;
	enum status st;

	if (q->shelf[s].fd == -1) {
		error_clear(&opening);
		st = fs_open_dir(q->fd, state_names[s], false, &q->shelf[s].fd, &opening);
		if (st == ST_GONE)
			return error_set(err, ST_IO, 0, "queue %s: its directory %s/ is missing; "
			    "'mq fsck --repair %s' makes it", q->name, state_names[s], q->name);
		if (st != ST_OK)
			return error_sys(err, opening.errnum, "%s/%s/%s", q->spool->path, q->name,
			    state_names[s]);
	}
	*fd = q->shelf[s].fd;
	return ST_OK;
}

enum status
queue_tmp(struct queue *q, int *fd, struct error *err)
{
	enum status st;

	if (q->tmpfd == -1) {
		st = fs_open_dir(q->fd, "tmp", false, &q->tmpfd, err);
		if (st == ST_GONE) {
			/*
			 * A process that finds no tmp/ must not rely on the queue being durable:
			 * see make.c.
			 */
			st = queue_synced(q) ? fs_sync(q->spool->fd, err) : ST_OK;
			if (st == ST_OK)
				st = fs_mkdir(q->fd, "tmp", queue_dir_mode(q), q->owner, err);
			if (st == ST_OK || st == ST_EXISTS)
				st = fs_open_dir(q->fd, "tmp", false, &q->tmpfd, err);
		}
		if (st != ST_OK)
			return st == ST_GONE ?
			    error_set(err, ST_IO, 0, "queue %s: tmp/ went away", q->name) : st;
	}
	*fd = q->tmpfd;
	return ST_OK;
}

/*
 *
 */
enum status
queue_new(struct queue *q, int *fd, struct error *err)
{
	enum status st;

	if (q->newfd == -1 &&
	    (st = fs_open_dir(q->fd, "new", false, &q->newfd, err)) != ST_OK)
		return st;
	*fd = q->newfd;
	return ST_OK;
}
