/*
 * ferry.c: push, pop and claim --body on another host, with their files and outputs on this side.
 *
 * A connection that breaks must not make a message of half an input.  Nor may it lose a message
 * that was taken out there and has not come out here.  So push sends its inputs in chunks with an
 * end, and pop acknowledges on the other side only when stdout on this side has taken the body.
 */
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "shared/input.h"
#include "shared/out.h"
#include "remote/remote.h"
#include "remote/ssh.h"

/* ---- both ------------------------------------------------------------- */

/* Whether the program on the other side is mq: see remote.h. */
static bool
ferry_heard_hello(int fd)
{
	char text[sizeof(CHUNK_HELLO) - 1];
	size_t have = 0;
	ssize_t n;

	while (have < sizeof(text) && ((n = read(fd, text + have, sizeof(text) - have)) > 0 ||
	    (n == -1 && errno == EINTR)))
		have += n > 0 ? (size_t)n : 0;
	return have == sizeof(text) && memcmp(text, CHUNK_HELLO, sizeof(text)) == 0;
}

/* Fill the error for a command that ended well but did not say hello. */
static enum status
ferry_stranger(struct remote *m)
{
	return error_set(&m->r->err, ST_IO, 0,
	    "what answers at %s is not mq; does a login script there print something?",
	    m->host);
}

/* ---- push ------------------------------------------------------------- */

/*
 * How the pump ends: a process of its own that copies the ids from the other side to stdout.
 * Without it, each side could wait for the other.
 */
enum { PUMPED, PUMP_NO_HELLO, PUMP_NO_STDOUT };

static int
ferry_pump(int from, int hello)
{
	char buf[4096];
	ssize_t n, done, w;

	if (!ferry_heard_hello(from))
		return PUMP_NO_HELLO;
	(void)!write(hello, "", 1);
	(void)close(hello);
	while ((n = read(from, buf, sizeof(buf))) > 0 || (n == -1 && errno == EINTR))
		for (done = 0; done < n; done += w)
			if ((w = write(STDOUT_FILENO, buf + done, (size_t)(n - done))) == -1) {
				if (errno != EINTR)
					return PUMP_NO_STDOUT;
				w = 0;
			}
	return PUMPED;
}

static enum status
ferry_start_pump(struct remote *m, struct ssh *ssh, pid_t *pid, int *hello)
{
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC) == -1)
		return error_sys(&m->r->err, errno, "pipe");
	if ((*pid = fork()) == 0) {
		(void)close(ssh->in);
		(void)close(pipes[0]);
		_exit(ferry_pump(ssh->out, pipes[1]));
	}
	(void)close(pipes[1]);
	(void)close(ssh->out);
	ssh->out = -1;
	*hello = pipes[0];
	return *pid == -1 ? error_sys(&m->r->err, errno, "fork") : ST_OK;
}

struct sending {
	struct remote *m;
	struct ssh ssh;
	bool broken;	/* the other side reads no more; its exit status says why */
	char *buf;
};

/* Send a piece.  ST_NONE: the other side reads no more. */
static enum status
ferry_send_chunk(struct sending *s, const void *data, uint32_t len)
{
	struct error writing;

	error_clear(&writing);
	s->broken = chunk_write(s->ssh.in, data, len, &writing) != ST_OK;
	return s->broken ? ST_NONE : ST_OK;
}

static enum status
ferry_send_fd(struct sending *s, int fd, const char *name)
{
	enum status st = ST_OK;
	ssize_t n;

	while (st == ST_OK && (n = read(fd, s->buf, CHUNK_MAX)) != 0)
		if (n > 0)
			st = ferry_send_chunk(s, s->buf, (uint32_t)n);
		else if (errno != EINTR)
			st = error_set(&s->m->r->err, ST_IO, errno, "read %s", name);
	return st == ST_OK ? ferry_send_chunk(s, NULL, 0) : st;
}

static enum status
ferry_send_all(struct sending *s)
{
	struct run *r = s->m->r;
	const char *text = remote_given(r, 'm');
	enum status st = ST_OK;

	if (text != NULL) {
		for (size_t n; st == ST_OK && *text != '\0'; text += n) {
			n = strnlen(text, CHUNK_MAX);
			st = ferry_send_chunk(s, text, (uint32_t)n);
		}
		return st == ST_OK ? ferry_send_chunk(s, NULL, 0) : st;
	}
	if (r->noperands == 1)
		return ferry_send_fd(s, STDIN_FILENO, "stdin");
	for (int i = 1; st == ST_OK && i < r->noperands; i++) {
		const char *name = r->operand[i];
		int fd = strcmp(name, "-") == 0 ? STDIN_FILENO :
		    open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd == -1)
			return error_sys(&r->err, errno, "%s", name);
		st = ferry_send_fd(s, fd, fd == STDIN_FILENO ? "stdin" : name);
		if (fd != STDIN_FILENO)
			(void)close(fd);
	}
	return st;
}

/* Whether the other side may queue some messages before it has the whole input. */
static bool
ferry_bit_by_bit(const struct run *r)
{
	return r->noperands > 2 || remote_given(r, 'l') != NULL || remote_given(r, '0') != NULL;
}

/*
 * Send the input.  The end of the stream is sent only after the hello of the other side.  So if
 * there never was a connection, nothing was queued there.
 */
static enum status
ferry_send_push(struct sending *s, bool *perhaps, int *pumped)
{
	struct run *r = s->m->r;
	enum status st;
	pid_t pid = -1;
	int hello = -1, status = 0;
	char byte;
	bool said;

	if ((st = ferry_start_pump(s->m, &s->ssh, &pid, &hello)) != ST_OK)
		return st;
	st = ferry_send_all(s);
	said = (st == ST_OK || st == ST_NONE) && read(hello, &byte, 1) == 1;
	*perhaps = said && (st == ST_OK || ferry_bit_by_bit(r));
	if (said && st == ST_OK)
		st = ferry_send_chunk(s, NULL, CHUNK_CLOSE);
	(void)close(hello);
	(void)close(s->ssh.in);
	s->ssh.in = -1;
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	*pumped = WIFEXITED(status) ? WEXITSTATUS(status) : PUMP_NO_STDOUT;
	return st == ST_NONE ? ST_OK : st;
}

enum status
ferry_push(struct remote *m)
{
	struct run *r = m->r;
	const char *more[] = { "--chunks", "--", r->operand[0], NULL };
	struct sending s = { .m = m };
	bool perhaps = false;
	int pumped = PUMPED;
	struct error sending;
	enum status st;

	for (int i = 0, n = 0; i < r->ngiven; i++)
		if (r->given[i].key == 'm' && ++n == 2)
			return run_usage(r, "-m is given twice: one message a command, or -l");
	if ((st = input_files_exist(r)) != ST_OK)
		return st;
	if ((s.buf = malloc(CHUNK_MAX)) == NULL)
		return error_sys(&r->err, ENOMEM, "push");
	if ((st = remote_start(m, 'm', more, &s.ssh)) != ST_OK)
		goto out;
	st = ferry_send_push(&s, &perhaps, &pumped);
	sending = r->err;
	error_clear(&r->err);
	if (remote_end(m, &s.ssh) == ST_AGAIN && perhaps && st == ST_OK) {
		error_clear(&r->err);
		st = error_set(&r->err, ST_UNSURE, 0,
		    "the connection to %s broke: what is not printed above is queued "
		    "or not", m->host);
	} else if (st != ST_OK)
		r->err = sending;
	else
		st = r->err.status;
	if (st == ST_OK && r->exit_code == 0 && pumped == PUMP_NO_HELLO)
		st = ferry_stranger(m);
	if (st == ST_OK && r->exit_code == 0 && pumped == PUMP_NO_STDOUT)
		st = error_set(&r->err, ST_UNSURE, 0,
		    "the message is queued, but its id could not be printed: stdout");
out:
	free(s.buf);
	return st;
}

/* ---- pop and claim ---------------------------------------------------- */

/*
 * Copy one input from the other side to 'f', and see that all of it was taken.  ST_NONE: the stream
 * broke off.  Any other failure is on this side, and is in the run's error.
 */
static enum status
ferry_receive(struct remote *m, struct chunks *c, char *buf, FILE *f, const char *name)
{
	struct run *r = m->r;
	struct error broken;
	enum status st;
	size_t got;

	error_clear(&broken);
	while ((st = chunk_read(c, buf, CHUNK_MAX, &got, &broken)) == ST_OK && got > 0)
		if (fwrite(buf, 1, got, f) != got)
			return error_set(&r->err, ST_IO, errno, "%s", name);
	if (st != ST_OK)
		return ST_NONE;
	errno = 0;
	if (fflush(f) == EOF || (f == stdout && !out_taken(NULL, NULL)))
		return error_set(&r->err, ST_IO, errno != 0 ? errno : EIO, "%s", name);
	return ST_OK;
}

/* Tell the other side that the body came out here. */
static enum status
ferry_confirm(struct ssh *ssh)
{
	return write(ssh->in, "\n", 1) == 1 ? ST_OK : ST_NONE;
}

/*
 * Choose the result: first a failure on this side, then what the other side reports, then that the
 * other side sent less than everything.
 */
static enum status
ferry_settle(struct remote *m, struct ssh *ssh, enum status st, bool hello)
{
	struct run *r = m->r;
	struct error ours = r->err;
	enum status there;

	error_clear(&r->err);
	there = remote_end(m, ssh);
	if (ours.status != ST_OK) {
		r->err = ours;
		return ours.status;
	}
	if (there != ST_OK || r->exit_code != 0)
		return there;
	if (!hello)
		return ferry_stranger(m);
	return st == ST_OK ? ST_OK : error_set(&r->err, ST_IO, 0, "what %s sent broke off",
	    m->host);
}

enum status
ferry_pop(struct remote *m)
{
	struct run *r = m->r;
	const char *more[] = { "--chunks", "--", NULL, NULL };
	char *buf = malloc(CHUNK_MAX);
	struct chunks c = { 0 };
	struct error broken;
	struct ssh ssh;
	bool another = true, hello;
	enum status st;

	if (buf == NULL)
		return error_sys(&r->err, ENOMEM, "pop");
	more[2] = r->noperands == 1 ? r->operand[0] : NULL;
	if ((st = run_operands(r, 1, 1)) == ST_OK &&
	    (st = remote_start(m, 0, more, &ssh)) == ST_OK) {
		c.fd = ssh.out;
		error_clear(&broken);
		hello = ferry_heard_hello(ssh.out);
		st = hello ? ST_OK : ST_NONE;
		while (st == ST_OK && (st = chunk_next(&c, &another, &broken)) == ST_OK && another)
			if ((st = ferry_receive(m, &c, buf, stdout, "stdout")) == ST_OK)
				st = ferry_confirm(&ssh);
		st = ferry_settle(m, &ssh, st, hello);
	}
	free(buf);
	return st;
}

/* Copy what follows the body to stdout: the handle, or JSON. */
static enum status
ferry_pass_on(struct run *r, int fd, char *buf)
{
	ssize_t n;

	while ((n = read(fd, buf, CHUNK_MAX)) > 0 || (n == -1 && errno == EINTR))
		if (n > 0 && fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
			return error_set(&r->err, ST_IO, errno, "stdout");
	return ST_OK;
}

static enum status
ferry_receive_body(struct remote *m, struct ssh *ssh, const char *file, char *buf)
{
	struct chunks c = { .fd = ssh->out };
	struct run *r = m->r;
	struct error broken;
	bool another = false;
	enum status st;
	FILE *f;
	int fd;

	error_clear(&broken);
	if (chunk_next(&c, &another, &broken) != ST_OK || !another)
		return ST_NONE;
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd == -1 || (f = fdopen(fd, "w")) == NULL)
		return error_set(&r->err, ST_IO, errno, "%s", file);
	st = ferry_receive(m, &c, buf, f, file);
	if (fclose(f) == EOF && st == ST_OK)
		st = error_set(&r->err, ST_IO, errno, "%s", file);
	if (st == ST_OK && (st = ferry_confirm(ssh)) == ST_OK)
		st = ferry_pass_on(r, ssh->out, buf);
	return st;
}

enum status
ferry_claim(struct remote *m)
{
	struct run *r = m->r;
	const char *more[] = { "--chunks", "--", NULL, NULL };
	const char *file = remote_given(r, CLAIM_BODY);
	char *buf = malloc(CHUNK_MAX);
	struct ssh ssh;
	enum status st;
	bool hello;

	if (buf == NULL)
		return error_sys(&r->err, ENOMEM, "claim");
	more[2] = r->noperands == 1 ? r->operand[0] : NULL;
	if (strcmp(file, "-") == 0)
		st = run_usage(r, "--body -: the handle goes to stdout; use --json, or pop");
	else if ((st = run_operands(r, 1, 1)) == ST_OK &&
	    (st = remote_start(m, CLAIM_BODY, more, &ssh)) == ST_OK) {
		hello = ferry_heard_hello(ssh.out);
		st = hello ? ferry_receive_body(m, &ssh, file, buf) : ST_NONE;
		st = ferry_settle(m, &ssh, st, hello);
	}
	free(buf);
	return st;
}
