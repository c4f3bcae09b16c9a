/*
 * once.c: a message that is pushed under a key, once (F9.1 to F9.16 of spool-format.md).
 *
 * once/XX/ holds, for a key whose hash ends in XX, a marker: a symbolic link that is
 * followed by nobody, named by the key; its text is the name of the message that was
 * accepted.  Making the marker is the decision, for it can succeed once.  The message
 * stands beside it before, durable, under that very name, and is renamed into its state
 * after: by whoever made the marker, or by anybody who finds both, so that a producer
 * that dies in between loses nothing, and whoever tries again doubles nothing.
 *
 * A marker goes when the time of the policy is over.  An unlink takes what stands under a
 * name, whatever was looked at before: so only who has the directory locked may do that.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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

#define ONCE "once"
#define KEY_MAX 128
/* There is one in a directory of which it is known that it survives a power failure. */
#define SYNCED ".synced"
/* Tries to lock a directory, and the pause between them in ns. */
#define LOCK_PATIENCE (2 * USEC)
/* Markers that may come and go while one push looks at them. */
#define ROUNDS 100
/* Markers that one sweep looks at. */
#define SWEEP_MAX 1024
/* Age at which a message that no marker names is garbage, if its writer is dead. */
#define STALE (3600 * USEC)

struct slot {
	int dir;			/* once/XX */
	char marker[NAME_MAX_LEN + 1];
};

/* ---- keys ------------------------------------------------------------- */

/* A slash cannot stand in a name, so it is escaped, and with it what escapes.  False: it becomes too long. */
static bool
escape(const char *key, char buf[NAME_MAX_LEN + 1])
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
			return error_set(err, ST_BADDATA, 0, "the key of --id must not hold control characters "
			    "(byte 0x%02x at %zu)", (unsigned char)key[i], i);
	if (len == 0 || len > KEY_MAX || !escape(key, marker))
		return error_set(err, ST_BADDATA, 0, "the key of --id has %zu bytes: 1 to %d will do, and %d "
		    "when each '/' and '%%' counts for three", len, KEY_MAX, NAME_MAX_LEN - 1);
	return ST_OK;
}

/* ---- directories ------------------------------------------------------ */

static enum status
make_dir(struct queue *q, int at, const char *name, int *fd, struct error *err)
{
	enum status st = fs_mkdir(at, name, queue_dir_mode(q), q->owner, err);

	if (st == ST_OK || st == ST_EXISTS)
		st = fs_open_dir(at, name, false, fd, err);
	return st == ST_GONE ? error_set(err, ST_IO, 0, "queue %s: %s/ went away", q->name, ONCE) : st;
}

/* What is put into a directory is durable only if the directory is: whoever cannot be sure sees to it. */
static enum status
make_durable(struct queue *q, int top, int dir, struct error *err)
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
		error_clear(&ignored);	/* then the next one syncs again */
	return ST_OK;
}

/* ST_NONE: it is not there (without make). */
static enum status
slot_open(struct queue *q, const char *key, bool make, struct slot *s, struct error *err)
{
	enum status st;
	char xx[3];
	int top = -1;

	s->dir = -1;
	if (!escape(key, s->marker))
		return once_check(key, err);
	(void)snprintf(xx, sizeof(xx), "%02x", (unsigned)(fnv1a(key, strlen(key)) & 0xff));
	st = make ? make_dir(q, q->fd, ONCE, &top, err) : fs_open_dir(q->fd, ONCE, false, &top, err);
	if (st != ST_OK)
		return st == ST_GONE ? ST_NONE : st;
	st = make ? make_dir(q, top, xx, &s->dir, err) : fs_open_dir(top, xx, false, &s->dir, err);
	if (st == ST_OK && make && (st = make_durable(q, top, s->dir, err)) != ST_OK)
		(void)close(s->dir);
	(void)close(top);
	return st == ST_GONE ? ST_NONE : st;
}

/* The message that a marker names.  ST_NONE: there is no such marker; ST_BADDATA: it is none. */
static enum status
marker_read(int dir, const char *marker, struct msgname *n, char file[NAME_MAX_LEN + 1], struct error *err)
{
	enum status st = fs_read_link(dir, marker, file, NAME_MAX_LEN + 1, err);

	if (st == ST_GONE)
		return ST_NONE;
	if (st == ST_OK && name_parse(file, n) != NAME_OK)
		st = error_set(err, ST_BADDATA, 0, "%s in %s/ is not what mq made: see mq fsck", marker, ONCE);
	return st;
}

static bool
over(const struct queue *q, const struct msgname *n, usec_t now)
{
	return id_time(&n->id) + q->policy.once <= now;
}

/* Lock the keys of one directory. */
static enum status
once_lock(struct queue *q, int dir, int *fd, struct error *err)
{
	enum status st;
	struct stat sb;

	if (fstat(dir, &sb) == -1)
		return queue_fail(q, err, errno, ONCE);
	st = queue_lock(q, LOCK_KEYS + (int64_t)(sb.st_ino & INT32_MAX), LOCK_PATIENCE, fd, err);
	return st != ST_EXISTS ? st :
	    error_set(err, ST_AGAIN, 0, "queue %s: another process is at work on the keys of --id", q->name);
}

/* ---- into the queue --------------------------------------------------- */

/*
 * Put an accepted message where it belongs, unless that was done.  The marker has to be durable before
 * the message is seen; and to have synced the directory that it left is to have made its rename durable.
 */
static enum status
bring_in(struct queue *q, int dir, const char *file, usec_t now, struct error *err)
{
	struct msgname n;
	struct place at;
	bool done = name_stands(dir, file) == STANDS_NOT;
	enum status st = queue_synced(q) ? fs_sync(dir, err) : ST_OK;
	enum state s;

	if (st != ST_OK || done || name_parse(file, &n) != NAME_OK)
		return st;
	s = n.key != id_time(&n.id) ? STATE_DELAYED : STATE_READY;
	q->careful = true;
	st = bucket_put(q, dir, file, s, &n, &at, err);
	q->careful = false;
	if (st == ST_OK) {
		counters_state(q, s, 1, n.size);
		counters_add(q, COUNT_PUSHED, 1, now);
		log_event(q, s == STATE_DELAYED ? "delayed" : "pushed", &n, s, now);
		st = moves_sync(q, err);
		if (st == ST_OK)
			latest_published(q, &at, now);
	} else if (st == ST_GONE)
		st = queue_synced(q) ? fs_sync(dir, err) : ST_OK;
	return st;
}

/* The same for its producer, or whoever tries again: the message is accepted, whatever fails. */
static enum status
complete(struct queue *q, int dir, const char *file, usec_t now, struct error *err)
{
	struct error why;

	if (bring_in(q, dir, file, now, err) == ST_OK)
		return ST_OK;
	why = *err;
	error_clear(err);
	return error_set(err, ST_UNSURE, 0, "the message is accepted, and the same command again completes it: %s",
	    why.text);
}

/* The time of a marker is over: it goes, if it is still the one that names this message. */
static enum status
expire(struct queue *q, int dir, const char *marker, const char *file, usec_t now, struct error *err)
{
	char is[NAME_MAX_LEN + 1];
	struct msgname n;
	enum status st;

	if ((st = marker_read(dir, marker, &n, is, err)) != ST_OK)
		return st == ST_NONE ? ST_OK : st;
	if (strcmp(is, file) != 0)
		return ST_OK;
	if (name_stands(dir, file) != STANDS_NOT && (st = bring_in(q, dir, file, now, err)) != ST_OK)
		return st == ST_UNSURE ? (err->status = ST_IO) : st;	/* it is not the caller's message */
	st = fs_unlink(dir, marker, err);
	return st == ST_GONE ? ST_OK : st;
}

static enum status
take_over(struct queue *q, const struct slot *s, const char *file, usec_t now, struct error *err)
{
	enum status st;
	int fd;

	if ((st = once_lock(q, s->dir, &fd, err)) != ST_OK)
		return st;
	st = expire(q, s->dir, s->marker, file, now, err);
	queue_unlock(fd);
	return st;
}

/*
 * Make the marker: ST_OK, the message is accepted; ST_EXISTS: *first was, before.  What failed may have
 * been done all the same, on a network file system: then the marker names our message.
 */
static enum status
decide(struct queue *q, const struct slot *s, const char *file, usec_t now, char first[NAME_MAX_LEN + 1],
    struct error *err)
{
	struct error making, reading;
	enum status st, made;
	struct msgname n;

	for (int i = 0; i < ROUNDS; i++) {
		error_clear(&making);
		error_clear(&reading);
		if ((made = fs_symlink(file, s->dir, s->marker, &making)) == ST_OK)
			return ST_OK;
		st = marker_read(s->dir, s->marker, &n, first, &reading);
		if (st == ST_OK && strcmp(first, file) == 0)
			return ST_OK;
		if (made != ST_EXISTS || (st != ST_OK && st != ST_NONE)) {
			*err = made != ST_EXISTS ? making : reading;
			return err->status;
		}
		if (st == ST_OK && !over(q, &n, now))
			return ST_EXISTS;
		if (st == ST_OK && (st = take_over(q, s, first, now, err)) != ST_OK)
			return st;
	}
	return error_set(err, ST_AGAIN, 0, "queue %s: others push the same key of --id again and again", q->name);
}

enum status
once_find(struct queue *q, const char *key, usec_t now, struct msgid *id, struct error *err)
{
	char file[NAME_MAX_LEN + 1];
	struct msgname n;
	struct slot s;
	enum status st;

	if (q->drop)
		return ST_NONE;	/* who may only drop cannot look either; batch_open says so */
	if ((st = slot_open(q, key, false, &s, err)) != ST_OK)
		return st;
	st = marker_read(s.dir, s.marker, &n, file, err);
	if (st == ST_OK && over(q, &n, now))
		st = ST_NONE;
	if (st == ST_OK) {
		*id = n.id;
		st = complete(q, s.dir, file, now, err);
	}
	(void)close(s.dir);
	return st;
}

enum status
once_publish(struct queue *q, const char *key, int fromfd, const char *from, struct msgname *n, usec_t now,
    bool *duplicate, struct error *err)
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
	st = decide(q, &s, file, now, first, err);
	error_clear(&ignored);
	if (st == ST_EXISTS) {
		*duplicate = true;
		if (fs_unlink(s.dir, file, &ignored) != ST_OK)
			error_clear(&ignored);	/* no marker names it: the sweep takes it away */
		(void)name_parse(first, n);	/* decide has done it before */
		st = complete(q, s.dir, first, now, err);
	} else if (st == ST_OK)
		st = complete(q, s.dir, file, now, err);
	else if (fs_move(s.dir, file, fromfd, from, &ignored) != ST_OK)
		error_clear(&ignored);
	(void)close(s.dir);
	return st;
}

/* ---- what is left behind ---------------------------------------------- */

struct tend {
	struct queue *q;
	int dir;
	struct listing l;
	usec_t now;
	bool act, certain;	/* certain: nothing is missing in the listing */
	void (*seen)(void *, enum once_kind, const char *, bool);
	void *arg;
	struct error *err;
};

static void
tell(struct tend *t, enum once_kind kind, const char *name, bool done)
{
	if (t->seen != NULL)
		t->seen(t->arg, kind, name, done);
}

/* ST_NONE: no marker names the message. */
static enum status
named(struct tend *t, const char *file)
{
	char text[NAME_MAX_LEN + 1];
	enum status st;

	for (size_t i = 0; i < t->l.n; i++) {
		if (t->l.e[i].name[0] != '=')
			continue;
		st = fs_read_link(t->dir, t->l.e[i].name, text, sizeof(text), t->err);
		if (st == ST_OK && strcmp(text, file) == 0)
			return ST_OK;
		if (st == ST_BADDATA)
			error_clear(t->err);
		else if (st != ST_OK && st != ST_GONE)
			return st;
	}
	return ST_NONE;
}

static enum status
tend_marker(struct tend *t, const char *marker)
{
	char file[NAME_MAX_LEN + 1];
	struct msgname n;
	enum status st = marker_read(t->dir, marker, &n, file, t->err);

	if (st == ST_BADDATA) {
		error_clear(t->err);
		tell(t, ONCE_FOREIGN, marker, false);
	}
	if (st == ST_OK && t->act && over(t->q, &n, t->now))
		return expire(t->q, t->dir, marker, file, t->now, t->err);
	return st == ST_BADDATA || st == ST_NONE ? ST_OK : st;
}

/*
 * A message that its writer did not bring into the queue, and will not any more.  Without a marker
 * it was never accepted; and none can come, for only its writer made one.
 */
static enum status
tend_message(struct tend *t, const char *file)
{
	int fd = fs_open_read(t->dir, file), locked;
	struct stat sb;
	enum status st;

	if (fd == -1)
		return errno == ENOENT ? ST_OK : error_sys(t->err, errno, "%s", file);
	st = fstat(fd, &sb) == 0 ? ST_OK : error_sys(t->err, errno, "%s", file);
	locked = fs_locked(fd, 1LL << 62);
	(void)close(fd);
	if (st != ST_OK || locked == 1)
		return st;
	if ((st = named(t, file)) == ST_OK) {
		if (t->act)
			st = bring_in(t->q, t->dir, file, t->now, t->err);
		tell(t, ONCE_UNFINISHED, file, t->act && st == ST_OK);
	} else if (st == ST_NONE && locked == 0 && t->certain &&
	    t->now - stat_mtime(&sb) > STALE) {
		st = t->act ? fs_unlink(t->dir, file, t->err) : ST_OK;
		tell(t, ONCE_LITTER, file, t->act && st == ST_OK);
	}
	return st == ST_NONE || st == ST_GONE ? ST_OK : st;
}

static enum status
tend_entry(struct tend *t, const struct entry *e)
{
	struct msgname n;

	if (e->name[0] == '=' && e->type == DT_LNK)
		return tend_marker(t, e->name);
	switch (name_parse(e->name, &n)) {
	case NAME_OK:
		if (e->type == DT_REG)
			return tend_message(t, e->name);
		break;
	case NAME_FOREIGN:
		break;
	case NAME_FUTURE:
		return ST_OK;
	}
	tell(t, ONCE_FOREIGN, e->name, false);
	return ST_OK;
}

static enum status
tend(struct tend *t)
{
	size_t left = t->seen != NULL ? SIZE_MAX : SWEEP_MAX, start;
	struct stat before = { 0 }, after;
	enum status st;

	t->certain = !dir_is_young(t->dir) && fstat(t->dir, &before) == 0;
	if ((st = fs_list(t->dir, "", 0, false, &t->l, NULL, t->err)) != ST_OK)
		return st;
	t->certain = t->certain && fstat(t->dir, &after) == 0 && before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
	    before.st_ctim.tv_nsec == after.st_ctim.tv_nsec;
	/* Messages first, while the markers that name them stand. */
	for (size_t i = 0; st == ST_OK && i < t->l.n; i++)
		if (t->l.e[i].name[0] != '=')
			st = tend_entry(t, &t->l.e[i]);
	start = t->l.n > 0 ? arc4random_uniform((uint32_t)t->l.n) : 0;
	for (size_t i = 0; st == ST_OK && left > 0 && i < t->l.n; i++) {
		const struct entry *e = &t->l.e[(start + i) % t->l.n];
		if (e->name[0] == '=') {
			st = tend_entry(t, e);
			left--;
		}
	}
	listing_free(&t->l);
	return st;
}

enum status
once_tend(struct queue *q, int dir, usec_t now, bool act, void (*seen)(void *, enum once_kind, const char *, bool),
    void *arg, struct error *err)
{
	struct tend t = { .q = q, .dir = dir, .now = now, .act = act, .seen = seen, .arg = arg, .err = err };
	enum status st;
	int fd;

	if ((st = once_lock(q, dir, &fd, err)) != ST_OK)
		return st;
	st = tend(&t);
	queue_unlock(fd);
	return st;
}

void
once_sweep(struct queue *q, usec_t now)
{
	struct error ignored;
	int top, dir;
	char xx[3];

	error_clear(&ignored);
	if (fs_open_dir(q->fd, ONCE, false, &top, &ignored) != ST_OK)
		return;
	(void)snprintf(xx, sizeof(xx), "%02x", (unsigned)arc4random_uniform(256));
	if (fs_open_dir(top, xx, false, &dir, &ignored) == ST_OK) {
		if (once_tend(q, dir, now, true, NULL, NULL, &ignored) != ST_OK)
			error_clear(&ignored);	/* another sweep will do */
		(void)close(dir);
	}
	(void)close(top);
}
