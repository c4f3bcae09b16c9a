/*
 * handler.h: a slot of the worker: the messages that it works on, and the process that
 * works on them.
 */
#ifndef CMD_WORKER_HANDLER_H
#define CMD_WORKER_HANDLER_H

#include <signal.h>

#include "base/base.h"
#include "pattern/pattern.h"
#include "life/life.h"
#include "worker/deadline.h"

struct env;
struct queue;
struct run;
struct source;
struct work;

#define TAIL 4096	/* bytes of a handler's stderr that are kept */
#define REQUEST_MAX 512	/* bytes of the line that begins a request */
#define VERDICT_MAX 1024	/* bytes of a line of answer */
#define RESULT_FD 3	/* where the handler of a batch reports */
#define BATCH_PARTS 16	/* halvings of the largest batch, and some more */
/* From SIGTERM to SIGKILL, and from the end of its stdin to SIGTERM. */
#define GRACE (5 * USEC)

/* A handler for each message; one for many at once; one for one after another. */
enum mode { MODE_ONE, MODE_BATCH, MODE_STAY };
enum frame { FRAME_LINES, FRAME_NULL, FRAME_JSON, FRAME_DIR };

/*
 *	FREE -> FILLING -> READY -> BUSY -> ENDED -> FREE, or READY: another part of its batch
 *	a handler that stays: FREE -> BUSY <-> IDLE -> LEAVING -> ENDED -> FREE
 *	one that is stopped: BUSY, IDLE, LEAVING -> STOPPING -> KILLED -> ENDED
 *
 * There is a process from BUSY to KILLED, see handler_lives.
 */
enum slot {
	SLOT_FREE,		/* nothing */
	SLOT_FILLING,		/* some messages; more are being claimed */
	SLOT_READY,		/* the messages of the next start */
	SLOT_BUSY,		/* the process has messages */
	SLOT_IDLE,		/* the process waits for a message */
	SLOT_LEAVING,		/* the process is expected to end by itself soon */
	SLOT_STOPPING,		/* it got SIGTERM, */
	SLOT_KILLED,		/* and SIGKILL */
	SLOT_ENDED		/* it is over, and its claims are still to be ended */
};

/* Why a handler was stopped. */
enum why { WHY_NONE, WHY_TIMEOUT, WHY_LOST, WHY_SHUTDOWN, WHY_BODY, WHY_PROTOCOL, WHY_TERMINAL };

/*
 * The claims have their places for as long as the worker runs; n of them are in use, and of
 * those one that is closed (fd -1) is done with.
 */
struct handler {
	struct source *source;	/* whose messages they are */
	enum slot state;
	struct claim *claim;
	int n;
	/*
	 * The first `part` of them are with the process, or are to be next; 0: more are being
	 * claimed.
	 */
	int part;
	int64_t bytes;		/* of the bodies, while more are being claimed */
	int parts[BATCH_PARTS], nparts;	/* what follows `part`, the last one first */
	struct deadline renew;	/* of the leases */
	struct deadline collect;	/* until when more messages are waited for */
	struct deadline limit;	/* when the process is stopped */
	/* What handler_reset forgets. */
	pid_t pid;		/* 0: not running */
	int status;		/* with which it ended */
	enum why why;
	int errfd;		/* its stderr, -1: at its end */
	int infd;		/* its stdin, when that is a pipe; else -1 */
	bool feeding;		/* not all of the line and of the body is in the pipe yet */
	char line[REQUEST_MAX];	/* what goes before the file: the begin of a request */
	/* its length; where in the file to begin; how much of both was written */
	int64_t nline, from, fed;
	int outfd;		/* its answers, -1: none, or at their end */
	char in[VERDICT_MAX];	/* a line that is not whole yet */
	size_t nin;
	char bad[80];		/* what it said that is no answer */
	uint64_t answered;	/* messages, of one that stays */
	int infile;		/* the framed bodies of a batch, before it is started; else -1 */
	char *dir;		/* or the directory of them, "" if none */
	int ran;		/* how many messages it was given */
	struct answer answer;	/* its stdout, when that is one; else fd is -1 */
	char reply_to[REPLY_LEN + 1];
	usec_t started, ended;	/* clock_mono */
	char tail[TAIL];
	size_t ntail;
};

/* What all handlers of a queue have in common, made once. */
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

/* ---- start.c ---------------------------------------------------------- */

/* After this the dispositions of signals must not change.  launch_close frees also what failed. */
enum status launch_open(struct run *r, struct queue *q, char *const *argv, struct launch *l,
    struct error *err) MUST_CHECK;
void launch_close(struct launch *l);
/*
 * Whether the command and the environment that all handlers have leave room for that of a message.
 */
bool launch_fits(const struct launch *l);
/*
 * Start the command in slot i for the claims that it has, or give them to it if it stays.
 * When the command cannot be executed: ST_NOTFOUND with errnum set (the caller gives the
 * messages back).
 */
enum status handler_start(const struct launch *l, struct handler *h, int i,
    struct error *err) MUST_CHECK;

/* ---- vars.c ----------------------------------------------------------- */

/* The launch's environment, with what is this message's.  env_free frees also what failed. */
enum status env_message(struct env *e, const struct launch *l, const struct claim *c,
    struct error *err) MUST_CHECK;
/* The same for the part of a batch that is next, and for a handler that stays. */
enum status env_part(struct env *e, const struct launch *l, const struct handler *h,
    struct error *err) MUST_CHECK;
enum status env_stay(struct env *e, const struct launch *l, struct error *err) MUST_CHECK;

/* ---- handler.c -------------------------------------------------------- */

/* Whether there is a process. */
bool handler_lives(const struct handler *h);
/*
 * Feed its stdin, and pass on its stderr, when poll says so.  Each call does a bounded
 * amount, so that no handler keeps the leases of the others waiting.  A process whose body
 * cannot be read is stopped.  handler_listen: false if our own stderr takes no more now.
 */
void handler_feed(struct handler *h);
bool handler_listen(struct handler *h);
/* The rest of its stderr once it has ended. */
void handler_hear_out(struct handler *h);
/* Why our own stderr refused what they said; 0: it did not. */
int handlers_unheard(void);
/* Whether a handler that is over says that all is done. */
bool handler_succeeded(const struct handler *h);
/* Its exit status; -1: it was killed by a signal. */
int handler_exit(const struct handler *h);
/* SIGTERM to its process group, and SIGKILL a while later (see DUE_LIMIT). */
void handler_stop(struct handler *h, enum why why);
/* Close what is open of a process that is no more; the claims stay. */
void handler_reset(struct handler *h, int i);
/* The same, and close the claims: the slot is free. */
void handler_free(struct handler *h, int i);

/* ---- reply.c ---------------------------------------------------------- */

/* Where the handler of h's message is to write its answer; -1: nobody asks for one. */
enum status handler_reply(const struct launch *l, struct handler *h, int *out,
    struct error *err) MUST_CHECK;
/* Give what the handler has written to who asked.  That nobody waits any more is no failure. */
enum status work_reply(struct work *w, struct handler *h, struct error *err) MUST_CHECK;

#endif
