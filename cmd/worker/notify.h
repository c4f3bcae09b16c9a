/*
 * notify.h: tells the service manager how the worker fares, by the protocol of sd_notify(3).
 */
#ifndef CMD_WORKER_NOTIFY_H
#define CMD_WORKER_NOTIFY_H

#include <sys/socket.h>
#include <sys/un.h>

#include "base/base.h"

/* Before notify_open, 'fd' is -1 and all else is 0. */
struct notify {
	int fd;			/* -1: nobody wants to know */
	struct sockaddr_un to;
	socklen_t tolen;
	usec_t ping;		/* how often the watchdog has to hear of us; 0: there is none */
	usec_t next_ping, next_status, retry;
	/* clock_mono: when notify_tell has to be called again; USEC_MAX: only with news */
	usec_t next;
	const char *state;	/* the last one that was told */
	char status[256];
};

/*
 * Find out from the environment whom to tell, and remove those variables from it.  If this
 * fails, nobody is told; the worker can do without.
 */
enum status notify_open(struct notify *n, struct error *err) MUST_CHECK;
void notify_close(struct notify *n);
/*
 * Tell what is due.  A new 'state' ("READY=1"; a constant, or NULL) is told at once; a new
 * 'status' is told unless the last one was told just now; and the watchdog is told that we live.
 */
void notify_tell(struct notify *n, usec_t mono, const char *state, const char *status);

#endif
