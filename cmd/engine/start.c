/*
 * start.c: starts and ends the process of a helper.
 *
 * A helper runs code of libraries that talk to the network, so it gets no more than it needs: three
 * pipes, a few variables of the environment, no core dumps, no new rights.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "engine/start.h"

/*
 * us between two looks whether a helper has ended: most need less than a millisecond, and a push is
 * not to take longer than it has to.
 */
#define PAUSE_MIN 50
#define PAUSE_MAX 2000

extern char **environ;

const char *
process_dir(void)
{
	/* secure_getenv ignores it in a program that runs with the rights of another user. */
	const char *dir = secure_getenv("MQ_ENGINE_DIR");

	return dir != NULL && dir[0] == '/' ? dir : MQ_HELPER_DIR;
}

/* Whether a helper gets this variable: see mq-engine(7), ENVIRONMENT. */
static bool
process_passes(const char *var)
{
	static const char *const names[] = { "PATH=", "HOME=", "LANG=", "LC_ALL=", "TZ=", "AWS_",
		"GOOGLE_APPLICATION_CREDENTIALS=", "PUBSUB_EMULATOR_HOST=", "SSL_CERT_FILE=",
		"SSL_CERT_DIR=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(var, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

#define ENV_MAX 64

static void
process_run(const char *path, char *const argv[], const int fds[3], pid_t parent)
{
	static const int sigs[] = { SIGPIPE, SIGXFSZ, SIGALRM, SIGTERM, SIGHUP };
	const struct rlimit none = { 0, 0 };
	char *env[ENV_MAX + 1];
	size_t n = 0;

	for (char **v = environ; *v != NULL && n < ENV_MAX; v++)
		if (process_passes(*v))
			env[n++] = *v;
	env[n] = NULL;
	/*
	 * A process group of its own: what the terminal sends is for mq, which says what is to be
	 * done.
	 */
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)umask(077);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		(void)signal(sigs[i], SIG_DFL);
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) == -1)
			_exit(127);
	closefrom(3);
	(void)execve(path, argv, env);
	_exit(127);
}

/* A pipe, of which the end 'ours' does not block. */
static enum status
process_pipe(int fds[2], int ours, struct error *err)
{
	int fd;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return error_sys(err, errno, "pipe");
	/* 0 to 2 have to be free for dup2 in the child. */
	for (int i = 0; i < 2; i++)
		if (fds[i] <= 2 && (fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 3)) != -1) {
			(void)close(fds[i]);
			fds[i] = fd;
		}
	(void)fcntl(fds[ours], F_SETFL, O_NONBLOCK);
	return ST_OK;
}

bool
process_find(const char *name, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%s", process_dir(), name);

	return n < PATH_MAX && access(path, X_OK) == 0;
}

enum status
process_start(const char *name, struct process *p, struct error *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, errs[2] = { -1, -1 };
	char path[PATH_MAX], *argv[] = { (char *)(uintptr_t)name, NULL };
	pid_t parent = getpid();
	enum status st;

	*p = (struct process){ .pid = -1, .in = -1, .out = -1, .err = -1 };
	if (!process_find(name, path))
		return error_set(err, ST_CONF, errno,
		    "%s is not installed (Debian: package %s): %s", name, name, path);
	if ((st = process_pipe(in, 1, err)) == ST_OK && (st = process_pipe(out, 0, err)) == ST_OK)
		st = process_pipe(errs, 0, err);
	if (st == ST_OK && (p->pid = fork()) == -1)
		st = error_sys(err, errno, "start %s", name);
	if (p->pid == 0)
		process_run(path, argv, (const int[]){ in[0], out[1], errs[1] }, parent);
	(void)close(in[0]);
	(void)close(out[1]);
	(void)close(errs[1]);
	p->in = in[1];
	p->out = out[0];
	p->err = errs[0];
	return st;
}

static void
process_shut(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

void
process_end(struct process *p, usec_t deadline)
{
	useconds_t pause = PAUSE_MIN;

	process_shut(&p->in);
	while (p->pid != -1) {
		pid_t got = waitpid(p->pid, NULL, WNOHANG);
		if (got == p->pid || (got == -1 && errno != EINTR)) {
			p->pid = -1;
			break;
		}
		if (clock_mono() >= deadline)
			(void)kill(p->pid, SIGKILL);
		(void)usleep(pause);
		pause = pause < PAUSE_MAX ? 2 * pause : PAUSE_MAX;
	}
	process_shut(&p->out);
	process_shut(&p->err);
}
