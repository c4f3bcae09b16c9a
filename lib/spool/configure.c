/*
 * configure.c: changing the policy of a queue, and the modes that follow from it.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/counters.h"

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
		st = set_modes(q, err);
	free(old);
	free(text);
	return st;
}
