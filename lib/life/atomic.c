/*
 * atomic.c: a batch that is there as a whole or not at all: a directory in tmp/ that
 * becomes a bucket by one rename (spool-format.md section 4).
 */
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

/* A batch larger than this is spread over buckets after it was published. */
#define SPREAD 500

static enum status
atomic_open(struct batch *b, struct error *err)
{
	char name[40];
	enum status st;
	int fd;

	if ((st = queue_state(b->q, batch_target(b), &fd, err)) != ST_OK || (st = queue_tmp(b->q, &fd, err)) != ST_OK)
		return st;
	tmp_name(name);
	(void)snprintf(b->dir, sizeof(b->dir), "%s.d", name);
	st = fs_mkdir(fd, b->dir, queue_dir_mode(b->q), b->q->owner, err);
	if (st == ST_OK)
		st = fs_open_dir(fd, b->dir, false, &b->tmpfd, err);
	if (st == ST_GONE || st == ST_EXISTS)
		st = error_set(err, ST_NOCREATE, 0, "queue %s: tmp/ went away", b->q->name);
	return st;
}

/* A great bucket costs each claim its size: move all but the first names on to buckets of their own. */
static void
atomic_spread(struct batch *b, const struct msgname *names, size_t n)
{
	char file[NAME_MAX_LEN + 1];
	struct error ignored;

	error_clear(&ignored);
	for (size_t i = SPREAD; i < n; i++) {
		struct msgname name = names[i];
		name_format(&name, file);
		if (bucket_put(b->q, b->tmpfd, file, batch_target(b), &name, NULL, &ignored) != ST_OK)
			error_clear(&ignored);	/* claimed already, or no room: it is fine where it is */
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

/* The batch is visible as this bucket. */
static void
atomic_seen(struct batch *b, struct place *at, const struct msgname *names, usec_t now)
{
	b->dir[0] = '\0';
	for (size_t i = 0; i < b->n; i++) {
		at->name = names[i];
		name_format(&at->name, at->file);
		batch_seen(b, at, false, now);
	}
	/* Messages of one key are parked if need be; moving them while others look would hide some. */
	if (b->n > (size_t)2 * SPREAD && b->opt.key == NULL)
		atomic_spread(b, names, b->n);
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
		st = bucket_publish_dir(b->q, b->q->tmpfd, b->dir, at.state, bucket_class(at.state, &names[0]),
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
