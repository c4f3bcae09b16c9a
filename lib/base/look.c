/*
 * look.c: looking at directories and at what stat says, without changing anything.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/look.h"

static usec_t
look_time(struct timespec t)
{
	return (usec_t)t.tv_sec * USEC + t.tv_nsec / 1000;
}

usec_t
stat_mtime(const struct stat *sb)
{
	return look_time(sb->st_mtim);
}

usec_t
stat_ctime(const struct stat *sb)
{
	return look_time(sb->st_ctim);
}

enum stands
name_stands(int dir, const char *name)
{
	struct stat sb;

	if (fstatat(dir, name, &sb, AT_SYMLINK_NOFOLLOW) == 0)
		return STANDS_YES;
	return errno == ENOENT ? STANDS_NOT : STANDS_UNKNOWN;
}

enum status
listing_names(struct listing *l, bool (*wanted)(void *arg, const struct entry *e), void *arg,
    struct names *out, struct error *err)
{
	memset(out, 0, sizeof(*out));
	if ((out->name = calloc(l->n + 1, sizeof(*out->name))) == NULL) {
		listing_free(l);
		return error_sys(err, ENOMEM, "a list of names");
	}
	out->cap = l->n + 1;
	for (size_t i = 0; i < l->n; i++)
		if (wanted(arg, &l->e[i])) {
			out->name[out->n++] = l->e[i].name;
			l->e[i].name = NULL;
		}
	listing_free(l);
	return ST_OK;
}

/* ---- one by one ------------------------------------------------------- */

struct each {
	int dir;	/* the caller's */
	DIR *stream;
};

enum status
each_open(int dir, struct each **out, struct error *err)
{
	struct each *d;
	enum status st;
	int fd;

	*out = NULL;
	/*
	 * Use a descriptor of our own, because the position in a directory belongs to the open
	 * file.
	 */
	if ((st = fs_open_dir(dir, ".", false, &fd, err)) != ST_OK)
		return st;
	if ((d = malloc(sizeof(*d))) == NULL || (d->stream = fdopendir(fd)) == NULL) {
		st = error_sys(err, errno, "read directory");
		free(d);
		(void)close(fd);
		return st;
	}
	d->dir = dir;
	*out = d;
	return ST_OK;
}

static unsigned char
each_type(const struct each *d, const struct dirent *e)
{
	struct stat sb;

	if (e->d_type != DT_UNKNOWN || fstatat(d->dir, e->d_name, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return e->d_type;
	return (unsigned char)IFTODT(sb.st_mode);
}

enum status
each_next(struct each *d, const char **name, unsigned char *type, struct error *err)
{
	struct dirent *e;

	do {
		errno = 0;
		if ((e = readdir(d->stream)) == NULL)	/* ENOENT: the directory was removed */
			return errno == 0 || errno == ENOENT ? ST_NONE :
			    error_sys(err, errno, "read directory");
	} while (e->d_name[0] == '.');
	*name = e->d_name;
	*type = each_type(d, e);
	return ST_OK;
}

void
each_close(struct each *d)
{
	if (d == NULL)
		return;
	(void)closedir(d->stream);
	free(d);
}

/* ---- in order --------------------------------------------------------- */

void
walk_begin(struct walk *w, int dir, const char *after, size_t window)
{
	memset(w, 0, sizeof(*w));
	w->dir = dir;
	w->window = window;
	w->more = dir != -1;
	(void)strlcpy(w->after, after, sizeof(w->after));
}

enum status
walk_next(struct walk *w, const struct entry **e, struct error *err)
{
	enum status st;

	while (w->next == w->names.n) {
		if (!w->more)
			return ST_NONE;
		if (w->names.n > 0)
			(void)strlcpy(w->after, w->names.e[w->names.n - 1].name, sizeof(w->after));
		listing_free(&w->names);
		w->next = 0;
		st = fs_list(w->dir, w->after, w->window, false, &w->names, &w->more, err);
		if (st != ST_OK) {
			w->more = false;
			return st == ST_GONE ? ST_NONE : st;
		}
	}
	*e = &w->names.e[w->next++];
	return ST_OK;
}

void
walk_end(struct walk *w)
{
	listing_free(&w->names);
}
