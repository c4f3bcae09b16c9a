/*
 * remote.c: -s ssh://[USER@]HOST[:PORT]/PATH: the same command there, by the user's ssh.
 *
 * ssh gets one string, which the login shell there takes apart: each word is quoted for a POSIX
 * shell.  The host goes to ssh as a word of its own, so it must not look like an option
 * (CVE-2017-1000117).  push, pop and claim --body have files and outputs on this side: see ferry.c.
 */
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "shared/cmd.h"
#include "shared/env.h"
#include "remote/remote.h"

static const char scheme[] = "ssh://";

struct remote {
	struct run *r;
	char host[300];		/* with "USER@" */
	char port[8];		/* "" if none was given */
	char path[4096];
	char *command;		/* for the shell there */
	size_t len;
};

struct run *
remote_of(struct remote *m)
{
	return m->r;
}

const char *
remote_host(const struct remote *m)
{
	return m->host;
}

bool
remote_is(const char *spool)
{
	return spool != NULL && strncmp(spool, scheme, sizeof(scheme) - 1) == 0;
}

/* ---- where ------------------------------------------------------------ */

static enum status
refuse(struct remote *m, const char *spool, const char *why)
{
	return error_set(&m->r->err, ST_USAGE, 0, "'%s': %s; a spool on another host is "
	    "ssh://[USER@]HOST[:PORT]/PATH", spool, why);
}

/* "[USER@]HOST[:PORT]", HOST with brackets if it has colons. */
static enum status
take_host(struct remote *m, const char *spool, const char *text, size_t len)
{
	char *at, *host, *port, *close;
	const char *why;

	if (len >= sizeof(m->host))
		return refuse(m, spool, "the name of the host is too long");
	(void)strlcpy(m->host, text, len + 1);
	at = strrchr(m->host, '@');
	host = at != NULL ? at + 1 : m->host;
	port = strrchr(host, ':');
	if (host[0] == '[') {
		if ((close = strchr(host, ']')) == NULL || (close[1] != ':' && close[1] != '\0'))
			return refuse(m, spool, "the host is not [ADDRESS]");
		port = close[1] == ':' ? close + 1 : NULL;
		*close = '\0';
		memmove(host, host + 1, strlen(host + 1) + 1);
		if (port != NULL)
			(void)strlcpy(m->port, port + 1, sizeof(m->port));
	} else if (port != NULL) {
		*port = '\0';
		if (strlcpy(m->port, port + 1, sizeof(m->port)) >= sizeof(m->port))
			m->port[0] = '-';	/* no number */
		if (strchr(host, ':') != NULL)
			return refuse(m, spool, "an address with colons needs brackets");
	}
	if (port != NULL && (strspn(m->port, "0123456789") != strlen(m->port) || strtonum(m->port, 1, 65535, &why) == 0))
		return refuse(m, spool, "the port is no number from 1 to 65535");
	if (host[0] == '\0' || at == m->host)
		return refuse(m, spool, "there is no host, or an empty user");
	if (m->host[0] == '-' || host[0] == '-')
		return refuse(m, spool, "a host must not start with '-'");
	return ST_OK;
}

static enum status
take_spool(struct remote *m, const char *spool)
{
	const char *text = spool + sizeof(scheme) - 1, *path = strchr(text, '/');

	for (const char *p = spool; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			return refuse(m, spool, "it has control characters");
	if (path == NULL || path[1] == '\0')
		return refuse(m, spool, "there is no path");
	if (strlcpy(m->path, path, sizeof(m->path)) >= sizeof(m->path))
		return refuse(m, spool, "the path is too long");
	return take_host(m, spool, text, (size_t)(path - text));
}

/* ---- the command ------------------------------------------------------ */

/* before stands in front of it as it is. */
static void
quote(FILE *f, const char *before, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:@+";

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

/* ssh takes no environment along, but the message is to have the headers that it would have here. */
static void
put_trace(FILE *f)
{
	const char *name, *value;

	for (size_t i = 0; (value = trace_value(i, &name)) != NULL; i++) {
		(void)fputs(i == 0 ? "env " : "", f);
		(void)fputs(name, f);
		quote(f, "=", value);
		(void)fputc(' ', f);
	}
}

/* What comes before the words of the verb. */
static FILE *
command_open(struct remote *m)
{
	FILE *f = open_memstream(&m->command, &m->len);

	if (f == NULL)
		return NULL;
	if (strcmp(m->r->cmd->name, "push") == 0)
		put_trace(f);
	(void)fputs("mq -s", f);
	quote(f, " ", m->path);
	if (m->r->quiet)
		(void)fputs(" -q", f);
	if (m->r->verbose)
		(void)fputs(" -v", f);
	quote(f, " ", m->r->cmd->name);
	return f;
}

/* Replaces this process by ssh. */
static void
run_ssh(const struct remote *m)
{
	static char sh[] = "sh", c[] = "-c", ssh[] = "ssh", no_tty[] = "-T", port[] = "-p";
	const char *program = getenv("MQ_SSH");
	char shell[4200], *argv[12];
	int n = 0;

	/* As git does it: the shell takes the variable apart, and adds our words. */
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

/* in and out: what it has for stdin and stdout.  0 and 1: ours. */
static enum status
start(struct remote *m, int in, int out, pid_t *pid)
{
	(void)fflush(stdout);
	if ((*pid = fork()) == -1)
		return error_sys(&m->r->err, errno, "fork");
	if (*pid != 0)
		return ST_OK;
	/* Whoever kills us means it, too. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	fs_give_umask();
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	if ((in == 0 || dup2(in, 0) != -1) && (out == 1 || dup2(out, 1) != -1))
		run_ssh(m);
	(void)fprintf(stderr, "mq %s: cannot run ssh: %s\n", m->r->cmd->name, strerror(errno));
	_exit(status_exit(ST_CONF));
}

/* What its end means. */
static enum status
ended(struct remote *m, pid_t pid)
{
	struct run *r = m->r;
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return error_sys(&r->err, errno, "wait for ssh");
	if (WIFSIGNALED(status))
		return error_set(&r->err, ST_AGAIN, 0, "ssh was ended by signal %d", WTERMSIG(status));
	switch (WEXITSTATUS(status)) {
	case 255:
		return error_set(&r->err, ST_AGAIN, 0, "the connection to %s failed", m->host);
	case 126:
	case 127:
		return error_set(&r->err, ST_CONF, 0, "there is no mq in the PATH of %s, or it cannot be run", m->host);
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
	if ((f = command_open(m)) == NULL)
		return error_sys(&r->err, ENOMEM, "ssh");
	for (int i = 0; i < r->ngiven; i++) {
		const struct opt *o = r->cmd->opts;
		if (r->given[i].key == without)
			continue;
		while (o->key != r->given[i].key)
			o++;
		(void)fprintf(f, " --%s", o->name);
		if (r->given[i].arg != NULL)
			quote(f, "=", r->given[i].arg);
	}
	for (; *more != NULL; more++)
		quote(f, " ", *more);
	if (fclose(f) != 0)
		st = error_sys(&r->err, ENOMEM, "ssh");
	else if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
		st = error_sys(&r->err, errno, "pipe");
	else
		st = start(m, in[0], out[1], &ssh->pid);
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
	return ended(m, ssh->pid);
}

/* ---- the verbs -------------------------------------------------------- */

static enum status
plain(struct remote *m, char **words)
{
	FILE *f;
	int in = strcmp(m->r->cmd->name, "import") == 0 ? 0 : -1;
	enum status st;
	pid_t pid;

	/* Only where it is read: ssh would take what the loop around us wants to read next. */
	for (int i = 0; i < m->r->noperands; i++)
		if (strcmp(m->r->operand[i], "-") == 0)
			in = 0;
	if (in == -1 && (in = open("/dev/null", O_RDONLY | O_CLOEXEC)) == -1)
		return error_sys(&m->r->err, errno, "/dev/null");
	if ((f = command_open(m)) == NULL)
		return error_sys(&m->r->err, ENOMEM, "ssh");
	for (; *words != NULL; words++)
		quote(f, " ", *words);
	if (fclose(f) != 0)
		return error_sys(&m->r->err, ENOMEM, "ssh");
	st = start(m, in, 1, &pid);
	if (in != 0)
		(void)close(in);
	return st == ST_OK ? ended(m, pid) : st;
}

static enum status
only_there(struct remote *m)
{
	/* A terminal there would change the bytes of an answer. */
	bool bytes = strcmp(m->r->cmd->name, "request") == 0 || strcmp(m->r->cmd->name, "reply") == 0;

	return run_usage(m->r, "not over ssh, for it has to live where the spool is: ssh %s%s%s%s%s mq -s '%s' %s ...",
	    bytes ? "" : "-t ", m->port[0] != '\0' ? "-p " : "", m->port, m->port[0] != '\0' ? " " : "", m->host, m->path, m->r->cmd->name);
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

static enum status
run_there(struct remote *m, const char *verb, char **words)
{
	static const char *const stay[] = { "work", "top", "edit", "request", "reply" };
	struct run *r = m->r;

	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		if (strcmp(verb, stay[i]) == 0)
			return only_there(m);
	/* A word too many, or too few, is for the other side to refuse. */
	if (strcmp(verb, "push") == 0 && (r->noperands == 1 || (r->noperands > 1 && remote_given(r, 'm') == NULL)))
		return ferry_push(m);
	if (strcmp(verb, "pop") == 0)
		return ferry_pop(m);
	if (strcmp(verb, "claim") == 0 && remote_given(r, CLAIM_BODY) != NULL)
		return ferry_claim(m);
	if (strcmp(verb, "export") == 0 && isatty(STDOUT_FILENO) == 1)
		return run_usage(r, "an archive is nothing for a terminal");
	if (strcmp(verb, "import") == 0 && isatty(STDIN_FILENO) == 1)
		return run_usage(r, "the archive comes from stdin");
	return plain(m, words);
}

enum status
remote_run(struct run *r, const char *spool, char **words)
{
	struct remote m = { .r = r };
	const char *verb = r->cmd->name;
	enum status st;

	if (strcmp(verb, "help") == 0 || strcmp(verb, "version") == 0)
		return r->cmd->run(r);
	if ((st = take_spool(&m, spool)) == ST_OK)
		st = run_there(&m, verb, words);
	free(m.command);
	return st;
}
