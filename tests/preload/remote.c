/*
 * remote.c: all file systems are those of another machine, as statfs tells it.
 */
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define NFS 0x6969

int
fstatfs(int fd, struct statfs *sf)
{
	int r = (int)syscall(SYS_fstatfs, fd, sf);

	sf->f_type = NFS;
	return r;
}
