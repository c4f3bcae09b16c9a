/*
 * once.c: a message that is pushed under a key, once (F9.1 to F9.16 of spool-format.md).
 *
 * For a key whose hash ends in XX, once/XX/ holds a marker: a symbolic link that nobody
 * follows, named by the key, with the name of the accepted message as its text.  Making
 * the marker is the decision, because only one process can succeed in that.  Before it is
 * made, the message stands beside it under that very name, and is durable.  Afterwards the
 * message is renamed into its state, by the process that made the marker or by any other
 * that finds both.  So a producer that dies in between loses nothing, and another try
 * doubles nothing.
 *
 * A marker is removed when the time of the policy is over.  Because an unlink removes
 * whatever stands under a name, and not what was looked at before, only the holder of the
 * lock may do that.
 */
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/lock.h"
#include "spool/bucket.h"
#include "spool/counters.h"
#include "spool/log.h"
#include "view/scan.h"
#include "pattern/pattern.h"
#include "pattern/latest.h"
#include "pattern/once.h"
#include "pattern/marker.h"

/* How many markers of a key may come and go while one push tries to make its own. */
#define ROUNDS 100
/* Up to this many directories are synced one by one. */
#define ONCE_FSYNC_MAX 16

/* It failed, but what is accepted stays so, and the same push again completes it. */
static enum status
once_unsure(struct error *err)
{
	struct error why = *err;

	error_clear(err);
	return error_set(err, ST_UNSURE, 0,
	    "the message is accepted, and the same command again completes it: %s", why.text);
}

/*
 * Bring an accepted message into the queue.  ST_UNSURE: that failed, but the message stays
 * accepted, and the same push again completes it.
 */
static enum status
once_complete(struct queue *q, int dir, const char *file, usec_t now, struct error *err)
{
	return marker_bring_in(q, dir, file, now, err) == ST_OK ? ST_OK : once_unsure(err);
}

static enum status
once_take_over(
    struct queue *q, const struct slot *s, const char *file, usec_t now, struct error *err)
{
	enum status st;
	int fd;

	if ((st = slot_lock(q, s->dir, &fd, err)) != ST_OK)
		return st;
	st = marker_expire(q, s->dir, s->marker, file, now, err);
	queue_unlock(fd);
	return st;
}

/* Which message has the key. */
enum winner {
	WON,		/* this message has it */
	LOST,		/* a message that was accepted before has it */
	UNDECIDED	/* that cannot be told; the error says why */
};

/*
 * Make the marker.  If a message was accepted before, 'first' becomes its name.  On a network file
 * system a call that failed may have made the marker all the same; then it names our message.
 */
static enum winner
once_decide(struct queue *q, const struct slot *s, const char *file, usec_t now,
    char first[NAME_MAX_LEN + 1], struct error *err)
{
	struct error making, reading;
	struct msgname n;
	enum status made;
	enum marker is;

	for (int i = 0; i < ROUNDS; i++) {
		error_clear(&making);
		error_clear(&reading);
		if ((made = fs_symlink(file, s->dir, s->marker, &making)) == ST_OK)
			return WON;
		is = marker_read(s->dir, s->marker, &n, first, &reading);
		if (is == MARKER_NAMES && strcmp(first, file) == 0)
			return WON;
		if (made != ST_EXISTS || is == MARKER_FOREIGN || is == MARKER_FAILED) {
			*err = made != ST_EXISTS ? making : reading;
			return UNDECIDED;
		}
		if (is == MARKER_NAMES && !marker_over(q, &n, now))
			return LOST;
		if (is == MARKER_NAMES && once_take_over(q, s, first, now, err) != ST_OK)
			return UNDECIDED;
	}
	(void)error_set(err, ST_AGAIN, 0,
	    "queue %s: others push the same key of --id again and again", q->name);
	return UNDECIDED;
}

enum status
once_find(struct queue *q, const char *key, usec_t now, struct msgid *id, struct error *err)
{
	char file[NAME_MAX_LEN + 1];
	struct msgname n;
	struct slot s;
	enum status st;

	if (q->drop)
		return ST_NONE;	/* a user who may only drop messages cannot look; see batch_open */
	if ((st = slot_open(q, key, false, &s, err)) != ST_OK)
		return st;
	switch (marker_read(s.dir, s.marker, &n, file, err)) {
	case MARKER_NONE:
		st = ST_NONE;
		break;
	case MARKER_FOREIGN:
	case MARKER_FAILED:
		st = err->status;
		break;
	case MARKER_NAMES:
		*id = n.id;
		st = marker_over(q, &n, now) ? ST_NONE : once_complete(q, s.dir, file, now, err);
	}
	(void)close(s.dir);
	return st;
}

/* ---- many at once -------------------------------------------------------- */

enum status
once_accept(struct queue *q, const char *key, int fromfd, const char *from, struct msgname *n,
    usec_t now, struct accepted *a, bool *duplicate, struct error *err)
{
	char first[NAME_MAX_LEN + 1];
	struct error ignored;
	struct slot s;
	enum status st;

	*duplicate = false;
	a->dir = -1;
	a->at.file[0] = '\0';
	if ((st = slot_open(q, key, true, &s, err)) != ST_OK)
		return st;
	name_format(n, a->file);
	if ((st = fs_move_own(fromfd, from, s.dir, a->file, err)) != ST_OK) {
		(void)close(s.dir);
		return st;
	}
	error_clear(&ignored);
	switch (once_decide(q, &s, a->file, now, first, err)) {
	case WON:
		break;
	case LOST:
		*duplicate = true;
		if (fs_unlink(s.dir, a->file, &ignored) != ST_OK)
			error_clear(&ignored);	/* no marker names it, so a sweep removes it */
		(void)name_parse(first, n);	/* it parsed in once_decide already */
		(void)strlcpy(a->file, first, sizeof(a->file));
		break;
	case UNDECIDED:
		st = err->status;
		if (fs_move(s.dir, a->file, fromfd, from, &ignored) != ST_OK)
			error_clear(&ignored);
		(void)close(s.dir);
		return st;
	}
	a->dir = s.dir;
	return ST_OK;
}

/*
 * Make the markers durable: a few directories one by one, for many of them one syncfs is cheaper.
 */
static enum status
once_sync(struct queue *q, const struct accepted *a, size_t n, struct error *err)
{
	enum status st = ST_OK;

	if (!queue_synced(q) || n == 0)
		return ST_OK;
	if (n > ONCE_FSYNC_MAX && fs_sync_all_tells())
		return fs_sync_all(a[0].dir, err);
	for (size_t i = 0; st == ST_OK && i < n; i++)
		st = fs_sync(a[i].dir, err);
	return st;
}

static enum status
once_put_all(struct queue *q, struct accepted *a, size_t n, usec_t now, struct error *err)
{
	enum status st = once_sync(q, a, n, err);
	bool again = false;

	for (size_t i = 0; st == ST_OK && i < n; i++)
		if ((st = marker_move_in(q, a[i].dir, a[i].file, now, &a[i].at, err)) == ST_GONE) {
			a[i].at.file[0] = '\0';
			again = true;
			st = ST_OK;
		}
	if (st == ST_OK && again)
		st = once_sync(q, a, n, err);
	if (st == ST_OK)
		st = moves_sync(q, err);
	for (size_t i = 0; st == ST_OK && i < n; i++)
		if (a[i].at.file[0] != '\0')
			latest_published(q, &a[i].at, now);
	return st;
}

enum status
once_bring_in(struct queue *q, struct accepted *a, size_t n, usec_t now, struct error *err)
{
	enum status st = once_put_all(q, a, n, now, err);

	for (size_t i = 0; i < n; i++) {
		(void)close(a[i].dir);
		a[i].dir = -1;
	}
	return st == ST_OK ? ST_OK : once_unsure(err);
}
