/*
 * notify.c: tells the service manager how a worker fares: sd_notify(3)'s protocol,
 * a datagram of VARIABLE=VALUE lines to $NOTIFY_SOCKET, without its library.
 *
 * If nobody wants to be told, this takes no descriptor and never wakes the worker.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "worker/notify.h"

/* The least time between two statuses, and before a datagram that was refused is sent again. */
#define PACE USEC

/* Half of $WATCHDOG_USEC if that is meant for this process; else 0. */
static usec_t
watchdog(void)
{
	const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID"), *bad;
	long long limit;

	if (text == NULL || (pid != NULL && strtonum(pid, 1, INT32_MAX, &bad) != getpid()))
		return 0;
	limit = strtonum(text, 2, INT64_MAX, &bad);
	return bad == NULL ? limit / 2 : 0;
}

/* Make the address of 'name', a path, or "@" and an abstract name.  0: 'name' is neither. */
static socklen_t
address(const char *name, struct sockaddr_un *to)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(to->sun_path))
		return 0;
	to->sun_family = AF_UNIX;
	memcpy(to->sun_path, name, len);
	if (name[0] == '@')
		to->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/'));
}

enum status
notify_open(struct notify *n, struct error *err)
{
	const char *name = getenv("NOTIFY_SOCKET");
	enum status st = ST_OK;

	n->fd = -1;
	n->next = USEC_MAX;
	if (name != NULL) {
		n->ping = watchdog();
		if ((n->tolen = address(name, &n->to)) == 0)
			st = error_set(err, ST_CONF, 0, "NOTIFY_SOCKET=%s: neither a path nor "
			    "@NAME", name);
		else if ((n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) ==
		    -1)
			st = error_sys(err, errno, "NOTIFY_SOCKET");
	}
	/* Handlers must not see these: one that pings in our name would hide that we hang. */
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	return st;
}

void
notify_close(struct notify *n)
{
	if (n->fd != -1)
		(void)close(n->fd);
}

/* Send without waiting.  The socket is not connected, because the manager may open it anew. */
static bool
send_text(const struct notify *n, const char *text)
{
	return sendto(n->fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&n->to,
	    n->tolen) != -1;
}

void
notify_tell(struct notify *n, usec_t mono, const char *state, const char *status)
{
	bool turn = state != NULL && (n->state == NULL || strcmp(state, n->state) != 0);
	bool news = strcmp(status, n->status) != 0;
	bool say = turn || (news && mono >= n->next_status);
	bool ping = n->ping > 0 && mono >= n->next_ping;
	char text[sizeof(n->status) + 64];

	if (n->fd == -1 || mono < n->retry)
		return;
	(void)snprintf(text, sizeof(text), "%s%s%s%s%s%s", turn ? state : "", turn ? "\n" : "",
	    say ? "STATUS=" : "", say ? status : "", say ? "\n" : "", ping ? "WATCHDOG=1\n" : "");
	if (*text != '\0' && !send_text(n, text)) {
		n->next = n->retry = mono + PACE;
		return;
	}
	if (turn)
		n->state = state;
	if (say) {
		(void)strlcpy(n->status, status, sizeof(n->status));
		n->next_status = mono + PACE;
	}
	if (ping)
		n->next_ping = mono + n->ping;
	n->next = n->ping > 0 ? n->next_ping : USEC_MAX;
	if (news && !say && n->next_status < n->next)
		n->next = n->next_status;
}
