/*
 * scratch.c: files without a name for bodies, in memory or in TMPDIR.
 */
#include <sys/mman.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "worker/scratch.h"

/*
 * Bodies that are together no longer than this are kept in memory and not on the disk.  JSON may
 * make six bytes of one.
 */
#define IN_MEMORY (1 << 20)

const char *
scratch_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	return tmp != NULL && tmp[0] == '/' ? tmp : "/tmp";
}

/* Here ENOENT is about the directory, but the caller takes ST_NOTFOUND to be about the command. */
enum status
scratch_failed(struct error *err)
{
	enum status st = status_of_errno(errno);

	return error_set(err, st == ST_NOTFOUND ? ST_NOCREATE : st, errno,
	    "bodies of messages, in %s", scratch_dir());
}

enum status
scratch_open(int64_t size, int *fd, struct error *err)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/mq-work.XXXXXX", scratch_dir());
	if (size <= IN_MEMORY)
		*fd = memfd_create("mq-work", MFD_CLOEXEC);
	else if ((*fd = mkostemp(path, O_CLOEXEC)) != -1)
		(void)unlink(path);
	return *fd == -1 ? scratch_failed(err) : ST_OK;
}
