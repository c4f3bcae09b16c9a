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

#define CONF_MAX 65536

/* ---- queue.conf ------------------------------------------------------- */

enum status
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
queue_conf_write(struct queue *q, const char *text, size_t len, struct error *err)
{
	return fs_replace_file(q->fd, QUEUE_CONF, text, len, queue_conf_mode(q), q->owner,
	    queue_synced(q), err);
}

enum status
queue_conf_text(struct queue *q, char **text, size_t *len, struct error *err)
{
	enum status st = fs_read_file(q->fd, QUEUE_CONF, false, CONF_MAX, text, len, err);

	return st == ST_NOTFOUND ? ST_OK : st;
}

/* ---- modes ------------------------------------------------------------ */

static enum status
modes_apply(void *arg, const struct mode_of *m, struct error *err)
{
	const struct queue *q = arg;
	struct error why;
	enum status st;

	error_clear(&why);
	st = fs_mend_mode(m->dir, m->name, m->mode, q->owner, &why);
	/* A file is advice, or was just written with its mode: that another user's stays as it is keeps nobody out. */
	if (st == ST_OK || st == ST_GONE || (m->file && why.status == ST_DENIED))
		return ST_OK;
	return error_set(err, why.status, why.errnum, "queue %s: set mode and group of %s, which belongs to uid %lu",
	    q->name, m->path, (unsigned long)m->is->st_uid);
}

/* ---- changing --------------------------------------------------------- */

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

	if ((st = queue_group_exists(assign, n, err)) != ST_OK)
		return st;
	st = fs_read_file(q->fd, QUEUE_CONF, false, CONF_MAX, &old, &oldlen, err);
	if (st == ST_OK || st == ST_NOTFOUND)
		st = conf_edit(old != NULL ? old : "", oldlen, assign, n, &text, &len, err);
	if (st == ST_OK)
		st = queue_conf_write(q, text, len, err);
	if (st == ST_OK)
		st = queue_reload(q, err);
	/* Also when they are what they were: a run before may have been stopped half-way. */
	if (st == ST_OK && (assigns(assign, n, "mode=") || assigns(assign, n, "group=")) &&
	    (st = queue_conf_write(q, text, len, err)) == ST_OK)
		st = queue_modes(q, modes_apply, q, err);
	free(old);
	free(text);
	return st;
}
