/*
 * bucket.c: the sharded, sorted directory that every state is made of
 * (spool-format.md section 4), and the one loop in which messages move.
 *
 * A bucket is named by a lower bound of the keys in it.  Invariant: the name of
 * a bucket is not above the key of any message in it, so that "is anything due"
 * is answered by the name of the lowest bucket.
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

/* st_size of a full bucket: what it costs to read it, on every file system. */
#define BUCKET_FULL 65536
/* Rounds that any of the loops below may lose against others before it gives up. */
#define ROUNDS 1000
/* Moves that go by one look at the buckets of a state. */
#define TARGET_USES 100

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

/* The descriptor of the directory.  A lane was opened by who asks. */
static enum status
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
		    error_set(err, ST_IO, 0, "queue %s: %s/ went away", sh->queue->name, shelf_name(sh)) : st;
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
	/* One that is far in the future may tell of a clock that was set back: reap_lapsed wants to see it. */
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
	enum status st;
	int dir;

	if ((st = shelf_fd(sh, &dir, err)) != ST_OK)
		return st;
	(void)strlcat(half, b->name, sizeof(half));
	st = fs_open_dir(dir, b->half ? half : b->name, false, fd, err);
	/* Between the listing and now its maker may have finished it, or it is a batch. */
	if (st == ST_GONE)
		st = fs_open_dir(dir, b->half ? b->name : half, false, fd, err);
	return st;
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
	bool last = i + 1 == bs->n || bs->b[i + 1].cls != bs->b[i].cls;

	/* One with a "+" may be in the making: a checker removes it when it is old. */
	if (!last && !bs->b[i].half)
		(void)fs_rmdir(sh->fd, bs->b[i].name);
}

/* Another finished the bucket that we made, before we could set its mode; or took it away, for it was empty. */
static enum status
bucket_late_mode(struct queue *q, int state, const char *name, struct error *err)
{
	enum status st;
	int dir;

	if ((st = fs_open_dir(state, name, false, &dir, err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	st = fs_set_mode(dir, queue_dir_mode(q), q->owner, err);
	(void)close(dir);
	return st;
}

/*
 * Make a bucket so that nobody can rely on it before it is durable: under a "+"
 * name, which producers don't use, until its directory is synced.
 */
static enum status
bucket_make(struct shelf *sh, char cls, usec_t key, struct error *err)
{
	struct queue *q = sh->queue;
	char half[BUCKET_MAX + 1] = "+";
	enum status st;
	int dir;

	if ((st = shelf_fd(sh, &dir, err)) != ST_OK)
		return st;
	bucket_format(cls, key, half + 1);
	st = fs_mkdir(dir, half, queue_dir_mode(q), q->owner, err);
	if (st == ST_GONE)
		return bucket_late_mode(q, dir, half + 1, err);
	if (st != ST_OK && st != ST_EXISTS)
		return st;
	if (queue_synced(q) && (st = fs_sync(dir, err)) != ST_OK) {
		(void)fs_rmdir(dir, half);
		return st;
	}
	/* ST_GONE: a reader took the empty directory away, or another maker finished it. */
	st = fs_move(dir, half, dir, half + 1, err);
	if (st == ST_EXISTS)
		(void)fs_rmdir(dir, half);
	return st == ST_EXISTS || st == ST_GONE ? ST_OK : st;
}

/* The greatest finished bucket of the class that is not above key; -1 if none. */
static ssize_t
bucket_choose(const struct buckets *bs, char cls, usec_t key)
{
	ssize_t found = -1;

	for (size_t i = 0; i < bs->n; i++)
		if (bs->b[i].cls == cls && !bs->b[i].half && bs->b[i].key <= key)
			found = (ssize_t)i;
	return found;
}

/* Give a bucket a name below its own, for which no space is needed.  The invariant stays. */
static enum status
bucket_rename(const struct shelf *sh, const struct bucket *low, usec_t key,
    char name[BUCKET_MAX], struct error *err)
{
	enum status st;

	bucket_format(low->cls, key, name);
	st = fs_move(sh->fd, low->name, sh->fd, name, err);
	if (st == ST_OK && queue_synced(sh->queue))
		st = fs_sync(sh->fd, err);
	return st;
}

/*
 * No bucket fits and none can be made (a full disk): lower the name of the lowest
 * one of the class, or of any, which needs no space.  The invariant stays.
 */
static enum status
bucket_lower(const struct shelf *sh, const struct buckets *bs, char cls,
    usec_t key, char name[BUCKET_MAX], struct error *err)
{
	const struct bucket *low = NULL;

	for (size_t i = 0; i < bs->n; i++)
		if (!bs->b[i].half && (low == NULL ||
		    (low->cls != cls && bs->b[i].cls == cls)))
			low = &bs->b[i];
	if (low == NULL)
		return ST_NONE;
	(void)strlcpy(name, low->name, BUCKET_MAX);
	if (low->key <= key)
		return ST_OK;
	return bucket_rename(sh, low, key, name, err);
}

/* Open the chosen bucket if it has room.  ST_NONE: it is full. */
static enum status
bucket_try(const struct shelf *sh, const struct bucket *b, bool any,
    int *fd, struct error *err)
{
	struct stat sb;
	enum status st;

	if ((st = fs_open_dir(sh->fd, b->name, false, fd, err)) != ST_OK)
		return st;
	if (any || (fstat(*fd, &sb) == 0 && sb.st_size < BUCKET_FULL))
		return ST_OK;
	(void)close(*fd);
	*fd = -1;
	return ST_NONE;
}

/*
 * The key is below all buckets of the class: lower the name of the lowest one if it has
 * room, so that keys which come in falling order don't make a bucket each.  ST_NONE: make one.
 */
static enum status
lowest_try(const struct shelf *sh, const struct buckets *bs, char cls, usec_t key,
    struct target *t, struct error *err)
{
	const struct bucket *low = NULL;
	enum status st;

	for (size_t i = bs->n; i-- > 0;)
		if (bs->b[i].cls == cls && !bs->b[i].half)
			low = &bs->b[i];
	if (low == NULL)
		return ST_NONE;
	if ((st = bucket_try(sh, low, false, &t->fd, err)) != ST_OK)
		return st;
	t->key = key;
	t->next = low->key;	/* or above, but that need not be known */
	st = bucket_rename(sh, low, key, t->name, err);
	if (st != ST_OK) {
		(void)close(t->fd);
		t->fd = -1;
	}
	return st == ST_EXISTS ? ST_GONE : st;
}

/* None can be made: the chosen one though it is full, or the lowest one lowered.  ST_NONE: there is none at all. */
static enum status
bucket_fallback(const struct shelf *sh, const struct buckets *bs, ssize_t chosen,
    char cls, usec_t key, struct bucket *use, struct error *err)
{
	if (chosen == -1)
		return bucket_lower(sh, bs, cls, key, use->name, err);
	*use = bs->b[chosen];
	return ST_OK;
}

/* The greatest bucket is the one, if there is a hint and it has room.  ST_NONE: look. */
static enum status
target_hinted(struct shelf *sh, char cls, usec_t key, struct target *t,
    struct error *err)
{
	struct bucket use = { .cls = cls };
	struct edges e;
	enum status st;

	if (!buckets_edges(sh, &e) || edge_of(&e, cls)->n == 0 || edge_of(&e, cls)->high > key ||
	    edge_of(&e, cls)->high == -1)
		return ST_NONE;
	t->cls = cls;
	t->key = use.key = edge_of(&e, cls)->high;
	t->next = USEC_MAX;
	bucket_format(cls, use.key, use.name);
	(void)strlcpy(t->name, use.name, sizeof(t->name));
	st = bucket_try(sh, &use, use.key == key, &t->fd, err);
	return st == ST_GONE ? ST_NONE : st;
}

static enum status
target_find(struct shelf *sh, char cls, usec_t key, struct target *t,
    struct error *err)
{
	struct error making;
	struct bucket use;
	struct buckets bs;
	enum status st;
	ssize_t i;

	if ((st = target_hinted(sh, cls, key, t, err)) != ST_NONE)
		return st;
	if ((st = buckets_list(sh, &bs, err)) != ST_OK)
		return st;
	t->cls = cls;
	t->next = USEC_MAX;
	if ((i = bucket_choose(&bs, cls, key)) != -1) {
		use = bs.b[i];
		t->key = use.key;
		for (size_t k = bs.n; k-- > (size_t)i + 1;)
			if (bs.b[k].cls == cls && !bs.b[k].half)
				t->next = bs.b[k].key;
		/* If the very key is taken there is no name for another one: it takes more. */
		st = bucket_try(sh, &use, use.key == key, &t->fd, err);
		(void)strlcpy(t->name, use.name, sizeof(t->name));
	} else
		st = lowest_try(sh, &bs, cls, key, t, err);
	if (st == ST_NONE) {
		error_clear(&making);
		t->next = 0;	/* what we may have to make do with is for this once */
		if (bucket_make(sh, cls, key, &making) == ST_OK)
			st = ST_GONE;	/* look again, and find it */
		else {
			st = bucket_fallback(sh, &bs, i, cls, key, &use, err);
			if (st == ST_OK) {
				st = bucket_try(sh, &use, true, &t->fd, err);
				(void)strlcpy(t->name, use.name, sizeof(t->name));
			} else if (st == ST_NONE) {
				*err = making;
				st = making.status;
			}
		}
	}
	buckets_free(&bs);
	return st;
}

/* ---- moving ----------------------------------------------------------- */

/* A target that is left is synced now, if it is to be; the failure is told by moves_sync. */
void
target_drop(struct queue *q, struct target *t)
{
	struct error ignored;

	if (t->fd == -1)
		return;
	error_clear(&ignored);
	if (t->dirty && fs_sync(t->fd, &ignored) != ST_OK)
		q->sync_failed = true;
	(void)close(t->fd);
	t->fd = -1;
	t->dirty = false;
	t->uses = 0;
}

void
targets_drop(struct queue *q)
{
	for (int s = 0; s <= NSTATES; s++)
		target_drop(q, &q->target[s]);
}

enum status
moves_sync(struct queue *q, struct error *err)
{
	enum status st = ST_OK;

	for (int s = 0; st == ST_OK && s <= NSTATES; s++) {
		struct target *t = &q->target[s];
		if (t->dirty)
			st = fs_sync(t->fd, err);
		t->dirty = false;
	}
	if (st == ST_OK && q->sync_failed)
		st = error_set(err, ST_IO, 0, "queue %s: fsync failed", q->name);
	q->sync_failed = false;
	if (st != ST_OK)
		err->status = st = ST_UNSURE;
	return st;
}

/*
 * Whether the last target will do for this key: the bounds hold, it still stands, has
 * room, and was looked up not too many moves ago (others make buckets too).
 */
static bool
target_fits(const struct target *t, char cls, usec_t key)
{
	struct stat sb;

	return t->fd != -1 && t->cls == cls && t->key <= key && key < t->next &&
	    t->uses < TARGET_USES && fstat(t->fd, &sb) == 0 && sb.st_nlink > 0 &&
	    sb.st_size < BUCKET_FULL;
}

enum status
target_for(struct shelf *sh, char cls, usec_t key, struct target **out, struct error *err)
{
	struct queue *q = sh->queue;
	struct target *t = &q->target[sh->lane[0] != '\0' ? NSTATES : (int)sh->state];
	enum status st = ST_GONE;

	*out = t;
	if (target_fits(t, cls, key) && strcmp(t->lane, sh->lane) == 0) {
		t->uses++;
		return ST_OK;
	}
	target_drop(q, t);
	(void)strlcpy(t->lane, sh->lane, sizeof(t->lane));
	for (int i = 0; st == ST_GONE && i < ROUNDS && !shelf_gone(sh); i++)
		st = target_find(sh, cls, key, t, err);
	if (st == ST_GONE)
		return error_set(err, ST_IO, 0, "queue %s: no bucket of %s/ stays in place",
		    q->name, shelf_name(sh));
	return st;
}
