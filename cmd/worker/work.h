/*
 * work.h: between work.c (what was typed), loop.c (the loop), sources.c (which queue is
 * next), next.c (what is claimed and started), breaker.c (when too much failed),
 * settle.c (what became of a handler), handler.c (one child process),
 * vars.c (its environment), persist.c (one that stays), batch.c (one for many messages),
 * verdict.c (what it says of them), reply.c (its answer to who asked), guard.c (nothing
 * outlives a killed worker), notify.c (what the service manager is told).
 */
#ifndef CMD_WORKER_WORK_H
#define CMD_WORKER_WORK_H

#include <sys/socket.h>
#include <sys/un.h>
#include <signal.h>

#include "base/base.h"
#include "pattern/pattern.h"
#include "life/life.h"
#include "shared/progress.h"

struct env;
struct pollfd;
struct queue;
struct run;
struct sockaddr_un;
struct waiter;

#define TAIL 4096	/* bytes of a handler's stderr that are kept */
#define REQUEST_MAX 512	/* bytes of the line that begins a request */
#define VERDICT_MAX 1024	/* bytes of a line of answer */
#define RESULT_FD 3	/* where the handler of a batch reports */
#define BATCH_MAX 3000	/* their ids fit into a variable of the environment */
#define BATCH_PARTS 16	/* halvings of the largest batch, and some */
/* From SIGTERM to SIGKILL; from the end of its stdin to SIGTERM. */
#define GRACE (5 * USEC)

/* A handler for each message; for many at once; for one after another. */
enum mode { MODE_ONE, MODE_BATCH, MODE_STAY };
enum frame { FRAME_LINES, FRAME_NULL, FRAME_JSON, FRAME_DIR };

/*
 * A slot: the messages that it works on, and the process that does.  The claims have their places for as long as
 * the worker runs; n of them are in use, and of those one that is closed (fd -1) is done with.
 */
struct source;
struct handler {
	struct source *source;	/* whose messages they are */
	struct claim *claim;
	int n;
	usec_t renew;		/* clock_mono: when the leases are to be renewed */
	/* The first `part` of them are with the process, or are to be next; 0: more are being claimed. */
	int part;
	int64_t bytes;		/* of the bodies, while more are being claimed; */
	usec_t due;		/* and until when (clock_mono) */
	int parts[BATCH_PARTS], nparts;	/* what follows `part`, the last one first */
	/* What handler_reset forgets. */
	pid_t pid;		/* 0: not running */
	bool over;		/* it ended with this status, and its claim is still to be ended */
	int status;
	int errfd;		/* its stderr, -1: at its end */
	int infd;		/* its stdin, when that is a pipe; else -1 */
	bool feeding;		/* not all of the line and of the body is in the pipe yet */
	char line[REQUEST_MAX];	/* what goes before the file: the begin of a request */
	int64_t nline, from, fed;	/* its length; where in the file to begin; how much of both was written */
	int outfd;		/* its answers, -1: none, or at their end */
	char in[VERDICT_MAX];	/* a line that is not whole yet */
	size_t nin;
	char bad[80];		/* what it said that is no answer */
	uint64_t answered;	/* messages, of one that stays */
	bool leaving;		/* its stdin was closed, so that it ends */
	int infile;		/* the framed bodies of a batch, before it is started; else -1 */
	char *dir;		/* or the directory of them, "" if none */
	int ran;		/* how many messages it was given */
	struct answer answer;	/* its stdout, when that is one; else fd is -1 */
	char reply_to[REPLY_LEN + 1];
	usec_t started, ended, limit;	/* clock_mono; limit: when to stop it, USEC_MAX: never */
	enum { RUNNING, TERMINATED, KILLED } stage;
	enum { WHY_NONE, WHY_TIMEOUT, WHY_LOST, WHY_SHUTDOWN, WHY_BODY, WHY_PROTOCOL } why;	/* why it was stopped */
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
/* The directory of handler i, "" if it has none; it is removed as well. */
#define GUARD_DIR 256
char *guard_dir(int i);
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
	enum mode mode;
	enum frame frame;
	char *const *argv;	/* the caller's */
	bool reply;		/* their stdout is an answer, where one is wanted */
	char **env;		/* ours, without what differs from message to message */
	size_t nenv;
	int ignored[NSIG];	/* the signals that we were told to ignore, and its end */
	pid_t worker;
};

/* ---- vars.c ----------------------------------------------------------- */

/* The launch's environment, with what is this message's.  env_free also what failed. */
enum status env_message(struct env *, const struct launch *, const struct claim *,
    struct error *) MUST_CHECK;
/* For the part of a batch that is next; for one that stays. */
enum status env_part(struct env *, const struct launch *, const struct handler *,
    struct error *) MUST_CHECK;
enum status env_stay(struct env *, const struct launch *, struct error *) MUST_CHECK;

/* ---- handler.c, once more --------------------------------------------- */

/* After this the dispositions of signals must not change.  launch_close frees what failed, too. */
enum status launch_open(struct run *, struct queue *, char *const *argv, struct launch *,
    struct error *) MUST_CHECK;
void launch_close(struct launch *);
/*
 * Start the command in slot i for the claims that it has, or give them to it if it stays.  When the command cannot be executed:
 * ST_NOTFOUND with errnum set (the caller gives the message back).
 */
enum status handler_start(const struct launch *, struct handler *, int i, struct error *) MUST_CHECK;
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
/* Close what is open of a process that is no more; the claims stay. */
void handler_reset(struct handler *, int i);
/* The same, and close the claims: the slot is free. */
void handler_free(struct handler *, int i);

/* ---- reply.c ---------------------------------------------------------- */

/* Where the handler of h's message is to write its answer; -1: nobody asks for one. */
enum status handler_reply(const struct launch *, struct handler *, int *out, struct error *) MUST_CHECK;

/* ---- the worker -------------------------------------------------------- */

enum drain { DRAIN_NO, DRAIN_READY, DRAIN_ALL };

struct breaker {
	int64_t row;		/* failures in a row */
	usec_t pause, until;	/* clock_mono; until: 0: closed */
	const struct handler *probe;	/* has the one message that is tried */
};

/* A queue that is worked on, and all that is its own. */
struct source {
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
	struct source *source;
	int nsources;
	char names[256];	/* of the queues, for people */
	uint64_t served;	/* of the source that was served last */
	struct pollfd *arrivals;	/* the queues alone */
	enum mode mode;
	enum frame frame;	/* that was asked for; of a command with "{}" it is another, see launch */
	bool reply;
	struct claim_options claim;
	int64_t jobs, max;
	int64_t batch, batch_bytes;	/* messages for a handler, at most; the length of their bodies, 0: any */
	bool framed, persistent;	/* --frame, --persistent was given */
	usec_t batch_wait;		/* how long the first of them waits for the others */
	enum drain drain;
	bool config;
	usec_t timeout, interval;	/* timeout: -1 if not given */
	struct handler *h;
	struct claim *claims;	/* of all slots */
	struct pollfd *pfd;
	int sigfd;

	int slots;		/* places of handlers: one more than jobs, for the next while one is over */
	int running, nover, stops;	/* nover: ended, not settled; stops: signals that asked us to end */
	bool closing;		/* claim no more */
	bool winding;		/* after trouble: start nothing more */
	usec_t next_start, next_reload;	/* clock_mono */
	unsigned deaths;	/* of handlers that stay, before they answered anything, in a row */
	usec_t restart;		/* clock_mono: when the next of them may be started */
	int exit_code;		/* 126, 127: the command cannot be run */
	enum status worst;	/* trouble of our own that must be told at the end */
	uint64_t started, acked, failed, left;
	struct progress progress;
	struct notify notify;
	bool mute;		/* our stderr takes no more: the handlers' waits in their pipes */
};

/* ---- settle.c --------------------------------------------------------- */

/* The lease that claims get: of the command line, or of the policy. */
usec_t work_lease(const struct work *, const struct source *);
/* A note that nobody reads must not hold up the leases: ask first. */
bool work_can_note(void);
/* Trouble of our own: tell it, and remember it for the exit status. */
void work_trouble(struct work *, struct error *);
/* reply.c: give what the handler has written to who asked.  That nobody waits any more is no failure. */
enum status work_reply(struct work *, struct handler *, struct error *) MUST_CHECK;
/* The handler of a slot is done with what it ran for. */
void work_ran(struct work *, struct handler *);
/* Look which handlers have ended. */
void work_reap(struct work *);
/* What the handler says about a message of its: end the claim so. */
struct verdict;
void work_answered(struct work *, struct handler *, struct claim *, const struct verdict *);
/* What was given back may be ready, and what there was no room for may be had: look again. */
void work_look_again(struct work *);
/* Give back what the slot has; uncounted. */
void work_give_back(struct work *, struct handler *);
/* End one claim of a handler that is over, as it ended. */
void work_settle_one(struct work *, struct handler *, struct claim *);
/* Whether a handler that is over says that all is done; whether that the command cannot be run. */
bool handler_succeeded(const struct handler *);
bool handler_unusable(const struct handler *);
/* End the claims of those that have; whether there were any. */
bool work_settle(struct work *);

/* ---- verdict.c -------------------------------------------------------- */

/* A line of a handler: ID ok, ID retry [DELAY], ID dead [REASON]. */
struct verdict {
	enum { VERDICT_OK, VERDICT_RETRY, VERDICT_DEAD } what;
	const char *id;
	usec_t delay;		/* < 0: the policy's */
	const char *reason;	/* or NULL */
};
/* Take what it says: when poll says so, and once it has ended. */
void handler_verdicts(struct work *, struct handler *);

/* ---- persist.c -------------------------------------------------------- */

/* Whether it waits for a message. */
bool persist_idle(const struct handler *);
/* The request for the message of the slot, to be fed. */
void persist_request(const struct launch *, struct handler *);
/* It has answered; it said what is no answer; it will say nothing more. */
void persist_answered(struct work *, struct handler *);
void persist_garbled(struct work *, struct handler *);
void persist_silent(struct handler *);
/* Close its stdin, and stop it if it does not end then. */
void persist_retire(struct handler *);
/* It is over; end the claim, if it had one. */
void persist_settle(struct work *, struct handler *);

/* ---- batch.c ---------------------------------------------------------- */

/*
 * Write the bodies of the part that is next to where the handler gets them from.  A message that cannot be framed
 * becomes a dead letter.  ST_NONE: none is left.
 */
enum status batch_prepare(struct work *, struct handler *, struct error *) MUST_CHECK;
/* The command with the directory for each "{}"; free with batch_argv_free.  NULL: no memory. */
char **batch_argv(char *const *argv, const char *dir);
void batch_argv_free(char **);
/* A handler is over: end what it has done, and make the next part ready.  n is 0 if there is none. */
void batch_settle(struct work *, struct handler *);
/* What is done with of the part goes; if that is all of it, the next one is made ready. */
void batch_next(struct handler *);
void batch_remove(const char *dir);

/* ---- next.c ----------------------------------------------------------- */

/* Claim and start while there is room.  Watches are armed before the look that finds nothing. */
enum status work_fill(struct work *, usec_t mono, struct error *) MUST_CHECK;
/* What is claimed and not with a handler: a part of a batch that has its turn; or, at the end, to be given back. */
enum status work_go_on(struct work *, usec_t mono, struct error *) MUST_CHECK;
/* When a slot without a process wants one (clock_mono): more of its batch is waited for, or a part has its turn. */
usec_t work_wanted(const struct work *, const struct handler *);

/* ---- breaker.c ---------------------------------------------------------- */

bool breaker_open(const struct source *);
/* Whether a message may be claimed now; when it may (clock_mono), USEC_MAX: not by the time alone. */
bool breaker_lets(struct source *, usec_t mono);
usec_t breaker_due(const struct source *, usec_t mono);
/* A handler was started; is over, whatever came of it. */
void breaker_started(struct handler *);
void breaker_ended(struct handler *);
/* It failed.  True: that does not count, and the message is to be set aside for so long. */
bool breaker_failed(struct work *, struct handler *, const char *reason, usec_t *delay) MUST_CHECK;
void breaker_worked(struct work *, struct source *);

/* ---- sources.c ---------------------------------------------------------- */

/* The queue to be looked at next, NULL: none gives hope.  sources_empty: it had nothing; sources_served: it had. */
struct source *sources_next(struct work *, usec_t mono);
/* Whether a look may find something. */
bool source_hopeful(struct source *, usec_t mono);
/* Read its policy again, if that may have changed. */
enum status source_refresh(struct source *, struct error *) MUST_CHECK;
/* One of several that cannot be had ends the others no more than it has to: ST_OK, it is left out. */
enum status work_without(struct work *, struct source *, enum status, struct error *) MUST_CHECK;
/* Something happened there. */
void sources_heard(struct source *);
void sources_empty(struct source *);
void sources_served(struct work *, struct source *);
/* When the next of them is to be looked at (clock_mono), whatever happens. */
usec_t sources_due(const struct work *, usec_t mono);
/* No more is taken from it, for that reason. */
void work_leave(struct work *, struct source *, enum status why);
/* Whether any is left. */
bool sources_left(const struct work *);
/* " (a: stands by; b: paused)", or "". */
void sources_describe(const struct work *, char *buf, size_t size);

/* ---- loop.c ----------------------------------------------------------- */

/* Until there is nothing more to do, or trouble; then, after trouble, let the handlers end. */
enum status work_loop(struct work *, struct error *) MUST_CHECK;
void work_wind_down(struct work *);
/* Let the handlers that stay end, and wait for it. */
void work_retire(struct work *);
/* Tell the service manager how it stands. */
void work_tell(struct work *, usec_t mono);

#endif
