/*
 * lane.c: where messages wait for the turn of their key: waiting/ORDER/, which has
 * buckets as a state has (spool-format.md section 15).
 *
 * The code for states serves the lane that was opened last, as STATE_LANE.
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

/* A directory of the queue that is made when it is first needed.  ST_GONE: it is not there. */
enum status
queue_sub(struct queue *q, int parent, const char *name, bool create, int *fd, struct error *err)
{
	enum status st = fs_open_dir(parent, name, false, fd, err);

	if (st != ST_GONE || !create)
		return st;
	st = fs_mkdir(parent, name, queue_dir_mode(q), q->owner, err);
	if ((st == ST_OK || st == ST_EXISTS) && queue_synced(q))
		st = fs_sync(parent, err);
	return st == ST_OK || st == ST_EXISTS ? fs_open_dir(parent, name, false, fd, err) : st;
}

void
lane_close(struct queue *q)
{
	target_drop(q, &q->target[STATE_LANE]);
	if (q->statefd[STATE_LANE] != -1)
		(void)close(q->statefd[STATE_LANE]);
	q->statefd[STATE_LANE] = -1;
	q->lane[0] = '\0';
}

enum status
lane_open(struct queue *q, const char *order, bool create, struct error *err)
{
	enum status st;
	struct stat sb;
	int waiting;

	if (strcmp(q->lane, order) == 0 && fstat(q->statefd[STATE_LANE], &sb) == 0 && sb.st_nlink > 0)
		return ST_OK;
	lane_close(q);
	if ((st = queue_sub(q, q->fd, WAITING, create, &waiting, err)) != ST_OK)
		return st;
	st = queue_sub(q, waiting, order, create, &q->statefd[STATE_LANE], err);
	(void)close(waiting);
	if (st != ST_OK)
		q->statefd[STATE_LANE] = -1;
	else
		(void)strlcpy(q->lane, order, sizeof(q->lane));
	return st;
}

enum status
queue_sub_list(struct queue *q, const char *name, const char *after, size_t max, struct listing *l, bool *more, struct error *err)
{
	enum status st;
	int fd;

	memset(l, 0, sizeof(*l));
	*more = false;
	st = fs_open_dir(q->fd, name, false, &fd, err);
	if (st != ST_OK && (err->errnum == ENOTDIR || err->errnum == ELOOP)) {
		error_clear(err);	/* a checker tells of it */
		return ST_OK;
	}
	if (st != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	st = fs_list(fd, after, max, false, l, more, err);
	(void)close(fd);
	return st == ST_GONE ? ST_OK : st;
}

enum status
lanes_list(struct queue *q, const char *after, size_t max, struct listing *l, bool *more, struct error *err)
{
	return queue_sub_list(q, WAITING, after, max, l, more, err);
}

bool
order_ok(const char *text)
{
	return strspn(text, "0123456789abcdef") == ORDER_LEN && text[ORDER_LEN] == '\0';
}

void
lane_place(struct place *p, const char *order, const char *bucket)
{
	(void)snprintf(p->bucket, sizeof(p->bucket), "%s/%s", order, bucket);
}

bool
place_in_lane(const struct place *p)
{
	return strchr(p->bucket, '/') != NULL;
}

/* Remove what is empty of a lane: whoever parks there now makes it again. */
void
lane_remove(struct queue *q, const char *order, struct error *err)
{
	int waiting;

	if (lane_open(q, order, false, err) != ST_OK)
		return;
	lane_close(q);
	if (fs_open_dir(q->fd, WAITING, false, &waiting, err) != ST_OK)
		return;
	(void)fs_rmdir(waiting, order);
	(void)close(waiting);
}
