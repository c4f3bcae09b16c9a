/*
 * configure.c: changing the policy of a queue, and the modes that follow from it.
 */
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/modes.h"
#include "spool/lock.h"

#define CONF_MAX 65536
#define LOCK_PATIENCE (5 * USEC)

/* ---- queue.conf ------------------------------------------------------- */

static enum status
queue_group_exists(const char *const *assign, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = assign[i] + strlen("group=");
		if (strncmp(assign[i], "group=", strlen("group=")) == 0 && *name != '\0' &&
		    strcmp(name, "none") != 0 && getgrnam(name) == NULL)
			return error_set(err, ST_USAGE, 0, "no group '%s' on this system", name);
	}
	return ST_OK;
}

enum status
queue_conf_text(struct queue *q, char **text, size_t *len, struct error *err)
{
	enum status st = fs_read_file(q->fd, QUEUE_CONF, false, CONF_MAX, text, len, err);

	return st == ST_NOTFOUND ? ST_OK : st;
}

/* ---- modes ------------------------------------------------------------ */

static enum status
configure_modes(void *arg, const struct mode_of *m, struct error *err)
{
	const struct queue *q = arg;
	struct error why;
	enum status st;

	error_clear(&why);
	st = fs_mend_mode(m->dir, m->name, m->mode, q->owner, &why);
	/*
	 * A file is advice, or was just written with its mode.  If another user's file stays as it
	 * is, nobody is shut out.
	 */
	if (st == ST_OK || st == ST_GONE || (m->file && why.status == ST_DENIED))
		return ST_OK;
	return error_set(err, why.status, why.errnum,
	    "queue %s: set mode and group of %s, which belongs to uid %lu",
	    q->name, m->path, (unsigned long)m->is->st_uid);
}

/* ---- changing --------------------------------------------------------- */

static bool
conf_assigns_key(const char *const *assign, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(assign[i], key, strlen(key)) == 0)
			return true;
	return false;
}

enum status
queue_conf_put(struct queue *q, const char *old, size_t oldlen, const char *const *assign, size_t n,
    struct error *err)
{
	struct policy policy;
	char *text = NULL;
	enum status st;
	size_t len;

	if ((st = queue_group_exists(assign, n, err)) != ST_OK ||
	    (st = conf_edit(old, oldlen, assign, n, &text, &len, err)) != ST_OK)
		return st;
	st = conf_policy_text(q->spool->conf, q->name, text, len, &policy, err);
	if (st == ST_OK)
		st = queue_policy_set(q, &policy, err);
	if (st == ST_OK)
		st = fs_replace_file(q->fd, QUEUE_CONF, text, len, queue_conf_mode(q), q->owner,
		    queue_synced(q), err);
	free(text);
	return st;
}

/* Change the policy while it is locked, so that the text that is read here is the one replaced. */
static enum status
conf_change(struct queue *q, const char *const *assign, size_t n, struct error *err)
{
	char *old = NULL;
	size_t oldlen = 0;
	enum status st;

	if (!queue_stands(q))
		return error_set(err, ST_NOTFOUND, 0, "queue '%s' was removed", q->name);
	if ((st = queue_conf_text(q, &old, &oldlen, err)) == ST_OK)
		st = queue_conf_put(q, old != NULL ? old : "", oldlen, assign, n, err);
	free(old);
	/*
	 * Do this even if they are not changed, because an earlier run may have been stopped
	 * half-way.
	 */
	if (st == ST_OK && (conf_assigns_key(assign, n, "mode=") ||
	    conf_assigns_key(assign, n, "group=")))
		st = queue_modes(q, configure_modes, q, err);
	/*
	 * The policy is read again, because whether its commands are trusted depends on the owner
	 * that the new file has.
	 */
	return st == ST_OK ? queue_policy_load(q, err) : st;
}

static enum status
conf_lock(struct queue *q, int *fd, struct error *err)
{
	enum status st = queue_lock(q, LOCK_POLICY, LOCK_PATIENCE, fd, err);

	return st != ST_EXISTS ? st :
	    error_set(err, ST_AGAIN, 0, "queue %s: another process is changing the policy",
	    q->name);
}

enum status
queue_configure(struct queue *q, const char *const *assign, size_t n, struct error *err)
{
	enum status st;
	int lock;

	if ((st = conf_lock(q, &lock, err)) != ST_OK)
		return st;
	st = conf_change(q, assign, n, err);
	queue_unlock(lock);
	return st;
}

enum status
queue_pause(struct queue *q, int which, bool pause, struct error *err)
{
	static const char *const assign[] = { "paused=no", "paused=pop", "paused=push",
	    "paused=all" };
	enum status st;
	int lock, paused;

	if ((st = conf_lock(q, &lock, err)) != ST_OK)
		return st;
	if ((st = queue_policy_load(q, err)) == ST_OK) {
		paused = pause ? q->policy.paused | which : q->policy.paused & ~which;
		if (paused != q->policy.paused)
			st = conf_change(q, &assign[paused], 1, err);
	}
	queue_unlock(lock);
	return st;
}

/* ---- moving house ----------------------------------------------------- */

enum status
queue_lock_import(struct queue *q, struct error *err)
{
	enum status st = queue_lock(q, LOCK_IMPORT, 0, &q->import_lock, err);

	return st != ST_EXISTS ? st :
	    error_set(err, ST_AGAIN, 0, "another import into queue '%s' is at work", q->name);
}

enum status
queue_sync_all(struct queue *q, struct error *err)
{
	return queue_synced(q) ? fs_sync_all(q->fd, err) : ST_OK;
}
