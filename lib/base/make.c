/*
 * make.c: the only place that makes directories and files.
 *
 * Whatever mq makes has its final mode, group and owner from its first moment on.  A process that
 * dies between two calls therefore shuts nobody else out, whatever its umask is.  The umask is set
 * to 0 once, by fs_take_umask, and the mode of each call is used as it stands.  The set-group-ID
 * bit and the group come from the directory above.  Root makes what is to belong to another user
 * with that user's file system ids.
 *
 * Under an old umask, in a directory without the set-group-ID bit, or in a container that refuses
 * other ids, the result may still differ.  It is then mended on the open descriptor right after.
 */
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"

/* How often a file may vanish and come back between two calls before we give up on it. */
#define MAKE_ROUNDS 100

/* ---- the umask -------------------------------------------------------- */

static mode_t users_umask;

void
fs_take_umask(void)
{
	users_umask = umask(0);
}

void
fs_give_umask(void)
{
	(void)umask(users_umask);
}

/* ---- mode and owner of an open file ----------------------------------- */

/*
 * Set the owner of an open file.  Nobody may trick root into giving away what it did not make.  So
 * a file with another name (a hard link), and a file of another user, keep their owner.
 */
static int
make_owner_set(int fd, struct owner owner)
{
	struct stat sb;

	if (owner.uid != (uid_t)-1 && (fstat(fd, &sb) == -1 || sb.st_uid != geteuid() ||
	    (!S_ISDIR(sb.st_mode) && sb.st_nlink != 1)))
		owner.uid = (uid_t)-1;
	if (owner.uid == (uid_t)-1 && owner.gid == (gid_t)-1)
		return 0;
	if (fchownat(fd, "", owner.uid, owner.gid, AT_EMPTY_PATH) == 0)
		return 0;
	/* The root of a container, or of an NFS client, may not be allowed to. */
	if (owner.uid == (uid_t)-1 || (errno != EPERM && errno != EINVAL))
		return -1;
	return owner.gid == (gid_t)-1 ? 0 : fchownat(fd, "", (uid_t)-1, owner.gid, AT_EMPTY_PATH);
}

/*
 * Set the mode of an open file.  fchmod does not work on a descriptor that only stands for a path
 * (O_PATH).
 */
static int
make_mode_set(int fd, mode_t mode)
{
	char path[40];

	if (fchmod(fd, mode) == 0)
		return 0;
	if (errno != EBADF)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, mode);
}

static bool
make_is_as_asked(int fd, mode_t mode, struct owner owner)
{
	struct stat sb;

	return fstat(fd, &sb) == 0 && (sb.st_mode & 07777) == mode &&
	    (owner.gid == (gid_t)-1 || sb.st_gid == owner.gid) &&
	    (owner.uid == (uid_t)-1 || sb.st_uid == owner.uid);
}

enum status
fs_set_mode(int fd, mode_t mode, struct owner owner, struct error *err)
{
	/* Only the owner of a file may set its mode, even to the mode that it has. */
	if (make_is_as_asked(fd, mode, owner))
		return ST_OK;
	/* The mode comes last, because a change of owner may take bits away. */
	if (make_owner_set(fd, owner) == -1 || make_mode_set(fd, mode) == -1)
		return error_sys(err, errno, "set mode and group");
	return ST_OK;
}

enum status
fs_mend_mode(int dirfd, const char *name, mode_t mode, struct owner owner, struct error *err)
{
	int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	enum status st = ST_GONE;
	struct stat sb;

	if (fd == -1)
		return errno == ENOENT ? ST_GONE : error_sys(err, errno, "%s", name);
	/*
	 * Others may have put something else in the place of what was looked at, so a file with
	 * another name is left alone.
	 */
	if (fstat(fd, &sb) == 0 && (S_ISDIR(sb.st_mode) ||
	    (S_ISREG(sb.st_mode) && sb.st_nlink == 1)))
		st = fs_set_mode(fd, mode, owner, err);
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
	if (fchown(fd, like->st_uid, like->st_gid) == -1 &&
	    fchown(fd, (uid_t)-1, like->st_gid) == -1 &&
	    errno != EPERM)
		st = error_sys(err, errno, "%s: set owner", name);
	if (st == ST_OK && fchmod(fd, like->st_mode & 07777) == -1)
		st = error_sys(err, errno, "%s: set mode", name);
	(void)close(fd);
	return st;
}

/* ---- making ----------------------------------------------------------- */

/* Make a directory or file and open it.  -1 on failure, and errno says why. */
static int
make_as_we_are(int dirfd, const char *name, int flags, mode_t mode)
{
	if ((flags & O_DIRECTORY) == 0)
		return openat(dirfd, name, flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (mkdirat(dirfd, name, mode) == -1)
		return -1;
	/* The owner of the place may have put something else there meanwhile. */
	return openat(dirfd, name, flags | O_NOFOLLOW | O_CLOEXEC);
}

/* Like make_as_we_are, but as the user who is to own it.  Only root can become another user. */
static int
make_as_owner(int dirfd, const char *name, int flags, mode_t mode, struct owner owner)
{
	int fd, saved;

	if (owner.uid == (uid_t)-1)
		return make_as_we_are(dirfd, name, flags, mode);
	if (owner.gid != (gid_t)-1)
		(void)setfsgid(owner.gid);
	(void)setfsuid(owner.uid);
	fd = make_as_we_are(dirfd, name, flags, mode);
	saved = errno;
	(void)setfsuid(geteuid());
	(void)setfsgid(getegid());
	/* Root may write where that user may not. */
	if (fd == -1 && (saved == EACCES || saved == EPERM))
		return make_as_we_are(dirfd, name, flags, mode);
	errno = saved;
	return fd;
}

/*
 * Make a file or directory that was not there.  'flags' are those of open(2), with O_DIRECTORY for
 * a directory.  ST_EXISTS and ST_GONE (the directory above went away, or others removed the new
 * one) leave 'err' alone.
 */
static enum status
fs_make(int dirfd, const char *name, int flags, mode_t mode, struct owner owner, int *fd,
    struct error *err)
{
	const char *what = (flags & O_DIRECTORY) != 0 ? "mkdir" : "create";

	*fd = make_as_owner(dirfd, name, flags, mode, owner);
	if (*fd == -1 && errno == EEXIST)
		return ST_EXISTS;
	if (*fd == -1 && errno == ENOENT)
		return ST_GONE;
	if (*fd == -1)
		return error_sys(err, errno, "%s %s", what, name);
	if (fs_set_mode(*fd, mode, owner, err) == ST_OK)
		return ST_OK;
	(void)snprintf(err->text, sizeof(err->text), "set mode and group of %s: %s", name,
	    strerror(err->errnum));
	(void)unlinkat(dirfd, name, (flags & O_DIRECTORY) != 0 ? AT_REMOVEDIR : 0);
	(void)close(*fd);
	*fd = -1;
	return err->status;
}

enum status
fs_mkdir(int dirfd, const char *name, mode_t mode, struct owner owner, struct error *err)
{
	int fd;
	enum status st = fs_make(dirfd, name, O_RDONLY | O_DIRECTORY, mode, owner, &fd, err);

	if (st == ST_OK)
		(void)close(fd);
	return st;
}

enum status
fs_mkdir_default(int dirfd, const char *name, struct error *err)
{
	if (mkdirat(dirfd, name, 0777 & ~users_umask) == 0)
		return ST_OK;
	if (errno == EEXIST)
		return ST_EXISTS;
	if (errno == ENOENT)
		return ST_GONE;
	return error_sys(err, errno, "mkdir %s", name);
}

enum status
fs_create(int dirfd, const char *name, mode_t mode, struct owner owner, int *fd, struct error *err)
{
	enum status st = fs_make(dirfd, name, O_WRONLY, mode, owner, fd, err);

	if (st == ST_EXISTS || st == ST_GONE)
		return error_sys(err, st == ST_EXISTS ? EEXIST : ENOENT, "create %s", name);
	return st;
}

/*
 * Refuse a file that has another name, because it may be anybody's.  Where the kernel lets people
 * link files that are not theirs (fs.protected_hardlinks=0), a member of the group could make us
 * write to one.
 */
static int
make_only_name(int fd)
{
	struct stat sb;

	if (fstat(fd, &sb) == 0 && (!S_ISREG(sb.st_mode) || sb.st_nlink <= 1))
		return fd;
	(void)close(fd);
	errno = EMLINK;
	return -1;
}

/*
 * Open a file that many processes share, and make it if need be.  'alone': refuse it if it has
 * another name.
 */
static int
open_or_make(int dirfd, const char *name, int flags, bool alone, mode_t mode, struct owner owner)
{
	struct error making;
	enum status st;
	int fd;

	for (int i = 0; i < MAKE_ROUNDS; i++) {
		if ((fd = openat(dirfd, name, flags)) != -1)
			return alone ? make_only_name(fd) : fd;
		if (errno != ENOENT)
			return -1;
		error_clear(&making);
		st = fs_make(dirfd, name, flags, mode, owner, &fd, &making);
		if (st == ST_OK)
			return fd;
		errno = st == ST_GONE ? ENOENT : making.errnum;
		if (st != ST_EXISTS)
			return -1;
	}
	errno = EBUSY;
	return -1;
}

#define SHARED (O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

int
fs_make_shared(int dirfd, const char *name, mode_t mode, struct owner owner)
{
	return open_or_make(dirfd, name, O_RDWR | SHARED, true, mode, owner);
}

int
fs_make_lock(int dirfd, const char *name, mode_t mode, struct owner owner)
{
	return open_or_make(dirfd, name, O_RDWR | SHARED, false, mode, owner);
}

int
fs_open_append(int dirfd, const char *name, mode_t mode)
{
	return openat(dirfd, name, O_WRONLY | O_CREAT | O_APPEND | SHARED, mode);
}

enum status
fs_append(int dirfd, const char *name, const char *text, size_t len, mode_t mode,
    struct owner owner,
    bool sync, struct error *err)
{
	int fd = open_or_make(dirfd, name, O_WRONLY | O_APPEND | SHARED, true, mode, owner);
	enum status st;
	struct stat sb;

	if (fd == -1)
		return errno == ENOENT ? ST_GONE : error_sys(err, errno, "%s", name);
	if (fstat(fd, &sb) == 0 && !S_ISREG(sb.st_mode))
		st = error_set(err, ST_IO, 0, "%s: not a regular file", name);
	else
		st = fs_write(fd, text, len, err);
	if (st == ST_OK && sync)
		st = fs_sync(fd, err);
	(void)close(fd);
	return st;
}

void
tmp_name(char buf[40])
{
	char token[TOKEN_LEN + 1];

	token_make(token);
	(void)snprintf(buf, 40, "mq-%s", token);
}

enum status
fs_replace_file(int dirfd, const char *name, const char *text, size_t len, mode_t mode,
    struct owner owner,
    bool sync, struct error *err)
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
	if (st == ST_OK)
		st = fs_replace(dirfd, tmp, dirfd, name, err);
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
