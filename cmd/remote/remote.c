/*
 * remote.c: -s ssh://[USER@]HOST[:PORT]/PATH runs the same command on that host, by the user's ssh.
 *
 * The host is a word of its own on ssh's command line, so it must not look like an option
 * (CVE-2017-1000117).  push, pop and claim --body have files and outputs on this side: see ferry.c.
 */
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
#include "remote/ssh.h"

static const char scheme[] = "ssh://";

bool
remote_is(const char *spool)
{
	return spool != NULL && strncmp(spool, scheme, sizeof(scheme) - 1) == 0;
}

/* ---- where ------------------------------------------------------------ */

static enum status
remote_refuse(struct remote *m, const char *spool, const char *why)
{
	return error_set(&m->r->err, ST_USAGE, 0, "'%s': %s; a spool on another host is "
	    "ssh://[USER@]HOST[:PORT]/PATH", spool, why);
}

/* Parse "[USER@]HOST[:PORT]".  HOST is in brackets if it has colons. */
static enum status
remote_take_host(struct remote *m, const char *spool, const char *text, size_t len)
{
	char *at, *host, *port, *close;
	const char *why;

	if (len >= sizeof(m->host))
		return remote_refuse(m, spool, "the name of the host is too long");
	(void)strlcpy(m->host, text, len + 1);
	at = strrchr(m->host, '@');
	host = at != NULL ? at + 1 : m->host;
	port = strrchr(host, ':');
	if (host[0] == '[') {
		if ((close = strchr(host, ']')) == NULL || (close[1] != ':' && close[1] != '\0'))
			return remote_refuse(m, spool, "the host is not [ADDRESS]");
		port = close[1] == ':' ? close + 1 : NULL;
		*close = '\0';
		memmove(host, host + 1, strlen(host + 1) + 1);
		if (port != NULL)
			(void)strlcpy(m->port, port + 1, sizeof(m->port));
	} else if (port != NULL) {
		*port = '\0';
		if (strlcpy(m->port, port + 1, sizeof(m->port)) >= sizeof(m->port))
			m->port[0] = '-';	/* makes the check below fail */
		if (strchr(host, ':') != NULL)
			return remote_refuse(m, spool, "an address with colons needs brackets");
	}
	if (port != NULL && (strspn(m->port, "0123456789") != strlen(m->port) ||
	    strtonum(m->port, 1, 65535, &why) == 0))
		return remote_refuse(m, spool, "the port is no number from 1 to 65535");
	if (host[0] == '\0' || at == m->host)
		return remote_refuse(m, spool, "there is no host, or an empty user");
	if (m->host[0] == '-' || host[0] == '-')
		return remote_refuse(m, spool, "a host must not start with '-'");
	return ST_OK;
}

static enum status
remote_take_spool(struct remote *m, const char *spool)
{
	const char *text = spool + sizeof(scheme) - 1, *path = strchr(text, '/');

	for (const char *p = spool; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			return remote_refuse(m, spool, "it has control characters");
	if (path == NULL || path[1] == '\0')
		return remote_refuse(m, spool, "there is no path");
	if (strlcpy(m->path, path, sizeof(m->path)) >= sizeof(m->path))
		return remote_refuse(m, spool, "the path is too long");
	return remote_take_host(m, spool, text, (size_t)(path - text));
}

/* ---- the verbs -------------------------------------------------------- */

static enum status
remote_plain(struct remote *m, char **words)
{
	FILE *f;
	int in = strcmp(m->r->cmd->name, "import") == 0 ? 0 : -1;
	enum status st;
	pid_t pid;

	/*
	 * Give stdin to ssh only if the verb reads it.  In a shell's loop over stdin, ssh would
	 * otherwise take the lines that the loop is to read next.
	 */
	for (int i = 0; i < m->r->noperands; i++)
		if (strcmp(m->r->operand[i], "-") == 0)
			in = 0;
	if (in == -1 && (in = open("/dev/null", O_RDONLY | O_CLOEXEC)) == -1)
		return error_sys(&m->r->err, errno, "/dev/null");
	if ((f = ssh_command(m)) == NULL)
		return error_sys(&m->r->err, ENOMEM, "ssh");
	for (; *words != NULL; words++)
		ssh_quote(f, " ", *words);
	if (fclose(f) != 0)
		return error_sys(&m->r->err, ENOMEM, "ssh");
	st = ssh_start(m, in, 1, &pid);
	if (in != 0)
		(void)close(in);
	return st == ST_OK ? ssh_ended(m, pid) : st;
}

static enum status
remote_only_there(struct remote *m)
{
	/* With ssh -t, a terminal on the other side would change the bytes of an answer. */
	bool bytes = strcmp(m->r->cmd->name, "request") == 0 ||
	    strcmp(m->r->cmd->name, "reply") == 0;

	return run_usage(m->r,
	    "not over ssh, for it has to live where the spool is: ssh %s%s%s%s%s mq -s '%s' %s ...",
	    bytes ? "" : "-t ", m->port[0] != '\0' ? "-p " : "", m->port, m->port[0] != '\0' ? " " :
	    "", m->host, m->path, m->r->cmd->name);
}

static enum status
remote_run_there(struct remote *m, const char *verb, char **words)
{
	static const char *const stay[] = { "work", "top", "edit", "request", "reply" };
	struct run *r = m->r;

	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		if (strcmp(verb, stay[i]) == 0)
			return remote_only_there(m);
	/* The other side reports a wrong number of operands. */
	if (strcmp(verb, "push") == 0 && (r->noperands == 1 ||
	    (r->noperands > 1 && remote_given(r, 'm') == NULL)))
		return ferry_push(m);
	if (strcmp(verb, "pop") == 0)
		return ferry_pop(m);
	if (strcmp(verb, "claim") == 0 && remote_given(r, CLAIM_BODY) != NULL)
		return ferry_claim(m);
	if (strcmp(verb, "export") == 0 && isatty(STDOUT_FILENO) == 1)
		return run_usage(r, "an archive is nothing for a terminal");
	if (strcmp(verb, "import") == 0 && isatty(STDIN_FILENO) == 1)
		return run_usage(r, "the archive comes from stdin");
	return remote_plain(m, words);
}

enum status
remote_run(struct run *r, const char *spool, char **words)
{
	struct remote m = { .r = r };
	const char *verb = r->cmd->name;
	enum status st;

	if (strcmp(verb, "help") == 0 || strcmp(verb, "version") == 0)
		return r->cmd->run(r);
	if ((st = remote_take_spool(&m, spool)) == ST_OK)
		st = remote_run_there(&m, verb, words);
	free(m.command);
	return st;
}
