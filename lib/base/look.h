/*
 * look.h: looking at directories and at what stat says, without changing anything.
 */
#ifndef BASE_LOOK_H
#define BASE_LOOK_H

#include <sys/stat.h>

#include "base/base.h"
#include "base/name.h"
#include "base/fs.h"
#include "base/names.h"

/* When a file was last written, and when it or its inode was last changed, which nobody can set. */
usec_t stat_mtime(const struct stat *sb);
usec_t stat_ctime(const struct stat *sb);

/* The wanted names of a listing, which is free after this; free them with names_free. */
enum status listing_names(struct listing *l, bool (*wanted)(void *arg, const struct entry *e),
    void *arg, struct names *out, struct error *err) MUST_CHECK;

/* Whether a name stands in a directory; an I/O error or a lack of rights leaves it unknown. */
enum stands { STANDS_NOT, STANDS_YES, STANDS_UNKNOWN };
enum stands name_stands(int dir, const char *name);

/*
 * The names in a directory one by one, in no order, whatever their number; names that start with a
 * dot are left out.
 */
struct each;
/* ST_GONE: it was removed. */
enum status each_open(int dir, struct each **out, struct error *err) MUST_CHECK;
/* *type is DT_*.  The name is valid until the next call.  ST_NONE: there are no more. */
enum status each_next(struct each *d, const char **name, unsigned char *type,
    struct error *err) MUST_CHECK;
void each_close(struct each *d);

/*
 * The names in a directory, sorted, in windows of bounded size, each of which is read before the
 * first of its names is given out: whoever walks may move what it gets.  A walk over -1 finds
 * nothing.
 */
struct walk {
	int dir;	/* the caller's */
	size_t window;
	struct listing names;
	size_t next;
	bool more;
	char after[NAME_MAX_LEN + 1];
};
/* after: only names greater than this one. */
void walk_begin(struct walk *w, int dir, const char *after, size_t window);
/*
 * The next entry, which is valid until the next call.  ST_NONE: there are no more, or the directory
 * was removed.
 */
enum status walk_next(struct walk *w, const struct entry **e, struct error *err) MUST_CHECK;
void walk_end(struct walk *w);

#endif
