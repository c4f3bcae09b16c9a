/*
 * handler.c: one handler of mq work: a child process in a process group of its
 * own, its stdin the body or bodies, its stderr passed on and its tail kept.
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

#include "view/view.h"
#include "pattern/pattern.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/progress.h"
#include "shared/env.h"
#include "worker/work.h"

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
	env_inherit(&e, r, q);
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

/* ---- starting --------------------------------------------------------- */

/* What the child needs, made before vfork: between it and exec next to nothing is allowed. */
struct start {
	const struct launch *launch;
	char *const *argv, *const *env;
	int in, out, err;
	int out_as;		/* the descriptor that out is there */
	volatile pid_t *place;
	volatile int failed;	/* errno of exec, written by the child in our memory */
};

static bool
give_out(const struct start *s)
{
	if (s->out == -1)
		return true;
	return (s->out == s->out_as ? fcntl(s->out, F_SETFD, 0) : dup2(s->out, s->out_as)) != -1;
}

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
	if (dup2(s->in, 0) == -1 || dup2(s->err, 2) == -1 || !give_out(s)) {
		s->failed = errno;
		_exit(127);
	}
	(void)execvpe(s->argv[0], s->argv, s->env);
	s->failed = errno;
	_exit(127);
}

static enum status
make_pipe(int *in, int *out, int *ours, struct error *err)
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
 * The body as the child's stdin: the file itself when it is all body, through a
 * descriptor of its own (ours carries the lock, which must die with us alone);
 * else a pipe that is fed with what follows the headers.  Of a batch it is the
 * file that was made; for a handler that stays, a pipe for the requests.
 */
static enum status
open_stdin(const struct launch *l, struct handler *h, int *in, struct error *err)
{
	if (l->mode == MODE_BATCH) {
		*in = h->infile;
		h->infile = -1;
		return ST_OK;
	}
	if (l->mode == MODE_ONE && h->claim->at.name.head == 0)
		return msg_open(l->q, &h->claim->at, in, err);
	h->feeding = l->mode == MODE_ONE;
	h->from = h->claim->at.name.head;
	return make_pipe(in, &h->infd, &h->infd, err);
}

static enum status
open_pipes(const struct launch *l, struct handler *h, struct start *s, struct error *err)
{
	enum status st = open_stdin(l, h, &s->in, err);

	if (st == ST_OK)
		st = make_pipe(&h->errfd, &s->err, &h->errfd, err);
	if (st == ST_OK && l->mode == MODE_ONE) {
		s->out_as = STDOUT_FILENO;
		return handler_reply(l, h, &s->out, err);
	}
	if (st != ST_OK)
		return st;
	s->out_as = l->mode == MODE_STAY ? STDOUT_FILENO : RESULT_FD;
	return make_pipe(&h->outfd, &s->out, &h->outfd, err);
}

static void
shut(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

/* What comes next of the line and the file; -1: it cannot be read. */
static ssize_t
next_piece(const struct handler *h, char *buf, size_t size)
{
	ssize_t have = 0, n;

	if (h->fed < h->nline) {
		have = (ssize_t)(h->nline - h->fed);
		memcpy(buf, h->line + h->fed, (size_t)have);
	}
	n = pread(h->claim->fd, buf + have, size - (size_t)have,
	    (off_t)(h->from + h->fed + have - h->nline));
	return n > 0 ? have + n : have > 0 ? have : -1;
}

/* What the pipe takes now.  False: the disk does not give it. */
static bool
feed(struct handler *h)
{
	int64_t all = h->feeding ? h->nline + h->claim->at.name.size - h->from : 0;
	static char buf[CHUNK];
	ssize_t n, w;

	for (int i = 0; i < ROUNDS && h->feeding; i++) {
		n = h->fed < all ? next_piece(h, buf, sizeof(buf)) : 0;
		if (n == -1)
			return false;
		w = n > 0 ? write(h->infd, buf, (size_t)n) : 0;
		if (w == -1 && (errno == EAGAIN || errno == EINTR))
			return true;
		h->fed += w > 0 ? w : 0;
		h->feeding = w > 0 && h->fed < all;
		/* All of it, or nobody reads on.  Of one that stays, what it has not read is asked for at its end. */
		if (!h->feeding && h->nline == 0)
			shut(&h->infd);
	}
	return true;
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
	    s->argv[0]);
}

static enum status
environment(const struct launch *l, const struct handler *h, struct env *env, struct error *err)
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
begin(const struct launch *l, struct handler *h, int i, struct error *err)
{
	struct start s = { .launch = l, .argv = l->argv, .in = -1, .out = -1, .err = -1,
	    .place = guard_place(i) };
	struct env env = { 0 };
	char **argv = NULL;
	enum status st;

	st = environment(l, h, &env, err);
	if (st == ST_OK)
		st = open_pipes(l, h, &s, err);
	if (st == ST_OK && h->dir[0] != '\0') {
		s.argv = argv = batch_argv(l->argv, h->dir);
		if (argv == NULL)
			st = error_sys(err, ENOMEM, "start a handler");
	}
	if (st == ST_OK) {
		s.env = env.v;
		h->started = clock_mono();
		/* As much as goes in before there is a reader: if we are killed, that of a body's end is not seen before its time. */
		(void)feed(h);
		st = spawn(h, &s, err);
	}
	batch_argv_free(argv);
	env_free(&env);
	shut(&s.in);
	if (s.out != h->answer.fd)
		shut(&s.out);
	shut(&s.err);
	return st;
}

enum status
handler_start(const struct launch *l, struct handler *h, int i, struct error *err)
{
	enum status st = h->pid != 0 ? ST_OK : begin(l, h, i, err);

	if (st != ST_OK) {
		answer_close(l->q, &h->answer);
		handler_reset(h, i);
		return st;
	}
	if (l->mode == MODE_STAY)
		persist_request(l, h);
	handler_feed(h);	/* most bodies fit into the pipe at once */
	return ST_OK;
}

/* ---- while it runs ---------------------------------------------------- */

void
handler_feed(struct handler *h)
{
	/* The end of what was had must not look like the end of the body. */
	if (!feed(h))
		handler_stop(h, WHY_BODY);
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
	if (h->pid == 0)
		return;
	if (h->why == WHY_NONE)
		h->why = why;
	(void)kill(-h->pid, h->stage == RUNNING ? SIGTERM : SIGKILL);
	h->limit = h->stage == RUNNING ? clock_mono() + GRACE : USEC_MAX;
	h->stage = h->stage == RUNNING ? TERMINATED : KILLED;
}

void
handler_reset(struct handler *h, int i)
{
	*guard_place(i) = 0;
	shut(&h->errfd);
	shut(&h->infd);
	shut(&h->outfd);
	shut(&h->infile);
	if (guard_dir(i)[0] != '\0') {
		batch_remove(guard_dir(i));
		guard_dir(i)[0] = '\0';
	}
	memset((char *)h + offsetof(struct handler, pid), 0,
	    sizeof(*h) - offsetof(struct handler, pid));
	h->errfd = h->infd = h->outfd = h->infile = h->answer.fd = -1;
	h->dir = guard_dir(i);
	h->limit = USEC_MAX;
}

void
handler_free(struct handler *h, int i)
{
	handler_reset(h, i);
	for (int k = 0; k < h->n; k++)
		claim_close(&h->claim[k]);
	h->n = h->part = h->nparts = 0;
	h->bytes = 0;
}
