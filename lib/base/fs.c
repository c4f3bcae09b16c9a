/*
 * fs.c: opening, renaming, linking, removing and syncing.
 *
 * Every call that changes a directory is in this file or in make.c, so that the rules of durability
 * can be read in one place, and broken on purpose by tests.  Names are relative to a directory
 * descriptor that is held open.  The last part of a name is never followed if it is a symbolic
 * link, and opening never blocks on a FIFO.
 *
 * A rename replaces nothing where the kernel can promise that.
 *
 * fsync is tried once.  After a failed fsync the kernel marks the pages clean, and a second call
 * "succeeds" over lost data.
 *
 * ENOENT on a name that was just seen means that somebody was faster.  That is a status (ST_GONE)
 * and not an error.
 */
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"

#define NOREPLACE 1U	/* RENAME_NOREPLACE of <linux/fs.h> */
#define EXCHANGE 2U	/* RENAME_EXCHANGE */

static enum status
fs_dir_at(int dirfd, const char *name, int flags, int *fd, struct error *err)
{
	*fd = openat(dirfd, name, O_DIRECTORY | O_CLOEXEC | flags);
	if (*fd != -1)
		return ST_OK;
	if (errno == ENOENT)
		return ST_GONE;
	return error_sys(err, errno, "%s", name);
}

enum status
fs_open_dir(int dirfd, const char *name, bool follow, int *fd, struct error *err)
{
	return fs_dir_at(dirfd, name, O_RDONLY | (follow ? 0 : O_NOFOLLOW), fd, err);
}

enum status
fs_open_path(int dirfd, const char *name, int *fd, struct error *err)
{
	return fs_dir_at(dirfd, name, O_PATH | O_NOFOLLOW, fd, err);
}

int
fs_open_read(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC | O_NOCTTY);
}

enum status
fs_write(int fd, const void *data, size_t len, struct error *err)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return error_sys(err, errno, "write");
		p += n;
		len -= (size_t)n;
	}
	return ST_OK;
}

/* People name the null device to say "no file". */
static bool
fs_is_null_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

int
fs_reopen(int fd)
{
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

enum status
fs_read_file(int dirfd, const char *name, bool follow, size_t max, char **text,
    size_t *len, struct error *err)
{
	struct stat st;

	return fs_read_file_stat(dirfd, name, follow, max, text, len, &st, err);
}

enum status
fs_read_file_stat(int dirfd, const char *name, bool follow, size_t max, char **text,
    size_t *len, struct stat *st, struct error *err)
{
	size_t have = 0;
	ssize_t n = 0;
	int fd;

	*text = NULL;
	fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY |
	    (follow ? 0 : O_NOFOLLOW));
	if (fd == -1 && errno == ENOENT)
		return ST_NOTFOUND;
	if (fd == -1 && errno == ELOOP)
		return error_set(err, ST_CONF, 0, "%s: a symbolic link, not a regular file", name);
	if (fd == -1)
		return error_sys(err, errno, "%s", name);
	if (fstat(fd, st) == -1)
		error_sys(err, errno, "%s", name);
	else if (!S_ISREG(st->st_mode) && !(follow && fs_is_null_device(st)))
		error_set(err, ST_CONF, 0, "%s: not a regular file", name);
	else if ((uint64_t)st->st_size > max)
		error_set(err, ST_CONF, 0, "%s: larger than %zu bytes", name, max);
	else if ((*text = malloc(max + 1)) == NULL)
		error_sys(err, ENOMEM, "%s", name);
	else {
		while (have < max && (n = read(fd, *text + have, max - have)) > 0)
			have += (size_t)n;
		if (n == -1)
			error_sys(err, errno, "%s", name);
		(*text)[have] = '\0';
		*len = have;
	}
	(void)close(fd);
	if (*text == NULL || n == -1) {
		free(*text);
		*text = NULL;
		return err->status;
	}
	return ST_OK;
}

/*
 * Call renameat2 directly, because the C library may lack it (musl), or its header the flag.
 */
static int
fs_rename_flag(int fromfd, const char *from, int tofd, const char *to, unsigned flag)
{
	return (int)syscall(SYS_renameat2, fromfd, from, tofd, to, flag);
}

/*
 * Whether the kernel or the file system does not know the flag.  EPERM comes from a filter of
 * system calls.
 */
static bool
fs_flag_unknown(int errnum)
{
	return errnum == EINVAL || errnum == ENOSYS || errnum == EPERM;
}

/*
 * Like a rename with NOREPLACE, but without the flag, so that only the last step is atomic.  Names
 * are unique, so another file with the target's name is a link to the same one, and rename(2) would
 * succeed and do nothing.
 */
static int
fs_rename_checked(int fromfd, const char *from, int tofd, const char *to)
{
	struct stat sb;

	if (fstatat(tofd, to, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? renameat(fromfd, from, tofd, to) : -1;
	/* As with the flag, a missing source is reported before a target that is there. */
	if (fstatat(fromfd, from, &sb, AT_SYMLINK_NOFOLLOW) == 0)
		errno = EEXIST;
	return -1;
}

enum status
fs_move(int fromfd, const char *from, int tofd, const char *to, struct error *err)
{
	int r = fs_rename_flag(fromfd, from, tofd, to, NOREPLACE);

	if (r == -1 && fs_flag_unknown(errno))
		r = fs_rename_checked(fromfd, from, tofd, to);
	if (r == 0)
		return ST_OK;
	if (errno == ENOENT || errno == ESTALE)
		return ST_GONE;
	if (errno == EEXIST || errno == ENOTEMPTY)
		return ST_EXISTS;
	if (errno == EXDEV)
		return error_set(err, ST_IO, 0,
		    "rename: the target is on another file system; a queue must lie on one");
	return error_sys(err, errno, "rename");
}

enum status
fs_exchange(int onefd, const char *one, int otherfd, const char *other, struct error *err)
{
	if (fs_rename_flag(onefd, one, otherfd, other, EXCHANGE) == 0)
		return ST_OK;
	if (errno == ENOENT || errno == ESTALE)
		return ST_GONE;
	if (fs_flag_unknown(errno))
		return ST_USAGE;
	return error_sys(err, errno, "exchange with %s", other);
}

enum status
fs_move_onto_empty(int fromfd, const char *from, int tofd, const char *to, struct error *err)
{
	if (renameat(fromfd, from, tofd, to) == 0)
		return ST_OK;
	if (errno == ENOTEMPTY || errno == EEXIST)
		return ST_EXISTS;
	return error_sys(err, errno, "rename to %s", to);
}

enum status
fs_replace(int fromfd, const char *from, int tofd, const char *to, struct error *err)
{
	return renameat(fromfd, from, tofd, to) == 0 ? ST_OK :
	    error_sys(err, errno, "rename to %s", to);
}

enum status
fs_link(int fromfd, const char *from, int tofd, const char *to, struct error *err)
{
	if (linkat(fromfd, from, tofd, to, 0) == 0)
		return ST_OK;
	if (errno == ENOENT || errno == ESTALE)
		return ST_GONE;
	if (errno == EEXIST)
		return ST_EXISTS;
	return error_sys(err, errno, "link");
}

bool
fs_link_refused(const struct error *err)
{
	switch (err->errnum) {
	case EPERM:	/* fs.protected_hardlinks forbids it, or the file system has no links */
	case EXDEV:
	case EMLINK:
	case ENOSYS:
	case EOPNOTSUPP:
		return true;
	default:
		return false;
	}
}

enum status
fs_unlink(int dirfd, const char *name, struct error *err)
{
	if (unlinkat(dirfd, name, 0) == 0)
		return ST_OK;
	if (errno == ENOENT || errno == ESTALE)
		return ST_GONE;
	return error_sys(err, errno, "unlink");
}

bool
fs_rmdir(int dirfd, const char *name)
{
	return unlinkat(dirfd, name, AT_REMOVEDIR) == 0;
}

enum status
fs_move_own(int fromfd, const char *from, int tofd, const char *to, struct error *err)
{
	enum status st = fs_move(fromfd, from, tofd, to, err);
	struct stat sb;

	if (st == ST_GONE && fstatat(tofd, to, &sb, AT_SYMLINK_NOFOLLOW) == 0)
		st = ST_OK;
	return st;
}

enum status
fs_symlink(const char *text, int dirfd, const char *name, struct error *err)
{
	if (symlinkat(text, dirfd, name) == 0)
		return ST_OK;
	return errno == EEXIST ? ST_EXISTS : error_sys(err, errno, "make a link");
}

enum status
fs_read_link(int dirfd, const char *name, char *text, size_t size, struct error *err)
{
	ssize_t n = readlinkat(dirfd, name, text, size);

	if (n == -1 && errno == ENOENT)
		return ST_GONE;
	if (n == -1 && errno != EINVAL)
		return error_sys(err, errno, "read the link %s", name);
	if (n == -1 || (size_t)n >= size)
		return error_set(err, ST_BADDATA, 0, "%s is not a link that mq made: see mq fsck",
		    name);
	text[n] = '\0';
	return ST_OK;
}

void
fs_touch(int dirfd, const char *name)
{
	(void)utimensat(dirfd, name, NULL, AT_SYMLINK_NOFOLLOW);
}

enum status
fs_sync(int fd, struct error *err)
{
	if (fsync(fd) == 0)
		return ST_OK;
	/* These two come for directories, from network and user-space file systems. */
	return error_sys(err, errno, errno == EINVAL || errno == EOPNOTSUPP ?
	    "fsync: no spool can be on this file system" : "fsync");
}

bool
fs_sync_all_tells(void)
{
	static int tells = -1;
	struct utsname u;
	char *end;
	long major, minor = 0;

	if (tells == -1) {
		tells = 0;
		if (uname(&u) == 0) {
			major = strtol(u.release, &end, 10);
			if (*end == '.')
				minor = strtol(end + 1, NULL, 10);
			tells = major > 5 || (major == 5 && minor >= 8);
		}
	}
	return tells == 1;
}

enum status
fs_sync_all(int fd, struct error *err)
{
	if (syncfs(fd) == 0)
		return ST_OK;
	return error_sys(err, errno, "syncfs");
}

size_t
fs_descriptors_left(int fd)
{
	/* this is the lowest free number, and most numbers below it are in use */
	int used = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct rlimit limit;

	if (used == -1)
		return 0;
	(void)close(used);
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur > INT_MAX)
		return INT_MAX;
	return limit.rlim_cur > (rlim_t)used ? (size_t)limit.rlim_cur - (size_t)used : 0;
}

bool
fs_is_remote(int dirfd)
{
	/* NFS, SMB, CIFS, SMB2, FUSE, 9P, AFS, Ceph: linux/magic.h and the kernel's fs/. */
	static const uint32_t magic[] = { 0x6969, 0x517b, 0xff534d42, 0xfe534d42,
	    0x65735546, 0x01021997, 0x5346414f, 0x00c36400 };
	struct statfs sf;

	if (fstatfs(dirfd, &sf) == -1)
		return false;
	for (size_t i = 0; i < sizeof(magic) / sizeof(magic[0]); i++)
		if ((uint32_t)sf.f_type == magic[i])
			return true;
	return false;
}

enum status
fs_space(int dirfd, int64_t *bytes, int64_t *inodes, struct error *err)
{
	struct statvfs sv;

	if (fstatvfs(dirfd, &sv) == -1)
		return error_sys(err, errno, "statvfs");
	*bytes = (int64_t)sv.f_bavail * (int64_t)sv.f_frsize;
	/* btrfs and others count no inodes and say 0 of 0. */
	*inodes = sv.f_files == 0 ? INT64_MAX : (int64_t)sv.f_favail;
	return ST_OK;
}

