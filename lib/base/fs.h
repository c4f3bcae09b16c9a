/*
 * fs.h: creating, renaming, linking, removing and syncing, which happens nowhere else.
 *
 * All names are relative to a descriptor.  No function follows a symbolic link that is the last
 * part of a name unless it says so.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <sys/stat.h>

#include "base/base.h"

/* ---- fs.c: opening and reading --------------------------------------------- */

/* Open a directory.  'follow': it may be a symbolic link.  ST_GONE: it is not there. */
enum status fs_open_dir(int dirfd, const char *name, bool follow, int *fd,
    struct error *err) MUST_CHECK;
/* Open a directory that we may enter but perhaps not read. */
enum status fs_open_path(int dirfd, const char *name, int *fd, struct error *err) MUST_CHECK;
/* Open a file for reading.  A FIFO does not block.  -1 on failure, and errno says why. */
int fs_open_read(int dirfd, const char *name);
/*
 * Open an open file a second time, for reading from its beginning.  -1 on failure, and errno says
 * why.  It also fails where there is no /proc.
 */
int fs_reopen(int fd);
/*
 * Read a small file as a whole, at most 'max' bytes.  *text ends with a NUL and is the caller's to
 * free.  ST_NOTFOUND: the file is not there.
 */
enum status fs_read_file(int dirfd, const char *name, bool follow, size_t max, char **text,
    size_t *len, struct error *err) MUST_CHECK;
/* Like fs_read_file, and *st is what fstat said of the very file that was read. */
enum status fs_read_file_stat(int dirfd, const char *name, bool follow, size_t max, char **text,
    size_t *len, struct stat *st, struct error *err) MUST_CHECK;
enum status fs_write(int fd, const void *data, size_t len, struct error *err) MUST_CHECK;
/*
 * Read the text of a symbolic link.  ST_GONE: it is not there.  ST_BADDATA: it is no link, or its
 * text and a NUL do not fit into 'size' bytes.
 */
enum status fs_read_link(int dirfd, const char *name, char *text, size_t size,
    struct error *err) MUST_CHECK;
/* Whether 'dirfd' is on a file system whose changes inotify does not see, such as NFS. */
bool fs_is_remote(int dirfd);
/* How many bytes and inodes are free.  INT64_MAX: the file system has no such number. */
enum status fs_space(int dirfd, int64_t *bytes, int64_t *inodes, struct error *err) MUST_CHECK;

/* ---- fs.c: names ------------------------------------------------------------ */

/*
 * Rename a file.  Where the kernel can promise it, the rename replaces nothing.  ST_GONE: the
 * source or one of the directories is not there.  ST_EXISTS: the target is there already.
 */
enum status fs_move(int fromfd, const char *from, int tofd, const char *to,
    struct error *err) MUST_CHECK;
/*
 * Like fs_move, for a file whose name only this process knows.  If a network file system lost its
 * answer, and the target is there, the move counts as done.
 */
enum status fs_move_own(int fromfd, const char *from, int tofd, const char *to,
    struct error *err) MUST_CHECK;
/*
 * Rename a directory to a name that is free or belongs to an empty directory.  ST_EXISTS: it is
 * neither.
 */
enum status fs_move_onto_empty(int fromfd, const char *from, int tofd, const char *to,
    struct error *err) MUST_CHECK;
/*
 * Exchange two files that both are there.  ST_GONE: one of them is not.  ST_USAGE: the kernel or
 * the file system cannot do it.
 */
enum status fs_exchange(int onefd, const char *one, int otherfd, const char *other,
    struct error *err) MUST_CHECK;
/* Rename a file, and replace whatever has the new name. */
enum status fs_replace(int fromfd, const char *from, int tofd, const char *to,
    struct error *err) MUST_CHECK;
/* Give a file one more name.  ST_GONE and ST_EXISTS have the same meaning as with fs_move. */
enum status fs_link(int fromfd, const char *from, int tofd, const char *to,
    struct error *err) MUST_CHECK;
/* Whether the file system or the kernel refuses links here, so that a copy may still succeed. */
bool fs_link_refused(const struct error *err);
/* Remove a name.  ST_GONE: it was not there. */
enum status fs_unlink(int dirfd, const char *name, struct error *err) MUST_CHECK;
/*
 * Make a symbolic link that nobody follows.  Its text is a fact, which one call makes known.
 * ST_EXISTS: the name is taken, and 'err' is left alone.
 */
enum status fs_symlink(const char *text, int dirfd, const char *name, struct error *err) MUST_CHECK;
/* Set the times of a file to now, if it is there. */
void fs_touch(int dirfd, const char *name);
/* Remove a directory if it is empty.  True: it was removed. */
bool fs_rmdir(int dirfd, const char *name);
/* Call fsync exactly once, because a second call would hide the error of the first. */
enum status fs_sync(int fd, struct error *err) MUST_CHECK;
/* Whether syncfs of this kernel reports what could not be written, as it does since Linux 5.8. */
bool fs_sync_all_tells(void);
/* Call syncfs for the file system that holds 'fd'. */
enum status fs_sync_all(int fd, struct error *err) MUST_CHECK;

/* ---- make.c: what is made has its final mode, group and owner at once --------- */

/*
 * Who is to own what is made.  -1: whoever makes it.  Only root gives files away: see queue_owner.
 */
struct owner {
	uid_t uid;
	gid_t gid;
};
#define OWNER_SELF ((struct owner){ (uid_t)-1, (gid_t)-1 })

/*
 * fs_take_umask sets the umask to 0, so that each mode is used as it is given.  fs_give_umask puts
 * the user's umask back, in a child that runs a program of the user.
 */
void fs_take_umask(void);
void fs_give_umask(void);
/*
 * Make a directory.  ST_EXISTS: the name is taken.  ST_GONE: the directory above went away, or
 * others removed the new one.  Both leave 'err' alone.
 */
enum status fs_mkdir(int dirfd, const char *name, mode_t mode, struct owner owner,
    struct error *err) MUST_CHECK;
/* Like fs_mkdir, but the user's umask decides about the mode.  This is for the spool itself. */
enum status fs_mkdir_default(int dirfd, const char *name, struct error *err) MUST_CHECK;
/* Create a file that did not exist, and open it for writing. */
enum status fs_create(int dirfd, const char *name, mode_t mode, struct owner owner, int *fd,
    struct error *err) MUST_CHECK;
/*
 * Open a file of advice that many processes share, for reading and writing.  It is made if it is
 * not there.  -1 on failure, and errno says why.  EMLINK: the file has another name, too, so it
 * could be anybody's.
 */
int fs_make_shared(int dirfd, const char *name, mode_t mode, struct owner owner);
/*
 * Like fs_make_shared, for a file that is only locked.  Another name does no harm to a file that
 * nobody writes to, and a copy of the spool made of hard links gives one to each file.
 */
int fs_make_lock(int dirfd, const char *name, mode_t mode, struct owner owner);
/*
 * Open a file to append to it.  It is made if it is not there.  -1 on failure, and errno says why.
 */
int fs_open_append(int dirfd, const char *name, mode_t mode);
/* Append text to a file of advice with one write.  The file is made if it is not there. */
enum status fs_append(int dirfd, const char *name, const char *text, size_t len, mode_t mode,
    struct owner owner, bool sync, struct error *err) MUST_CHECK;
/* Replace a file by one rename.  'sync': make that durable. */
enum status fs_replace_file(int dirfd, const char *name, const char *text, size_t len, mode_t mode,
    struct owner owner, bool sync, struct error *err) MUST_CHECK;
/* Give an open directory or file this mode and this owner. */
enum status fs_set_mode(int fd, mode_t mode, struct owner owner, struct error *err) MUST_CHECK;
/*
 * Like fs_set_mode, for a file or directory that we may not be allowed to open.  ST_GONE: it is
 * neither a directory nor a file with a single name.
 */
enum status fs_mend_mode(int dirfd, const char *name, mode_t mode, struct owner owner,
    struct error *err) MUST_CHECK;
/* Give a file that we made the owner, group and mode of another, as far as we may. */
enum status fs_give(int dirfd, const char *name, const struct stat *like,
    struct error *err) MUST_CHECK;
/* About how many more descriptors this process may open.  'fd' is any open one. */
size_t fs_descriptors_left(int fd);
/* Make a name for tmp/ that nobody else uses: a prefix and 16 random hex digits. */
void tmp_name(char buf[40]);

/* ---- lock.c ------------------------------------------------------------------ */

/*
 * Lock one byte of a file for as long as it is open.  False: somebody else has it, or locks do not
 * work here.
 */
bool fs_lock(int fd, int64_t offset, bool exclusive);
/*
 * Make a second descriptor of the open file, which keeps its locks.  -1 on failure, and errno says
 * why.
 */
int fs_share(int fd);
/* Whether somebody else holds a lock on that byte.  1: yes.  0: no.  -1: that cannot be told. */
int fs_locked(int fd, int64_t offset);
/*
 * Lock a directory as a whole for as long as 'fd' is open.  False: another process has the lock. 
 * It is also true where directories cannot be locked.
 */
bool fs_lock_dir(int fd);
/*
 * Like fs_lock_dir.  1: another process has the lock.  0: nobody had it, and now we do.  -1: that
 * cannot be told.
 */
int fs_dir_locked(int fd);

/* ---- list.c ------------------------------------------------------------------ */

/*
 * The names in a directory.  Names that start with a dot are left out unless the caller asks for
 * them.
 */
struct entry {
	char *name;
	unsigned char type;	/* DT_*; it comes from the file if the directory does not tell */
};
struct listing {
	struct entry *e;
	size_t n, cap;
};
/*
 * List the names greater than 'after', sorted.  If there are more than 'max', list the smallest
 * ones only, and set *more (which may be NULL).  'max' 0: list all.  'dots': include names that
 * start with a dot, except . and ..
 */
enum status fs_list(int dirfd, const char *after, size_t max, bool dots, struct listing *l,
    bool *more, struct error *err) MUST_CHECK;
void listing_free(struct listing *l);
/*
 * Remove a directory and a few levels of what is in it, such as a batch or a queue that came to
 * nothing.  False: it is still there.
 */
bool fs_remove_tree(int dirfd, const char *name);

#endif
