/*
 * dirsize.c: a file system whose directories say that they have $DIR_SIZE bytes, whatever is in them, as
 * CIFS (0) and some of FUSE do; "entries": as many as they have names, as ZFS does.
 */
#include <sys/stat.h>
#include <sys/syscall.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static off_t
entries(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY);
	DIR *dir = copy == -1 ? NULL : fdopendir(copy);
	off_t n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		(void)closedir(dir);
	return n;
}

int
fstat(int fd, struct stat *sb)
{
	const char *size = getenv("DIR_SIZE");
	int r = (int)syscall(SYS_newfstatat, fd, "", sb, AT_EMPTY_PATH);

	if (r == 0 && size != NULL && S_ISDIR(sb->st_mode))
		sb->st_size = strcmp(size, "entries") == 0 ? entries(fd) : atol(size);
	return r;
}

/* Of the C libraries of old. */
int __fxstat(int version, int fd, struct stat *sb);

int
__fxstat(int version, int fd, struct stat *sb)
{
	(void)version;
	return fstat(fd, sb);
}
