/*
 * publish.c: how the messages of a batch become visible one by one: as new messages, as messages
 * that keep the names they had elsewhere (import), as files in a drop box, or once for their key.
 * atomic.c publishes a batch as a whole.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/envelope.h"
#include "base/fs.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "view/scan.h"
#include "pattern/order.h"
#include "pattern/once.h"
#include "life/life.h"
#include "life/batch.h"

/* ---- one after the other ------------------------------------------------ */

/* A function that makes one message visible; *at becomes its place. */
typedef enum status publishing(struct batch *b, const struct pending *p, usec_t now,
    struct place *at, struct error *err);

/*
 * A message is in the queue, but may not survive a power failure.  Keep the first such error in
 * *doubt, to be returned at the end, and go on with the other messages.
 */
static enum status
publish_doubted(struct error *doubt, struct error *err)
{
	if (doubt->status == ST_OK)
		(void)error_set(doubt, ST_UNSURE, 0,
		    "the message is queued, but maybe not for good: %s", err->text);
	error_clear(err);
	return ST_OK;
}

static enum status
publish_each(struct batch *b, publishing *how, usec_t now, struct msgid *ids, size_t *k,
    struct error *err)
{
	struct error doubt = { 0 };
	enum status st = ST_OK;
	uint64_t ahead = 0;
	struct place at;

	b->q->careful = true;
	for (*k = 0; *k < b->n; ++*k) {
		const struct pending *p = &b->p[*k];
		if (!b->opt.import &&
		    (st = batch_taken(b, *k, ahead, 1, (uint64_t)p->size, now, err)) != ST_OK)
			break;
		ahead += (uint64_t)p->size;
		at.file[0] = '\0';
		st = how(b, p, now, &at, err);
		if (st == ST_GONE || st == ST_EXISTS)
			st = batch_robbed(b, err);
		else if (st != ST_OK && bucket_put_happened(b->q, b->tmpfd, p->tmp, &at))
			st = publish_doubted(&doubt, err);
		if (st != ST_OK)
			break;
		ids[*k] = at.name.id;
		if (!b->q->drop)
			batch_seen(b, &at, b->opt.import, now);
	}
	b->q->careful = false;
	if (doubt.status == ST_OK)
		return st;
	*err = doubt;
	return ST_UNSURE;
}

/* ---- new messages ------------------------------------------------------- */

static enum status
plain_open(struct batch *b, struct error *err)
{
	enum status st;
	int fd;

	if ((st = queue_state(b->q, batch_target(b), &fd, err)) != ST_OK)
		return st;
	return queue_tmp(b->q, &b->tmpfd, err);
}

static enum status
plain_one(struct batch *b, const struct pending *p, usec_t now, struct place *at, struct error *err)
{
	struct msgname n;

	batch_name(b, p, now, &n);
	return bucket_put(b->q, b->tmpfd, p->tmp, batch_target(b), &n, at, err);
}

static enum status
plain_publish(struct batch *b, usec_t now, struct msgid *ids, size_t *k, struct error *err)
{
	return publish_each(b, plain_one, now, ids, k, err);
}

const struct publisher publisher_plain = { "tmp/", plain_open, plain_publish, syncer_targets };

/* ---- messages that come from elsewhere ---------------------------------- */

static enum status
import_open(struct batch *b, struct error *err)
{
	enum status st = ST_OK;
	int fd;

	for (int s = 0; st == ST_OK && s < NSTATES; s++)
		st = queue_state(b->q, (enum state)s, &fd, err);
	return st == ST_OK ? queue_tmp(b->q, &b->tmpfd, err) : st;
}

static enum status
import_one(struct batch *b, const struct pending *p, usec_t now, struct place *at,
    struct error *err)
{
	struct msgname n = p->known->name;
	enum status st;

	(void)now;
	if ((st = bucket_put(b->q, b->tmpfd, p->tmp, p->known->state, &n, at, err)) == ST_OK)
		order_came(b->q, at);
	return st;
}

/*
 * Put the messages that had the turn of their keys first: otherwise a consumer could claim a
 * message that has to wait for them.
 */
static void
import_begun_first(struct batch *b)
{
	struct pending p;
	size_t first = 0;

	for (size_t i = 0; i < b->n; i++)
		if (order_begun(&b->p[i].known->name)) {
			p = b->p[i];
			memmove(&b->p[first + 1], &b->p[first], (i - first) * sizeof(p));
			b->p[first++] = p;
		}
}

static enum status
import_publish(struct batch *b, usec_t now, struct msgid *ids, size_t *k, struct error *err)
{
	import_begun_first(b);
	return publish_each(b, import_one, now, ids, k, err);
}

const struct publisher publisher_import = { "tmp/", import_open, import_publish, syncer_targets };

/* ---- a drop box --------------------------------------------------------- */

/* A file in new/ has nothing but its bytes, so it can have no options of a message. */
static enum status
drop_open(struct batch *b, struct error *err)
{
	const struct push_options *o = &b->opt;
	char name[41] = ".";
	enum status st;

	if (o->atomic || o->delay > 0 || o->expire > 0 || o->priority != PRIORITY_DEFAULT ||
	    o->key != NULL || (o->headers != NULL && o->headers->len > 0) || o->once != NULL)
		return error_set(err, ST_DENIED, 0,
		    "you may only drop plain messages into queue '%s', "
		    "without priority, delay, expiry, key, headers, --id or --atomic", b->q->name);
	b->tmpfd = b->q->newfd;
	tmp_name(name + 1);
	st = fs_create(b->tmpfd, name, queue_drop_mode(b->q), OWNER_SELF, &b->anchor, err);
	return st == ST_OK ? fs_unlink(b->tmpfd, name, err) : st;
}

/* Give the file a name that determines its id, and that nobody can guess. */
static enum status
drop_one(struct batch *b, const struct pending *p, usec_t now, struct place *at, struct error *err)
{
	char *name = at->file;
	struct stat sb;

	batch_name(b, p, now, &at->name);
	if (fstatat(b->tmpfd, p->tmp, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? ST_GONE : error_sys(err, errno, "%s", p->tmp);
	at->state = STATE_READY;
	at->bucket[0] = '\0';
	key_format(at->name.key, name);
	name[KEY_LEN] = '.';
	token_make(name + KEY_LEN + 1);
	arrival_id(at->name.key, name, &sb, &at->name.id);
	return fs_move_own(b->tmpfd, p->tmp, b->tmpfd, name, err);
}

static enum status
drop_publish(struct batch *b, usec_t now, struct msgid *ids, size_t *k, struct error *err)
{
	return publish_each(b, drop_one, now, ids, k, err);
}

const struct publisher publisher_drop = { "new/", drop_open, drop_publish, syncer_anchor };

/* ---- one message for a key ---------------------------------------------- */

/* So many accepted messages share their syncs; each has a directory open until then. */
#define ONCE_GROUP 128

/*
 * Accept the message, unless there was one under its key before; *id becomes whose id is told.
 * 'messages' of 'bytes' have to find room, with those that are accepted already.
 */
static enum status
once_one(struct batch *b, struct pending *p, uint64_t messages, uint64_t bytes, usec_t now,
    struct accepted *a, struct msgid *id, struct error *err)
{
	struct msgname n;
	enum status st;
	bool duplicate;

	if ((st = batch_taken(b, 0, 0, messages, bytes, now, err)) != ST_OK)
		return st;
	batch_name(b, p, now, &n);
	st = once_accept(b->q, p->once, b->tmpfd, p->tmp, &n, now, a, &duplicate, err);
	if (st == ST_GONE || st == ST_EXISTS)
		return batch_robbed(b, err);
	if (st != ST_OK)
		return st;
	b->duplicates += duplicate;
	*id = n.id;
	return ST_OK;
}

/*
 * Messages with a key each: all are accepted, and then all are brought in, by which they share
 * their syncs.  If that fails, the group is told of with ST_UNSURE: it is accepted, and the same
 * push again completes it.
 */
static enum status
once_group(struct batch *b, size_t from, size_t n, usec_t now, struct msgid *ids, size_t *k,
    struct error *err)
{
	struct accepted *a = calloc(n, sizeof(*a));
	struct error failed = { 0 };
	enum status st = ST_OK, brought;
	uint64_t bytes = 0;
	size_t got = 0;

	if (a == NULL)
		return queue_fail(b->q, err, ENOMEM, "push");
	for (; got < n; got++) {
		struct pending *p = &b->p[from + got];
		bytes += (uint64_t)p->size;
		if ((st = once_one(b, p, got + 1, bytes, now, &a[got], &ids[from + got], err)) !=
		    ST_OK)
			break;
	}
	if (got > 0) {
		brought = once_bring_in(b->q, a, got, now, &failed);
		*k = from + got;
		if (brought != ST_OK) {
			*err = failed;
			st = brought;
		}
	}
	free(a);
	return st;
}

static enum status
once_all(struct batch *b, usec_t now, struct msgid *ids, size_t *k, struct error *err)
{
	enum status st = ST_OK;

	*k = 0;
	while (st == ST_OK && *k < b->n)
		st = once_group(b, *k, b->n - *k < ONCE_GROUP ? b->n - *k : ONCE_GROUP, now, ids, k,
		    err);
	return st;
}

const struct publisher publisher_once = { "tmp/", plain_open, once_all, syncer_targets };
