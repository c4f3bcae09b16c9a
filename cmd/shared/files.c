/*
 * files.c: the limit of open files.
 *
 * A claimed message must be handled or given back, and both take descriptors.  So a process looks
 * whether there are enough of them before it claims.
 */
#include <sys/resource.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "shared/files.h"

static struct rlimit given;
static bool raised;

void
files_raise(void)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &given) == -1 || given.rlim_cur == given.rlim_max)
		return;
	most = given;
	most.rlim_cur = given.rlim_max;
	raised = setrlimit(RLIMIT_NOFILE, &most) == 0;
}

void
files_restore(void)
{
	if (raised)
		(void)setrlimit(RLIMIT_NOFILE, &given);
}

enum status
files_left(int n, struct error *err)
{
	enum status st = ST_OK;
	int fd[FILES_MOST];
	int have = 0;

	for (; st == ST_OK && have < n && have < FILES_MOST; have++)
		if ((fd[have] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) == -1) {
			st = error_sys(err, errno, "too few files may be open (ulimit -n)");
			break;
		}
	while (have > 0)
		(void)close(fd[--have]);
	return st;
}
