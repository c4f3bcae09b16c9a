/*
 * lock.c: locks that the kernel releases when their holder dies.
 */
#include <sys/file.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"

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

