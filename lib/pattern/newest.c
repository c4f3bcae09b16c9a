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
/* How often a hint is written or put back before that is left to others. */
#define NEWEST_ROUNDS 16

typedef char newest_path[sizeof(LATEST) + ORDER_LEN + 1];

static void
newest_path_of(const char *order, newest_path path)
{
	(void)snprintf(path, sizeof(newest_path), "%s/%s", LATEST, order);
}

static bool
newest_link_at(int dir, const char *path, struct place *p)
{
	char text[NAME_MAX_LEN + BUCKET_MAX + 16], *next = text, *state, *bucket;
	struct error ignored;
	int s;

	error_clear(&ignored);
	if (fs_read_link(dir, path, text, sizeof(text), &ignored) != ST_OK)
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
newest_link(struct queue *q, const char *order, struct place *p)
{
	newest_path path;

	newest_path_of(order, path);
	return newest_link_at(q->fd, path, p);
}

bool
newest_read(struct queue *q, const char *order, struct place *p)
{
	return q->policy.latest && order[0] != '\0' && newest_link(q, order, p);
}

/*
 * Put the link 'tmp' in the place of that of a key.  If there was one, 'tmp' becomes that one.
 * Where links cannot be exchanged, the one that was there is lost.  ST_GONE, ST_EXISTS: another
 * process removed or wrote one at this moment.
 */
static enum status
newest_put(struct queue *q, int dir, const char *tmp, const newest_path path)
{
	struct error ignored;
	enum status st;

	error_clear(&ignored);
	if ((st = fs_exchange(dir, tmp, q->fd, path, &ignored)) == ST_GONE)
		st = fs_move(dir, tmp, q->fd, path, &ignored);
	if (st == ST_GONE) {
		st = fs_mkdir(q->fd, LATEST, queue_dir_mode(q), q->owner, &ignored);
		if (st == ST_OK || st == ST_EXISTS)
			st = fs_move(dir, tmp, q->fd, path, &ignored);
	}
	return st == ST_USAGE ? fs_replace(dir, tmp, q->fd, path, &ignored) : st;
}

/* Let the hint name 'p'.  True: it named 'was' before. */
static bool
newest_swap(struct queue *q, const struct place *p, struct place *was)
{
	char tmp[40], text[NAME_MAX_LEN + BUCKET_MAX + 16];
	struct error ignored;
	newest_path path;
	bool told = false;
	int dir;

	newest_path_of(p->name.order, path);
	(void)snprintf(text, sizeof(text), "%s/%s/%s", state_names[p->state], p->bucket, p->file);
	error_clear(&ignored);
	if (queue_tmp(q, &dir, &ignored) != ST_OK)
		return false;
	tmp_name(tmp);
	if (fs_symlink(text, dir, tmp, &ignored) != ST_OK)
		return false;
	for (int i = 0; i < NEWEST_ROUNDS; i++) {
		enum status st = newest_put(q, dir, tmp, path);
		if (st == ST_OK)
			told = newest_link_at(dir, tmp, was);
		if (st != ST_GONE && st != ST_EXISTS)
			break;
	}
	error_clear(&ignored);
	(void)!fs_unlink(dir, tmp, &ignored);
	return told;
}

/*
 * Two processes may write the hint in either order.  So what a hint is exchanged for is looked at:
 * if that is newer, it is put back, and so on with what is found then.
 */
void
newest_write(struct queue *q, const struct place *p, const struct msgid *past)
{
	struct place put = *p, was;

	if (place_in_lane(p))
		return;		/* latest.c looks into the lane anyway */
	for (int i = 0; i < NEWEST_ROUNDS; i++) {
		if (!newest_swap(q, &put, &was) ||
		    strcmp(was.name.id.text, put.name.id.text) <= 0 ||
		    (past != NULL && strcmp(was.name.id.text, past->text) == 0))
			return;
		put = was;
	}
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
		newest_write(q, at, NULL);
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
