/*
 * list.c: the names in a directory, and the removal of small trees.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"

static enum status
listing_add(struct listing *l, const char *name, unsigned char type)
{
	if (l->n == l->cap) {
		size_t cap = l->cap == 0 ? 64 : l->cap * 2;
		struct entry *e = reallocarray(l->e, cap, sizeof(*e));
		if (e == NULL)
			return ST_AGAIN;
		l->e = e;
		l->cap = cap;
	}
	if ((l->e[l->n].name = strdup(name)) == NULL)
		return ST_AGAIN;
	l->e[l->n++].type = type;
	return ST_OK;
}

void
listing_free(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->e[i].name);
	free(l->e);
	memset(l, 0, sizeof(*l));
}

static int
listing_cmp(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name,
	    ((const struct entry *)b)->name);
}

/* Sort the list, and keep the 'max' smallest names (0: all). */
static void
listing_trim(struct listing *l, size_t max)
{
	if (l->n > 0)
		qsort(l->e, l->n, sizeof(*l->e), listing_cmp);
	while (max > 0 && l->n > max)
		free(l->e[--l->n].name);
}

static unsigned char
listing_type(int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return DT_UNKNOWN;
	return (unsigned char)IFTODT(st.st_mode);
}

enum status
fs_list(int dirfd, const char *after, size_t max, bool dots, struct listing *l,
    bool *more, struct error *err)
{
	enum status st = ST_OK;
	struct dirent *d;
	DIR *dir;
	int fd;

	memset(l, 0, sizeof(*l));
	if (more != NULL)
		*more = false;
	/*
	 * Use a descriptor of our own, because the position in a directory belongs to the open
	 * file.
	 */
	if ((st = fs_open_dir(dirfd, ".", false, &fd, err)) != ST_OK)
		return st;
	if ((dir = fdopendir(fd)) == NULL) {
		st = error_sys(err, errno, "read directory");
		(void)close(fd);
		return st;
	}
	while (st == ST_OK) {
		errno = 0;
		if ((d = readdir(dir)) == NULL) {
			if (errno == ENOENT)	/* the directory was removed */
				break;
			if (errno != 0)
				st = error_sys(err, errno, "read directory");
			break;
		}
		if (d->d_name[0] == '.' && (!dots || d->d_name[1] == '\0' ||
		    (d->d_name[1] == '.' && d->d_name[2] == '\0')))
			continue;
		if (after[0] != '\0' && strcmp(d->d_name, after) <= 0)
			continue;
		st = listing_add(l, d->d_name, d->d_type == DT_UNKNOWN ?
		    listing_type(dirfd, d->d_name) : d->d_type);
		if (st != ST_OK)
			st = error_sys(err, ENOMEM, "read directory");
		/*
		 * Drop the greater half now and then, so that memory is bounded however many names
		 * there are.
		 */
		if (max > 0 && l->n >= 2 * max) {
			listing_trim(l, max);
			if (more != NULL)
				*more = true;
		}
	}
	(void)closedir(dir);
	if (st != ST_OK) {
		listing_free(l);
		return st;
	}
	if (max > 0 && l->n > max && more != NULL)
		*more = true;
	listing_trim(l, max);
	return ST_OK;
}

/* ---- trees ------------------------------------------------------------ */

/*
 * Trees that mq makes are three levels deep, but a tree that somebody else made might have no end.
 */
#define DEPTH_MAX 8

static bool
listing_remove_tree(int dirfd, const char *name, int depth)
{
	struct listing l = { 0 };
	struct error err;
	int fd;

	error_clear(&err);
	if (depth == 0 || fs_open_dir(dirfd, name, false, &fd, &err) != ST_OK)
		return false;
	if (fs_list(fd, "", 0, true, &l, NULL, &err) == ST_OK)
		for (size_t i = 0; i < l.n; i++)
			if (fs_unlink(fd, l.e[i].name, &err) != ST_OK)
				(void)listing_remove_tree(fd, l.e[i].name, depth - 1);
	listing_free(&l);
	(void)close(fd);
	return fs_rmdir(dirfd, name);
}

bool
fs_remove_tree(int dirfd, const char *name)
{
	return listing_remove_tree(dirfd, name, DEPTH_MAX);
}

