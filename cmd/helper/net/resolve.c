/*
 * resolve.c: the addresses of a host, within a time limit.
 */
#include <sys/wait.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "helper/net/inside.h"

/* What the child says: whether getaddrinfo succeeded, and what it found. */
struct answer {
	int gai;
	int n;
	struct resolved found[RESOLVED_MAX];
};

static void
resolve_ask(const struct address *a, int flags, struct answer *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV };
	struct addrinfo *all;

	if ((out->gai = getaddrinfo(a->host, a->port, &hints, &all)) != 0)
		return;
	for (struct addrinfo *i = all; i != NULL && out->n < RESOLVED_MAX; i = i->ai_next) {
		if (i->ai_addrlen > sizeof(out->found[0].addr))
			continue;
		out->found[out->n].len = i->ai_addrlen;
		memcpy(&out->found[out->n++].addr, i->ai_addr, i->ai_addrlen);
	}
	freeaddrinfo(all);
}

/* Read all that the child says.  False: it did not say it in time. */
static bool
resolve_read(int fd, struct answer *out, usec_t deadline)
{
	size_t len = 0;
	ssize_t n = 1;

	while (len < sizeof(*out) && n > 0) {
		if (net_poll(fd, POLLIN, deadline) != ST_OK)
			return false;
		if ((n = read(fd, (char *)out + len, sizeof(*out) - len)) > 0)
			len += (size_t)n;
	}
	return len == sizeof(*out);
}

/*
 * getaddrinfo(3) has no time limit, and name servers that do not answer take it half a minute; so a
 * child asks, which can be killed.
 */
static bool
resolve_child(const struct address *a, struct answer *out, usec_t deadline, struct error *err)
{
	struct answer in = { 0 };
	bool good;
	pid_t pid;
	int p[2];

	if (pipe(p) == -1 || (pid = fork()) == -1) {
		(void)error_set(err, ST_AGAIN, errno, "resolve");
		return false;
	}
	if (pid == 0) {
		(void)alarm((unsigned)((deadline - clock_mono()) / USEC) + 2);
		resolve_ask(a, 0, &in);
		_exit(write(p[1], &in, sizeof(in)) == (ssize_t)sizeof(in) ? 0 : 1);
	}
	(void)close(p[1]);
	good = resolve_read(p[0], out, deadline);
	(void)close(p[0]);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	if (!good)
		(void)error_set(err, ST_AGAIN, 0, "resolve %s: no answer in time", a->host);
	return good;
}

/* A name that is not known counts as "away": where containers start, it may become known. */
enum status
resolve(const struct address *a, usec_t deadline, struct resolved *out, int *n, struct error *err)
{
	struct answer answer = { 0 };

	resolve_ask(a, AI_NUMERICHOST, &answer);
	if (answer.gai == EAI_NONAME && !resolve_child(a, &answer, deadline, err))
		return ST_AGAIN;
	if (answer.gai != 0 || answer.n <= 0 || answer.n > RESOLVED_MAX)
		return error_set(err, ST_AGAIN, 0, "resolve %s: %s", a->host,
		    answer.gai != 0 ? gai_strerror(answer.gai) : "no address");
	memcpy(out, answer.found, sizeof(answer.found));
	*n = answer.n;
	return ST_OK;
}
