/*
 * marker.c: the marker that stands for a key of --id, and how the message that it names
 * comes into the queue.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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
#include "pattern/marker.h"

#define KEY_MAX 128
/* The name of a link that stands in each directory that is known to survive a power failure. */
#define SYNCED ".synced"
/* How long to wait for another process that has the directory locked. */
#define LOCK_PATIENCE (2 * USEC)

/*
 * Make the name of a marker from its key.  A file name cannot hold a slash, so slashes are escaped
 * with '%', and so is '%' itself.  False: the name becomes too long.
 */
static bool
marker_escape(const char *key, char buf[NAME_MAX_LEN + 1])
{
	char *at = buf;

	*at++ = '=';
	for (; *key != '\0'; key++) {
		bool plain = *key != '/' && *key != '%';
		if (at - buf + (plain ? 1 : 3) > NAME_MAX_LEN)
			return false;
		if (plain)
			*at++ = *key;
		else
			at += snprintf(at, 4, "%%%02X", (unsigned)*key);
	}
	*at = '\0';
	return true;
}

enum status
once_check(const char *key, struct error *err)
{
	char marker[NAME_MAX_LEN + 1];
	size_t len = strlen(key);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)key[i] < 0x20 || key[i] == 0x7f)
			return error_set(err, ST_BADDATA, 0,
			    "the key of --id must not hold control characters "
			    "(byte 0x%02x at %zu)",
			    (unsigned char)key[i], i);
	if (len == 0 || len > KEY_MAX || !marker_escape(key, marker))
		return error_set(err, ST_BADDATA, 0,
		    "the key of --id has %zu bytes: 1 to %d will do, and %d "
		    "when each '/' and '%%' counts for three",
		    len, KEY_MAX, NAME_MAX_LEN - 1);
	return ST_OK;
}

static enum status
slot_make_dir(struct queue *q, int at, const char *name, int *fd, struct error *err)
{
	enum status st = fs_mkdir(at, name, queue_dir_mode(q), q->owner, err);

	if (st == ST_OK || st == ST_EXISTS)
		st = fs_open_dir(at, name, false, fd, err);
	return st == ST_GONE ? error_set(err, ST_IO, 0, "queue %s: %s/ went away", q->name, ONCE)
			     : st;
}

/*
 * Make the directory of a slot durable, because nothing in it is durable before.  A process that
 * finds SYNCED there knows that it is.
 */
static enum status
slot_make_durable(struct queue *q, int top, int dir, struct error *err)
{
	struct error ignored;
	enum status st;
	struct stat sb;

	if (!queue_synced(q) || fstatat(dir, SYNCED, &sb, AT_SYMLINK_NOFOLLOW) == 0)
		return ST_OK;
	if ((st = fs_sync(top, err)) != ST_OK || (st = fs_sync(q->fd, err)) != ST_OK)
		return st;
	error_clear(&ignored);
	if (fs_symlink(".", dir, SYNCED, &ignored) != ST_OK)
		error_clear(&ignored);	/* without the link the next process syncs again */
	return ST_OK;
}

enum status
slot_open(struct queue *q, const char *key, bool make, struct slot *s, struct error *err)
{
	enum status st;
	char xx[3];
	int top = -1;

	s->dir = -1;
	if (!marker_escape(key, s->marker))
		return once_check(key, err);
	(void)snprintf(xx, sizeof(xx), "%02x", (unsigned)(fnv1a(key, strlen(key)) & 0xff));
	st = make ? slot_make_dir(q, q->fd, ONCE, &top, err)
		  : fs_open_dir(q->fd, ONCE, false, &top, err);
	if (st != ST_OK)
		return st == ST_GONE ? ST_NONE : st;
	st = make ? slot_make_dir(q, top, xx, &s->dir, err)
		  : fs_open_dir(top, xx, false, &s->dir, err);
	if (st == ST_OK && make && (st = slot_make_durable(q, top, s->dir, err)) != ST_OK)
		(void)close(s->dir);
	(void)close(top);
	return st == ST_GONE ? ST_NONE : st;
}

enum marker
marker_read(int dir, const char *marker, struct msgname *n, char file[NAME_MAX_LEN + 1],
    struct error *err)
{
	enum status st = fs_read_link(dir, marker, file, NAME_MAX_LEN + 1, err);

	if (st == ST_GONE)
		return MARKER_NONE;
	if (st == ST_BADDATA)
		return MARKER_FOREIGN;
	if (st != ST_OK)
		return MARKER_FAILED;
	if (name_parse(file, n) == NAME_OK)
		return MARKER_NAMES;
	(void)error_set(
	    err, ST_BADDATA, 0, "%s in %s/ is not what mq made: see mq fsck", marker, ONCE);
	return MARKER_FOREIGN;
}

bool
marker_over(const struct queue *q, const struct msgname *n, usec_t now)
{
	return id_time(&n->id) + q->policy.once <= now;
}

enum status
slot_lock(struct queue *q, int dir, int *fd, struct error *err)
{
	enum status st;
	struct stat sb;

	if (fstat(dir, &sb) == -1)
		return queue_fail(q, err, errno, ONCE);
	st = queue_lock(q, LOCK_KEYS + (int64_t)(sb.st_ino & INT32_MAX), LOCK_PATIENCE, fd, err);
	return st != ST_EXISTS
		   ? st
		   : error_set(err, ST_AGAIN, 0,
			 "queue %s: another process is at work on the keys of --id", q->name);
}

enum status
marker_move_in(struct queue *q, int dir, const char *file, usec_t now, struct place *at,
    struct error *err)
{
	struct msgname n;
	enum status st;
	enum state s;

	if (name_stands(dir, file) == STANDS_NOT || name_parse(file, &n) != NAME_OK)
		return ST_GONE;
	s = n.key != id_time(&n.id) ? STATE_DELAYED : STATE_READY;
	q->careful = true;
	st = bucket_put(q, dir, file, s, &n, at, err);
	q->careful = false;
	if (st != ST_OK)
		return st;
	counters_state(q, s, 1, n.size);
	counters_add(q, COUNT_PUSHED, 1, now);
	log_event(q, s == STATE_DELAYED ? "delayed" : "pushed", &n, s, now);
	return ST_OK;
}

enum status
marker_bring_in(struct queue *q, int dir, const char *file, usec_t now, struct error *err)
{
	enum status st = queue_synced(q) ? fs_sync(dir, err) : ST_OK;
	struct place at;

	if (st != ST_OK)
		return st;
	if ((st = marker_move_in(q, dir, file, now, &at, err)) == ST_GONE)
		return queue_synced(q) ? fs_sync(dir, err) : ST_OK;
	if (st == ST_OK && (st = moves_sync(q, err)) == ST_OK)
		latest_published(q, &at, now);
	return st;
}

enum status
marker_expire(struct queue *q, int dir, const char *marker, const char *file, usec_t now,
    struct error *err)
{
	char is[NAME_MAX_LEN + 1];
	struct msgname n;
	enum status st;

	switch (marker_read(dir, marker, &n, is, err)) {
	case MARKER_NONE:
		return ST_OK;
	case MARKER_FOREIGN:
	case MARKER_FAILED:
		return err->status;
	case MARKER_NAMES:
		break;
	}
	if (strcmp(is, file) != 0)
		return ST_OK;
	if (name_stands(dir, file) != STANDS_NOT &&
	    (st = marker_bring_in(q, dir, file, now, err)) != ST_OK)
		/*
		 * ST_UNSURE would tell the caller that its own message was accepted, which is
		 * another one.
		 */
		return st == ST_UNSURE ? (err->status = ST_IO) : st;
	st = fs_unlink(dir, marker, err);
	return st == ST_GONE ? ST_OK : st;
}
