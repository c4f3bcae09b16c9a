/*
 * push.c: messages on their way in (spool-format.md section 6).
 *
 * Each is written under tmp/, made durable, renamed into a bucket, and its bucket
 * is synced; only then is it reported.  Many share their syncs: a few are fsynced
 * one by one, more by one syncfs.  An atomic batch is a directory in tmp/ that
 * becomes a bucket by one rename.  Who may only put messages in writes under a
 * hidden name in new/, and renames there.  What is imported has its name already.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "base/fs.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/counters.h"
#include "spool/log.h"
#include "view/scan.h"
#include "pattern/order.h"
#include "pattern/latest.h"
#include "pattern/once.h"
#include "life/life.h"
#include "life/gate.h"
#include "life/reap.h"
#include "life/limits.h"

/* Up to so many messages are fsynced by descriptor; beyond, syncfs is cheaper. */
#define FSYNC_MAX 16
/* Messages and bytes that share one sync: more of them make the next id wait longer than it saves. */
#define GROUP_MESSAGES 1000
#define GROUP_BYTES (64 << 20)
/* A batch larger than this is spread over buckets after it was published. */
#define SPREAD 500
/* One push in so many looks for the litter of dead writers. */
#define SWEEP 64
/* What an imported message is to be. */
struct known {
	enum state state;
	struct msgname name;
};

struct pending {
	char tmp[41];
	struct known *known;	/* NULL: it is new */
	int64_t size;
	int32_t head;	/* bytes of its headers; those of the options may be others for the next */
	int fd;		/* until it is synced; -1: closed */
	bool synced;
};

struct batch {
	struct queue *q;
	struct push_options opt;
	int tmpfd;		/* where the files are written: tmp/, the batch's own directory, or new/ */
	int anchor;		/* drop: a file for syncfs, as new/ cannot be opened; else -1 */
	char dir[48];		/* atomic: the name of that directory in tmp/ */
	struct pending *p;	/* those that ended, and at [n] the one being written */
	size_t n, cap;
	bool writing;
	uint64_t bytes;
	usec_t last;		/* greatest time given to an id */
	struct place newest;	/* where the last of those published together was put; file "": nowhere yet */
	int fence;		/* once: keeps the writer's lock until it is published; else -1 */
	bool duplicate;		/* once: it had been there before */
	/* Of a sync or close that failed: nothing is published any more, for a second sync would lie. */
	struct error broken;
};

/* ---- writing ---------------------------------------------------------- */

static enum status
atomic_dir(struct batch *b, struct error *err)
{
	char name[40];
	enum status st;
	int tmp;

	if ((st = queue_tmp(b->q, &tmp, err)) != ST_OK)
		return st;
	tmp_name(name);
	(void)snprintf(b->dir, sizeof(b->dir), "%s.d", name);
	st = fs_mkdir(tmp, b->dir, queue_dir_mode(b->q), b->q->owner, err);
	if (st == ST_OK)
		st = fs_open_dir(tmp, b->dir, false, &b->tmpfd, err);
	if (st == ST_GONE || st == ST_EXISTS)
		st = error_set(err, ST_NOCREATE, 0, "queue %s: tmp/ went away", b->q->name);
	return st;
}

static enum state
target(const struct batch *b)
{
	return b->opt.delay > 0 ? STATE_DELAYED : STATE_READY;
}

/* What lies in new/ has nothing but its bytes. */
static enum status
drop_open(struct batch *b, struct error *err)
{
	const struct push_options *o = &b->opt;
	char name[41] = ".";
	enum status st;

	if (o->atomic || o->delay > 0 || o->expire > 0 || o->priority != PRIORITY_DEFAULT ||
	    o->key != NULL || (o->headers != NULL && o->headers->len > 0) || o->once != NULL)
		return error_set(err, ST_DENIED, 0, "you may only drop plain messages into queue '%s', "
		    "without priority, delay, expiry, key, headers, --id or --atomic", b->q->name);
	b->tmpfd = b->q->newfd;
	tmp_name(name + 1);
	st = fs_create(b->tmpfd, name, queue_drop_mode(b->q), OWNER_SELF, &b->anchor, err);
	return st == ST_OK ? fs_unlink(b->tmpfd, name, err) : st;
}

static enum status
all_states(struct queue *q, struct error *err)
{
	enum status st = ST_OK;
	int fd;

	for (int s = 0; st == ST_OK && s < NSTATES; s++)
		st = queue_state(q, (enum state)s, &fd, err);
	return st;
}

enum status
batch_open(struct queue *q, const struct push_options *opt, struct batch **out,
    struct error *err)
{
	struct batch *b = calloc(1, sizeof(*b));
	enum status st;
	int fd;

	*out = NULL;
	if (b == NULL)
		return queue_fail(q, err, ENOMEM, "push");
	b->q = q;
	b->opt = *opt;
	b->tmpfd = b->anchor = b->fence = -1;
	/* Before anything is written: a descriptor short must not be met after the commit. */
	if (q->drop)
		st = drop_open(b, err);
	else if ((st = opt->import ? all_states(q, err) : queue_state(q, target(b), &fd, err)) == ST_OK)
		st = opt->atomic ? atomic_dir(b, err) : queue_tmp(q, &b->tmpfd, err);
	if (st != ST_OK) {
		batch_close(b);
		return st;
	}
	*out = b;
	return ST_OK;
}

static enum status
room(struct batch *b)
{
	struct pending *p;
	size_t cap;

	if (b->n < b->cap)
		return ST_OK;
	cap = b->cap == 0 ? 4 : b->cap * 2;
	if ((p = reallocarray(b->p, cap, sizeof(*p))) == NULL)
		return ST_AGAIN;
	b->p = p;
	b->cap = cap;
	return ST_OK;
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
	p->known = NULL;
	b->writing = false;
}

static const char *
where(const struct batch *b)
{
	return b->q->drop ? "new/" : "tmp/";
}

enum status
batch_begin(struct batch *b, struct error *err)
{
	struct error creating;
	struct pending *p;
	enum status st;

	if (room(b) != ST_OK)
		return queue_fail(b->q, err, ENOMEM, "push");
	p = &b->p[b->n];
	p->known = NULL;
	p->size = 0;
	p->head = b->opt.headers == NULL ? 0 : (int32_t)b->opt.headers->len;
	p->synced = !queue_synced(b->q);
	p->tmp[0] = '.';
	tmp_name(p->tmp + (b->q->drop ? 1 : 0));
	error_clear(&creating);
	st = fs_create(b->tmpfd, p->tmp, b->q->drop ? queue_drop_mode(b->q) : queue_file_mode(b->q), b->q->owner,
	    &p->fd, &creating);
	if (st != ST_OK) {
		st = queue_fail(b->q, err, creating.errnum, "cannot make a file in %s", where(b));
		return creating.errnum == EROFS ? (err->status = ST_NOCREATE) : st;
	}
	b->writing = true;
	/* Where locks don't work, an hour's grace protects us from the sweepers. */
	(void)fs_lock(p->fd, 1LL << 62, true);
	if (b->opt.once != NULL && (b->fence = fs_share(p->fd)) == -1)
		st = queue_fail(b->q, err, errno, "push");
	if (st == ST_OK && b->opt.headers != NULL && p->head > 0) {
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

static enum status
close_pending(struct pending *p, struct error *err)
{
	int fd = p->fd;

	p->fd = -1;
	if (fd != -1 && close(fd) == -1)
		return error_sys(err, errno, "close");
	return ST_OK;
}

enum status
batch_end(struct batch *b, struct error *err)
{
	enum status st = ST_OK;

	b->writing = false;
	b->bytes += (uint64_t)b->p[b->n].size;
	b->n++;
	/* Descriptors are for fsync; with many messages syncfs takes its place. */
	if (!queue_synced(b->q) || b->n > FSYNC_MAX)
		for (size_t i = b->n > FSYNC_MAX + 1 || !queue_synced(b->q) ? b->n - 1 : 0;
		    i < b->n; i++) {
			if (close_pending(&b->p[i], &b->broken) != ST_OK) {
				*err = b->broken;
				st = err->status;
			}
		}
	return st;
}

enum status
batch_body(struct batch *b, int *fd, struct error *err)
{
	if ((*fd = fs_open_read(b->tmpfd, b->p[b->n].tmp)) == -1)
		return queue_fail(b->q, err, errno, "read the message in %s", where(b));
	return ST_OK;
}

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

void
batch_keep(const struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		fs_touch(b->tmpfd, b->p[i].tmp);
}

/* The queue takes them, and those that get what a topic gets: of these it has as much as ahead of now. */
static enum status
taken(const struct batch *b, uint64_t ahead, uint64_t ahead_bytes, uint64_t messages, uint64_t bytes, usec_t now,
    struct error *err)
{
	enum status st = push_allowed(b->q, messages, bytes, now, err);

	if (st != ST_OK || b->opt.gate == NULL)
		return st;
	return gate_allowed(b->opt.gate, ahead, ahead_bytes, messages, bytes, now, err);
}

enum status
batch_allowed(const struct batch *b, usec_t now, struct error *err)
{
	if (b->opt.atomic)
		return taken(b, 0, 0, b->n, b->bytes, now, err);
	return taken(b, 0, 0, 1, b->n > 0 ? (uint64_t)b->p[0].size : 0, now, err);
}

/* ---- publishing ------------------------------------------------------- */

/* What was tried once is not tried again: published after a wait, or refused for good. */
static enum status
sync_data(struct batch *b, struct error *err)
{
	enum status st = b->broken.status;
	bool all = b->n > FSYNC_MAX;

	if (st == ST_OK && all && !b->p[b->n - 1].synced)
		st = fs_sync_all(b->q->drop ? b->anchor : b->tmpfd, &b->broken);
	for (size_t i = 0; st == ST_OK && i < b->n; i++) {
		struct pending *p = &b->p[i];
		if (!p->synced && !all && (st = fs_sync(p->fd, &b->broken)) == ST_OK)
			st = close_pending(p, &b->broken);
		p->synced = true;
	}
	if (st != ST_OK)
		*err = b->broken;
	return st;
}

static void
make_name(struct batch *b, const struct pending *p, usec_t now, struct msgname *n)
{
	usec_t policy = b->q->policy.expire;
	/* Within a batch, and if the clock stands still: a microsecond apart, in order. */
	usec_t at = now > b->last ? now : b->last + 1;

	b->last = at;
	memset(n, 0, sizeof(*n));
	id_make(at, &n->id);
	n->key = at + b->opt.delay;
	n->size = p->size;
	n->priority = b->opt.priority;
	n->head = p->head;
	if (b->opt.key != NULL)
		order_hash(b->opt.key, n->order);
	if (b->opt.expire > 0)
		n->expires = at + (policy > 0 && policy < b->opt.expire ? policy : b->opt.expire);
}

/* Forget the first k pending ones: they are published. */
static void
forget(struct batch *b, size_t k)
{
	for (size_t i = 0; i < k; i++) {
		b->bytes -= (uint64_t)b->p[i].size;
		free(b->p[i].known);
	}
	/* The one being written stands behind the others and goes along. */
	memmove(b->p, b->p + k, (b->n - k + (b->writing ? 1 : 0)) * sizeof(*b->p));
	b->n -= k;
}

/*
 * One more is there.  Where the queue keeps the latest of its key, the one before it goes, of which nobody was told yet; what
 * was there before them stays until they are durable (see batch_publish).
 */
static void
published(struct batch *b, const struct place *at, bool imported, usec_t now)
{
	const struct msgname *n = &at->name;
	struct error ignored;

	counters_state(b->q, at->state, 1, n->size);
	counters_add(b->q, COUNT_PUSHED, 1, now);
	log_event(b->q, imported ? "imported" : at->state == STATE_DELAYED ? "delayed" : "pushed", n, at->state, now);
	error_clear(&ignored);
	if (b->q->policy.latest && b->opt.key != NULL && b->newest.file[0] != '\0')
		(void)!latest_drop(b->q, &b->newest, now, &ignored);
	b->newest = *at;
}

/* Under a name that tells its id, and that nobody can guess. */
static enum status
drop(struct batch *b, const struct pending *p, struct msgname *n, struct error *err)
{
	char name[KEY_LEN + TOKEN_LEN + 2];
	struct stat sb;

	if (fstatat(b->tmpfd, p->tmp, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? ST_GONE : error_sys(err, errno, "%s", p->tmp);
	key_format(n->key, name);
	name[KEY_LEN] = '.';
	token_make(name + KEY_LEN + 1);
	arrival_id(n->key, name, &sb, &n->id);
	return fs_move_own(b->tmpfd, p->tmp, b->tmpfd, name, err);
}

/* What had the turn of its key comes before those that wait for it: nobody is to take one of them meanwhile. */
static void
begun_first(struct batch *b)
{
	struct pending p;
	size_t first = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->p[i].known != NULL && order_begun(&b->p[i].known->name)) {
			p = b->p[i];
			memmove(&b->p[first + 1], &b->p[first], (i - first) * sizeof(p));
			b->p[first++] = p;
		}
}

static enum status
publish_each(struct batch *b, usec_t now, struct msgid *ids, size_t *k, struct error *err)
{
	enum status st = ST_OK;
	uint64_t ahead = 0;
	struct msgname n;
	struct place at = { .file = "" };

	begun_first(b);
	b->q->careful = true;
	for (*k = 0; *k < b->n; ++*k) {
		struct pending *p = &b->p[*k];
		enum state s = p->known != NULL ? p->known->state : target(b);
		if (p->known == NULL && (st = taken(b, *k, ahead, 1, (uint64_t)p->size, now, err)) != ST_OK)
			break;
		ahead += (uint64_t)p->size;
		if (p->known != NULL)
			n = p->known->name;
		else
			make_name(b, p, now, &n);
		st = b->q->drop ? drop(b, p, &n, err) :
		    bucket_put(b->q, b->tmpfd, p->tmp, s, &n, &at, err);
		if (st == ST_GONE || st == ST_EXISTS)
			st = error_set(err, ST_IO, 0, "queue %s: a file of ours in %s was removed",
			    b->q->name, where(b));
		if (st != ST_OK)
			break;
		ids[*k] = n.id;
		if (p->known != NULL)
			order_came(b->q, &at);
		if (!b->q->drop)
			published(b, &at, p->known != NULL, now);
	}
	b->q->careful = false;
	return st;
}

/* One message under a key: *k is 1 also for that of another, which was there before. */
static enum status
publish_once(struct batch *b, usec_t now, struct msgid *ids, size_t *k, struct error *err)
{
	struct pending *p = &b->p[0];
	struct msgname n;
	enum status st;

	*k = 0;
	if ((st = taken(b, 0, 0, 1, (uint64_t)p->size, now, err)) != ST_OK)
		return st;
	make_name(b, p, now, &n);
	st = once_publish(b->q, b->opt.once, b->tmpfd, p->tmp, &n, now, &b->duplicate, err);
	if (st == ST_GONE || st == ST_EXISTS)
		return error_set(err, ST_IO, 0, "queue %s: a file of ours in tmp/ was removed", b->q->name);
	if (st == ST_OK || st == ST_UNSURE) {
		ids[0] = n.id;
		*k = 1;
	}
	return st;
}

/* A great bucket costs each claim its size: move all but the first names on to buckets of their own. */
static void
spread(struct batch *b, const struct msgname *names, size_t n)
{
	char file[NAME_MAX_LEN + 1];
	struct error ignored;

	error_clear(&ignored);
	for (size_t i = SPREAD; i < n; i++) {
		struct msgname name = names[i];
		name_format(&name, file);
		if (bucket_put(b->q, b->tmpfd, file, target(b), &name, NULL,
		    &ignored) != ST_OK)
			error_clear(&ignored);	/* claimed already, or no room: it is fine where it is */
	}
}

static enum status
name_all(struct batch *b, usec_t now, struct msgname *names, struct error *err)
{
	char file[NAME_MAX_LEN + 1];
	enum status st = ST_OK;

	for (size_t i = 0; st == ST_OK && i < b->n; i++) {
		make_name(b, &b->p[i], now, &names[i]);
		name_format(&names[i], file);
		st = fs_move_own(b->tmpfd, b->p[i].tmp, b->tmpfd, file, err);
		if (st == ST_GONE || st == ST_EXISTS)
			st = error_set(err, ST_IO, 0, "queue %s: a file of ours in %s was removed",
			    b->q->name, where(b));
		(void)strlcpy(b->p[i].tmp, "", sizeof(b->p[i].tmp));
	}
	return st;
}

static enum status
publish_atomic(struct batch *b, usec_t now, struct msgid *ids, size_t *k, struct error *err)
{
	struct place at = { .state = target(b) };
	struct msgname *names;
	enum status st;

	*k = 0;
	if ((st = taken(b, 0, 0, b->n, b->bytes, now, err)) != ST_OK)
		return st;
	if ((names = calloc(b->n + 1, sizeof(*names))) == NULL)
		return queue_fail(b->q, err, ENOMEM, "push");
	st = name_all(b, now, names, err);
	if (st == ST_OK && queue_synced(b->q))
		st = fs_sync(b->tmpfd, err);
	if (st == ST_OK)
		st = bucket_publish_dir(b->q, b->q->tmpfd, b->dir, target(b),
		    bucket_class(target(b), &names[0]), names[0].key, at.bucket, err);
	if (at.bucket[0] != '\0') {
		b->dir[0] = '\0';
		*k = b->n;
		for (size_t i = 0; i < b->n; i++) {
			ids[i] = names[i].id;
			at.name = names[i];
			name_format(&at.name, at.file);
			published(b, &at, false, now);
		}
		/* Messages of one key are parked if need be; moving them while others look would hide some. */
		if (b->n > (size_t)2 * SPREAD && b->opt.key == NULL)
			spread(b, names, b->n);
	}
	free(names);
	return st;
}

static enum status
published_sync(struct batch *b, struct error *err)
{
	enum status st;

	if (!b->q->drop)
		return moves_sync(b->q, err);
	st = queue_synced(b->q) ? fs_sync_all(b->anchor, err) : ST_OK;
	return st == ST_OK ? ST_OK : (err->status = ST_UNSURE);
}

enum status
batch_publish(struct batch *b, usec_t now, void (*done)(void *, const struct msgid *),
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
	st = sync_data(b, err);
	if (st == ST_OK)
		st = b->opt.once != NULL ? publish_once(b, now, ids, &k, err) :
		    b->opt.atomic ? publish_atomic(b, now, ids, &k, err) : publish_each(b, now, ids, &k, err);
	/* What was renamed is in the queue, whatever else failed: sync its directory, or say that it is not certain. */
	error_clear(&syncing);
	if (k > 0 && published_sync(b, &syncing) != ST_OK) {
		*err = syncing;
		st = ST_UNSURE;
	}
	if (k > 0 && !b->q->drop && arc4random_uniform(SWEEP) == 0) {
		reap_litter(b->q->tmpfd, "", true, now, true, NULL, NULL);
		once_sweep(b->q, now);
	}
	if (k > 0 && st != ST_UNSURE && b->opt.key != NULL)
		latest_published(b->q, &b->newest, now);
	for (size_t i = 0; i < k; i++)
		done(arg, &ids[i]);
	forget(b, k);
	free(ids);
	return st;
}

/* Whether the old one still stands where it was found: this very file. */
static bool
in_place(int dir, const struct place *old, const struct stat *was)
{
	struct stat sb;

	return fstatat(dir, old->file, &sb, AT_SYMLINK_NOFOLLOW) == 0 && sb.st_dev == was->st_dev &&
	    sb.st_ino == was->st_ino;
}

/*
 * The new one is there; the old one goes.  Where it does not, or somebody moved it just now, the
 * new one is taken out again; but not if the old one has lost a name: then it is gone, whatever
 * a server that lost its answer says.
 */
static enum status
drop_old(struct queue *q, int dir, const struct place *old, int oldfd, const struct stat *was,
    const struct place *new, struct error *err)
{
	struct error undoing;
	enum status st, undone;
	struct stat sb;
	int fd;

	if ((st = fs_unlink(dir, old->file, err)) == ST_OK)
		return ST_OK;
	if (!in_place(dir, old, was) && fstat(oldfd, &sb) == 0 && sb.st_nlink < was->st_nlink) {
		error_clear(err);
		return ST_OK;
	}
	error_clear(&undoing);
	if ((undone = place_open(q, new, &fd, &undoing)) == ST_OK) {
		undone = fs_unlink(fd, new->file, &undoing);
		(void)close(fd);
	}
	if (undone != ST_OK && undone != ST_GONE)
		return error_set(err, ST_UNSURE, undoing.errnum, "the old version, too, may still be there");
	return st;
}

static enum status
put_new(struct batch *b, const struct place *old, const struct stat *was, struct place *new,
    struct error *err)
{
	struct msgname n = old->name;
	struct queue *q = b->q;
	enum status st;

	if ((st = fs_give(b->tmpfd, b->p[0].tmp, was, err)) != ST_OK)
		return st;
	n.size = b->p[0].size;
	n.head = b->p[0].head;
	n.key++;	/* never the name of the old one */
	q->careful = true;
	st = bucket_put(q, b->tmpfd, b->p[0].tmp, old->state, &n, new, err);
	q->careful = false;
	if (st == ST_OK) {
		forget(b, 1);
		st = moves_sync(q, err);
	}
	return st;
}

enum status
batch_replace(struct batch *b, const struct place *old, int oldfd, usec_t now, struct error *err)
{
	struct place new;
	struct stat was;
	enum status st;
	int dir;

	if (fstat(oldfd, &was) == -1)
		return queue_fail(b->q, err, errno, "edit");
	if ((st = sync_data(b, err)) != ST_OK || (st = place_open(b->q, old, &dir, err)) != ST_OK)
		return st;
	st = in_place(dir, old, &was) ? put_new(b, old, &was, &new, err) : ST_GONE;
	if (st == ST_OK)
		st = drop_old(b->q, dir, old, oldfd, &was, &new, err);
	(void)close(dir);
	if (st == ST_OK)
		log_event(b->q, "edited", &new.name, new.state, now);
	return st;
}

void
batch_newest(const struct batch *b, struct place *p)
{
	*p = b->newest;
}

bool
batch_was_duplicate(const struct batch *b)
{
	return b->duplicate;
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
	}
	if (b->anchor != -1)
		(void)close(b->anchor);
	if (b->fence != -1)
		(void)close(b->fence);
	if (b->opt.atomic && !b->q->drop) {
		if (b->tmpfd != -1)
			(void)close(b->tmpfd);
		if (b->dir[0] != '\0')
			fs_remove_tree(b->q->tmpfd, b->dir);
	}
	free(b->p);
	free(b);
}
