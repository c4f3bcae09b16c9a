/*
 * work.h: between work.c (what was typed), loop.c (the loop), lanes.c (which queue is
 * next), settle.c (what became of a handler), breaker.c (when that was too bad), handler.c (one child process), guard.c (nothing outlives a killed
 * worker), notify.c (what the service manager is told).
 */
#ifndef WORK_H
#define WORK_H

#include <sys/socket.h>
#include <sys/un.h>
#include <signal.h>

#include "cmd.h"

#define TAIL 4096	/* bytes of a handler's stderr that are kept */

struct lane;
struct handler {
	struct lane *lane;	/* whose message it has */
	pid_t pid;		/* 0: not running */
	bool over;		/* it ended with this status, and its claim is still to be ended */
	int status;
	struct claim claim;
	int errfd;		/* its stderr, -1: at its end */
	int infd;		/* its stdin, when the body is fed through a pipe; else -1 */
	int64_t fed;		/* position in the file up to which it was */
	usec_t started, ended, renew, limit;	/* clock_mono; limit: when to stop it, USEC_MAX: never */
	enum { RUNNING, TERMINATED, KILLED } stage;
	enum { WHY_NONE, WHY_TIMEOUT, WHY_LOST, WHY_SHUTDOWN, WHY_BODY } why;	/* why it was stopped */
	char tail[TAIL];
	size_t ntail;
};

/* ---- guard.c ---------------------------------------------------------- */

/*
 * A second process that kills the process groups of the handlers when the worker
 * dies, however it dies.  Call before anything is opened.  The table has n places.
 */
enum status guard_start(int n, struct error *) MUST_CHECK;
void guard_stop(void);
/* The place where handler i keeps its process group; shared with the child. */
volatile pid_t *guard_place(int i);

/* ---- notify.c --------------------------------------------------------- */

/* All zero but fd, which is -1, until it is opened. */
struct notify {
	int fd;			/* -1: nobody wants to know */
	struct sockaddr_un to;
	socklen_t tolen;
	usec_t ping;		/* how often the watchdog is to hear of us; 0: there is none */
	usec_t next_ping, next_status, retry;
	usec_t next;		/* clock_mono: tell again by then, USEC_MAX: only when there is news */
	const char *state;	/* what was told last */
	char status[256];
};

/* Takes what systemd says about it out of the environment.  On failure nobody is told, which may be survived. */
enum status notify_open(struct notify *, struct error *) MUST_CHECK;
void notify_close(struct notify *);
/*
 * Tell what is due: the state ("READY=1"; a constant, or NULL) once, at once; the status if it is
 * another and the last was not told just now; that we are alive.
 */
void notify_tell(struct notify *, usec_t mono, const char *state, const char *status);

/* ---- handler.c -------------------------------------------------------- */

/* What all handlers of a worker have in common, made once. */
struct launch {
	struct queue *q;
	char *const *argv;	/* the caller's */
	char **env;		/* ours, without what differs from message to message */
	size_t nenv;
	int ignored[NSIG];	/* the signals that we were told to ignore, and its end */
	pid_t worker;
};

/* After this the dispositions of signals must not change.  launch_close frees what failed, too. */
enum status launch_open(struct run *, struct queue *, char *const *argv, struct launch *,
    struct error *) MUST_CHECK;
void launch_close(struct launch *);
/*
 * Start the command for a claim in slot i.  The claim becomes the slot's.  When the command
 * cannot be executed: ST_NOTFOUND with errnum set (the caller gives the message back).
 */
enum status handler_start(const struct launch *, struct handler *, int i, struct claim *,
    struct error *) MUST_CHECK;
/*
 * Feed its stdin, pass on its stderr: when poll says so.  Each does a bounded amount, so that no
 * handler keeps the leases of the others waiting.  handler_listen: false if our own stderr takes no more now.
 */
void handler_feed(struct handler *);
bool handler_listen(struct handler *);
/* The rest of its stderr once it has ended. */
void handler_hear_out(struct handler *);
/* SIGTERM to its process group, SIGKILL a while later (see handler_limit). */
void handler_stop(struct handler *, int why);
/* Close what is open and free the slot. */
void handler_free(struct handler *, int i);

/* ---- the worker -------------------------------------------------------- */

enum drain { DRAIN_NO, DRAIN_READY, DRAIN_ALL };

struct breaker {
	int64_t row;		/* failures in a row */
	usec_t pause, until;	/* clock_mono; until: 0: closed */
	const struct handler *probe;	/* has the one message that is tried */
};

/* A queue that is worked on, and all that is its own. */
struct lane {
	struct queue *q;
	struct waiter *waiter;
	char **argv;
	const char *command;	/* what people know it by */
	usec_t timeout;
	int64_t jobs;		/* its own limit, 0: that of all */
	int running;
	struct launch launch;
	bool hungry;		/* the last look found nothing; watches are armed */
	bool event;		/* the queue changed since */
	bool stale;		/* and with it maybe its policy, which is yet to be read again */
	bool gave_back, starved;	/* a message went back since; one was there, but no room for it */
	usec_t look;		/* wall clock: when to look again without an event */
	usec_t poll;		/* clock_mono: the slow poll behind it */
	uint64_t passed;	/* messages that the last look had to pass over */
	enum held held;		/* what the last look was told */
	bool gone;		/* no more is to be had of it */
	struct breaker breaker;
	/* Of two that have messages, the one comes first whose served is less; each message adds the stride (0: strict order). */
	uint64_t stride, served;
	bool idle;		/* had nothing: what it missed is not made up for */
};

struct work {
	struct run *r;
	struct lane *lane;
	int nlanes;
	char names[256];	/* of the queues, for people */
	uint64_t served;	/* of the lane that was served last */
	struct pollfd *arrivals;	/* the queues alone */
	struct claim_options claim;
	int64_t jobs, max;
	enum drain drain;
	bool config;
	usec_t timeout, interval;	/* timeout: -1 if not given */
	struct handler *h;
	struct pollfd *pfd;
	int sigfd;

	int slots;		/* places of handlers: one more than jobs, for the next while one is over */
	int running, nover, stops;	/* nover: ended, not settled; stops: signals that asked us to end */
	bool closing;		/* claim no more */
	usec_t next_start, next_reload;	/* clock_mono */
	int exit_code;		/* 126, 127: the command cannot be run */
	enum status worst;	/* trouble of our own that must be told at the end */
	uint64_t started, acked, failed, left;
	struct progress progress;
	struct notify notify;
	bool mute;		/* our stderr takes no more: the handlers' waits in their pipes */
};

/* ---- settle.c --------------------------------------------------------- */

/* The lease that claims get: of the command line, or of the policy. */
usec_t work_lease(const struct work *, const struct lane *);
/* A note that nobody reads must not hold up the leases: ask first. */
bool work_can_note(void);
/* Trouble of our own: tell it, and remember it for the exit status. */
void work_trouble(struct work *, struct error *);
/* Look which handlers have ended. */
void work_reap(struct work *);
/* End the claims of those that have; whether there were any. */
bool work_settle(struct work *);

/* ---- breaker.c ---------------------------------------------------------- */

bool breaker_open(const struct lane *);
/* Whether a message may be claimed now; when it may (clock_mono), USEC_MAX: not by the time alone. */
bool breaker_lets(struct lane *, usec_t mono);
usec_t breaker_due(const struct lane *, usec_t mono);
/* A handler was started; is over, whatever came of it. */
void breaker_started(struct handler *);
void breaker_ended(struct handler *);
/* It failed.  True: that does not count, and the message is to be set aside for so long. */
bool breaker_failed(struct work *, struct handler *, const char *reason, usec_t *delay) MUST_CHECK;
void breaker_worked(struct work *, struct lane *);

/* ---- lanes.c ------------------------------------------------------------ */

/* The queue to be looked at next, NULL: none gives hope.  lanes_empty: it had nothing; lanes_served: it had. */
struct lane *lanes_next(struct work *, usec_t mono);
/* Something happened there. */
void lanes_heard(struct lane *);
void lanes_empty(struct lane *);
void lanes_served(struct work *, struct lane *);
/* When the next of them is to be looked at (clock_mono), whatever happens. */
usec_t lanes_due(const struct work *, usec_t mono);
/* No more is taken from it, for that reason. */
void work_leave(struct work *, struct lane *, enum status why);
/* Whether any is left. */
bool lanes_left(const struct work *);
/* " (a: stands by; b: paused)", or "". */
void lanes_describe(const struct work *, char *buf, size_t size);

/* ---- loop.c ----------------------------------------------------------- */

/* Until there is nothing more to do, or trouble; then, after trouble, let the handlers end. */
enum status work_loop(struct work *, struct error *) MUST_CHECK;
void work_wind_down(struct work *);
/* Tell the service manager how it stands. */
void work_tell(struct work *, usec_t mono);

#endif
