/*
 * modes.c: a walk over all files and directories of a queue whose mode follows from the policy.
 *
 * The walk goes on past a directory that cannot be opened, because the visitor was asked about that
 * directory before.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/queue.h"
#include "spool/modes.h"
#include "spool/lock.h"

struct mode_walk {
	struct queue *q;
	modes_visit *visit;
	void *arg;
	struct error *err;
};

/* A directory of the queue, and how far the walk goes down in it. */
struct branch {
	const char *name;
	int depth;		/* levels of directories below it */
	/* mode of the files in the lowest of them; NULL: the files are not visited */
	mode_t (*files)(const struct queue *);
};

static enum status
modes_one(struct mode_walk *w, struct mode_of *m)
{
	struct stat sb;

	if (fstatat(m->dir, m->name, &sb, AT_SYMLINK_NOFOLLOW) == -1 ||
	    (m->file ? !S_ISREG(sb.st_mode) : !S_ISDIR(sb.st_mode)))
		return ST_OK;
	/* The visitor reads *m->is and does not keep it. */
	/* cppcheck-suppress autoVariables */
	m->is = &sb;
	return w->visit(w->arg, m, w->err);
}

static enum status modes_below(struct mode_walk *w, int dir, const char *path,
    const struct branch *b, mode_t mode, int depth);

static enum status
modes_entry(struct mode_walk *w, int dir, const char *path, const struct entry *e,
    const struct branch *b,
    mode_t mode, int depth)
{
	char below[600];
	struct mode_of m = { .dir = dir, .name = e->name, .path = below, .file = true };

	(void)snprintf(below, sizeof(below), "%s/%s", path, e->name);
	if (depth > 0)
		return e->type == DT_DIR ? modes_below(w, dir, below, b, mode, depth - 1) : ST_OK;
	if (b->files == NULL || e->type != DT_REG)
		return ST_OK;
	m.mode = b->files(w->q);
	return modes_one(w, &m);
}

/*
 * Visit the directory at 'path', and what is below it.  Its name in 'dir' is the last part of
 * 'path'.
 */
static enum status
modes_below(struct mode_walk *w, int dir, const char *path, const struct branch *b, mode_t mode,
    int depth)
{
	const char *slash = strrchr(path, '/');
	struct mode_of m = { .dir = dir, .name = slash != NULL ? slash + 1 : path, .path = path,
	    .mode = mode };
	struct error ignored;
	struct listing l;
	enum status st;
	int fd;

	if ((st = modes_one(w, &m)) != ST_OK || (depth == 0 && b->files == NULL))
		return st;
	error_clear(&ignored);
	if (fs_open_dir(dir, m.name, false, &fd, &ignored) != ST_OK)
		return ST_OK;
	if (fs_list(fd, "", 0, false, &l, NULL, &ignored) == ST_OK) {
		for (size_t i = 0; st == ST_OK && i < l.n; i++)
			st = modes_entry(w, fd, path, &l.e[i], b, mode, depth);
		listing_free(&l);
	}
	(void)close(fd);
	return st;
}

enum status
queue_modes(struct queue *q, modes_visit *visit, void *arg, struct error *err)
{
	static const struct branch branches[] = {
		{ "tmp", 1, NULL },
		{ "failures", 1, queue_file_mode },
		{ "waiting", 2, NULL },
		{ "turns", 1, NULL },
		{ "latest", 0, NULL },
		{ REPLIES, 0, NULL },
		{ "subscriptions", 0, queue_conf_mode },
		{ "topics", 0, NULL },
		{ "once", 1, NULL },
		{ "lost+found", 0, NULL },
	};
	static const struct branch plain = { "new", 0, NULL };
	static const struct {
		const char *name;
		mode_t (*mode)(const struct queue *);
	} advice[] = { { "counters", queue_file_mode }, { ACTIVE_FILE, queue_lock_mode },
	    { LOCK_FILE, queue_lock_mode } };
	struct mode_walk w = { q, visit, arg, err };
	struct mode_of top = { q->spool->fd, q->name, ".", queue_top_mode(q), false, NULL };
	struct mode_of conf = { q->fd, QUEUE_CONF, QUEUE_CONF, queue_conf_mode(q), true, NULL };
	enum status st = modes_one(&w, &conf);

	if (st == ST_OK)
		st = modes_below(&w, q->fd, "new", &plain, queue_new_mode(q), 0);
	for (size_t i = 0; st == ST_OK && i < sizeof(branches) / sizeof(branches[0]); i++)
		st = modes_below(&w, q->fd, branches[i].name, &branches[i], queue_dir_mode(q),
		    branches[i].depth);
	for (int s = 0; st == ST_OK && s < NSTATES; s++)
		st = modes_below(&w, q->fd, state_names[s], &plain, queue_dir_mode(q), 1);
	for (size_t i = 0; st == ST_OK && i < sizeof(advice) / sizeof(advice[0]); i++) {
		struct mode_of file = { q->fd, advice[i].name, advice[i].name, advice[i].mode(q),
		    true, NULL };
		st = modes_one(&w, &file);
	}
	/*
	 * The queue's own directory comes last.  While it is closed to others, nobody sees a queue
	 * that is half done.
	 */
	return st == ST_OK ? modes_one(&w, &top) : st;
}
