/*
 * reap.c: what any command does on its way, because there is no daemon: it returns delayed
 * messages that are due, adopts the files in new/, and removes what dead writers left in tmp/.
 * Claims that have lapsed are in lapse.c, and the purge of kept messages is in done.c.
 *
 * Each step is one rename of the very name that was examined, so any number of processes may do
 * this at once.  A process that comes second gets ST_GONE and goes on.  The work of one call is
 * bounded.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/counters.h"
#include "spool/log.h"
#include "view/scan.h"
#include "pattern/leave.h"
#include "life/fail.h"
#include "life/dropped.h"
#include "life/reap.h"

/* The most files that one call adopts from new/. */
#define ADOPT_MAX 4096
/* How many names of delayed/ are read at a time. */
#define DUE_WINDOW 128
/* The age at which a file or a directory in tmp/ that nobody has locked is litter. */
#define STALE_FILE (3600 * USEC)
#define STALE_DIR (36LL * 3600 * USEC)

/* ---- due -------------------------------------------------------------- */

enum status
reap_return(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	struct leave l = { .to = q, .state = STATE_READY, .name = p->name, .event = "due" };

	if (expired(q, &p->name, now))
		return fail_expired(q, p, now, err);
	l.name.key = id_time(&l.name.id);
	return leave(q, p, &l, now, err);
}

/* Return the messages of one bucket of delayed/ that are due. */
static enum status
due_in_bucket(struct queue *q, const struct bucket *b, usec_t now, unsigned *left,
    bool *empty, usec_t *wake, struct passed *over, struct error *err)
{
	struct place p = { .state = STATE_DELAYED };
	const struct entry *e;
	struct walk w;
	enum status st;
	int dir;

	*empty = false;
	if ((st = bucket_open(shelf_of(q, STATE_DELAYED), b, &dir, err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	(void)strlcpy(p.bucket, b->name, sizeof(p.bucket));
	walk_begin(&w, dir, "", DUE_WINDOW);
	*empty = true;
	while ((st = walk_next(&w, &e, err)) == ST_OK) {
		*empty = false;
		if (e->type != DT_REG || name_parse(e->name, &p.name) != NAME_OK)
			continue;
		if (p.name.key > now || *left == 0) {
			wake_at(wake, p.name.key > now ? p.name.key : now);
			break;
		}
		(void)strlcpy(p.file, e->name, sizeof(p.file));
		st = reap_return(q, &p, now, err);
		if (st == ST_OK)
			--*left;
		else if (st != ST_GONE && (st = pass_over(over, err)) != ST_OK)
			break;
	}
	*empty = *empty && st == ST_NONE;
	walk_end(&w);
	(void)close(dir);
	return st == ST_NONE || st == ST_GONE ? ST_OK : st;
}

void
reap_due(struct queue *q, usec_t now, usec_t *wake, struct passed *over)
{
	unsigned left = REAP_MAX;
	struct error err;
	struct buckets bs;
	enum status st;
	bool empty;

	error_clear(&err);
	if ((st = buckets_before(shelf_of(q, STATE_DELAYED), now, &bs, &err)) != ST_OK) {
		(void)pass_over(over, &err);
		return;
	}
	for (size_t i = 0; st == ST_OK && i < bs.n; i++) {
		if (bs.b[i].key > now || left == 0) {
			/* No message in a bucket is due before the key in the bucket's name. */
			wake_at(wake, bs.b[i].key > now ? bs.b[i].key : now);
			break;
		}
		st = due_in_bucket(q, &bs.b[i], now, &left, &empty, wake, over, &err);
		if (empty)
			bucket_remove_empty(shelf_of(q, STATE_DELAYED), &bs, i);
		if (st != ST_OK)
			st = pass_over(over, &err);
	}
	buckets_free(&bs);
}

/* ---- new/ ------------------------------------------------------------- */

/*
 * Check that the adopted file is the one that was looked at.  Its producer may have put another
 * file under that name meanwhile: then it gets the name that fits.
 */
static enum status
reap_adopted(struct queue *q, const struct place *p, const struct place *at, struct error *err)
{
	struct place is;
	enum status st;
	int dir;

	if ((st = place_open(q, at, &dir, err)) != ST_OK)
		return st;
	st = arrival_at(dir, at->file, p->file, &is, err);
	if (st == ST_OK && (is.name.size != p->name.size ||
	    memcmp(is.name.id.text + ID_RANDOM, p->name.id.text + ID_RANDOM,
	    ID_LEN - ID_RANDOM) != 0))
		st = bucket_put(q, dir, at->file, STATE_READY, &is.name, NULL, err);
	(void)close(dir);
	return st == ST_NONE ? ST_OK : st;
}

static bool
reap_unreadable(struct queue *q, const struct place *p)
{
	return faccessat(q->newfd, p->file, R_OK, AT_EACCESS) == -1 && errno == EACCES;
}

/* Adopt one file.  *at becomes its place. */
static enum status
reap_adopt(struct queue *q, struct place *p, usec_t now, struct place *at, struct error *err)
{
	struct failure why = { .reason = "unreadable",
	    .text = "whoever consumes here may not read it" };
	bool sealed = queue_is_drop_box(q) && reap_unreadable(q, p);
	enum state to = sealed ? STATE_DEAD : STATE_READY;
	enum status st;

	if (sealed) {
		/*
		 * A message that nobody may read must not stand in the way for ever.  But other
		 * consumers may be allowed to read it, so they get some time.
		 */
		if (now - p->name.key < SEALED_GRACE)
			return error_set(err, ST_DENIED, EACCES, "message %s may not be read",
			    p->name.id.text);
		(void)strlcpy(p->name.reason, why.reason, sizeof(p->name.reason));
		p->name.key = now;
	}
	st = bucket_put(q, q->newfd, p->file, to, &p->name, at, err);
	if (st != ST_OK)
		return st;
	counters_state(q, to, 1, p->name.size);
	counters_add(q, sealed ? COUNT_DEAD : COUNT_PUSHED, 1, now);
	log_event(q, sealed ? "dead" : "pushed", &p->name, to, now);
	if (sealed)
		record_add(q, &p->name.id, 0, &why, now, false);
	return ST_OK;
}

void
reap_new(struct queue *q, usec_t now, struct passed *over)
{
	struct arrivals a;
	struct error err;
	struct place p, at;
	enum status st;
	usec_t last = 0;

	error_clear(&err);
	if ((st = arrivals_list(q, NULL, ADOPT_MAX, &a, &err)) != ST_OK) {
		(void)pass_over(over, &err);
		return;
	}
	for (size_t i = 0; st == ST_OK && i < a.n; i++) {
		arrival_place(&a.a[i], &p);
		/* Files that arrived within one tick of the clock keep their order, too. */
		if (p.name.key <= last)
			p.name.key = last + 1;
		last = p.name.key;
		if ((st = reap_adopt(q, &p, now, &at, &err)) == ST_OK)
			st = reap_adopted(q, &p, &at, &err);
		if (st != ST_OK)
			st = st == ST_GONE ? ST_OK : pass_over(over, &err);
	}
	arrivals_free(&a);
}

/* ---- tmp/ ------------------------------------------------------------- */

static bool
reap_is_litter(int dir, const char *name, usec_t now, bool *tree)
{
	struct stat sb;
	int fd = fs_open_read(dir, name);
	usec_t age;
	bool yes;

	if (fd == -1)
		return false;
	yes = fstat(fd, &sb) == 0;
	age = now - stat_mtime(&sb);
	*tree = S_ISDIR(sb.st_mode);
	/*
	 * A locked directory has a living writer.  Where the lock of a directory cannot be asked
	 * for, its age decides; a file is litter only if it is certain that it has no lock.
	 */
	yes = yes && (*tree ? age > STALE_DIR && fs_dir_locked(fd) != 1 : S_ISREG(sb.st_mode) &&
	    age > STALE_FILE &&
	    fs_locked(fd, 1LL << 62) == 0);
	(void)close(fd);
	return yes;
}

void
reap_litter(int dir, const char *prefix, bool trees, usec_t now, bool remove,
    void (*seen)(void *arg, const char *name, bool removed), void *arg)
{
	struct error err;
	struct listing l;
	bool tree, removed;

	error_clear(&err);
	if (fs_list(dir, "", 0, true, &l, NULL, &err) != ST_OK)
		return;
	for (size_t i = 0; i < l.n; i++) {
		if (strncmp(l.e[i].name, prefix, strlen(prefix)) != 0 ||
		    !reap_is_litter(dir, l.e[i].name, now, &tree) || (tree && !trees))
			continue;
		removed = remove && (tree ? fs_remove_tree(dir, l.e[i].name) :
		    fs_unlink(dir, l.e[i].name, &err) == ST_OK);
		error_clear(&err);
		if (seen != NULL)
			seen(arg, l.e[i].name, removed);
	}
	listing_free(&l);
}
