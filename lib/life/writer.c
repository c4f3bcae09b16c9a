/*
 * writer.c: a message of a batch while it is written, under a name in tmp/ (or a
 * hidden one in new/) that only its writer knows (F7.12 and F8.9 of spool-format.md).
 *
 * The file is locked as long as it is open, and it is open until it is published: that
 * tells the sweepers of dead writers' litter that this writer lives.  If a batch is too
 * large to keep all of its files open, the sweepers decide by the age of the files.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "base/fs.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "life/life.h"
#include "life/batch.h"
#include "life/gate.h"
#include "life/limits.h"

static bool
writer_room(struct batch *b)
{
	struct pending *p;
	size_t cap;

	if (b->n < b->cap)
		return true;
	cap = b->cap == 0 ? 4 : b->cap * 2;
	if ((p = reallocarray(b->p, cap, sizeof(*p))) == NULL)
		return false;
	b->p = p;
	b->cap = cap;
	return true;
}

void
batch_cancel(struct batch *b)
{
	struct pending *p = &b->p[b->n];
	struct error ignored;

	error_clear(&ignored);
	if (p->fd != -1)
		(void)close(p->fd);
	if (fs_unlink(b->tmpfd, p->tmp, &ignored) != ST_OK)
		error_clear(&ignored);
	free(p->known);
	free(p->once);
	p->known = NULL;
	p->once = NULL;
	b->writing = false;
}

static enum status
writer_close(struct pending *p, struct error *err)
{
	int fd = p->fd;

	p->fd = -1;
	if (fd != -1 && close(fd) == -1)
		return error_sys(err, errno, "close");
	return ST_OK;
}

/*
 * Close one of many files that one syncfs is to make durable.  Before Linux 5.8 syncfs does not
 * report that it could not write, so there each file is synced by itself.
 */
static enum status
writer_let_go(struct batch *b, struct pending *p)
{
	enum status st = ST_OK;

	if (queue_synced(b->q) && p->fd != -1 && !fs_sync_all_tells()) {
		st = fs_sync(p->fd, &b->broken);
		p->synced = true;
	}
	return st == ST_OK ? writer_close(p, &b->broken) : st;
}

static enum status
writer_close_all(struct batch *b)
{
	enum status st = ST_OK;

	b->many = true;
	for (size_t i = 0; st == ST_OK && i < b->n; i++)
		st = writer_let_go(b, &b->p[i]);
	return st;
}

static enum status
writer_create(struct batch *b, struct pending *p, struct error *err)
{
	mode_t mode = b->q->drop ? queue_drop_mode(b->q) : queue_file_mode(b->q);
	struct error creating;
	enum status st;

	error_clear(&creating);
	st = fs_create(b->tmpfd, p->tmp, mode, b->q->owner, &p->fd, &creating);
	/* If there are no descriptors left, those of the batch are worth more than their locks. */
	if (st != ST_OK && error_is_ours(&creating) && !b->many && b->n > 0 &&
	    writer_close_all(b) == ST_OK) {
		error_clear(&creating);
		st = fs_create(b->tmpfd, p->tmp, mode, b->q->owner, &p->fd, &creating);
	}
	if (st == ST_OK)
		return ST_OK;
	st = queue_fail(b->q, err, creating.errnum, "cannot make a file in %s", b->how->where);
	return creating.errnum == EROFS ? (err->status = ST_NOCREATE) : st;
}

enum status
batch_begin(struct batch *b, struct error *err)
{
	struct pending *p;
	enum status st;

	if (!writer_room(b))
		return queue_fail(b->q, err, ENOMEM, "push");
	p = &b->p[b->n];
	memset(p, 0, sizeof(*p));
	p->head = b->opt.headers == NULL ? 0 : (int32_t)b->opt.headers->len;
	p->priority = b->opt.priority;
	p->expire = b->opt.expire;
	if (b->opt.key != NULL)
		order_hash(b->opt.key, p->order);
	if (b->opt.once != NULL && (p->once = strdup(b->opt.once)) == NULL)
		return queue_fail(b->q, err, ENOMEM, "push");
	p->synced = !queue_synced(b->q);
	p->tmp[0] = '.';
	tmp_name(p->tmp + (b->q->drop ? 1 : 0));
	if ((st = writer_create(b, p, err)) != ST_OK) {
		free(p->once);
		return st;
	}
	b->writing = true;
	/* Where locks don't work, an hour's grace protects the file from the sweepers. */
	(void)fs_lock(p->fd, 1LL << 62, true);
	if (b->opt.headers != NULL && p->head > 0) {
		st = fs_write(p->fd, b->opt.headers->block, (size_t)p->head, err);
		p->size = p->head;
	}
	if (st != ST_OK)
		batch_cancel(b);
	return st;
}

enum status
batch_begin_as(struct batch *b, enum state s, const struct msgname *n, struct error *err)
{
	struct known *known;
	enum status st;

	if ((st = disk_allowed(b->q, 1, (uint64_t)n->size, err)) != ST_OK)
		return st;
	if ((known = malloc(sizeof(*known))) == NULL)
		return queue_fail(b->q, err, ENOMEM, "import");
	known->state = s;
	known->name = *n;
	if ((st = batch_begin(b, err)) != ST_OK) {
		free(known);
		return st;
	}
	b->p[b->n].known = known;
	return ST_OK;
}

enum status
batch_write(struct batch *b, const void *data, size_t len, struct error *err)
{
	struct pending *p = &b->p[b->n];
	int64_t max = b->q->policy.max_size;
	const char *name = b->q->name;
	enum status st = ST_OK;

	if (b->opt.gate != NULL)
		gate_size(b->opt.gate, &max, &name);
	if (max > 0 && p->known == NULL && p->size - p->head + (int64_t)len > max)
		st = error_set(err, ST_BADDATA, 0, "the message is larger than max_size, "
		    "%lld bytes, of queue '%s'", (long long)max, name);
	if (st == ST_OK)
		st = fs_write(p->fd, data, len, err);
	if (st != ST_OK) {
		batch_cancel(b);
		return st;
	}
	p->size += (int64_t)len;
	return ST_OK;
}

enum status
batch_body(struct batch *b, int *fd, struct error *err)
{
	if ((*fd = fs_open_read(b->tmpfd, b->p[b->n].tmp)) == -1)
		return queue_fail(b->q, err, errno, "read the message in %s", b->how->where);
	return ST_OK;
}

/*
 * Where nothing is synced, only close reports that the file system could not write.  A second
 * descriptor keeps the lock.
 */
static enum status
writer_flush(struct pending *p, struct error *err)
{
	/* -1: too many descriptors are open, and the age of the file protects it. */
	int fence = fs_share(p->fd);
	enum status st = writer_close(p, err);

	p->fd = fence;
	return st;
}

/*
 * A few files stay open, for fsync and for their locks.  If they become too many, all of them are
 * closed.
 */
enum status
batch_end(struct batch *b, struct error *err)
{
	struct pending *p = &b->p[b->n];
	enum status st = ST_OK;

	b->writing = false;
	b->bytes += (uint64_t)p->size;
	b->n++;
	if (b->many)
		st = writer_let_go(b, p);
	else if (b->n > FSYNC_MAX)
		st = writer_close_all(b);
	else if (!queue_synced(b->q))
		st = writer_flush(p, &b->broken);
	if (st != ST_OK)
		*err = b->broken;
	return st;
}

/* Half of the age at which a sweeper takes a file without a lock for litter. */
#define WRITER_OLD (1800 * USEC)

void
batch_keep(const struct batch *b)
{
	if (b->dir[0] != '\0')
		fs_touch(b->q->tmpfd, b->dir);
	for (size_t i = 0; i < b->n; i++)
		fs_touch(b->tmpfd, b->p[i].tmp);
}

void
writer_renew(const struct batch *b, usec_t now)
{
	struct stat sb;

	if (fstatat(b->tmpfd, b->p[0].tmp, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (usec_t)sb.st_mtim.tv_sec * USEC < now - WRITER_OLD)
		batch_keep(b);
}

void
writer_forget(struct batch *b, size_t k)
{
	for (size_t i = 0; i < k; i++) {
		b->bytes -= (uint64_t)b->p[i].size;
		if (b->p[i].fd != -1)
			(void)close(b->p[i].fd);
		free(b->p[i].known);
		free(b->p[i].once);
	}
	/* The message that is being written stands behind the others and moves along. */
	memmove(b->p, b->p + k, (b->n - k + (b->writing ? 1 : 0)) * sizeof(*b->p));
	b->n -= k;
	b->many &= b->n > 0;
}
