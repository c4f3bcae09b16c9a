/*
 * lane.c: waiting/ORDER/, where messages wait for the turn of their key (F15.10 of
 * spool-format.md).
 *
 * A lane has buckets, as the directory of a state has.
 */
#include <sys/stat.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/lane.h"

#define WAITING "waiting"

enum status
queue_sub(struct queue *q, int parent, const char *name, enum missing missing, int *fd,
    struct error *err)
{
	enum status st = fs_open_dir(parent, name, false, fd, err);

	if (st != ST_GONE || missing == MISSING_LEAVE)
		return st;
	st = fs_mkdir(parent, name, queue_dir_mode(q), q->owner, err);
	if ((st == ST_OK || st == ST_EXISTS) && missing == MISSING_MAKE && queue_synced(q))
		st = fs_sync(parent, err);
	return st == ST_OK || st == ST_EXISTS ? fs_open_dir(parent, name, false, fd, err) : st;
}

static enum status
lane_find(struct queue *q, const char *order, enum missing missing, struct shelf *sh,
    struct error *err)
{
	enum status st;
	int waiting;

	*sh = (struct shelf){ .queue = q, .state = STATE_READY, .fd = -1 };
	(void)strlcpy(sh->lane, order, sizeof(sh->lane));
	if ((st = queue_sub(q, q->fd, WAITING, missing, &waiting, err)) != ST_OK)
		return st;
	st = queue_sub(q, waiting, order, missing, &sh->fd, err);
	(void)close(waiting);
	return st;
}

enum status
lane_open(struct queue *q, const char *order, struct shelf *sh, struct error *err)
{
	return lane_find(q, order, MISSING_LEAVE, sh, err);
}

enum status
lane_make(struct queue *q, const char *order, struct shelf *sh, struct error *err)
{
	return lane_find(q, order, MISSING_MAKE, sh, err);
}

enum status
queue_sub_look(struct queue *q, const char *name, int *fd, struct error *err)
{
	struct error opening;
	enum status st;

	error_clear(&opening);
	*fd = -1;
	st = fs_open_dir(q->fd, name, false, fd, &opening);
	if (st == ST_OK || st == ST_GONE || opening.errnum == ENOTDIR || opening.errnum == ELOOP)
		return ST_OK;
	return queue_fail(q, err, opening.errnum, "%s", name);
}

enum status
lanes_look(struct queue *q, int *fd, struct error *err)
{
	return queue_sub_look(q, WAITING, fd, err);
}

bool
order_ok(const char *text)
{
	return strspn(text, "0123456789abcdef") == ORDER_LEN && text[ORDER_LEN] == '\0';
}

bool
place_in_lane(const struct place *p)
{
	return p->lane[0] != '\0';
}

void
lane_remove(struct queue *q, const char *order)
{
	struct error ignored;
	int waiting;

	error_clear(&ignored);
	if (fs_open_dir(q->fd, WAITING, false, &waiting, &ignored) != ST_OK)
		return;
	(void)fs_rmdir(waiting, order);
	(void)close(waiting);
}
