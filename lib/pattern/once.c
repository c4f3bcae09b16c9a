/*
 * once.c: a message that is pushed under a key, once (F9.1 to F9.16 of spool-format.md).
 *
 * For a key whose hash ends in XX, once/XX/ holds a marker: a symbolic link that nobody
 * follows, named by the key, with the name of the accepted message as its text.  Making
 * the marker is the decision, as only one process can succeed in that.  Before, the
 * message stands beside it under that very name, durable; after, it is renamed into its
 * state, by the process that made the marker or by any other that finds both.  So a
 * producer that dies in between loses nothing, and another try doubles nothing.
 *
 * A marker goes when the time of the policy is over.  An unlink removes whatever stands
 * under a name, not what was looked at before, so it is only for the holder of the lock.
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

/* Markers that may come and go while one push looks at them. */
#define ROUNDS 100

/* For the producer, and whoever tries again: the message is accepted, whatever fails. */
static enum status
once_complete(struct queue *q, int dir, const char *file, usec_t now, struct error *err)
{
	struct error why;

	if (marker_bring_in(q, dir, file, now, err) == ST_OK)
		return ST_OK;
	why = *err;
	error_clear(err);
	return error_set(err, ST_UNSURE, 0,
	    "the message is accepted, and the same command again completes it: %s", why.text);
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

/* Who has the key. */
enum winner {
	WON,		/* this message has it */
	LOST,		/* a message that was accepted before has it */
	UNDECIDED	/* that cannot be told; the error says why */
};

/*
 * Make the marker.  *first: the name of the message that was accepted before.  What failed may have
 * been done all the same, on a network file system: then the marker names our message.
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
		return ST_NONE;	/* whoever may only drop messages cannot look; batch_open says so */
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

enum status
once_publish(struct queue *q, const char *key, int fromfd, const char *from, struct msgname *n,
    usec_t now, bool *duplicate, struct error *err)
{
	char file[NAME_MAX_LEN + 1], first[NAME_MAX_LEN + 1];
	struct error ignored;
	struct slot s;
	enum status st;

	*duplicate = false;
	if ((st = slot_open(q, key, true, &s, err)) != ST_OK)
		return st;
	name_format(n, file);
	if ((st = fs_move_own(fromfd, from, s.dir, file, err)) != ST_OK) {
		(void)close(s.dir);
		return st;
	}
	error_clear(&ignored);
	switch (once_decide(q, &s, file, now, first, err)) {
	case WON:
		st = once_complete(q, s.dir, file, now, err);
		break;
	case LOST:
		*duplicate = true;
		if (fs_unlink(s.dir, file, &ignored) != ST_OK)
			error_clear(&ignored);	/* no marker names it: the sweep takes it away */
		(void)name_parse(first, n);	/* once_decide has done it before */
		st = once_complete(q, s.dir, first, now, err);
		break;
	case UNDECIDED:
		st = err->status;
		if (fs_move(s.dir, file, fromfd, from, &ignored) != ST_OK)
			error_clear(&ignored);
	}
	(void)close(s.dir);
	return st;
}
