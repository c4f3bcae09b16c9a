/*
 * page.c: shows one message in the user's pager.
 *
 * There are two children: the pager, and one of our own that writes to it.  The writer is a process
 * because a pager reads only as far as its user does, and a body may be of any size.
 */
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "shared/cmd.h"
#include "shared/message.h"
#include "shared/out.h"
#include "top/top.h"

/* A pager that ended sooner than this did not wait for its user. */
#define GLANCE USEC

#define DEFAULT_PAGER "less 2>/dev/null || more"

static const int keys_signals[] = { SIGINT, SIGQUIT, SIGTSTP };
#define NKEYS_SIGNALS 3

/*
 * The signals of keys are meant for the pager, so we ignore them.  But Ctrl-Z must stop us as well,
 * or the shell would not get the terminal back.
 */
static void
page_yield_keys(struct sigaction old[NKEYS_SIGNALS])
{
	for (int i = 0; i < NKEYS_SIGNALS; i++) {
		struct sigaction sa = { .sa_handler = keys_signals[i] == SIGTSTP ? SIG_DFL :
		    SIG_IGN };
		(void)sigaction(keys_signals[i], &sa, &old[i]);
	}
}

static void
page_reclaim_keys(const struct sigaction old[NKEYS_SIGNALS])
{
	for (int i = 0; i < NKEYS_SIGNALS; i++)
		(void)sigaction(keys_signals[i], &old[i], NULL);
}

static pid_t
page_start_pager(const char *pager, int in)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (int i = 0; i < NKEYS_SIGNALS; i++)
		(void)sigaction(keys_signals[i], &dfl, NULL);
	(void)sigaction(SIGPIPE, &dfl, NULL);
	fs_give_umask();
	(void)dup2(in, STDIN_FILENO);
	(void)execl("/bin/sh", "sh", "-c", pager, (char *)NULL);
	_exit(127);
}

static pid_t
page_start_writer(struct run *r, struct queue *q, const struct place *p, int in, int out)
{
	pid_t pid = fork();
	enum status st;

	if (pid != 0)
		return pid;
	(void)close(in);	/* with it open, writing would not fail when the pager is gone */
	(void)dup2(out, STDOUT_FILENO);
	if ((st = message_show(r, q, p)) != ST_OK) {
		(void)fputs(st == ST_GONE ? "The message has moved on." : "mq: ", stdout);
		out_vis(stdout, r->err.text, strlen(r->err.text));
		(void)fputc('\n', stdout);
	}
	(void)fflush(stdout);
	_exit(0);
}

/* Wait for the pager.  If we are told to end, so is the pager, to give the terminal back. */
static void
page_wait_pager(pid_t pid)
{
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		if (run_stopped())
			(void)kill(pid, SIGTERM);
}

static void
page_run_pager(struct run *r, struct queue *q, const struct place *p, const char *pager,
    const int fds[2])
{
	struct sigaction old[NKEYS_SIGNALS];
	pid_t shows, writes;

	page_yield_keys(old);
	shows = page_start_pager(pager, fds[0]);
	writes = shows == -1 ? -1 : page_start_writer(r, q, p, fds[0], fds[1]);
	(void)close(fds[0]);
	(void)close(fds[1]);
	if (shows != -1)
		page_wait_pager(shows);
	if (writes != -1) {
		(void)kill(writes, SIGKILL);
		while (waitpid(writes, NULL, 0) == -1 && errno == EINTR)
			continue;
	}
	page_reclaim_keys(old);
}

static bool
page_is_less(const char *pager)
{
	size_t len = strcspn(pager, " ");

	return len >= 4 && strncmp(pager + len - 4, "less", 4) == 0;
}

/* Wait for Return, because what the pager showed would vanish with the screen. */
static void
page_linger(void)
{
	char byte;

	(void)!write(STDOUT_FILENO, "\n-- Return: back to mq top --", 29);
	while (!run_stopped() && read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
		continue;
}

enum status
page_message(struct run *r, struct terminal *t, struct queue *q, const struct place *p,
    struct error *err)
{
	const char *pager = getenv("PAGER");
	usec_t began = clock_mono();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return error_sys(err, errno, "pipe");
	if (pager == NULL || pager[0] == '\0')
		pager = DEFAULT_PAGER;
	terminal_leave(t);
	page_run_pager(r, q, p, pager, fds);
	if (!page_is_less(pager) || clock_mono() - began < GLANCE)
		page_linger();
	terminal_enter(t);
	return ST_OK;
}
