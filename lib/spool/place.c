/*
 * place.c: moving messages to where they belong, in one loop (F4.5 and F5.1 of spool-format.md).
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/lane.h"
#include "spool/counters.h"

/* How many rounds any of the loops below may lose against other processes before it gives up. */
#define ROUNDS 1000

static bool
place_has(int dir, const char *file)
{
	return name_stands(dir, file) == STANDS_YES;
}

/*
 * Whether a rename was done although it reported ENOENT.  A network file system may do a rename and
 * lose the answer, and then the message has its new name.  Where another process may give the
 * message the same name, that proves nothing.  So it only counts for a file from tmp/ and for a
 * claim, whose names one process alone knows, and on a network file system.
 */
static bool
place_arrived(struct queue *q, const char *from, const struct msgname *name, int dir,
    const char *file)
{
	struct msgname was;
	bool own = name->token[0] != '\0' && !name_ended(name);

	return (own || name_parse(from, &was) != NAME_OK || queue_remote(q)) &&
	    place_has(dir, file);
}

/* How a file gets its place, which is fs_move or fs_link. */
typedef enum status placing(int fromfd, const char *from, int tofd, const char *to, struct error *);

/*
 * The class of a message on a shelf.  A lane has no classes, because all its messages have one key.
 */
static char
place_class(const struct shelf *sh, const struct msgname *name)
{
	return sh->lane[0] != '\0' ? 0 : bucket_class(sh->state, name);
}

static enum status
place_put(struct shelf *sh, placing *how, int fromfd, const char *from,
    struct msgname *name, struct place *to, struct error *err)
{
	struct queue *q = sh->queue;
	struct target *t;
	char file[NAME_MAX_LEN + 1];
	enum status st = ST_NONE;

	for (int i = 0; st == ST_NONE && i < ROUNDS; i++) {
		st = target_for(sh, place_class(sh, name), name->key, &t, err);
		if (st != ST_OK)
			return st;
		name_format(name, file);
		if (to != NULL) {
			shelf_place(sh, t->name, file, to);
			to->name = *name;
		}
		st = how(fromfd, from, t->fd, file, err);
		if (st == ST_EXISTS && how == fs_link) {
			/*
			 * The name holds the id, so this message was linked before.  Whoever did
			 * that may have died before the sync.
			 */
			t->dirty |= q->careful && queue_synced(q);
			return ST_EXISTS;
		}
		if (st == ST_EXISTS) {
			name->key++;
			st = ST_NONE;
		} else if (st == ST_GONE) {
			/*
			 * Either the source is gone, or the bucket was removed under us.  In the
			 * second case we try again.
			 */
			if (fromfd != q->newfd && place_arrived(q, from, name, t->fd, file))
				st = ST_OK;
			else if (place_has(fromfd, from)) {
				st = ST_NONE;
				target_drop(q, t);
			}
		}
	}
	if (st == ST_NONE)
		return error_set(err, ST_IO, 0, "queue %s: cannot place a message in %s/",
		    q->name, shelf_name(sh));
	if (st != ST_OK)
		return st;
	t->dirty |= q->careful && queue_synced(q);
	return ST_OK;
}

bool
bucket_put_happened(struct queue *q, int fromfd, const char *from, const struct place *to)
{
	struct error ignored;
	struct stat sb;
	bool there;
	int dir;

	error_clear(&ignored);
	if (to->file[0] == '\0' || fstatat(fromfd, from, &sb, AT_SYMLINK_NOFOLLOW) == 0 ||
	    errno != ENOENT ||
	    place_open(q, to, &dir, &ignored) != ST_OK)
		return false;
	there = fstatat(dir, to->file, &sb, AT_SYMLINK_NOFOLLOW) == 0;
	/* Whatever comes of this, the caller reports that it is not certain. */
	if (there && queue_synced(q) && fs_sync(dir, &ignored) != ST_OK)
		error_clear(&ignored);
	(void)close(dir);
	return there;
}

enum status
bucket_put(struct queue *q, int fromfd, const char *from, enum state s,
    struct msgname *name, struct place *to, struct error *err)
{
	return place_put(shelf_of(q, s), fs_move, fromfd, from, name, to, err);
}

enum status
bucket_link(struct queue *q, int fromfd, const char *from, enum state s,
    struct msgname *name, struct place *to, struct error *err)
{
	return place_put(shelf_of(q, s), fs_link, fromfd, from, name, to, err);
}

enum status
lane_put(struct queue *q, const char *order, int fromfd, const char *from, struct msgname *n,
    struct error *err)
{
	struct shelf sh;
	enum status st = ST_OK;
	bool gone = true;

	/* Others may remove the lane while it is empty. */
	for (int i = 0; gone && i < ROUNDS; i++) {
		error_clear(err);
		if ((st = lane_make(q, order, &sh, err)) == ST_GONE)
			continue;
		if (st == ST_OK)
			st = place_put(&sh, fs_move, fromfd, from, n, NULL, err);
		gone = st != ST_OK && st != ST_GONE && shelf_gone(&sh);
		shelf_close(&sh);
	}
	return gone && st == ST_GONE ? error_set(err, ST_IO, 0,
	    "queue %s: the lane of a key does not stay in place", q->name) : st;
}

enum status
place_open(struct queue *q, const struct place *p, int *dirfd, struct error *err)
{
	struct shelf lane;
	enum status st;
	struct bucket b;

	if (p->bucket[0] == '\0') {
		st = queue_new(q, dirfd, err);
		if (st == ST_OK && (*dirfd = fcntl(*dirfd, F_DUPFD_CLOEXEC, 3)) == -1)
			st = queue_fail(q, err, errno, "new");
		return st;
	}
	if (!bucket_parse(p->bucket, &b))
		return ST_GONE;
	if (!place_in_lane(p))
		return bucket_open(shelf_of(q, p->state), &b, dirfd, err);
	if ((st = lane_open(q, p->lane, &lane, err)) == ST_OK)
		st = bucket_open(&lane, &b, dirfd, err);
	shelf_close(&lane);
	return st;
}

void
place_path(const struct queue *q, const struct place *p, char *buf, size_t size)
{
	if (p->bucket[0] == '\0')
		(void)snprintf(buf, size, "%s/new/%s", q->name, p->file);
	else if (place_in_lane(p))
		(void)snprintf(buf, size, "%s/waiting/%s/%s/%s", q->name, p->lane, p->bucket,
		    p->file);
	else
		(void)snprintf(buf, size, "%s/%s/%s/%s", q->name, state_names[p->state], p->bucket,
		    p->file);
}

/* Put the path of the message in front of the text of an error about it. */
static enum status
place_error(const struct queue *q, const struct place *p, enum status st, struct error *err)
{
	char path[600], text[sizeof(err->text)];

	if (st == ST_OK || st == ST_GONE)
		return st;
	place_path(q, p, path, sizeof(path));
	(void)strlcpy(text, err->text, sizeof(text));
	(void)snprintf(err->text, sizeof(err->text), "%.300s: %.290s", path, text);
	return st;
}

/*
 * Count that a message left its place.  A message that is marked as acknowledged has not been
 * counted since it was marked.
 */
static void
place_uncount(struct queue *q, const struct place *p)
{
	if (!p->name.finished)
		counters_state(q, p->state, -1, -p->name.size);
}

enum status
place_move(struct queue *q, const struct place *p, struct queue *to, enum state s,
    struct msgname *name, struct place *where, struct error *err)
{
	enum status st;
	int fd;

	if ((st = place_open(q, p, &fd, err)) != ST_OK)
		return st;
	st = bucket_put(to, fd, p->file, s, name, where, err);
	(void)close(fd);
	if (st == ST_OK) {
		place_uncount(q, p);
		counters_state(to, s, 1, name->size);
	}
	return place_error(q, p, st, err);
}

enum status
place_rename(struct queue *q, const struct place *p, const struct msgname *name, struct place *at,
    struct error *err)
{
	char file[NAME_MAX_LEN + 1];
	enum status st;
	int dir;

	if ((st = place_open(q, p, &dir, err)) != ST_OK)
		return st;
	name_format(name, file);
	st = strcmp(p->file, file) == 0 ? ST_OK : fs_move(dir, p->file, dir, file, err);
	if (st == ST_GONE && place_arrived(q, p->file, name, dir, file))
		st = ST_OK;
	(void)close(dir);
	if (st == ST_OK) {
		*at = *p;
		(void)strlcpy(at->file, file, sizeof(at->file));
		at->name = *name;
	}
	return st;
}

enum status
place_mark(struct queue *q, const struct place *p, const struct msgname *name, struct place *at,
    struct error *err)
{
	enum status st;

	if (!name_fits(name))
		return ST_NONE;
	st = place_rename(q, p, name, at, err);
	if (st != ST_OK && st != ST_GONE && error_is_full(err)) {
		error_clear(err);
		return ST_NONE;
	}
	/* An acknowledged message is not counted any more, although its file is still there. */
	if (st == ST_OK && name->finished)
		counters_state(q, p->state, -1, -name->size);
	return st;
}

enum status
place_drop(struct queue *q, const struct place *p, struct error *err)
{
	enum status st;
	int fd;

	if ((st = place_open(q, p, &fd, err)) != ST_OK)
		return st;
	st = fs_unlink(fd, p->file, err);
	(void)close(fd);
	if (st == ST_OK) {
		place_uncount(q, p);
		if (p->name.reason[0] != '\0')
			record_drop(q, &p->name.id);
	}
	return place_error(q, p, st, err);
}

enum status
bucket_publish_dir(struct queue *q, int tmpfd, const char *dir, enum state s,
    char cls, usec_t key, char bucket[BUCKET_MAX], struct error *err)
{
	char half[BUCKET_MAX + 1] = "+";
	enum status st = ST_EXISTS;
	int fd;

	bucket[0] = '\0';
	if ((st = queue_state(q, s, &fd, err)) != ST_OK)
		return st;
	for (int i = 0; i < ROUNDS; i++, key++) {
		/* There must be no finished bucket of that name when the "+" is taken off. */
		bucket_format(cls, key, half + 1);
		if (name_stands(fd, half + 1) == STANDS_YES)
			continue;
		if ((st = fs_move_own(tmpfd, dir, fd, half, err)) != ST_EXISTS)
			break;
	}
	/*
	 * Only this batch knows the name in tmp/.  If that is gone and the new one is there, the
	 * rename was done, whatever it reported.
	 */
	if (st != ST_OK && st != ST_GONE && st != ST_EXISTS &&
	    name_stands(fd, half) == STANDS_YES &&
	    name_stands(tmpfd, dir) == STANDS_NOT) {
		struct error why = *err;
		(void)strlcpy(bucket, half + 1, BUCKET_MAX);
		error_clear(err);
		return error_set(err, ST_UNSURE, 0,
		    "the batch is queued, but maybe not for good: %s", why.text);
	}
	if (st != ST_OK)
		return st == ST_GONE || st == ST_EXISTS ?
		    error_set(err, ST_IO, 0, "queue %s: cannot place the batch", q->name) : st;
	(void)strlcpy(bucket, half + 1, BUCKET_MAX);
	if (queue_synced(q) && fs_sync(fd, err) != ST_OK) {
		err->status = ST_UNSURE;
		return ST_UNSURE;
	}
	st = fs_move(fd, half, fd, half + 1, err);
	/* Readers do not mind the "+", and a checker takes it off later. */
	if (st != ST_OK)
		error_clear(err);
	return ST_OK;
}
