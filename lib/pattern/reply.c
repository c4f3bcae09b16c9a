/*
 * reply.c: the side of a request that gives the answer (F16.9 to F16.13 of spool-format.md).
 *
 * The process that asks has a place replies/TOKEN/, and holds a lock on it for as long as it
 * waits (ask.c).  An answer is a file that is written in tmp/ and renamed to that place, where
 * it replaces nothing: the first answer counts.  If the place has gone, or nobody has it
 * locked, nobody waits there: the answer is dropped and counted.
 *
 * An answer is synced only if its reader may be on another client of a network file system.  A
 * reader on this machine does not live longer than the page cache.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/envelope.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/lane.h"
#include "spool/counters.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "pattern/reply.h"

/*
 * A place without an answer is left alone for EMPTY_AGE, because it may still be in the making.  An
 * answer that the process that asked could not pass on is kept for ANSWER_AGE.
 */
#define EMPTY_AGE (60 * USEC)
#define ANSWER_AGE (24LL * 3600 * USEC)
/* How many places replies_tidy looks at. */
#define SWEEP_MAX 64

bool
reply_ok(const char *token)
{
	return strlen(token) == REPLY_LEN && strspn(token, "0123456789abcdef") == REPLY_LEN;
}

bool
reply_wanted(const struct headers *h, char token[REPLY_LEN + 1])
{
	struct header header;

	if (!headers_find(h, "Reply-To", &header) || header.valuelen != REPLY_LEN)
		return false;
	(void)snprintf(token, REPLY_LEN + 1, "%.*s", REPLY_LEN, header.value);
	return reply_ok(token);
}

/* ---- places ----------------------------------------------------------- */

enum status
replies_open(struct queue *q, bool create, int *fd, struct error *err)
{
	enum status st = queue_sub(q, q->fd, REPLIES,
	    create ? MISSING_MAKE_ADVICE : MISSING_LEAVE, fd, err);

	return st == ST_GONE && create ?
	    error_set(err, ST_IO, 0, "queue %s: " REPLIES "/ went away", q->name) : st;
}

/*
 * Whether nobody waits in this place any more, and it is old enough to be removed.  If so, we now
 * hold its lock (unless the file system is on a network), so nobody else removes it.
 */
static bool
reply_abandoned(struct queue *q, int place, usec_t now)
{
	struct stat sb;
	usec_t age;

	if (fstat(place, &sb) == -1)
		return false;
	age = now - stat_mtime(&sb);
	/* On a network locks tell nothing, so the process that waits touches the place. */
	if (queue_remote(q))
		return age > ANSWER_AGE;
	if (age <= EMPTY_AGE || fs_dir_locked(place) != 0)
		return false;
	return age > ANSWER_AGE || (faccessat(place, REPLY_ANSWER, F_OK,
	    AT_SYMLINK_NOFOLLOW) == -1 && errno == ENOENT);
}

static bool
replies_sweep_one(struct queue *q, int replies, const char *token, usec_t now, bool remove,
    bool *removed)
{
	struct error ignored;
	bool yes;
	int place;

	error_clear(&ignored);
	if (fs_open_dir(replies, token, false, &place, &ignored) != ST_OK)
		return false;
	yes = reply_abandoned(q, place, now);
	*removed = yes && remove && fs_remove_tree(replies, token);
	(void)close(place);
	return yes;
}

void
replies_sweep(struct queue *q, int replies, const char *after, size_t max, usec_t now, bool remove,
    void (*seen)(void *, const char *, bool), void *arg)
{
	struct error ignored;
	struct listing l;
	bool removed;

	error_clear(&ignored);
	if (fs_list(replies, after, max, false, &l, NULL, &ignored) != ST_OK)
		return;
	for (size_t i = 0; i < l.n; i++)
		if (reply_ok(l.e[i].name) && replies_sweep_one(q, replies, l.e[i].name, now, remove,
		    &removed) && seen != NULL)
			seen(arg, l.e[i].name, removed);
	listing_free(&l);
}

void
replies_tidy(struct queue *q, int replies, usec_t now)
{
	char after[3];

	(void)snprintf(after, sizeof(after), "%02x", arc4random_uniform(256));
	replies_sweep(q, replies, arc4random_uniform(2) == 0 ? after : "", SWEEP_MAX, now, true,
	    NULL, NULL);
}

/* ---- answers ---------------------------------------------------------- */

static enum status
reply_late(struct queue *q, const char *why, usec_t now, struct error *err)
{
	counters_add(q, COUNT_LATE, 1, now);
	return error_set(err, ST_LOST, 0, "%s; the answer is dropped", why);
}

/* Open the place of this token.  ST_GONE: nobody waits there. */
static enum status
reply_place(struct queue *q, const char *token, usec_t now, int *place, struct error *err)
{
	struct error opening;
	enum status st;
	bool removed;
	int replies;

	*place = -1;
	error_clear(&opening);
	if (!reply_ok(token))
		return error_set(err, ST_BADDATA, 0,
		    "'%s' is no reply place: that is the value of a request's header "
		    "Reply-To, %d digits", token, REPLY_LEN);
	if ((st = replies_open(q, false, &replies, &opening)) == ST_OK) {
		st = fs_open_dir(replies, token, false, place, &opening);
		if (st == ST_OK && !queue_remote(q) && fs_dir_locked(*place) == 0) {
			(void)close(*place);
			(void)replies_sweep_one(q, replies, token, now, true, &removed);
			st = ST_GONE;
		}
		(void)close(replies);
	}
	if (st != ST_OK && st != ST_GONE)
		return error_sys(err, opening.errnum, "%s/%s/" REPLIES "/%s", q->spool->path,
		    q->name, token);
	return st;
}

static const char nobody[] = "nobody waits for this answer any more";

enum status
reply_awaited(struct queue *q, const char *token, usec_t now, struct error *err)
{
	enum status st;
	int place;

	if ((st = reply_place(q, token, now, &place, err)) == ST_OK)
		(void)close(place);
	return st == ST_GONE ? reply_late(q, nobody, now, err) : st;
}

enum status
answer_open(struct queue *q, struct answer *a, struct error *err)
{
	enum status st;
	int tmp;

	a->fd = -1;
	if ((st = queue_tmp(q, &tmp, err)) != ST_OK)
		return st;
	tmp_name(a->tmp);
	if ((st = fs_create(tmp, a->tmp, queue_file_mode(q), q->owner, &a->fd, err)) != ST_OK)
		return st;
	/* With O_APPEND several writers of the answer do not overwrite each other's text. */
	(void)fcntl(a->fd, F_SETFL, O_WRONLY | O_APPEND);
	(void)fs_lock(a->fd, 1LL << 62, true);
	return ST_OK;
}

enum status
answer_write(struct answer *a, const void *data, size_t len, struct error *err)
{
	return fs_write(a->fd, data, len, err);
}

void
answer_close(struct queue *q, struct answer *a)
{
	struct error ignored;

	if (a->fd == -1)
		return;
	error_clear(&ignored);
	(void)close(a->fd);
	a->fd = -1;
	if (fs_unlink(q->tmpfd, a->tmp, &ignored) != ST_OK)
		error_clear(&ignored);
}

/*
 * Move the answer to its place.  If the server of a network file system loses its reply to the
 * rename, ENOENT may be reported although the answer is there.
 */
static enum status
answer_put(struct queue *q, struct answer *a, int place, const char *as, struct error *err)
{
	enum status st = fs_move(q->tmpfd, a->tmp, place, as, err);
	struct stat ours, there;

	if (st == ST_GONE && fstat(a->fd, &ours) == 0 &&
	    fstatat(place, as, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
		st = ST_OK;
	return st;
}

static enum status
answer_deliver(struct queue *q, struct answer *a, const char *token, const char *as, usec_t now,
    struct error *err)
{
	enum status st;
	int place;

	if ((st = reply_place(q, token, now, &place, err)) != ST_OK)
		return st;
	if (queue_synced(q) && queue_remote(q))
		st = fs_sync(a->fd, err);
	if (st == ST_OK)
		st = answer_put(q, a, place, as, err);
	(void)close(place);
	if (st == ST_OK) {
		/*
		 * The file of that name is another process's now: answer_close must not remove it.
		 */
		(void)close(a->fd);
		a->fd = -1;
	}
	return st;
}

enum status
answer_send(struct queue *q, struct answer *a, const char *token, usec_t now, struct error *err)
{
	enum status st = answer_deliver(q, a, token, REPLY_ANSWER, now, err);

	if (st == ST_EXISTS)
		st = reply_late(q, "this request has an answer already", now, err);
	else if (st == ST_GONE)
		st = reply_late(q, nobody, now, err);
	answer_close(q, a);
	return st;
}

/* ---- requests that nobody will answer any more ------------------------ */

void
reply_asker(struct queue *q, const struct place *p, char token[REPLY_LEN + 1])
{
	struct error ignored;
	struct headers h;
	int fd;

	token[0] = '\0';
	error_clear(&ignored);
	/* No request was ever made to most queues, and then nothing needs to be read. */
	if (p->name.head == 0 || faccessat(q->fd, REPLIES, F_OK, AT_SYMLINK_NOFOLLOW) == -1 ||
	    msg_open(q, p, &fd, &ignored) != ST_OK)
		return;
	if (msg_headers(fd, &p->name, &h, &ignored) == ST_OK) {
		if (!reply_wanted(&h, token))
			token[0] = '\0';
		headers_free(&h);
	}
	(void)close(fd);
}

void
reply_failed(struct queue *q, const char *token, const char *why, usec_t now)
{
	struct error ignored;
	struct answer a;
	int place;

	error_clear(&ignored);
	if (token[0] == '\0' || reply_place(q, token, now, &place, &ignored) != ST_OK)
		return;
	(void)close(place);
	if (answer_open(q, &a, &ignored) != ST_OK)
		return;
	if (answer_write(&a, why, strlen(why), &ignored) == ST_OK &&
	    answer_deliver(q, &a, token, REPLY_FAILED, now, &ignored) != ST_OK)
		error_clear(&ignored);	/* the process that asked waits until it gives up */
	answer_close(q, &a);
}
