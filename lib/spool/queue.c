/*
 * queue.c: a queue's directory: opening it, laying it out, its policy.
 *
 * A new queue is built under a hidden name, synced and renamed into place, and
 * gets its tmp/ last: who finds a queue with tmp/ knows that the queue itself
 * survives a power failure (spool-format.md section 6).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/policy.h"
#include "spool/keys.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/counters.h"
#include "spool/log.h"

#define QUEUE_CONF "queue.conf"
#define CONF_MAX 65536

/*
 * What root makes in a queue of somebody else is the owner's: whoever works there could not read
 * it else.  A new queue is its spool's owner's.
 */
static struct owner
queue_owner(int dirfd)
{
	struct stat sb;

	if (geteuid() != 0 || dirfd == -1 || fstat(dirfd, &sb) == -1 || sb.st_uid == 0)
		return OWNER_SELF;
	return (struct owner){ sb.st_uid, sb.st_gid };
}

static enum status
policy_load(struct queue *q, struct error *err)
{
	struct group *gr;
	enum status st;

	st = conf_policy(q->spool->conf, q->name, q->fd, &q->policy, err);
	if (st != ST_OK)
		return st;
	q->owner = queue_owner(q->fd != -1 ? q->fd : q->spool->fd);
	if (q->policy.group[0] == '\0')
		return ST_OK;
	if ((gr = getgrnam(q->policy.group)) == NULL)
		return error_set(err, ST_CONF, 0, "queue %s: no group '%s' on this system",
		    q->name, q->policy.group);
	q->owner.gid = gr->gr_gid;
	return ST_OK;
}

bool
queue_stands(const struct queue *q)
{
	struct stat is, was;

	/* What cannot be told is not taken for gone. */
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
	return policy_load(q, err);
}

/* Whether nobody but root and the effective user can have written it; else why not, in words. */
static bool
trusted(uid_t owner, mode_t mode, char *why, size_t size)
{
	if (owner != 0 && owner != geteuid())
		(void)snprintf(why, size, "belongs to another user (uid %lu)", (unsigned long)owner);
	else if ((mode & (S_IWGRP | S_IWOTH)) != 0)
		(void)snprintf(why, size, "may be written by others (mode %04o)", mode & 07777u);
	else
		return true;
	return false;
}

static int
key_of(const char *name)
{
	int key = 0;

	while (strcmp(conf_keys[key].name, name) != 0)
		key++;
	return key;
}

/*
 * Who may write to the queue's directory may put another file in the place of queue.conf, even
 * one of ours, such as a message.  So the directory is looked at first, and then what is in it read.
 */
static enum status
load_command(struct queue *q, const char *name, const char **text, struct error *err)
{
	const int key = key_of(name);
	const char *origin = q->policy.origin[key];
	const struct command *c;
	enum status st;
	struct stat dir;
	char why[64];
	bool own;

	if (fstat(q->fd, &dir) == -1)
		return error_sys(err, errno, "queue %s", q->name);
	if ((st = policy_load(q, err)) != ST_OK)
		return st;
	c = policy_command(&q->policy, key);
	*text = c->text[0] != '\0' ? c->text : NULL;
	if (*text == NULL)
		return ST_OK;
	own = strcmp(origin, QUEUE_CONF) == 0;
	if (own && !trusted(dir.st_uid, dir.st_mode, why, sizeof(why)))
		return error_set(err, ST_CONF, 0, "%s refused: the directory %s/%s %s, who could "
		    "choose what runs here; set it in mq.conf, in [queue %s], and take it out here: mq init %s %s=",
		    name, q->spool->path, q->name, why, q->name, q->name, name);
	if (!trusted(c->uid, c->mode, why, sizeof(why)))
		return error_set(err, ST_CONF, 0, "%s refused: %s%s%s%s %s, who could choose what "
		    "runs here", name, own ? q->spool->path : "", own ? "/" : "", own ? q->name : "",
		    own ? "/" QUEUE_CONF : origin, why);
	return ST_OK;
}

enum status
queue_handler(struct queue *q, const char **handler, struct error *err)
{
	enum status st = load_command(q, "handler", handler, err);

	if (st == ST_OK && *handler == NULL)
		st = error_set(err, ST_CONF, 0, "queue %s has no handler: mq init %s "
		    "handler='COMMAND' sets one", q->name, q->name);
	return st;
}

enum status
queue_accept(struct queue *q, const char **accept, struct error *err)
{
	return load_command(q, "accept", accept, err);
}

static struct queue *
queue_new_object(struct spool *sp, const char *name)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->spool = sp;
	(void)strlcpy(q->name, name, sizeof(q->name));
	q->fd = q->tmpfd = q->newfd = q->window.fd = q->log.fd = q->active.fd = q->remote = -1;
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
	int fds[] = { q->fd, q->tmpfd, q->newfd, q->window.fd, q->active.fd };
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] != -1)
			(void)close(fds[i]);
	for (int s = 0; s < NSTATES; s++)
		shelf_close(&q->shelf[s]);
	free(q);
}

static enum status
name_check(const char *name, struct error *err)
{
	if (queue_name_ok(name))
		return ST_OK;
	return error_set(err, ST_USAGE, 0, "'%s' is not a queue name: letters, digits, '.', '_' "
	    "and '-', at most %d, the first neither '.' nor '-'", name, QUEUE_NAME_MAX);
}

static enum status
dir_open(struct queue *q, struct error *err)
{
	struct error opening;
	enum status st;

	error_clear(&opening);
	st = fs_open_dir(q->spool->fd, q->name, false, &q->fd, &opening);
	if (st == ST_OK)
		return ST_OK;
	if (st == ST_GONE)
		return error_set(err, ST_NOTFOUND, 0, "no queue '%s'", q->name);
	if (opening.errnum == ENOTDIR || opening.errnum == ELOOP)
		return error_set(err, ST_NOTFOUND, 0, "no queue '%s': what has its name in "
		    "the spool is not a directory", q->name);
	return error_sys(err, opening.errnum, "%s/%s", q->spool->path, q->name);
}

static enum status
open_queue(struct spool *sp, const char *name, bool raw, struct queue **out,
    struct error *err)
{
	struct queue *q;
	enum status st;
	int fd;

	*out = NULL;
	if ((st = name_check(name, err)) != ST_OK)
		return st;
	if ((q = queue_new_object(sp, name)) == NULL)
		return error_sys(err, ENOMEM, "open queue");
	st = dir_open(q, err);
	if (st == ST_OK && raw) {
		/* The checker looks at broken queues too: defaults stand in for a broken policy. */
		struct error ignored;
		error_clear(&ignored);
		if (policy_load(q, &ignored) != ST_OK) {
			static const struct conf_files none;
			error_clear(&ignored);
			st = conf_policy(&none, name, -1, &q->policy, err);
		}
	} else if (st == ST_OK) {
		st = policy_load(q, err);
		if (st == ST_OK)
			st = queue_state(q, STATE_READY, &fd, err);
	}
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
	return open_queue(sp, name, false, q, err);
}

enum status
queue_open_raw(struct spool *sp, const char *name, struct queue **q, struct error *err)
{
	return open_queue(sp, name, true, q, err);
}

enum status
queue_open_drop(struct spool *sp, const char *name, struct queue **out, struct error *err)
{
	struct queue *q;
	enum status st;

	*out = NULL;
	if ((st = name_check(name, err)) != ST_OK)
		return st;
	if ((q = queue_new_object(sp, name)) == NULL)
		return error_sys(err, ENOMEM, "open queue");
	q->drop = true;
	if ((st = fs_open_path(sp->fd, name, &q->fd, err)) == ST_OK &&
	    (st = fs_open_path(q->fd, "new", &q->newfd, err)) == ST_OK &&
	    (st = policy_load(q, err)) == ST_OK &&
	    (faccessat(q->fd, "new", R_OK, AT_EACCESS) == 0 ||
	    faccessat(q->fd, "new", W_OK | X_OK, AT_EACCESS) == -1))
		st = error_set(err, ST_DENIED, 0, "queue '%s' is no drop box for you", name);
	if (st != ST_OK) {
		queue_close(q);
		return st == ST_GONE ? error_set(err, ST_NOTFOUND, 0, "no queue '%s'", name) : st;
	}
	q->owner = OWNER_SELF;	/* new/ passes on its own; others may not give files away */
	*out = q;
	return ST_OK;
}

bool
queue_drops_only(const struct queue *q)
{
	return q->drop;
}

/* ---- making one ------------------------------------------------------- */

static enum status
layout_dir(struct queue *q, const char *name, mode_t mode, const char *const *buckets,
    struct error *err)
{
	enum status st;
	int fd;

	st = fs_mkdir(q->fd, name, mode, q->owner, err);
	if (st != ST_OK && st != ST_EXISTS)
		return st;
	if ((st = fs_open_dir(q->fd, name, false, &fd, err)) != ST_OK)
		return st;
	for (; st == ST_OK && *buckets != NULL; buckets++) {
		st = fs_mkdir(fd, *buckets, queue_dir_mode(q), q->owner, err);
		if (st == ST_EXISTS)
			st = ST_OK;
	}
	if (st == ST_OK && queue_synced(q))
		st = fs_sync(fd, err);
	(void)close(fd);
	return st;
}

enum status
queue_layout(struct queue *q, usec_t now, struct error *err)
{
	char plain[BUCKET_MAX], ready[BUCKET_MAX], watched[BUCKET_MAX];
	const char *const none[] = { NULL };
	enum status st;

	bucket_format(0, now, plain);
	bucket_format('0' + PRIORITY_DEFAULT, now, ready);
	bucket_format('w', now, watched);
	/* The directory ready/ is what makes it a queue: last. */
	if ((st = layout_dir(q, "new", queue_new_mode(q), none, err)) != ST_OK ||
	    (st = layout_dir(q, "failures", queue_dir_mode(q), none, err)) != ST_OK)
		return st;
	for (int s = NSTATES - 1; s >= 0; s--) {
		const char *buckets[] = { s == STATE_READY ? ready : plain,
		    s == STATE_CLAIMED ? watched : NULL, NULL };
		if ((st = layout_dir(q, state_names[s], queue_dir_mode(q), buckets, err)) != ST_OK)
			return st;
	}
	return queue_synced(q) ? fs_sync(q->fd, err) : ST_OK;
}

static enum status
group_exists(const char *const *assign, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = assign[i] + strlen("group=");
		if (strncmp(assign[i], "group=", strlen("group=")) == 0 && *name != '\0' &&
		    strcmp(name, "none") != 0 && getgrnam(name) == NULL)
			return error_set(err, ST_USAGE, 0, "no group '%s' on this system", name);
	}
	return ST_OK;
}

static enum status
conf_write(struct queue *q, const char *text, size_t len, struct error *err)
{
	return fs_replace_file(q->fd, QUEUE_CONF, text, len, queue_conf_mode(q), q->owner,
	    queue_synced(q), err);
}

/* The policy that a new queue is to have decides about the modes of all that is in it. */
static enum status
first_conf(struct queue *q, const char *const *assign, size_t n, struct error *err)
{
	char *text;
	enum status st;
	size_t len;

	if (n == 0)
		return ST_OK;
	if ((st = group_exists(assign, n, err)) != ST_OK)
		return st;
	if ((st = conf_edit("", 0, assign, n, &text, &len, err)) != ST_OK)
		return st;
	/* Written, read, and written again with the mode and group that it asks for. */
	st = fs_replace_file(q->fd, QUEUE_CONF, text, len, 0600, OWNER_SELF, false, err);
	if (st == ST_OK && (st = policy_load(q, err)) == ST_OK)
		st = conf_write(q, text, len, err);
	free(text);
	return st;
}

static enum status
make_queue(struct spool *sp, const char *name, const char *const *assign, size_t n,
    struct error *err)
{
	char tmp[48] = NEW_PREFIX;
	struct queue *q;
	enum status st;
	int fd;

	if ((q = queue_new_object(sp, name)) == NULL)
		return error_sys(err, ENOMEM, "make queue");
	tmp_name(tmp + strlen(NEW_PREFIX));
	if ((st = policy_load(q, err)) == ST_OK)
		st = fs_mkdir(sp->fd, tmp, 0700, q->owner, err);
	if (st == ST_OK) {
		st = fs_open_dir(sp->fd, tmp, false, &q->fd, err);
		if (st == ST_OK && (st = first_conf(q, assign, n, err)) == ST_OK &&
		    (st = fs_set_mode(q->fd, queue_top_mode(q), q->owner, err)) == ST_OK &&
		    (st = queue_layout(q, clock_now(), err)) == ST_OK)
			st = fs_move_own(sp->fd, tmp, sp->fd, name, err);
		if (st != ST_OK)
			fs_remove_tree(sp->fd, tmp);	/* ST_EXISTS: another made it meanwhile */
		else
			st = queue_tmp(q, &fd, err);
	}
	queue_close(q);
	if (st == ST_GONE)
		st = error_set(err, ST_NOCREATE, 0, "queue %s: the spool went away", name);
	if (st == ST_IO || st == ST_UNSURE)
		err->status = st = ST_NOCREATE;
	return st == ST_EXISTS ? ST_OK : st;
}

enum status
queue_create(struct spool *sp, const char *name, const char *const *assign, size_t n,
    struct queue **q, struct error *err)
{
	enum status st = queue_open(sp, name, q, err);
	struct error missing = *err;

	if (st != ST_NOTFOUND)
		return st;
	/* Only if there is nothing of that name: anything else is for a person to look at. */
	if (faccessat(sp->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		*err = missing;
		return st;
	}
	error_clear(err);
	if ((st = make_queue(sp, name, assign, n, err)) != ST_OK)
		return st;
	return queue_open(sp, name, q, err);
}

/* ---- moving house ----------------------------------------------------- */

enum status
queue_conf_text(struct queue *q, char **text, size_t *len, struct error *err)
{
	enum status st = fs_read_file(q->fd, QUEUE_CONF, false, CONF_MAX, text, len, err);

	return st == ST_NOTFOUND ? ST_OK : st;
}

enum status
queue_lock_import(struct queue *q, struct error *err)
{
	if (fs_lock_dir(q->fd))
		return ST_OK;
	return error_set(err, ST_AGAIN, 0, "another import into queue '%s' is at work", q->name);
}

enum status
queue_sync_all(struct queue *q, struct error *err)
{
	return queue_synced(q) ? fs_sync_all(q->fd, err) : ST_OK;
}

/* ---- changing the policy ---------------------------------------------- */

static enum status
set_mode_below(struct queue *q, int dirfd, const char *name, mode_t mode, int depth,
    struct error *err)
{
	struct listing l;
	enum status st;
	int fd;

	if ((st = fs_open_dir(dirfd, name, false, &fd, err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	st = fs_set_mode(fd, mode, q->owner, err);
	if (st == ST_OK && depth > 0 && (st = fs_list(fd, "", 0, false, &l, NULL, err)) == ST_OK) {
		for (size_t i = 0; st == ST_OK && i < l.n; i++)
			if (l.e[i].type == DT_DIR)
				st = set_mode_below(q, fd, l.e[i].name, mode, depth - 1, err);
		listing_free(&l);
	}
	(void)close(fd);
	return st;
}

/* Whoever pushes to a topic reads its subscriptions. */
static enum status
set_mode_of_files(struct queue *q, const char *name, struct error *err)
{
	struct listing l;
	enum status st;
	int dir, fd;

	if ((st = fs_open_dir(q->fd, name, false, &dir, err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	if ((st = fs_list(dir, "", 0, false, &l, NULL, err)) == ST_OK) {
		for (size_t i = 0; st == ST_OK && i < l.n; i++) {
			if (l.e[i].type != DT_REG || (fd = fs_open_read(dir, l.e[i].name)) == -1)
				continue;
			st = fs_set_mode(fd, queue_conf_mode(q), q->owner, err);
			(void)close(fd);
		}
		listing_free(&l);
	}
	(void)close(dir);
	return st;
}

/* A queue that is to be shared from now on has to be open to the others. */
static enum status
set_modes(struct queue *q, struct error *err)
{
	static const char *const others[] = { "tmp", "failures", "waiting", "turns", REPLIES, "subscriptions", "topics", "once", "latest" };
	const mode_t mode = queue_dir_mode(q);
	enum status st = set_mode_below(q, q->fd, "new", queue_new_mode(q), 0, err);

	for (size_t i = 0; st == ST_OK && i < sizeof(others) / sizeof(others[0]); i++)
		st = set_mode_below(q, q->fd, others[i], mode, 2, err);
	for (int s = 0; st == ST_OK && s < NSTATES; s++)
		st = set_mode_below(q, q->fd, state_names[s], mode, 1, err);
	if (st == ST_OK)
		st = set_mode_of_files(q, "subscriptions", err);
	counters_share(q);
	return st != ST_OK ? st : fs_set_mode(q->fd, queue_top_mode(q), q->owner, err);
}

static bool
assigns(const char *const *assign, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(assign[i], key, strlen(key)) == 0)
			return true;
	return false;
}

enum status
queue_configure(struct queue *q, const char *const *assign, size_t n, struct error *err)
{
	char *old = NULL, *text = NULL;
	size_t oldlen = 0, len;
	enum status st;

	if ((st = group_exists(assign, n, err)) != ST_OK)
		return st;
	st = fs_read_file(q->fd, QUEUE_CONF, false, CONF_MAX, &old, &oldlen, err);
	if (st == ST_OK || st == ST_NOTFOUND)
		st = conf_edit(old != NULL ? old : "", oldlen, assign, n, &text, &len, err);
	if (st == ST_OK)
		st = conf_write(q, text, len, err);
	if (st == ST_OK)
		st = queue_reload(q, err);
	/* Also when they are what they were: a run before may have been stopped half-way. */
	if (st == ST_OK && (assigns(assign, n, "mode=") || assigns(assign, n, "group=")) &&
	    (st = conf_write(q, text, len, err)) == ST_OK)
		st = set_modes(q, err);
	free(old);
	free(text);
	return st;
}
