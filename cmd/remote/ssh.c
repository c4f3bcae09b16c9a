/*
 * ssh.c: one run of the user's ssh, with a command for the shell on the other side.
 *
 * ssh takes one string, which the login shell on the other side splits into words.  So each word is
 * quoted for a POSIX shell.
 */
#include <sys/prctl.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "shared/cmd.h"
#include "shared/env.h"
#include "remote/remote.h"
#include "remote/ssh.h"

/* 'before' is not quoted. */
void
ssh_quote(FILE *f, const char *before, const char *word)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:@+";

	if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
		(void)fprintf(f, "%s%s", before, word);
		return;
	}
	(void)fprintf(f, "%s'", before);
	for (; *word != '\0'; word++)
		if (*word == '\'')
			(void)fputs("'\\''", f);
		else
			(void)fputc(*word, f);
	(void)fputc('\'', f);
}

/*
 * Put the trace in front of the command, because ssh does not pass on the environment.  The message
 * then gets the headers that it would get here.
 */
static void
ssh_put_trace(FILE *f)
{
	const char *name, *value;

	for (size_t i = 0; (value = trace_value(i, &name)) != NULL; i++) {
		(void)fputs(i == 0 ? "env " : "", f);
		(void)fputs(name, f);
		ssh_quote(f, "=", value);
		(void)fputc(' ', f);
	}
}

/* Write what comes before the words of the verb. */
FILE *
ssh_command(struct remote *m)
{
	FILE *f = open_memstream(&m->command, &m->len);

	if (f == NULL)
		return NULL;
	if (strcmp(m->r->cmd->name, "push") == 0)
		ssh_put_trace(f);
	(void)fputs("mq -s", f);
	ssh_quote(f, " ", m->path);
	if (m->r->quiet)
		(void)fputs(" -q", f);
	if (m->r->verbose)
		(void)fputs(" -v", f);
	ssh_quote(f, " ", m->r->cmd->name);
	return f;
}

/* Replace this process by ssh.  It returns only if that fails. */
static void
ssh_run(const struct remote *m)
{
	static char sh[] = "sh", c[] = "-c", ssh[] = "ssh", no_tty[] = "-T", port[] = "-p";
	const char *program = getenv("MQ_SSH");
	char shell[4200], *argv[12];
	int n = 0;

	/* As git does: a shell splits the value of the variable, and our words follow. */
	if (program != NULL && program[0] != '\0') {
		if ((size_t)snprintf(shell, sizeof(shell), "%s \"$@\"", program) >= sizeof(shell))
			return;
		argv[n++] = sh;
		argv[n++] = c;
		argv[n++] = shell;
	}
	argv[n++] = ssh;
	argv[n++] = no_tty;
	if (m->port[0] != '\0') {
		argv[n++] = port;
		argv[n++] = (char *)m->port;
	}
	argv[n++] = (char *)m->host;
	argv[n++] = m->command;
	argv[n] = NULL;
	(void)execvp(argv[0], argv);
}

/* 'in' and 'out' become the stdin and stdout of ssh; 0 and 1 are our own. */
enum status
ssh_start(struct remote *m, int in, int out, pid_t *pid)
{
	(void)fflush(stdout);
	if ((*pid = fork()) == -1)
		return error_sys(&m->r->err, errno, "fork");
	if (*pid != 0)
		return ST_OK;
	/* If we are killed, ssh has to end, too. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	fs_give_umask();
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	if ((in == 0 || dup2(in, 0) != -1) && (out == 1 || dup2(out, 1) != -1))
		ssh_run(m);
	(void)fprintf(stderr, "mq %s: cannot run ssh: %s\n", m->r->cmd->name, strerror(errno));
	_exit(status_exit(ST_CONF));
}

/* Wait for the end of ssh, and turn its exit status into a result. */
enum status
ssh_ended(struct remote *m, pid_t pid)
{
	struct run *r = m->r;
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return error_sys(&r->err, errno, "wait for ssh");
	if (WIFSIGNALED(status))
		return error_set(&r->err, ST_AGAIN, 0, "ssh was ended by signal %d",
		    WTERMSIG(status));
	switch (WEXITSTATUS(status)) {
	case 255:
		return error_set(&r->err, ST_AGAIN, 0, "the connection to %s failed", m->host);
	case 126:
	case 127:
		return error_set(&r->err, ST_CONF, 0,
		    "there is no mq in the PATH of %s, or it cannot be run", m->host);
	default:
		r->exit_code = WEXITSTATUS(status);
		return ST_OK;
	}
}

enum status
remote_start(struct remote *m, int without, const char *const *more, struct ssh *ssh)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	struct run *r = m->r;
	enum status st;
	FILE *f;

	ssh->in = ssh->out = -1;
	if ((f = ssh_command(m)) == NULL)
		return error_sys(&r->err, ENOMEM, "ssh");
	for (int i = 0; i < r->ngiven; i++) {
		const struct opt *o = r->cmd->opts;
		if (r->given[i].key == without)
			continue;
		while (o->key != r->given[i].key)
			o++;
		(void)fprintf(f, " --%s", o->name);
		if (r->given[i].arg != NULL)
			ssh_quote(f, "=", r->given[i].arg);
	}
	for (; *more != NULL; more++)
		ssh_quote(f, " ", *more);
	if (fclose(f) != 0)
		st = error_sys(&r->err, ENOMEM, "ssh");
	else if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
		st = error_sys(&r->err, errno, "pipe");
	else
		st = ssh_start(m, in[0], out[1], &ssh->pid);
	(void)close(in[0]);
	(void)close(out[1]);
	ssh->in = in[1];
	ssh->out = out[0];
	return st;
}

enum status
remote_end(struct remote *m, struct ssh *ssh)
{
	if (ssh->in != -1)
		(void)close(ssh->in);
	if (ssh->out != -1)
		(void)close(ssh->out);
	ssh->in = ssh->out = -1;
	return ssh_ended(m, ssh->pid);
}

const char *
remote_given(const struct run *r, int key)
{
	const char *arg = NULL;

	for (int i = 0; i < r->ngiven; i++)
		if (r->given[i].key == key)
			arg = r->given[i].arg != NULL ? r->given[i].arg : "";
	return arg;
}
