/*
 * push.c: a batch: messages on their way in (F6.1 of spool-format.md).
 *
 * Each message is written under tmp/ (writer.c), made durable (syncer.c) and renamed to where
 * consumers look (by a publisher: publish.c or atomic.c).  Then the directory that it was renamed
 * into is synced, and only then the message is reported.  Many messages share their syncs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/queue.h"
#include "pattern/latest.h"
#include "pattern/once.h"
#include "life/life.h"
#include "life/batch.h"
#include "life/reap.h"

/*
 * How many messages and bytes share one sync at most.  With more of them, the first ids would be
 * reported later, and little time would be saved.
 */
#define GROUP_MESSAGES 1000
#define GROUP_BYTES (64 << 20)
/* One push in this many looks for the litter of dead writers. */
#define SWEEP 64

static const struct publisher *
batch_publisher(const struct queue *q, const struct push_options *opt)
{
	if (q->drop)
		return &publisher_drop;
	if (opt->import)
		return &publisher_import;
	if (opt->once != NULL)
		return &publisher_once;
	return opt->atomic ? &publisher_atomic : &publisher_plain;
}

enum status
batch_open(struct queue *q, const struct push_options *opt, struct batch **out,
    struct error *err)
{
	struct batch *b = calloc(1, sizeof(*b));
	enum status st;

	*out = NULL;
	if (b == NULL)
		return queue_fail(q, err, ENOMEM, "push");
	b->q = q;
	b->opt = *opt;
	b->how = batch_publisher(q, opt);
	b->tmpfd = b->anchor = -1;
	if ((st = b->how->open(b, err)) != ST_OK) {
		batch_close(b);
		return st;
	}
	*out = b;
	return ST_OK;
}

/* ---- the whole of it ---------------------------------------------------- */

size_t
batch_pending(const struct batch *b)
{
	return b->n;
}

bool
batch_full(const struct batch *b)
{
	return b->n >= GROUP_MESSAGES || b->bytes >= GROUP_BYTES;
}

enum status
batch_allowed(const struct batch *b, usec_t now, struct error *err)
{
	if (b->opt.atomic)
		return batch_taken(b, 0, 0, b->n, b->bytes, now, err);
	return batch_taken(b, 0, 0, 1, b->n > 0 ? (uint64_t)b->p[0].size : 0, now, err);
}

/* Tidy up, in one push of SWEEP. */
static void
batch_sweep(struct batch *b, usec_t now)
{
	if (b->q->drop || arc4random_uniform(SWEEP) != 0)
		return;
	reap_litter(b->q->tmpfd, "", true, now, true, NULL, NULL);
	once_sweep(b->q, now);
}

enum status
batch_publish(struct batch *b, usec_t now, void (*done)(void *arg, const struct msgid *id),
    void *arg, struct error *err)
{
	struct error syncing;
	struct msgid *ids;
	enum status st;
	size_t k = 0;

	if (b->n == 0)
		return ST_OK;
	if ((ids = calloc(b->n, sizeof(*ids))) == NULL)
		return queue_fail(b->q, err, ENOMEM, "push");
	b->newest.file[0] = '\0';
	writer_renew(b, now);
	if ((st = syncer_data(b, err)) == ST_OK)
		st = b->how->publish(b, now, ids, &k, err);
	/*
	 * The messages that were renamed are in the queue, whatever else failed.  So sync their
	 * directories, or report that they may not be durable.
	 */
	error_clear(&syncing);
	if (k > 0 && b->how->sync(b, &syncing) != ST_OK) {
		*err = syncing;
		st = ST_UNSURE;
	}
	if (k > 0)
		batch_sweep(b, now);
	if (k > 0 && st != ST_UNSURE && b->opt.key != NULL)
		latest_published(b->q, &b->newest, now);
	for (size_t i = 0; i < k; i++)
		done(arg, &ids[i]);
	writer_forget(b, k);
	free(ids);
	return st;
}

void
batch_newest(const struct batch *b, struct place *p)
{
	*p = b->newest;
}

uint64_t
batch_duplicates(const struct batch *b)
{
	return b->duplicates;
}

void
batch_options(struct batch *b, const struct push_options *opt)
{
	b->opt.priority = opt->priority;
	b->opt.expire = opt->expire;
	b->opt.key = opt->key;
	b->opt.headers = opt->headers;
	b->opt.once = opt->once;
}

void
batch_close(struct batch *b)
{
	struct error ignored;

	if (b == NULL)
		return;
	error_clear(&ignored);
	if (b->writing)
		batch_cancel(b);
	for (size_t i = 0; i < b->n; i++) {
		if (b->p[i].fd != -1)
			(void)close(b->p[i].fd);
		if (b->p[i].tmp[0] != '\0' &&
		    fs_unlink(b->tmpfd, b->p[i].tmp, &ignored) != ST_OK)
			error_clear(&ignored);
		free(b->p[i].known);
		free(b->p[i].once);
	}
	if (b->anchor != -1)
		(void)close(b->anchor);
	if (b->how == &publisher_atomic) {
		if (b->tmpfd != -1)
			(void)close(b->tmpfd);
		if (b->dir[0] != '\0')
			fs_remove_tree(b->q->tmpfd, b->dir);
	}
	free(b->p);
	free(b);
}
