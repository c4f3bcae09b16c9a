/*
 * guard.c: makes handlers die with a killed worker.
 *
 * PR_SET_PDEATHSIG kills a handler when the worker dies, but not what the handler
 * has started.  So a second process, the guard, holds the read end of a pipe.  When
 * the worker dies, even by kill -9, the kernel closes the write end.  Then the guard
 * kills the process groups of the handlers, which it finds in memory that it shares
 * with the worker, and removes the directories of batches.
 */
#include <sys/mman.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "worker/guard.h"

/* Processes that are just ending may still write to a directory, so removing it is tried again. */
#define REMOVE_TRIES 100
#define REMOVE_PAUSE 10000	/* us */

static volatile pid_t *places;
static char (*dirs)[GUARD_DIR];
static int nplaces;
static int line = -1;		/* the write end, which is open as long as the worker lives */
static pid_t guard;

static int
guard_remove_one(const char *path, const struct stat *sb, int type, struct FTW *at)
{
	(void)sb;
	(void)type;
	(void)at;
	(void)remove(path);
	return 0;
}

void
guard_remove(const char *dir)
{
	for (int i = 0; i < REMOVE_TRIES && access(dir, F_OK) == 0; i++) {
		if (i > 0)
			(void)usleep(REMOVE_PAUSE);
		(void)nftw(dir, guard_remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	}
}

static void
guard_watch(int fd)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	char byte;

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		(void)sigaction(sigs[i], &ignore, NULL);
	(void)setpgid(0, 0);
	/*
	 * Close what the worker has open, so that nothing stays open longer than it lives: a
	 * directory, or a pipe whose end somebody waits for.
	 */
	(void)dup2(fd, 0);
	closefrom(1);
	while (read(0, &byte, 1) == -1 && errno == EINTR)
		continue;
	for (int i = 0; i < nplaces; i++)
		if (places[i] > 0)
			(void)kill(-places[i], SIGKILL);
	for (int i = 0; i < nplaces; i++)
		if (dirs[i][0] != '\0')
			guard_remove(dirs[i]);
	_exit(0);
}

enum status
guard_start(int n, struct error *err)
{
	void *page;
	int fds[2];

	page = mmap(NULL, (size_t)n * (sizeof(*places) + sizeof(*dirs)), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return error_sys(err, errno, "mmap");
	places = page;
	dirs = (char (*)[GUARD_DIR])(void *)((pid_t *)page + n);
	nplaces = n;
	if (pipe2(fds, O_CLOEXEC) == -1)
		return error_sys(err, errno, "pipe");
	if ((guard = fork()) == -1)
		return error_sys(err, errno, "fork");
	if (guard == 0) {
		(void)close(fds[1]);
		guard_watch(fds[0]);
	}
	(void)close(fds[0]);
	line = fds[1];
	return ST_OK;
}

void
guard_stop(void)
{
	if (line == -1)
		return;
	(void)close(line);
	line = -1;
	while (waitpid(guard, NULL, 0) == -1 && errno == EINTR)
		continue;
}

volatile pid_t *
guard_place(int i)
{
	return &places[i];
}

char *
guard_dir(int i)
{
	return dirs[i];
}
