/*
 * fs.h: the only place that creates, renames, links, unlinks or syncs.
 *
 * All names are relative to a descriptor.  No function follows a symbolic link that is the last
 * part of a name unless it says so.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <sys/stat.h>

#include "base/base.h"

/* ---- fs.c: opening and reading --------------------------------------------- */

/* ST_GONE: there is no such directory. */
enum status fs_open_dir(int dirfd, const char *name, bool follow, int *fd,
    struct error *err) MUST_CHECK;
/* A directory that we may enter, even if we may not read it. */
enum status fs_open_path(int dirfd, const char *name, int *fd, struct error *err) MUST_CHECK;
/* Open for reading; a FIFO does not block.  -1 on failure, and errno says why. */
int fs_open_read(int dirfd, const char *name);
/*
 * An open file once more, for reading from its beginning.  -1 on failure (without /proc, too), and
 * errno says why.
 */
int fs_reopen(int fd);
/* A whole small file: NUL-terminated text, freed by the caller.  ST_NOTFOUND: it is not there. */
enum status fs_read_file(int dirfd, const char *name, bool follow, size_t max, char **text,
    size_t *len, struct error *err) MUST_CHECK;
/* As fs_read_file; *st is what fstat said of the very file that was read. */
enum status fs_read_file_stat(int dirfd, const char *name, bool follow, size_t max, char **text,
    size_t *len, struct stat *st, struct error *err) MUST_CHECK;
enum status fs_write(int fd, const void *data, size_t len, struct error *err) MUST_CHECK;
/*
 * ST_GONE: it is not there; ST_BADDATA: no link, or its text and a NUL do not fit into size bytes.
 */
enum status fs_read_link(int dirfd, const char *name, char *text, size_t size,
    struct error *err) MUST_CHECK;
/* Whether dirfd is on a file system whose changes inotify does not see (NFS and its like). */
bool fs_is_remote(int dirfd);
/* Free bytes and inodes (INT64_MAX where the file system has no such number). */
enum status fs_space(int dirfd, int64_t *bytes, int64_t *inodes, struct error *err) MUST_CHECK;

/* ---- fs.c: names ------------------------------------------------------------ */

/*
 * Rename that replaces nothing where the kernel can tell.  ST_GONE: the source is not there, or one
 * of the directories is not; ST_EXISTS: the target is there.
 */
enum status fs_move(int fromfd, const char *from, int tofd, const char *to,
    struct error *err) MUST_CHECK;
/*
 * fs_move of what has a name that only we know, so that it does not matter if a network file system
 * lost the answer.
 */
enum status fs_move_own(int fromfd, const char *from, int tofd, const char *to,
    struct error *err) MUST_CHECK;
/* Rename a directory to a name that is free, or that of an empty directory; else ST_EXISTS. */
enum status fs_move_onto_empty(int fromfd, const char *from, int tofd, const char *to,
    struct error *err) MUST_CHECK;
/* Rename that replaces what has the name. */
enum status fs_replace(int fromfd, const char *from, int tofd, const char *to,
    struct error *err) MUST_CHECK;
/* Give a file one more name.  ST_GONE and ST_EXISTS as with fs_move. */
enum status fs_link(int fromfd, const char *from, int tofd, const char *to,
    struct error *err) MUST_CHECK;
/* Whether a link failed in such a way that a copy may be had all the same. */
bool fs_link_refused(const struct error *err);
/* ST_GONE: it was not there. */
enum status fs_unlink(int dirfd, const char *name, struct error *err) MUST_CHECK;
/*
 * A symbolic link that nobody follows: its text is a fact that one call makes known.  ST_EXISTS
 * leaves err alone.
 */
enum status fs_symlink(const char *text, int dirfd, const char *name, struct error *err) MUST_CHECK;
/* Set the times of a file to now, if it is there. */
void fs_touch(int dirfd, const char *name);
/* True if the directory was removed; one that is not empty stays. */
bool fs_rmdir(int dirfd, const char *name);
/* fsync, tried once, ever: the error must not be retried away. */
enum status fs_sync(int fd, struct error *err) MUST_CHECK;
/* Whether the kernel is one whose syncfs reports what could not be written: Linux 5.8 and later. */
bool fs_sync_all_tells(void);
/* syncfs of the file system that holds fd. */
enum status fs_sync_all(int fd, struct error *err) MUST_CHECK;

/* ---- make.c: what is made has its final mode, group and owner at once --------- */

/*
 * Who is to own what is made; -1: whoever makes it.  Only root gives files away: see queue_owner.
 */
struct owner {
	uid_t uid;
	gid_t gid;
};
#define OWNER_SELF ((struct owner){ (uid_t)-1, (gid_t)-1 })

/*
 * Set the umask to 0, so that each mode counts as it is given; fs_give_umask puts the user's umask
 * back, for a child that runs a program of the user.
 */
void fs_take_umask(void);
void fs_give_umask(void);
/* ST_EXISTS and ST_GONE (the directory above went, or others took the new one) leave err alone. */
enum status fs_mkdir(int dirfd, const char *name, mode_t mode, struct owner owner,
    struct error *err) MUST_CHECK;
/* As fs_mkdir, for a directory that the user's umask decides about (the spool itself). */
enum status fs_mkdir_default(int dirfd, const char *name, struct error *err) MUST_CHECK;
/* A new file that did not exist, for writing. */
enum status fs_create(int dirfd, const char *name, mode_t mode, struct owner owner, int *fd,
    struct error *err) MUST_CHECK;
/*
 * A file of advice that many share, for reading and writing; it is made if it is not there.  -1 on
 * failure, and errno says why; EMLINK: it has another name, too, so that it may be anybody's.
 */
int fs_make_shared(int dirfd, const char *name, mode_t mode, struct owner owner);
/*
 * As fs_make_shared, for a file that is locked: another name is no harm to one that is not written
 * to, and a copy of the spool made of hard links gives one to each file.
 */
int fs_make_lock(int dirfd, const char *name, mode_t mode, struct owner owner);
/* Open to append; the file is made if need be.  -1 on failure, and errno says why. */
int fs_open_append(int dirfd, const char *name, mode_t mode);
/* Append text to such a file of advice with one write; it is made if need be. */
enum status fs_append(int dirfd, const char *name, const char *text, size_t len, mode_t mode,
    struct owner owner, bool sync, struct error *err) MUST_CHECK;
/* Replace a file by one rename, durably if sync. */
enum status fs_replace_file(int dirfd, const char *name, const char *text, size_t len, mode_t mode,
    struct owner owner, bool sync, struct error *err) MUST_CHECK;
/* Give an open directory or file that mode and owner. */
enum status fs_set_mode(int fd, mode_t mode, struct owner owner, struct error *err) MUST_CHECK;
/*
 * As fs_set_mode, for what may not be opened.  ST_GONE: it is neither a directory nor a file with
 * one name.
 */
enum status fs_mend_mode(int dirfd, const char *name, mode_t mode, struct owner owner,
    struct error *err) MUST_CHECK;
/* Give a file that we made the owner, group and mode of another, as far as we may. */
enum status fs_give(int dirfd, const char *name, const struct stat *like,
    struct error *err) MUST_CHECK;
/* How many more descriptors this process may have, about; fd is any that is open. */
size_t fs_descriptors_left(int fd);
/* A name that nobody else uses, for tmp/: 16 random hex digits behind a prefix. */
void tmp_name(char buf[40]);

/* ---- lock.c ------------------------------------------------------------------ */

/*
 * Lock one byte of a file for as long as it is open.  False: somebody has it, or locks do not work
 * here.
 */
bool fs_lock(int fd, int64_t offset, bool exclusive);
/*
 * A second descriptor of the open file, which keeps its locks.  -1 on failure, and errno says why.
 */
int fs_share(int fd);
/* Whether somebody holds a lock on that byte: 1 yes, 0 no, -1 cannot tell. */
int fs_locked(int fd, int64_t offset);
/*
 * Lock a directory as a whole for as long as fd is open.  False: another process has it.  True also
 * where directories cannot be locked.
 */
bool fs_lock_dir(int fd);
/* As fs_lock_dir: 1 another process has it, 0 nobody had it and now we do, -1 cannot tell. */
int fs_dir_locked(int fd);

/* ---- list.c ------------------------------------------------------------------ */

/* The names in a directory; names that start with a dot are left out unless they are asked for. */
struct entry {
	char *name;
	unsigned char type;	/* DT_*; where the directory does not say, the file was asked */
};
struct listing {
	struct entry *e;
	size_t n, cap;
};
/*
 * The names greater than after, sorted, at most max of them, the smallest ones (max 0: all).
 * *more (may be NULL): whether there are others.  dots: names with a dot, too (but . and ..).
 */
enum status fs_list(int dirfd, const char *after, size_t max, bool dots, struct listing *l,
    bool *more, struct error *err) MUST_CHECK;
void listing_free(struct listing *l);
/*
 * Remove a directory and what is in it (a batch or a queue that came to nothing), a few levels
 * deep. False: it is still there.
 */
bool fs_remove_tree(int dirfd, const char *name);

#endif
