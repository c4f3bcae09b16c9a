/*
 * bucket.c: the sharded, sorted directory that every state is made of (F4.1 to F4.14 of
 * spool-format.md).  target.c decides which bucket a message goes into.
 *
 * A bucket is named by a lower bound of the keys in it.  Invariant: the name of a bucket is not
 * above the key of any message in it.  So the name of the lowest bucket tells whether anything is
 * due.
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
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/hint.h"

struct shelf *
shelf_of(struct queue *q, enum state s)
{
	return &q->shelf[s];
}

void
shelf_close(struct shelf *sh)
{
	if (sh->fd != -1)
		(void)close(sh->fd);
	sh->fd = -1;
}

bool
shelf_gone(const struct shelf *sh)
{
	struct stat sb;

	return sh->fd != -1 && fstat(sh->fd, &sb) == 0 && sb.st_nlink == 0;
}

const char *
shelf_name(const struct shelf *sh)
{
	return sh->lane[0] != '\0' ? "waiting" : state_names[sh->state];
}

void
shelf_place(const struct shelf *sh, const char *bucket, const char *file, struct place *p)
{
	p->state = sh->state;
	(void)strlcpy(p->lane, sh->lane, sizeof(p->lane));
	(void)strlcpy(p->bucket, bucket, sizeof(p->bucket));
	(void)strlcpy(p->file, file, sizeof(p->file));
}

enum status
shelf_fd(struct shelf *sh, int *fd, struct error *err)
{
	if (sh->lane[0] == '\0')
		return queue_state(sh->queue, sh->state, fd, err);
	*fd = sh->fd;
	return ST_OK;
}

bool
bucket_parse(const char *text, struct bucket *b)
{
	memset(b, 0, sizeof(*b));
	if (*text == '+') {
		b->half = true;
		text++;
	}
	if (strlcpy(b->name, text, sizeof(b->name)) >= sizeof(b->name))
		return false;
	if (text[0] != '\0' && text[1] == '.') {
		if (text[0] != 'w' && (text[0] < '0' || text[0] > '9'))
			return false;
		b->cls = text[0];
		text += 2;
	}
	return key_parse(text, &b->key) && text[KEY_LEN] == '\0';
}

void
bucket_format(char cls, usec_t key, char buf[BUCKET_MAX])
{
	char text[KEY_LEN + 1];

	key_format(key, text);
	if (cls != 0)
		(void)snprintf(buf, BUCKET_MAX, "%c.%s", cls, text);
	else
		(void)strlcpy(buf, text, BUCKET_MAX);
}

char
bucket_class(enum state s, const struct msgname *name)
{
	if (s == STATE_READY)
		return (char)('0' + name->priority);
	if (s == STATE_CLAIMED && name->locked)
		return 'w';
	return 0;
}

static int
bucket_cmp(const void *pa, const void *pb)
{
	const struct bucket *a = pa, *b = pb;

	if (a->cls != b->cls)
		return a->cls < b->cls ? -1 : 1;
	return a->key < b->key ? -1 : a->key > b->key;
}

enum status
buckets_list(struct shelf *sh, struct buckets *out, struct error *err)
{
	struct stat before;
	struct listing l;
	enum status st;
	bool known;
	int fd;

	memset(out, 0, sizeof(*out));
	if ((st = shelf_fd(sh, &fd, err)) != ST_OK)
		return st;
	known = fstat(fd, &before) == 0;
	if ((st = fs_list(fd, "", 0, false, &l, NULL, err)) != ST_OK)
		return st == ST_GONE && sh->lane[0] == '\0' ?
		    error_set(err, ST_IO, 0, "queue %s: %s/ went away", sh->queue->name,
		    shelf_name(sh)) : st;
	if ((out->b = calloc(l.n + 1, sizeof(*out->b))) == NULL) {
		listing_free(&l);
		return queue_fail(sh->queue, err, ENOMEM, "list %s", shelf_name(sh));
	}
	for (size_t i = 0; i < l.n; i++)
		if (l.e[i].type == DT_DIR && bucket_parse(l.e[i].name, &out->b[out->n]))
			out->n++;
	listing_free(&l);
	if (out->n > 1)
		qsort(out->b, out->n, sizeof(*out->b), bucket_cmp);
	if (known)
		hint_put(sh, &before, fd, out);
	return ST_OK;
}

size_t
edge_lowest(struct edges *e, char cls, struct bucket b[2])
{
	const struct edge *edge = edge_of(e, cls);
	size_t n = edge->n < 2 ? (size_t)edge->n : 2;

	memset(b, 0, 2 * sizeof(*b));
	for (size_t i = 0; i < n; i++) {
		bucket_format(cls, edge->low[i], b[i].name);
		b[i].cls = cls;
		b[i].key = edge->low[i];
		b[i].half = edge->half[i] != 0;
	}
	return n;
}

bool
buckets_edges(struct shelf *sh, struct edges *e)
{
	struct error ignored;
	int fd;

	error_clear(&ignored);
	return shelf_fd(sh, &fd, &ignored) == ST_OK && hint_get(sh, fd, e);
}

enum status
buckets_before(struct shelf *sh, usec_t now, struct buckets *out, struct error *err)
{
	const struct edge *plain, *w;
	struct edges e;

	if (!buckets_edges(sh, &e))
		return buckets_list(sh, out, err);
	plain = edge_of(&e, 0);
	w = edge_of(&e, 'w');
	/*
	 * If claims lie far in the future, the clock was set back, and reap_lapsed has to see them.
	 */
	if (w->n > 1 || (plain->n > 1 && plain->low[1] <= now) ||
	    (sh->state == STATE_CLAIMED && plain->high > now + sh->queue->policy.lease))
		return buckets_list(sh, out, err);
	if ((out->b = calloc(4, sizeof(*out->b))) == NULL)
		return queue_fail(sh->queue, err, ENOMEM, "list %s", shelf_name(sh));
	out->n = edge_lowest(&e, 0, out->b);
	out->n += edge_lowest(&e, 'w', out->b + out->n);
	return ST_OK;
}

void
buckets_free(struct buckets *bs)
{
	free(bs->b);
	memset(bs, 0, sizeof(*bs));
}

enum status
bucket_open(struct shelf *sh, const struct bucket *b, int *fd, struct error *err)
{
	char half[BUCKET_MAX + 1] = "+";
	const char *name = b->half ? half : b->name, *other = b->half ? b->name : half;
	struct error opening;
	enum status st;
	int dir;

	if ((st = shelf_fd(sh, &dir, err)) != ST_OK)
		return st;
	error_clear(&opening);
	(void)strlcat(half, b->name, sizeof(half));
	st = fs_open_dir(dir, name, false, fd, &opening);
	/* The maker of the bucket may have finished it after it was listed. */
	if (st == ST_GONE)
		st = fs_open_dir(dir, name = other, false, fd, &opening);
	if (st == ST_OK || st == ST_GONE)
		return st;
	return error_sys(err, opening.errnum, "%s/%s/%s%s%s/%s", sh->queue->spool->path,
	    sh->queue->name, shelf_name(sh), sh->lane[0] != '\0' ? "/" : "", sh->lane, name);
}

enum status
bucket_list(struct shelf *sh, const struct bucket *b, struct listing *l, struct error *err)
{
	enum status st;
	int dir;

	if ((st = bucket_open(sh, b, &dir, err)) != ST_OK)
		return st;
	st = fs_list(dir, "", 0, false, l, NULL, err);
	(void)close(dir);
	return st;
}

void
bucket_remove_empty(struct shelf *sh, const struct buckets *bs, size_t i)
{
	bool last = true;

	/* The bucket that stays must be finished, because movers use no other. */
	for (size_t k = i + 1; k < bs->n && bs->b[k].cls == bs->b[i].cls; k++)
		last &= bs->b[k].half;
	/* A bucket with a "+" may be in the making.  A checker removes it when it is old. */
	if (!last && !bs->b[i].half)
		(void)fs_rmdir(sh->fd, bs->b[i].name);
}
