/*
 * fs.c: every call that creates, renames, removes or syncs is in this file, so
 * that the rules of durability can be read (and broken on purpose by tests) in
 * one place:
 *
 *  - Names are relative to a held directory descriptor; the last component is
 *    never followed if it is a symbolic link, and opening never blocks on a FIFO.
 *  - A rename replaces nothing where the kernel can promise it.
 *  - fsync is tried once.  After a failed fsync the kernel marks the pages
 *    clean, and a second call "succeeds" over lost data.
 *  - ENOENT on a name that was just seen means that somebody was faster: it is
 *    a status (ST_GONE), not an error.
 */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"

static enum status
open_dir(int dirfd, const char *name, int flags, int *fd, struct error *err)
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
	return open_dir(dirfd, name, O_RDONLY | (follow ? 0 : O_NOFOLLOW), fd, err);
}

enum status
fs_open_path(int dirfd, const char *name, int *fd, struct error *err)
{
	return open_dir(dirfd, name, O_PATH | O_NOFOLLOW, fd, err);
}

int
fs_open_read(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC | O_NOCTTY);
}

int
fs_open_shared(int dirfd, const char *name, bool create, mode_t mode)
{
	return openat(dirfd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
	    (create ? O_CREAT : 0), mode);
}

/*
 * Mode first, for giving a file away takes the right to set it.  Root must not be made to give
 * away what it did not make: a file with another name (a hard link), or of somebody else, stays whose it is.
 */
static int
set_owner(int fd, struct owner owner)
{
	struct stat sb;

	if (owner.uid != (uid_t)-1 && (fstat(fd, &sb) == -1 || sb.st_uid != geteuid() ||
	    (!S_ISDIR(sb.st_mode) && sb.st_nlink != 1)))
		owner.uid = (uid_t)-1;
	if (owner.uid == (uid_t)-1 && owner.gid == (gid_t)-1)
		return 0;
	if (fchown(fd, owner.uid, owner.gid) == 0)
		return 0;
	/* Root of a container, or of a client of NFS, may not. */
	if (owner.uid == (uid_t)-1 || (errno != EPERM && errno != EINVAL))
		return -1;
	return owner.gid == (gid_t)-1 ? 0 : fchown(fd, (uid_t)-1, owner.gid);
}

enum status
fs_create(int dirfd, const char *name, mode_t mode, struct owner owner, int *fd,
    struct error *err)
{
	*fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, mode);
	if (*fd == -1)
		return error_sys(err, errno, "create %s", name);
	/* The umask is the user's; the policy's mode is what was asked for. */
	if (fchmod(*fd, mode) == -1 || set_owner(*fd, owner) == -1) {
		error_sys(err, errno, "set mode and group of %s", name);
		(void)unlinkat(dirfd, name, 0);
		(void)close(*fd);
		*fd = -1;
		return err->status;
	}
	return ST_OK;
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

/* The null device is what people give to say "no file". */
static bool
is_null_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
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
	else if (!S_ISREG(st->st_mode) && !(follow && is_null_device(st)))
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

void
tmp_name(char buf[40])
{
	char token[TOKEN_LEN + 1];

	token_make(token);
	(void)snprintf(buf, 40, "mq-%s", token);
}

enum status
fs_replace_file(int dirfd, const char *name, const char *text, size_t len,
    mode_t mode, struct owner owner, bool sync, struct error *err)
{
	char tmp[48] = ".";
	enum status st;
	int fd;

	tmp_name(tmp + 1);
	if ((st = fs_create(dirfd, tmp, mode, owner, &fd, err)) != ST_OK)
		return st;
	st = fs_write(fd, text, len, err);
	if (st == ST_OK && sync)
		st = fs_sync(fd, err);
	if (close(fd) == -1 && st == ST_OK)
		st = error_sys(err, errno, "close %s", name);
	if (st == ST_OK && renameat(dirfd, tmp, dirfd, name) == -1)
		st = error_sys(err, errno, "rename to %s", name);
	if (st != ST_OK) {
		(void)unlinkat(dirfd, tmp, 0);
		return st;
	}
	if (sync && fs_sync(dirfd, err) != ST_OK) {
		err->status = ST_UNSURE;
		return ST_UNSURE;
	}
	return ST_OK;
}

int
fs_open_append(int dirfd, const char *name, mode_t mode)
{
	return openat(dirfd, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC | O_NOCTTY, mode);
}

enum status
fs_append(int dirfd, const char *name, const char *text, size_t len,
    mode_t mode, struct owner owner, bool sync, struct error *err)
{
	enum status st;
	struct stat sb;
	int fd;

	if ((fd = fs_open_append(dirfd, name, mode)) == -1)
		return errno == ENOENT ? ST_GONE : error_sys(err, errno, "%s", name);
	if (fstat(fd, &sb) == 0 && sb.st_size == 0) {
		(void)fchmod(fd, mode);
		if (set_owner(fd, owner) == -1)
			(void)0;	/* advice: a record that others can't read beats none */
	}
	st = fs_write(fd, text, len, err);
	if (st == ST_OK && sync)
		st = fs_sync(fd, err);
	(void)close(fd);
	return st;
}

enum status
fs_give(int dirfd, const char *name, const struct stat *like, struct error *err)
{
	int fd = openat(dirfd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	enum status st = ST_OK;

	if (fd == -1)
		return error_sys(err, errno, "%s", name);
	if (fchown(fd, like->st_uid, like->st_gid) == -1 && fchown(fd, (uid_t)-1, like->st_gid) == -1 &&
	    errno != EPERM)
		st = error_sys(err, errno, "%s: set owner", name);
	if (st == ST_OK && fchmod(fd, like->st_mode & 07777) == -1)
		st = error_sys(err, errno, "%s: set mode", name);
	(void)close(fd);
	return st;
}

static enum status
make_dir(int dirfd, const char *name, mode_t mode, struct error *err)
{
	if (mkdirat(dirfd, name, mode) == 0)
		return ST_OK;
	if (errno == EEXIST)
		return ST_EXISTS;
	if (errno == ENOENT)
		return ST_GONE;
	return error_sys(err, errno, "mkdir %s", name);
}

enum status
fs_mkdir_default(int dirfd, const char *name, struct error *err)
{
	return make_dir(dirfd, name, 0777, err);
}

enum status
fs_mkdir(int dirfd, const char *name, mode_t mode, struct owner owner, struct error *err)
{
	enum status st;
	int fd;

	if ((st = make_dir(dirfd, name, mode, err)) != ST_OK)
		return st;
	/* By descriptor: who owns the place may have put something else there meanwhile. */
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return ST_GONE;
	if (fd == -1 || fchmod(fd, mode) == -1 || set_owner(fd, owner) == -1) {
		error_sys(err, errno, "set mode and group of %s", name);
		(void)unlinkat(dirfd, name, AT_REMOVEDIR);
		st = err->status;
	}
	if (fd != -1)
		(void)close(fd);
	return st;
}

enum status
fs_set_mode(int fd, mode_t mode, struct owner owner, struct error *err)
{
	struct stat sb;

	/* Only its owner may set it, even to what it is. */
	if (fstat(fd, &sb) == 0 && (sb.st_mode & 07777) == mode &&
	    (owner.gid == (gid_t)-1 || sb.st_gid == owner.gid) &&
	    (owner.uid == (uid_t)-1 || sb.st_uid == owner.uid))
		return ST_OK;
	/* Mode last: a change of owner may take bits away. */
	if (set_owner(fd, owner) == -1 || fchmod(fd, mode) == -1)
		return error_sys(err, errno, "set mode and group");
	return ST_OK;
}

enum status
fs_move(int fromfd, const char *from, int tofd, const char *to, struct error *err)
{
	int r = renameat2(fromfd, from, tofd, to, RENAME_NOREPLACE);

	/* NFS and others don't know the flag; names are unique, so a plain rename will do. */
	if (r == -1 && (errno == EINVAL || errno == ENOSYS || errno == EPERM))
		r = renameat(fromfd, from, tofd, to);
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
	return renameat(fromfd, from, tofd, to) == 0 ? ST_OK : error_sys(err, errno, "rename to %s", to);
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
	case EPERM:	/* fs.protected_hardlinks, or a file system without */
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
		return error_set(err, ST_BADDATA, 0, "%s is not a link that mq made: see mq fsck", name);
	text[n] = '\0';
	return ST_OK;
}

void
fs_touch(int dirfd, const char *name)
{
	(void)utimensat(dirfd, name, NULL, AT_SYMLINK_NOFOLLOW);
}

/* What mq makes is three levels deep; a tree of strangers might have no end. */
#define DEPTH_MAX 8

static bool
remove_tree(int dirfd, const char *name, int depth)
{
	struct listing l = { 0 };
	struct error err;
	int fd;

	error_clear(&err);
	if (depth == 0 || fs_open_dir(dirfd, name, false, &fd, &err) != ST_OK)
		return false;
	if (fs_list(fd, "", 0, true, &l, NULL, &err) == ST_OK)
		for (size_t i = 0; i < l.n; i++)
			if (unlinkat(fd, l.e[i].name, 0) == -1)
				(void)remove_tree(fd, l.e[i].name, depth - 1);
	listing_free(&l);
	(void)close(fd);
	return unlinkat(dirfd, name, AT_REMOVEDIR) == 0;
}

bool
fs_remove_tree(int dirfd, const char *name)
{
	return remove_tree(dirfd, name, DEPTH_MAX);
}

enum status
fs_sync(int fd, struct error *err)
{
	if (fsync(fd) == 0)
		return ST_OK;
	return error_sys(err, errno, "fsync");
}

enum status
fs_sync_all(int fd, struct error *err)
{
	if (syncfs(fd) == 0)
		return ST_OK;
	return error_sys(err, errno, "syncfs");
}

bool
fs_lock(int fd, int64_t offset, bool exclusive)
{
	struct flock f = { .l_type = exclusive ? F_WRLCK : F_RDLCK,
	    .l_whence = SEEK_SET, .l_start = offset, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &f) == 0;
}

int
fs_share(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

int
fs_locked(int fd, int64_t offset)
{
	struct flock f = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = offset, .l_len = 1 };

	if (fcntl(fd, F_OFD_GETLK, &f) == -1)
		return -1;
	return f.l_type != F_UNLCK;
}

int
fs_dir_locked(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? 1 : -1;
}

bool
fs_lock_dir(int fd)
{
	return fs_dir_locked(fd) != 1;
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

/* ---- listings --------------------------------------------------------- */

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
entry_cmp(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name,
	    ((const struct entry *)b)->name);
}

/* Sort, and keep the max smallest. */
static void
listing_trim(struct listing *l, size_t max)
{
	if (l->n > 0)
		qsort(l->e, l->n, sizeof(*l->e), entry_cmp);
	while (max > 0 && l->n > max)
		free(l->e[--l->n].name);
}

static unsigned char
type_of(int dirfd, const char *name)
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
	/* A descriptor of its own: the position in a directory belongs to the open file. */
	if ((fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return errno == ENOENT ? ST_GONE : error_sys(err, errno, "open directory");
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
		    type_of(dirfd, d->d_name) : d->d_type);
		if (st != ST_OK)
			st = error_sys(err, ENOMEM, "read directory");
		/* Bounded memory however many names: drop the greater half now and then. */
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
