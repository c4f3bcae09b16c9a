/*
 * newest.c: where the newest message of a key was last seen, in queues that keep only the newest.
 *
 * latest/ORDER is a symbolic link, read and never followed, whose text is STATE/BUCKET/NAME.  It is
 * a hint: it says where to look first.  Which messages are removed because of a newer one is
 * decided in latest.c, which has to see the newer one itself.
 */
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/queue.h"
#include "spool/lane.h"
#include "spool/place.h"
#include "pattern/newest.h"

#define LATEST "latest"

typedef char newest_path[sizeof(LATEST) + ORDER_LEN + 1];

static void
newest_path_of(const char *order, newest_path path)
{
	(void)snprintf(path, sizeof(newest_path), "%s/%s", LATEST, order);
}

bool
newest_link(struct queue *q, const char *order, struct place *p)
{
	char text[NAME_MAX_LEN + BUCKET_MAX + 16], *next = text, *state, *bucket;
	struct error ignored;
	newest_path path;
	int s;

	newest_path_of(order, path);
	error_clear(&ignored);
	if (fs_read_link(q->fd, path, text, sizeof(text), &ignored) != ST_OK)
		return false;
	state = strsep(&next, "/");
	bucket = strsep(&next, "/");
	if (next == NULL || (s = state_parse(state)) == -1 || name_parse(next, &p->name) != NAME_OK)
		return false;
	p->state = (enum state)s;
	p->lane[0] = '\0';
	return strlcpy(p->bucket, bucket, sizeof(p->bucket)) < sizeof(p->bucket) &&
	    strlcpy(p->file, next, sizeof(p->file)) < sizeof(p->file);
}

bool
newest_read(struct queue *q, const char *order, struct place *p)
{
	return q->policy.latest && order[0] != '\0' && newest_link(q, order, p);
}

void
newest_write(struct queue *q, const struct place *p)
{
	char tmp[40], text[NAME_MAX_LEN + BUCKET_MAX + 16];
	struct error ignored;
	newest_path path;
	enum status st;
	int dir;

	if (place_in_lane(p))
		return;		/* latest.c looks into the lane anyway */
	newest_path_of(p->name.order, path);
	(void)snprintf(text, sizeof(text), "%s/%s/%s", state_names[p->state], p->bucket, p->file);
	error_clear(&ignored);
	if (queue_tmp(q, &dir, &ignored) != ST_OK)
		return;
	tmp_name(tmp);
	st = fs_symlink(text, dir, tmp, &ignored);
	if (st == ST_OK && fs_replace(dir, tmp, q->fd, path, &ignored) != ST_OK) {
		error_clear(&ignored);
		st = fs_mkdir(q->fd, LATEST, queue_dir_mode(q), q->owner, &ignored);
		if (st == ST_OK || st == ST_EXISTS)
			st = fs_replace(dir, tmp, q->fd, path, &ignored);
	}
	if (st != ST_OK)
		(void)!fs_unlink(dir, tmp, &ignored);
}

void
newest_follow(struct queue *q, const struct msgname *n, const struct place *at)
{
	struct error ignored;
	struct place p;

	if (!newest_read(q, n->order, &p) || strcmp(p.name.id.text, n->id.text) != 0)
		return;
	error_clear(&ignored);
	if (at != NULL)
		newest_write(q, at);
	else
		(void)!newest_forget(q, n->order, &ignored);
}

usec_t
newest_after(struct queue *q, const char *order, usec_t at)
{
	struct place p;

	if (newest_read(q, order, &p) && id_time(&p.name.id) >= at)
		return id_time(&p.name.id) + 1;
	return at;
}

enum status
newest_forget(struct queue *q, const char *order, struct error *err)
{
	newest_path path;

	newest_path_of(order, path);
	return fs_unlink(q->fd, path, err);
}
