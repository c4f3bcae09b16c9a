/*
 * open.c: opening a queue, and reading its policy.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/counters.h"
#include "spool/log.h"

/* ---- the policy ------------------------------------------------------- */

/*
 * The owner of what is made in a directory.  What root makes in the queue of another user belongs
 * to that user, because those who work there could not read it otherwise.  A new queue belongs to
 * the owner of its spool.
 */
static struct owner
queue_owner(int dirfd)
{
	struct stat sb;

	if (geteuid() != 0 || dirfd == -1 || fstat(dirfd, &sb) == -1 || sb.st_uid == 0)
		return OWNER_SELF;
	return (struct owner){ sb.st_uid, sb.st_gid };
}

enum status
queue_policy_set(struct queue *q, const struct policy *p, struct error *err)
{
	struct owner owner = queue_owner(q->fd != -1 ? q->fd : q->spool->fd);
	struct group *gr;

	if (p->group[0] != '\0') {
		if ((gr = getgrnam(p->group)) == NULL)
			return error_set(err, ST_CONF, 0, "queue %s: no group '%s' on this system",
			    q->name, p->group);
		owner.gid = gr->gr_gid;
	}
	q->policy = *p;
	q->owner = owner;
	return ST_OK;
}

enum status
queue_policy_load(struct queue *q, struct error *err)
{
	struct policy p;
	enum status st = conf_policy(q->spool->conf, q->name, q->fd, &p, err);

	return st == ST_OK ? queue_policy_set(q, &p, err) : st;
}

bool
queue_stands(const struct queue *q)
{
	struct stat is, was;

	/* If this cannot be told, the queue counts as standing. */
	if (fstat(q->fd, &was) == -1)
		return true;
	if (fstatat(q->spool->fd, q->name, &is, AT_SYMLINK_NOFOLLOW) == -1)
		return errno != ENOENT;
	return was.st_nlink != 0 && is.st_ino == was.st_ino && is.st_dev == was.st_dev;
}

enum status
queue_reload(struct queue *q, struct error *err)
{
	if (!queue_stands(q))
		return error_set(err, ST_NOTFOUND, 0, "queue '%s' was removed", q->name);
	error_clear(&q->trouble);
	/* Work that is under way goes on under the last policy that could be read. */
	if (queue_policy_load(q, &q->trouble) == ST_OK)
		error_clear(&q->trouble);
	return ST_OK;
}

const struct error *
queue_trouble(const struct queue *q)
{
	return &q->trouble;
}

bool
queue_trouble_news(struct queue *q)
{
	bool told = q->trouble_told;

	q->trouble_told = q->trouble.status != ST_OK;
	return told != q->trouble_told;
}

/* ---- opening ---------------------------------------------------------- */

struct queue *
queue_alloc(struct spool *sp, const char *name)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->spool = sp;
	(void)strlcpy(q->name, name, sizeof(q->name));
	q->fd = q->tmpfd = q->newfd = q->window.fd = q->log.fd = q->active.fd = q->import_lock =
	    q->remote = -1;
	q->owner = OWNER_SELF;
	for (int s = 0; s <= NSTATES; s++)
		q->target[s].fd = -1;
	for (int s = 0; s < NSTATES; s++)
		q->shelf[s] = (struct shelf){ .queue = q, .state = (enum state)s, .fd = -1 };
	return q;
}

void
queue_close(struct queue *q)
{
	if (q == NULL)
		return;
	counters_close(q);
	log_close(q);
	listing_free(&q->window.names);
	free(q->deferred.e);
	targets_drop(q);
	int fds[] = { q->fd, q->tmpfd, q->newfd, q->window.fd, q->active.fd, q->import_lock };
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] != -1)
			(void)close(fds[i]);
	for (int s = 0; s < NSTATES; s++)
		shelf_close(&q->shelf[s]);
	free(q);
}

/* Check the name of a queue.  ST_USAGE: it is no name for one. */
static enum status
queue_name_check(const char *name, struct error *err)
{
	if (queue_name_ok(name))
		return ST_OK;
	return error_set(err, ST_USAGE, 0, "'%s' is not a queue name: letters, digits, '.', '_' "
	    "and '-', at most %d, the first neither '.' nor '-'", name, QUEUE_NAME_MAX);
}

static enum status
open_dir_at(struct queue *q, struct error *err)
{
	struct error opening;
	enum status st;
	struct stat sb;

	error_clear(&opening);
	st = fs_open_dir(q->spool->fd, q->name, false, &q->fd, &opening);
	if (st == ST_OK)
		return ST_OK;
	if (st == ST_GONE)
		return error_set(err, ST_NOTFOUND, 0, "no queue '%s'", q->name);
	if (fstatat(q->spool->fd, q->name, &sb, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(sb.st_mode))
		return error_set(err, ST_NOTFOUND, 0,
		    "'%s' is a symbolic link, which mq does not follow: move the "
		    "queue itself into the spool, or mount its directory there (mount --bind)",
		    q->name);
	if (opening.errnum == ENOTDIR || opening.errnum == ELOOP)
		return error_set(err, ST_NOTFOUND, 0, "no queue '%s': what has its name in "
		    "the spool is not a directory", q->name);
	return error_sys(err, opening.errnum, "%s/%s", q->spool->path, q->name);
}

/* How much of a queue has to be in order to open it. */
enum opening {
	OPEN_ALL,
	OPEN_ANYWAY,	/* the policy may be broken */
	OPEN_RAW	/* ready/ may be missing, too */
};

/* Take as much as can be understood of a policy that cannot be read. */
static void
policy_salvage(struct queue *q)
{
	struct error ignored;
	struct policy p;

	error_clear(&ignored);
	conf_policy_lenient(q->spool->conf, q->name, q->fd, &p, &ignored);
	if (queue_policy_set(q, &p, &ignored) == ST_OK)
		return;
	/* This system does not know the group of the policy. */
	p.group[0] = '\0';
	error_clear(&ignored);
	if (queue_policy_set(q, &p, &ignored) != ST_OK)
		error_clear(&ignored);
}

static enum status
queue_open_how(struct spool *sp, const char *name, enum opening how, struct queue **out,
    struct error *err)
{
	struct queue *q;
	enum status st;
	int fd;

	*out = NULL;
	if ((st = queue_name_check(name, err)) != ST_OK)
		return st;
	if ((q = queue_alloc(sp, name)) == NULL)
		return error_sys(err, ENOMEM, "open queue");
	st = open_dir_at(q, err);
	if (st == ST_OK && how == OPEN_ALL)
		st = queue_policy_load(q, err);
	else if (st == ST_OK && queue_policy_load(q, &q->trouble) != ST_OK)
		policy_salvage(q);
	if (st == ST_OK && how != OPEN_RAW)
		st = queue_state(q, STATE_READY, &fd, err);
	if (st != ST_OK) {
		queue_close(q);
		return st;
	}
	*out = q;
	return ST_OK;
}

enum status
queue_open(struct spool *sp, const char *name, struct queue **q, struct error *err)
{
	return queue_open_how(sp, name, OPEN_ALL, q, err);
}

enum status
queue_open_anyway(struct spool *sp, const char *name, struct queue **q, struct error *err)
{
	return queue_open_how(sp, name, OPEN_ANYWAY, q, err);
}

enum status
queue_open_raw(struct spool *sp, const char *name, struct queue **q, struct error *err)
{
	return queue_open_how(sp, name, OPEN_RAW, q, err);
}

enum status
queue_open_drop(struct spool *sp, const char *name, struct queue **out, struct error *err)
{
	struct queue *q;
	enum status st;

	*out = NULL;
	if ((st = queue_name_check(name, err)) != ST_OK)
		return st;
	if ((q = queue_alloc(sp, name)) == NULL)
		return error_sys(err, ENOMEM, "open queue");
	q->drop = true;
	if ((st = fs_open_path(sp->fd, name, &q->fd, err)) == ST_OK &&
	    (st = fs_open_path(q->fd, "new", &q->newfd, err)) == ST_OK &&
	    (st = queue_policy_load(q, err)) == ST_OK &&
	    (faccessat(q->fd, "new", R_OK, AT_EACCESS) == 0 ||
	    faccessat(q->fd, "new", W_OK | X_OK, AT_EACCESS) == -1))
		st = error_set(err, ST_DENIED, 0, "queue '%s' is no drop box for you", name);
	if (st != ST_OK) {
		queue_close(q);
		return st == ST_GONE ? error_set(err, ST_NOTFOUND, 0, "no queue '%s'", name) : st;
	}
	/* new/ passes its own group on, and only root may give files away */
	q->owner = OWNER_SELF;
	*out = q;
	return ST_OK;
}

bool
queue_drops_only(const struct queue *q)
{
	return q->drop;
}
