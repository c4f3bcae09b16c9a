/*
 * proc.c: what /proc says of other processes.
 */
#include <sys/stat.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "shared/proc.h"

void
proc_each(void (*fn)(void *, pid_t), void *arg)
{
	struct dirent *e;
	DIR *proc = opendir("/proc");

	if (proc == NULL)
		return;
	while ((e = readdir(proc)) != NULL)
		if (isdigit((unsigned char)e->d_name[0]))
			fn(arg, (pid_t)strtol(e->d_name, NULL, 10));
	(void)closedir(proc);
}

ssize_t
proc_read(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	size_t have = 0;
	ssize_t n = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	while (have < size - 1 && (n = read(fd, buf + have, size - 1 - have)) > 0)
		have += (size_t)n;
	(void)close(fd);
	buf[have] = '\0';
	return n == -1 && have == 0 ? -1 : (ssize_t)have;
}

bool
proc_command(pid_t pid, char *buf, size_t size)
{
	ssize_t n = proc_read(pid, "cmdline", buf, size);

	while (n > 0 && buf[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++)
		if (buf[i] == '\0')
			buf[i] = ' ';
	return n > 0;
}

enum has
proc_has_open(pid_t pid, const struct stat *file)
{
	enum has has = HAS_NOT;
	struct dirent *e;
	char path[64];
	struct stat sb;
	DIR *fds;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	if ((fds = opendir(path)) == NULL)
		return errno == EACCES || errno == EPERM ? HAS_MAYBE : HAS_NOT;
	while (has == HAS_NOT && (e = readdir(fds)) != NULL)
		if (isdigit((unsigned char)e->d_name[0]) &&
		    fstatat(dirfd(fds), e->d_name, &sb, 0) == 0 &&
		    sb.st_dev == file->st_dev && sb.st_ino == file->st_ino)
			has = HAS;
	(void)closedir(fds);
	return has;
}
