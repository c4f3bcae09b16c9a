/*
 * handler.c: one handler of mq work: a child process in a process group of its
 * own, its stdin the body, its stderr passed on and its tail kept.
 */
#include <sys/prctl.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "work.h"

/* From SIGTERM to SIGKILL. */
#define GRACE (5 * USEC)
#define CHUNK 65536
/* Reads or writes that one call does at most. */
#define ROUNDS 16

/* ---- what all have in common ------------------------------------------ */

enum status
launch_open(struct run *r, struct queue *q, char *const *argv, struct launch *l,
    struct error *err)
{
	struct env e = { 0 };
	enum status st;
	size_t n = 0;

	l->q = q;
	l->argv = argv;
	l->worker = getpid();
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && run_ignores(sig))
			l->ignored[n++] = sig;
	st = env_common(&e, r, q, err);
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

/* ---- starting --------------------------------------------------------- */

/* What the child needs, made before vfork: between it and exec next to nothing is allowed. */
struct start {
	const struct launch *launch;
	char *const *env;
	int in, err;
	volatile pid_t *place;
	volatile int failed;	/* errno of exec, written by the child in our memory */
};

static void
child(struct start *s)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	*s->place = getpid();
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != s->launch->worker)	/* it died before we asked to be told */
		_exit(127);
	/* What nohup, a shell's & or a CI set on the worker is not meant for a handler that
	 * must end when it is told to.  What the worker catches exec sets back itself. */
	for (const int *sig = s->launch->ignored; *sig != 0; sig++)
		(void)sigaction(*sig, &dfl, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(s->in, 0) == -1 || dup2(s->err, 2) == -1) {
		s->failed = errno;
		_exit(127);
	}
	(void)execvpe(s->launch->argv[0], s->launch->argv, s->env);
	s->failed = errno;
	_exit(127);
}

/*
 * The body as the child's stdin: the file itself when it is all body, through a
 * descriptor of its own (ours carries the lock, which must die with us alone);
 * else a pipe that is fed with what follows the headers.
 */
static enum status
open_stdin(struct queue *q, struct handler *h, const struct claim *c, int *in,
    struct error *err)
{
	int fds[2];

	if (c->at.name.head == 0)
		return msg_open(q, &c->at, in, err);
	if (pipe2(fds, O_CLOEXEC) == -1)
		return error_sys(err, errno, "pipe");
	(void)fcntl(fds[1], F_SETFL, O_NONBLOCK);
	*in = fds[0];
	h->infd = fds[1];
	h->fed = c->at.name.head;
	return ST_OK;
}

static enum status
spawn(struct handler *h, struct start *s, struct error *err)
{
	pid_t pid;

	s->failed = 0;
	/*
	 * vfork, for a worker starts thousands and posix_spawn cannot set PR_SET_PDEATHSIG; what
	 * the child does (see struct start) was chosen for it.
	 */
	if ((pid = vfork()) == 0)	/* NOLINT(clang-analyzer-security.insecureAPI.vfork): see above */
		child(s);	/* NOLINT(clang-analyzer-unix.Vfork): see above */
	if (pid == -1)
		return error_sys(err, errno, "start a handler");
	if (s->failed == 0) {
		h->pid = pid;
		return ST_OK;
	}
	*s->place = 0;
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	return error_set(err, ST_NOTFOUND, s->failed, "cannot run %s",
	    s->launch->argv[0]);
}

enum status
handler_start(const struct launch *l, struct handler *h, int i, struct error *err)
{
	struct start s = { .launch = l, .in = -1, .err = -1, .place = guard_place(i) };
	struct env env = { 0 };
	int fds[2] = { -1, -1 };
	enum status st;

	handler_reset(h, i);
	st = env_message(&env, l, h->claim, err);
	if (st == ST_OK)
		st = open_stdin(l->q, h, h->claim, &s.in, err);
	if (st == ST_OK && pipe2(fds, O_CLOEXEC) == -1)
		st = error_sys(err, errno, "pipe");
	if (st == ST_OK) {
		(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
		h->errfd = fds[0];
		s.err = fds[1];
		s.env = env.v;
		h->started = clock_mono();
		st = spawn(h, &s, err);
	}
	env_free(&env);
	if (s.in != -1)
		(void)close(s.in);
	if (s.err != -1)
		(void)close(s.err);
	if (st == ST_OK)
		handler_feed(h);	/* most bodies fit into the pipe at once */
	else
		handler_reset(h, i);
	return st;
}

/* ---- while it runs ---------------------------------------------------- */

void
handler_feed(struct handler *h)
{
	static char buf[CHUNK];
	ssize_t n, w;

	for (int i = 0; i < ROUNDS && h->infd != -1; i++) {
		n = pread(h->claim->fd, buf, sizeof(buf), (off_t)h->fed);
		if (n < 0 || (n == 0 && h->fed < h->claim->at.name.size)) {
			/* Its end must not look like the end of the body. */
			handler_stop(h, WHY_BODY);
			return;
		}
		w = n > 0 ? write(h->infd, buf, (size_t)n) : 0;
		if (w == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (w <= 0) {	/* all of it, or nobody reads on */
			(void)close(h->infd);
			h->infd = -1;
			return;
		}
		h->fed += w;
	}
}

static void
keep_tail(struct handler *h, const char *text, size_t len)
{
	if (len >= TAIL) {
		memcpy(h->tail, text + len - TAIL, TAIL);
		h->ntail = TAIL;
		return;
	}
	if (h->ntail + len > TAIL) {
		size_t drop = h->ntail + len - TAIL;
		memmove(h->tail, h->tail + drop, h->ntail - drop);
		h->ntail -= drop;
	}
	memcpy(h->tail + h->ntail, text, len);
	h->ntail += len;
}

static bool
hear(struct handler *h, bool pass_on)
{
	char buf[PIPE_BUF];
	ssize_t n = read(h->errfd, buf, sizeof(buf));

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		(void)close(h->errfd);
		h->errfd = -1;
		return false;
	}
	keep_tail(h, buf, (size_t)n);
	if (pass_on)
		progress_clear();
	/* If nobody listens to us, the record has the tail. */
	if (pass_on && write(STDERR_FILENO, buf, (size_t)n) == -1)
		return true;
	return true;
}

bool
handler_listen(struct handler *h)
{
	for (int i = 0; i < ROUNDS && h->errfd != -1; i++) {
		if (!stderr_ready(0))
			return false;
		if (!hear(h, true))
			break;
	}
	return true;
}

void
handler_hear_out(struct handler *h)
{
	bool pass_on = true;

	/* A pipe holds 64 KiB; what its own children go on writing is not waited for. */
	for (int i = 0; i < ROUNDS * 2 && h->errfd != -1; i++) {
		pass_on = pass_on && stderr_ready(100);
		if (!hear(h, pass_on))
			break;
	}
}

void
handler_stop(struct handler *h, int why)
{
	if (h->why == WHY_NONE)
		h->why = why;
	(void)kill(-h->pid, h->stage == RUNNING ? SIGTERM : SIGKILL);
	h->limit = h->stage == RUNNING ? clock_mono() + GRACE : USEC_MAX;
	h->stage = h->stage == RUNNING ? TERMINATED : KILLED;
}

static void
shut(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

void
handler_reset(struct handler *h, int i)
{
	*guard_place(i) = 0;
	shut(&h->errfd);
	shut(&h->infd);
	memset((char *)h + offsetof(struct handler, pid), 0,
	    sizeof(*h) - offsetof(struct handler, pid));
	h->errfd = h->infd = -1;
	h->limit = USEC_MAX;
}

void
handler_free(struct handler *h, int i)
{
	handler_reset(h, i);
	for (int k = 0; k < h->n; k++)
		claim_close(&h->claim[k]);
	h->n = 0;
}
