/*
 * notify.h: what the service manager is told: sd_notify(3)'s protocol.
 */
#ifndef CMD_WORKER_NOTIFY_H
#define CMD_WORKER_NOTIFY_H

#include <sys/socket.h>
#include <sys/un.h>

#include "base/base.h"

/* All is zero but fd, which is -1, until it is opened. */
struct notify {
	int fd;			/* -1: nobody wants to know */
	struct sockaddr_un to;
	socklen_t tolen;
	usec_t ping;		/* how often the watchdog is to hear of us; 0: there is none */
	usec_t next_ping, next_status, retry;
	/* clock_mono: tell again by then, USEC_MAX: only when there is news */
	usec_t next;
	const char *state;	/* what was told last */
	char status[256];
};

/*
 * Takes what systemd says about it out of the environment.  On failure nobody is told,
 * which the worker may survive.
 */
enum status notify_open(struct notify *n, struct error *err) MUST_CHECK;
void notify_close(struct notify *n);
/*
 * Tell what is due: the state ("READY=1"; a constant, or NULL) once and at once; the status
 * if it has changed and the last one was not told just now; that we are alive.
 */
void notify_tell(struct notify *n, usec_t mono, const char *state, const char *status);

#endif
