/*
 * start.c: starts one handler of mq work: a child process in a process group of its own.  It
 * reads the body or bodies from its stdin, and its stderr is a pipe to us.
 */
#include <sys/prctl.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/env.h"
#include "shared/files.h"
#include "worker/batch.h"
#include "worker/guard.h"
#include "worker/handler.h"
#include "worker/sources.h"
#include "worker/supply.h"
#include "worker/verdict.h"

/* Bytes to leave for the variables of a message, and for what execve(2) adds itself. */
#define LAUNCH_ROOM 8192

/* ---- what all handlers have in common --------------------------------- */

enum status
launch_open(struct run *r, struct source *s, char *const *argv, struct launch *l,
    struct error *err)
{
	struct env e = { 0 };
	enum status st;
	size_t n = 0;

	l->source = s;
	l->argv = argv;
	l->worker = getpid();
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && run_ignores(sig))
			l->ignored[n++] = sig;
	env_inherit(&e, r, s->name);
	st = env_end(&e, err);
	l->env = e.v;
	l->nenv = e.n;
	return st;
}

void
launch_close(struct launch *l)
{
	struct env e = { .v = l->env, .n = l->nenv };

	env_free(&e);
}

/* The length of the strings of 'v' and of the pointers to them, as execve(2) counts. */
static size_t
launch_size(char *const *v)
{
	size_t size = 0;

	for (; *v != NULL; v++)
		size += strlen(*v) + 1 + sizeof(*v);
	return size;
}

bool
launch_fits(const struct launch *l)
{
	long most = sysconf(_SC_ARG_MAX);

	return most == -1 ||
	    launch_size(l->argv) + launch_size(l->env) + LAUNCH_ROOM < (size_t)most;
}

/* ---- starting --------------------------------------------------------- */

/*
 * What the child needs.  All of it is prepared before vfork, because hardly anything is allowed
 * between vfork and exec.
 */
struct start {
	const struct launch *launch;
	char *const *argv, *const *env;
	int in, out, err;
	int out_as;		/* the number that 'out' has in the child */
	volatile pid_t *place;
	volatile int failed;	/* errno of exec, written by the child in our memory */
};

static bool
start_out(const struct start *s)
{
	if (s->out == -1)
		return true;
	return (s->out == s->out_as ? fcntl(s->out, F_SETFD, 0) : dup2(s->out, s->out_as)) != -1;
}

static void
start_child(struct start *s)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	*s->place = getpid();
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The worker may have died before the call of prctl. */
	if (getppid() != s->launch->worker)
		_exit(127);
	/*
	 * The worker may ignore signals because of nohup, a shell's "&" or a CI, but a handler must
	 * end when it is told to.  exec itself resets the signals that the worker catches.
	 */
	for (const int *sig = s->launch->ignored; *sig != 0; sig++)
		(void)sigaction(*sig, &dfl, NULL);
	fs_give_umask();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(s->in, 0) == -1 || dup2(s->err, 2) == -1 || !start_out(s)) {
		s->failed = errno;
		_exit(127);
	}
	files_restore();
	(void)execvpe(s->argv[0], s->argv, s->env);
	s->failed = errno;
	_exit(127);
}

static enum status
start_pipe(int *in, int *out, int *ours, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return error_sys(err, errno, "pipe");
	*in = fds[0];
	*out = fds[1];
	(void)fcntl(*ours, F_SETFL, O_NONBLOCK);
	return ST_OK;
}

/*
 * Open the child's stdin.  If the message has no headers, stdin is its file.  That is opened anew,
 * because our own descriptor carries the lock, which must not outlive us.  If it has headers, stdin
 * is a pipe that is fed with what follows them.  A batch has the file that batch.c has made, and a
 * handler that stays has a pipe for the requests.
 */
static enum status
start_stdin(const struct launch *l, struct handler *h, int *in, struct error *err)
{
	if (l->mode == MODE_BATCH) {
		*in = h->infile;
		h->infile = -1;
		return ST_OK;
	}
	if (l->mode == MODE_ONE && h->claim->at.name.head == 0)
		return l->source->supply->body(l->source, h->claim, in, err);
	h->feeding = l->mode == MODE_ONE;
	h->from = h->claim->at.name.head;
	return start_pipe(in, &h->infd, &h->infd, err);
}

static enum status
start_pipes(const struct launch *l, struct handler *h, struct start *s, struct error *err)
{
	enum status st = start_stdin(l, h, &s->in, err);

	if (st == ST_OK)
		st = start_pipe(&h->errfd, &s->err, &h->errfd, err);
	if (st == ST_OK && l->mode == MODE_ONE) {
		s->out_as = STDOUT_FILENO;
		return handler_reply(l, h, &s->out, err);
	}
	if (st != ST_OK)
		return st;
	s->out_as = l->mode == MODE_STAY ? STDOUT_FILENO : RESULT_FD;
	return start_pipe(&h->outfd, &s->out, &h->outfd, err);
}

static void
start_shut(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

static enum status
start_spawn(struct handler *h, struct start *s, struct error *err)
{
	pid_t pid;

	s->failed = 0;
	/*
	 * fork would be slow for a worker that starts thousands of handlers, and posix_spawn cannot
	 * set PR_SET_PDEATHSIG.  start_child does only what is safe after vfork.
	 */
	/* NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork): see above */
	if ((pid = vfork()) == 0)
		start_child(s);	/* NOLINT(clang-analyzer-unix.Vfork): see above */
	if (pid == -1)
		return error_sys(err, errno, "start a handler");
	if (s->failed == 0) {
		h->pid = pid;
		h->state = SLOT_BUSY;
		return ST_OK;
	}
	*s->place = 0;
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	return error_set(err, ST_NOTFOUND, s->failed, "cannot run %s",
	    s->argv[0]);
}

static enum status
start_environment(const struct launch *l, const struct handler *h, struct env *env,
    struct error *err)
{
	switch (l->mode) {
	case MODE_BATCH:
		return env_part(env, l, h, err);
	case MODE_STAY:
		return env_stay(env, l, err);
	default:
		return env_message(env, l, h->claim, err);
	}
}

static enum status
start_begin(const struct launch *l, struct handler *h, int i, struct error *err)
{
	struct start s = { .launch = l, .argv = l->argv, .in = -1, .out = -1, .err = -1,
	    .place = guard_place(i) };
	struct env env = { 0 };
	char **argv = NULL;
	enum status st;

	st = start_environment(l, h, &env, err);
	if (st == ST_OK)
		st = start_pipes(l, h, &s, err);
	if (st == ST_OK && h->dir[0] != '\0') {
		s.argv = argv = batch_argv(l->argv, h->dir);
		if (argv == NULL)
			st = error_sys(err, ENOMEM, "start a handler");
	}
	if (st == ST_OK) {
		s.env = env.v;
		h->started = clock_mono();
		/*
		 * The pipe is filled before the handler runs.  So if we are killed while we start
		 * the handler, it finds a small body complete, and does not take a part for all.
		 */
		handler_feed(h);
		st = start_spawn(h, &s, err);
	}
	batch_argv_free(argv);
	env_free(&env);
	start_shut(&s.in);
	if (s.out != h->answer.fd)
		start_shut(&s.out);
	start_shut(&s.err);
	return st;
}

enum status
handler_start(const struct launch *l, struct handler *h, int i, struct error *err)
{
	enum status st = handler_lives(h) ? ST_OK : start_begin(l, h, i, err);

	if (st != ST_OK) {
		answer_close(l->source->q, &h->answer);
		handler_reset(h, i);
		return st;
	}
	if (l->mode == MODE_STAY)
		persist_request(l, h);
	handler_feed(h);	/* most bodies fit into the pipe, and need no poll */
	return ST_OK;
}
