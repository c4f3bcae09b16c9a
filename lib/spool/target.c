/*
 * target.c: find or make the bucket that a message goes into.
 *
 * decide.c has the rules.  target_execute does what bucket_decide says.  When it learns that a
 * bucket is full, or cannot be opened, it notes that and asks bucket_decide again.
 */
#include <sys/stat.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/hint.h"

/*
 * The st_size of a full bucket.  On nearly every file system it is a measure of what reading it
 * costs.
 */
#define BUCKET_FULL 65536
/* How many names a full bucket has, where st_size does not tell. */
#define BUCKET_NAMES 1000
/* An entry of a directory takes at least so many bytes. */
#define ENTRY_LEAST 20
/* One insert in so many counts the names, to learn whether st_size tells. */
#define PROBE 256
/* How many rounds a move may lose against others before it gives up. */
#define ROUNDS 1000
/* How many moves may use one look at the buckets of a state. */
#define TARGET_USES 100

/* ---- doing what was decided -------------------------------------------- */

/* Count the names in a directory, up to 'max'. */
static size_t
names_count(int dir, size_t max)
{
	struct error ignored;
	unsigned char type;
	struct each *d;
	const char *name;
	size_t n = 0;

	error_clear(&ignored);
	if (each_open(dir, &d, &ignored) != ST_OK)
		return 0;
	while (n < max && each_next(d, &name, &type, &ignored) == ST_OK)
		n++;
	each_close(d);
	return n;
}

/*
 * Whether st_size calls even the directory of the queue full, which has a dozen names: CephFS adds
 * up the bodies below a directory, and elsewhere no directory is smaller than a large block.
 */
static bool
sizes_exceed(struct queue *q)
{
	struct stat sb;

	q->sizes_lie |= fstat(q->fd, &sb) == 0 && sb.st_size >= BUCKET_FULL;
	return q->sizes_lie;
}

/*
 * Whether a bucket has no room for more.  CIFS says that each directory has 0 bytes, FUSE says what
 * it likes, and ZFS says how many entries there are.  As long as st_size may be such a number, the
 * names are counted now and then.  'inserts' is how many inserts came since that was last possible.
 */
static bool
bucket_full(struct queue *q, int dir, unsigned inserts)
{
	struct stat sb;
	size_t n;

	if (fstat(dir, &sb) == -1 || (sb.st_size >= BUCKET_FULL && !sizes_exceed(q)))
		return true;
	if (!q->sizes_lie && sb.st_size > 0 && arc4random_uniform(PROBE) >= inserts)
		return false;
	n = names_count(dir, BUCKET_NAMES);
	q->sizes_lie |= (off_t)(n * ENTRY_LEAST) > sb.st_size;
	return q->sizes_lie && n == BUCKET_NAMES;
}

/*
 * Set the mode of a bucket that we made, but that another process finished before we could do so. 
 * If another process removed it because it was empty, there is nothing to do.
 */
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
 * Make a bucket that nobody can rely on before it is durable.  Until its directory is synced it has
 * a "+" name, which producers do not use.
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
	/* ST_GONE: a reader removed the empty directory, or another maker finished it. */
	st = fs_move(dir, half, dir, half + 1, err);
	if (st == ST_EXISTS)
		(void)fs_rmdir(dir, half);
	return st == ST_EXISTS || st == ST_GONE ? ST_OK : st;
}

/*
 * Take the "+" off a bucket that its maker left behind, which needs no space on the disk.  Nobody
 * may rely on the bucket before it is durable, so it is synced first.
 */
static enum status
bucket_finish(struct shelf *sh, const struct bucket *b, struct error *err)
{
	char half[BUCKET_MAX + 1] = "+";
	enum status st;

	(void)strlcat(half, b->name, sizeof(half));
	if (queue_synced(sh->queue) && (st = fs_sync(sh->fd, err)) != ST_OK)
		return st;
	st = fs_move(sh->fd, half, sh->fd, b->name, err);
	return st == ST_EXISTS || st == ST_GONE ? ST_OK : st;
}

/*
 * Give a bucket a name below its own, which needs no space on the disk.  ST_GONE: others changed
 * it.
 */
static enum status
bucket_lower(const struct shelf *sh, const struct bucket *low, usec_t key, char name[BUCKET_MAX],
    struct error *err)
{
	enum status st;

	bucket_format(low->cls, key, name);
	st = fs_move(sh->fd, low->name, sh->fd, name, err);
	if (st == ST_OK && queue_synced(sh->queue))
		st = fs_sync(sh->fd, err);
	return st == ST_EXISTS ? ST_GONE : st;
}

/*
 * What came of trying a bucket.  TRIED_USED: it is the target.  TRIED_LEARNT: it turned out not to
 * fit, so decide again.  TRIED_CHANGED: others changed the buckets, so list them again.
 */
enum tried { TRIED_USED, TRIED_LEARNT, TRIED_CHANGED, TRIED_FAILED };

/*
 * Open the bucket that was decided on, and make it the target.  'lower': give it the name of 'key'
 * first.
 */
static enum tried
target_try(struct shelf *sh, const struct buckets *bs, struct bucket *b, bool lower, usec_t key,
    bool room,
    struct target *t, struct error *err)
{
	enum status st = fs_open_dir(sh->fd, b->name, false, &t->fd, err);

	if (st == ST_GONE)
		return TRIED_CHANGED;
	if (st != ST_OK) {
		if (error_is_ours(err))
			return TRIED_FAILED;
		error_clear(err);
		b->shut = true;	/* a checker reports it */
		return TRIED_LEARNT;
	}
	b->full = room && b->key != key && bucket_full(sh->queue, t->fd, t->uses + 1);
	if (!b->full && lower)
		st = bucket_lower(sh, b, key, t->name, err);
	if (b->full || st != ST_OK) {
		(void)close(t->fd);
		t->fd = -1;
		return b->full ? TRIED_LEARNT : st == ST_GONE ? TRIED_CHANGED : TRIED_FAILED;
	}
	if (!lower)
		(void)strlcpy(t->name, b->name, sizeof(t->name));
	t->key = lower ? key : b->key;
	/* A bucket that is only a makeshift serves this once. */
	t->next = room ? bucket_next_key(bs, b->cls, key) : 0;
	return TRIED_USED;
}

static enum tried
target_execute(struct shelf *sh, struct buckets *bs, char cls, usec_t key, struct target *t,
    struct error *err)
{
	enum tried tried = TRIED_LEARNT;
	struct error making;
	struct decision d;
	struct bucket *b;
	bool room = true;

	error_clear(&making);
	while (tried == TRIED_LEARNT) {
		d = bucket_decide(bs, cls, key, room);
		b = &bs->b[d.i];
		switch (d.deed) {
		case DEED_USE:
		case DEED_LOWER:
			tried = target_try(sh, bs, b, d.deed == DEED_LOWER, key, room, t, err);
			break;
		case DEED_FINISH:
			if (bucket_finish(sh, b, err) != ST_OK)
				return TRIED_FAILED;
			b->half = false;
			break;
		case DEED_MAKE:
			if (bucket_make(sh, cls, key, &making) == ST_OK)
				return TRIED_CHANGED;	/* list again, and find it */
			room = false;
			break;
		case DEED_NONE:
			*err = making;
			return TRIED_FAILED;
		}
	}
	return tried;
}

/*
 * Try the greatest bucket by the hint, without a listing.  TRIED_LEARNT: there is no hint, or that
 * bucket does not do, so look at all of them.
 */
static enum tried
target_hinted(struct shelf *sh, char cls, usec_t key, struct target *t, struct error *err)
{
	struct bucket b = { .cls = cls };
	struct buckets alone = { &b, 1 };
	enum tried tried;
	struct edges e;

	if (!buckets_edges(sh, &e) || edge_of(&e, cls)->n == 0 || edge_of(&e, cls)->high > key ||
	    edge_of(&e, cls)->high == -1)
		return TRIED_LEARNT;
	b.key = edge_of(&e, cls)->high;
	bucket_format(cls, b.key, b.name);
	tried = target_try(sh, &alone, &b, false, key, true, t, err);
	return tried == TRIED_CHANGED ? TRIED_LEARNT : tried;
}

static enum tried
target_find(struct shelf *sh, char cls, usec_t key, struct target *t, struct error *err)
{
	enum tried tried = target_hinted(sh, cls, key, t, err);
	struct buckets bs;
	enum status st;

	if (tried != TRIED_LEARNT)
		return tried;
	if ((st = buckets_list(sh, &bs, err)) != ST_OK)
		return st == ST_GONE ? TRIED_CHANGED : TRIED_FAILED;
	tried = target_execute(sh, &bs, cls, key, t, err);
	buckets_free(&bs);
	return tried;
}

/* ---- targets ---------------------------------------------------------- */

/* A dirty target is synced when it is dropped.  moves_sync reports a failure of that. */
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
 * Whether the last target will do for this key.  The key must be within its bounds.  The bucket
 * must still stand and have room.  It must not serve too many moves after one look, because others
 * make buckets, too.
 */
static bool
target_fits(const struct queue *q, const struct target *t, const char *lane, char cls, usec_t key)
{
	struct stat sb;

	return t->fd != -1 && t->cls == cls && t->key <= key && key < t->next &&
	    strcmp(t->lane, lane) == 0 &&
	    t->uses < TARGET_USES && fstat(t->fd, &sb) == 0 && sb.st_nlink > 0 &&
	    (sb.st_size < BUCKET_FULL || q->sizes_lie);
}

enum status
target_for(struct shelf *sh, char cls, usec_t key, struct target **out, struct error *err)
{
	struct queue *q = sh->queue;
	struct target *t = &q->target[sh->lane[0] != '\0' ? NSTATES : (int)sh->state];
	enum tried tried = TRIED_CHANGED;

	*out = t;
	if (target_fits(q, t, sh->lane, cls, key)) {
		t->uses++;
		return ST_OK;
	}
	target_drop(q, t);
	t->cls = cls;
	(void)strlcpy(t->lane, sh->lane, sizeof(t->lane));
	for (int i = 0; tried == TRIED_CHANGED && i < ROUNDS && !shelf_gone(sh); i++)
		tried = target_find(sh, cls, key, t, err);
	t->uses = 0;
	if (tried == TRIED_CHANGED)
		return error_set(err, ST_IO, 0, "queue %s: no bucket of %s/ stays in place",
		    q->name, shelf_name(sh));
	return tried == TRIED_USED ? ST_OK : err->status;
}
