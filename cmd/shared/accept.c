/*
 * accept.c: the policy's accept command, which looks at a message before it is accepted.
 *
 * The command reads the body from a pipe.  Its stdout goes to our stderr, because our stdout is for
 * ids.  It has a process group of its own, so that everything it started ends when we are stopped.
 */
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/envelope.h"
#include "spool/spool.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/env.h"
#include "shared/accept.h"

#define CHUNK 65536

static enum status
accept_start(const char *command, char *const *env, int in, pid_t *pid, struct error *err)
{
	char sh[] = "sh", c[] = "-c", *script = strdup(command), *argv[] = { sh, c, script, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t defaults;
	int failed;

	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)sigaddset(&defaults, SIGXFSZ);
	if (script == NULL || posix_spawnattr_init(&attr) != 0 ||
	    posix_spawn_file_actions_init(&files) != 0) {
		free(script);
		return error_sys(err, ENOMEM, "accept");
	}
	(void)posix_spawnattr_setsigdefault(&attr, &defaults);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	if ((failed = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO)) == 0 &&
	    (failed = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO)) ==
	    0) {
		fs_give_umask();
		failed = posix_spawn(pid, "/bin/sh", &files, &attr, argv, env);
		fs_take_umask();
	}
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attr);
	free(script);
	return failed == 0 ? ST_OK : error_sys(err, failed, "accept: /bin/sh");
}

/*
 * Stop the process group.  SIGCONT wakes a process that was stopped because it used the terminal;
 * otherwise it would not get the SIGTERM.
 */
static void
accept_stop(pid_t pid)
{
	(void)kill(-pid, SIGTERM);
	(void)kill(-pid, SIGCONT);
}

/*
 * Write the body to the command.  The command may have seen enough and stop reading before the end.
 */
static enum status
accept_feed(int from, int64_t at, int to, struct error *err)
{
	static char buf[CHUNK];
	ssize_t n, w;

	while ((n = pread(from, buf, sizeof(buf), at)) > 0) {
		at += n;
		for (char *p = buf; n > 0; p += w, n -= w) {
			w = write(to, p, (size_t)n);
			if (w == -1 && errno == EPIPE)
				return ST_OK;
			if (w == -1 && errno != EINTR)
				return error_sys(err, errno, "accept: write the body to it");
			if (run_stopped())
				return error_set(err, ST_AGAIN, 0, "stopped by a signal: what is "
				    "not printed above is not queued");
			w = w == -1 ? 0 : w;
		}
	}
	return n == -1 ? error_sys(err, errno, "accept: read the body") : ST_OK;
}

static enum status
accept_verdict(struct queue *q, const char *command, int status, struct error *err)
{
	const char *name = queue_name(q);

	if (WIFSIGNALED(status))
		return error_set(err, ST_AGAIN, 0,
		    "queue %s: accept (%s) was killed by signal %d, so nothing is known "
		    "of the message", name, command, WTERMSIG(status));
	if (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127)
		return error_set(err, ST_CONF, 0,
		    "queue %s: accept (%s) cannot be run: exit status %d; mq init %s "
		    "accept=none asks nobody", name, command, WEXITSTATUS(status), name);
	if (WEXITSTATUS(status) != 0)
		return error_set(err, ST_BADDATA, 0,
		    "the message is refused by accept (%s) of queue '%s': exit status %d",
		    command, name, WEXITSTATUS(status));
	return ST_OK;
}

/*
 * Ask the command about a message.  Its body is in 'fd', behind 'head' bytes of headers.
 * ST_BADDATA: the command refuses the message.  Any other failure: the command could not be asked.
 */
static enum status
accept_ask(struct run *r, struct queue *q, const char *command, const struct headers *headers,
    int fd, int64_t head)
{
	struct error *err = &r->err;
	struct env env = { 0 };
	int fds[2] = { -1, -1 }, status = 0;
	enum status st;
	pid_t pid = -1;

	env_inherit(&env, r, queue_name(q));
	env_headers(&env, headers);
	if ((st = env_end(&env, err)) == ST_OK && pipe2(fds, O_CLOEXEC) == -1)
		st = error_sys(err, errno, "accept: pipe");
	if (st != ST_OK) {
		env_free(&env);
		return st;
	}
	st = accept_start(command, env.v, fds[0], &pid, err);
	env_free(&env);
	(void)close(fds[0]);
	if (st == ST_OK) {
		st = accept_feed(fd, head, fds[1], err);
		(void)close(fds[1]);
		if (st != ST_OK || run_stopped())
			accept_stop(pid);
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			if (run_stopped())
				accept_stop(pid);
		if (st == ST_OK && run_stopped())
			st = error_set(err, ST_AGAIN, 0,
			    "stopped by a signal: what is not printed above is not queued");
		return st == ST_OK ? accept_verdict(q, command, status, err) : st;
	}
	(void)close(fds[1]);
	return st;
}

enum status
accept_end(struct run *r, struct queue *q, const char *command, const struct headers *headers,
    struct batch *b)
{
	enum status st = ST_OK;
	int fd;

	if (command != NULL && (st = batch_body(b, &fd, &r->err)) == ST_OK) {
		st = accept_ask(r, q, command, headers, fd, (int64_t)headers->len);
		(void)close(fd);
	}
	if (st == ST_OK)
		return batch_end(b, &r->err);
	batch_cancel(b);
	return st;
}
