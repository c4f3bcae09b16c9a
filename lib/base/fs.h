/*
 * fs.h: the only place that creates, renames, links, unlinks or syncs.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <sys/stat.h>

#include "base/base.h"

/* Who is to own what is made; -1: who makes it.  Only root gives files away: see queue_owner. */
struct owner {
	uid_t uid;
	gid_t gid;
};
#define OWNER_SELF ((struct owner){ (uid_t)-1, (gid_t)-1 })

/* All names are relative to a descriptor; none of these follows a last symbolic link unless it says so. */
enum status fs_open_dir(int dirfd, const char *name, bool follow, int *fd, struct error *) MUST_CHECK;
/* A directory that we may enter, if not read. */
enum status fs_open_path(int dirfd, const char *name, int *fd, struct error *) MUST_CHECK;
/* Open for reading without blocking on a FIFO or following a link; errno is the caller's to judge.  -1 on failure. */
int fs_open_read(int dirfd, const char *name);
/* As fs_open_read, for reading and writing (advice files only).  create: make it if it is not there. */
int fs_open_shared(int dirfd, const char *name, bool create, mode_t mode);
/* A new file that did not exist, for writing. */
enum status fs_create(int dirfd, const char *name, mode_t mode, struct owner, int *fd, struct error *) MUST_CHECK;
/* A whole small file: NUL-terminated text, freed by the caller.  ST_NOTFOUND: not there. */
enum status fs_read_file(int dirfd, const char *name, bool follow, size_t max, char **text, size_t *len, struct error *) MUST_CHECK;
/* As fs_read_file; what fstat said of the very file that was read. */
enum status fs_read_file_stat(int dirfd, const char *name, bool follow, size_t max, char **text, size_t *len, struct stat *,
    struct error *) MUST_CHECK;
/* Replace a file by one rename, durably if sync. */
enum status fs_replace_file(int dirfd, const char *name, const char *text, size_t len, mode_t mode, struct owner, bool sync, struct error *) MUST_CHECK;
/* Open to append, made if need be; not blocking on a FIFO or following a link.  -1 on failure, errno is the caller's. */
int fs_open_append(int dirfd, const char *name, mode_t mode);
/* Append text with one write; the file is made if need be. */
enum status fs_append(int dirfd, const char *name, const char *text, size_t len, mode_t mode, struct owner, bool sync, struct error *) MUST_CHECK;
enum status fs_write(int fd, const void *, size_t, struct error *) MUST_CHECK;
/* A directory that the user's umask decides about (the spool itself).  As fs_mkdir otherwise. */
enum status fs_mkdir_default(int dirfd, const char *name, struct error *) MUST_CHECK;
/* mkdir, with mode and group whatever the umask.  ST_EXISTS, ST_GONE (the parent went, or others took the new one) are silent. */
enum status fs_mkdir(int dirfd, const char *name, mode_t mode, struct owner, struct error *) MUST_CHECK;
/* Mode and group of an open directory or file. */
/* Owner, group and mode of a file that we made, as those of another; as much of it as we may. */
struct stat;
enum status fs_give(int dirfd, const char *name, const struct stat *like, struct error *) MUST_CHECK;
enum status fs_set_mode(int fd, mode_t mode, struct owner, struct error *) MUST_CHECK;
/* Rename that replaces nothing where the kernel can tell.  ST_GONE: no source (or a directory went); ST_EXISTS. */
enum status fs_move(int fromfd, const char *from, int tofd, const char *to, struct error *) MUST_CHECK;
/* fs_move of what has a name that only we know: that a network file system lost the answer does not matter. */
enum status fs_move_own(int fromfd, const char *from, int tofd, const char *to, struct error *) MUST_CHECK;
/* Rename a directory to a name that is free, or that of an empty directory; else ST_EXISTS. */
enum status fs_move_onto_empty(int fromfd, const char *from, int tofd, const char *to, struct error *err) MUST_CHECK;
/* Rename that replaces what has the name. */
enum status fs_replace(int fromfd, const char *from, int tofd, const char *to, struct error *err) MUST_CHECK;
/* One more name for a file.  ST_GONE, ST_EXISTS as with fs_move. */
enum status fs_link(int fromfd, const char *from, int tofd, const char *to, struct error *err) MUST_CHECK;
/* Whether a link failed so that a copy may be had all the same. */
bool fs_link_refused(const struct error *);
/* ST_GONE: it was not there. */
enum status fs_unlink(int dirfd, const char *name, struct error *) MUST_CHECK;
/* A symbolic link, which is followed by nobody: its text is a fact that is made by one call.  ST_EXISTS, silently. */
enum status fs_symlink(const char *text, int dirfd, const char *name, struct error *) MUST_CHECK;
/* ST_GONE: it is not there; ST_BADDATA: no link, or its text does not fit into size bytes with a NUL. */
enum status fs_read_link(int dirfd, const char *name, char *text, size_t size, struct error *) MUST_CHECK;
/* Set its times to now, if it is there. */
void fs_touch(int dirfd, const char *name);
/* True if it was removed; a directory that is not empty stays. */
bool fs_rmdir(int dirfd, const char *name);
/* Remove a directory and what is in it (a batch or a queue that came to nothing), a few levels deep.  False: it is still there. */
bool fs_remove_tree(int dirfd, const char *name);
/* One attempt, ever: the error must not be retried away. */
enum status fs_sync(int fd, struct error *) MUST_CHECK;
enum status fs_sync_all(int fd, struct error *) MUST_CHECK;	/* syncfs */
/* The fence of a living process: one byte of a file.  False: locks do not work here. */
bool fs_lock(int fd, int64_t offset, bool exclusive);
/* A second descriptor of the open file, which keeps its locks.  -1 on failure, errno is the caller's. */
int fs_share(int fd);
/* Whether somebody holds a lock on that byte: 1 yes, 0 no, -1 cannot tell. */
int fs_locked(int fd, int64_t offset);
/* Lock a directory as a whole for as long as fd is open.  False: another process has it; true also where that cannot be had. */
bool fs_lock_dir(int fd);
/* The same: 1 another process has it, 0 nobody had and now we do, -1 cannot tell. */
int fs_dir_locked(int fd);
/* Whether dirfd is on a file system whose changes inotify does not see (NFS and kin). */
bool fs_is_remote(int dirfd);
/* Free bytes and inodes (INT64_MAX where the file system has no such number). */
enum status fs_space(int dirfd, int64_t *bytes, int64_t *inodes, struct error *) MUST_CHECK;

/* Names in a directory, dot names left out. */
struct entry { char *name; unsigned char type; };	/* DT_*, DT_UNKNOWN asked for and resolved */
struct listing { struct entry *e; size_t n, cap; };
/*
 * The names greater than after, sorted, at most max of them, the smallest ones (max 0: all).
 * *more (may be NULL): whether there are others.  dots: dot names too (but . and ..).
 */
enum status fs_list(int dirfd, const char *after, size_t max, bool dots, struct listing *, bool *more, struct error *) MUST_CHECK;
void listing_free(struct listing *);
/* A name that nobody else uses, for tmp/ (16 random hex digits behind a prefix). */
void tmp_name(char buf[40]);

#endif
