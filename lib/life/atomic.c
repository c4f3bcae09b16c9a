/*
 * atomic.c: a batch that becomes visible as a whole or not at all.  It is a directory in tmp/ that
 * becomes a bucket by one rename (F4.19 to F4.22 of spool-format.md).
 */
#include <sys/stat.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "life/life.h"
#include "life/batch.h"

/*
 * How many messages, and bytes of names, share a bucket after a larger batch was spread.  So many
 * do not make a bucket full, although a directory of ext4 may be half empty.
 */
#define SPREAD 500
#define SPREAD_NAMES 28000
/* How many bytes a name takes in a directory besides its characters. */
#define SPREAD_ENTRY 12

static enum status
atomic_open(struct batch *b, struct error *err)
{
	char name[40];
	enum status st;
	int fd;

	if ((st = queue_state(b->q, batch_target(b), &fd, err)) != ST_OK ||
	    (st = queue_tmp(b->q, &fd, err)) != ST_OK)
		return st;
	tmp_name(name);
	(void)snprintf(b->dir, sizeof(b->dir), "%s.d", name);
	st = fs_mkdir(fd, b->dir, queue_dir_mode(b->q), b->q->owner, err);
	if (st == ST_OK)
		st = fs_open_dir(fd, b->dir, false, &b->tmpfd, err);
	if (st == ST_GONE || st == ST_EXISTS)
		st = error_set(err, ST_NOCREATE, 0, "queue %s: tmp/ went away", b->q->name);
	/*
	 * Where locks don't work, 36 hours' grace protects the directory from the sweepers: see
	 * batch_keep.
	 */
	if (st == ST_OK)
		(void)fs_lock_dir(b->tmpfd);
	return st;
}

/*
 * Move the messages with these names out of the bucket of the batch into another one, the last
 * message first.  False: the rest of the batch has to stay where it is.
 */
static bool
atomic_spread_some(struct batch *b, const char *bucket, const struct msgname *names, size_t n)
{
	enum state s = batch_target(b);
	char file[NAME_MAX_LEN + 1];
	struct error ignored;
	struct target *t;
	struct stat sb;

	error_clear(&ignored);
	if (target_for(shelf_of(b->q, s), bucket_class(s, &names[0]), names[0].key, &t,
	    &ignored) != ST_OK ||
	    strcmp(t->name, bucket) == 0)
		return false;
	while (n-- > 0) {
		name_format(&names[n], file);
		/*
		 * ENOENT: the message was claimed already, or a reader has removed the bucket while
		 * it was empty.
		 */
		switch (fs_move(b->tmpfd, file, t->fd, file, &ignored)) {
		case ST_OK:
			break;
		case ST_GONE:
			if (fstat(t->fd, &sb) == 0 && sb.st_nlink > 0)
				break;
			return false;
		default:
			return false;
		}
	}
	return true;
}

/*
 * Each claim from a large bucket costs time for all of it, so all but the first messages are moved
 * to buckets of their own.  The last message goes first.  So a consumer that looks meanwhile misses
 * only messages that are later than all it finds in the bucket of the batch, and messages of one
 * key keep their order.
 */
static void
atomic_spread(struct batch *b, const char *bucket, const struct msgname *names, size_t n)
{
	char file[NAME_MAX_LEN + 1];
	size_t share, first;

	name_format(&names[n - 1], file);
	share = SPREAD_NAMES / (strlen(file) + SPREAD_ENTRY);
	if (share > SPREAD)
		share = SPREAD;
	for (; n > share; n = first) {
		first = (n - 1) / share * share;
		if (!atomic_spread_some(b, bucket, &names[first], n - first))
			return;
	}
}

static enum status
atomic_name_all(struct batch *b, usec_t now, struct msgname *names, struct error *err)
{
	char file[NAME_MAX_LEN + 1];
	enum status st = ST_OK;

	for (size_t i = 0; st == ST_OK && i < b->n; i++) {
		batch_name(b, &b->p[i], now, &names[i]);
		name_format(&names[i], file);
		st = fs_move_own(b->tmpfd, b->p[i].tmp, b->tmpfd, file, err);
		if (st == ST_GONE || st == ST_EXISTS)
			st = batch_robbed(b, err);
		b->p[i].tmp[0] = '\0';
	}
	return st;
}

/* Count and log the messages of a batch that is visible as a bucket, and spread a large one. */
static void
atomic_seen(struct batch *b, struct place *at, const struct msgname *names, usec_t now)
{
	b->dir[0] = '\0';
	for (size_t i = 0; i < b->n; i++) {
		at->name = names[i];
		name_format(&at->name, at->file);
		batch_seen(b, at, false, now);
	}
	/* If the queue keeps only the latest message of a key, only one of them is left. */
	if (b->n > (size_t)2 * SPREAD && (b->opt.key == NULL || !b->q->policy.latest)) {
		atomic_spread(b, at->bucket, names, b->n);
		b->newest.file[0] = '\0';	/* it was moved */
	}
}

static enum status
atomic_publish(struct batch *b, usec_t now, struct msgid *ids, size_t *k, struct error *err)
{
	struct place at = { .state = batch_target(b) };
	struct msgname *names;
	enum status st;

	*k = 0;
	if ((st = batch_taken(b, 0, 0, b->n, b->bytes, now, err)) != ST_OK)
		return st;
	if ((names = calloc(b->n + 1, sizeof(*names))) == NULL)
		return queue_fail(b->q, err, ENOMEM, "push");
	st = atomic_name_all(b, now, names, err);
	if (st == ST_OK && queue_synced(b->q))
		st = fs_sync(b->tmpfd, err);
	if (st == ST_OK)
		st = bucket_publish_dir(b->q, b->q->tmpfd, b->dir, at.state,
		    bucket_class(at.state, &names[0]),
		    names[0].key, at.bucket, err);
	if (at.bucket[0] != '\0') {
		for (*k = 0; *k < b->n; ++*k)
			ids[*k] = names[*k].id;
		atomic_seen(b, &at, names, now);
	}
	free(names);
	return st;
}

const struct publisher publisher_atomic = { "tmp/", atomic_open, atomic_publish, syncer_targets };
