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

/*
 * stat_mtime: when the file was last written.  stat_ctime: when the file or its inode last changed,
 * a time that nobody can set.
 */
usec_t stat_mtime(const struct stat *sb);
usec_t stat_ctime(const struct stat *sb);

/*
 * Take the names from a listing that 'wanted' is true for, and free the listing.  Free the names
 * with names_free.
 */
enum status listing_names(struct listing *l, bool (*wanted)(void *arg, const struct entry *e),
    void *arg, struct names *out, struct error *err) MUST_CHECK;

/*
 * Whether a name stands in a directory.  STANDS_UNKNOWN: an I/O error or a lack of rights hides it.
 */
enum stands { STANDS_NOT, STANDS_YES, STANDS_UNKNOWN };
enum stands name_stands(int dir, const char *name);

/*
 * The names in a directory, one by one in no order, however many there are.  Names that start with
 * a dot are left out.
 */
struct each;
/* Begin to read a directory.  ST_GONE: the directory was removed. */
enum status each_open(int dir, struct each **out, struct error *err) MUST_CHECK;
/*
 * Give the next name, which is valid until the next call.  *type is DT_*.  ST_NONE: there are no
 * more.
 */
enum status each_next(struct each *d, const char **name, unsigned char *type,
    struct error *err) MUST_CHECK;
void each_close(struct each *d);

/*
 * A walk gives the names in a directory, sorted.  It reads them in windows of bounded size, and
 * reads each window before it gives out the first of its names, so that the caller may move the
 * files.  A walk over -1 finds nothing.
 */
struct walk {
	int dir;	/* the caller's */
	size_t window;
	struct listing names;
	size_t next;
	bool more;
	char after[NAME_MAX_LEN + 1];
};
/* Begin a walk over the names greater than 'after'. */
void walk_begin(struct walk *w, int dir, const char *after, size_t window);
/*
 * The next entry, which is valid until the next call.  ST_NONE: there are no more, or the directory
 * was removed.
 */
enum status walk_next(struct walk *w, const struct entry **e, struct error *err) MUST_CHECK;
void walk_end(struct walk *w);

#endif
