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
struct run;
struct source;
struct work;

#define TAIL 4096	/* bytes of a handler's stderr that are kept */
#define REQUEST_MAX 512	/* bytes of the line that begins a request */
#define VERDICT_MAX 1024	/* bytes of a line of answer */
#define RESULT_FD 3	/* where the handler of a batch reports */
#define BATCH_PARTS 16	/* halvings of the largest batch, and some more */
/* A handler gets this time from SIGTERM to SIGKILL, and from the end of its stdin to SIGTERM. */
#define GRACE (5 * USEC)

/* A handler gets one message, many at once (a batch), or one after another (it stays). */
enum mode { MODE_ONE, MODE_BATCH, MODE_STAY };
enum framing { FRAME_LINES, FRAME_NULL, FRAME_JSON, FRAME_DIR };

/*
 *	FREE -> FILLING -> READY -> BUSY -> ENDED -> FREE, or READY: another part of its batch
 *	a handler that stays: FREE -> BUSY <-> IDLE -> LEAVING -> ENDED -> FREE
 *	one that is stopped: BUSY, IDLE, LEAVING -> STOPPING -> KILLED -> ENDED
 *
 * There is a process in the states from BUSY to KILLED, see handler_lives.
 */
enum slot {
	SLOT_FREE,		/* nothing */
	SLOT_FILLING,		/* some messages; more are being claimed */
	SLOT_READY,		/* the messages of the next start */
	SLOT_BUSY,		/* the process has messages */
	SLOT_IDLE,		/* the process waits for a message */
	SLOT_LEAVING,		/* the process is expected to end by itself soon */
	SLOT_STOPPING,		/* the process got SIGTERM */
	SLOT_KILLED,		/* the process got SIGKILL as well */
	SLOT_ENDED		/* the process is no more; its claims are still to be ended */
};

/* Why a handler was stopped. */
enum why { WHY_NONE, WHY_TIMEOUT, WHY_LOST, WHY_SHUTDOWN, WHY_BODY, WHY_PROTOCOL, WHY_TERMINAL };

/*
 * The array 'claim' lasts as long as the worker runs.  The first 'n' claims are in use; a claim
 * among these that is closed (its fd is -1) has been ended.
 */
struct handler {
	struct source *source;	/* the queue that the messages are of */
	enum slot state;
	struct claim *claim;
	int n;
	/*
	 * The first 'part' claims are with the process, or go to the next one.  0: more messages
	 * are being claimed.
	 */
	int part;
	int64_t bytes;		/* length of the bodies, while more messages are being claimed */
	int parts[BATCH_PARTS], nparts;	/* the parts that follow 'part', the last one first */
	struct deadline renew;	/* when the leases are renewed */
	struct deadline collect;	/* how long to wait for more messages */
	struct deadline limit;	/* when the process is stopped */
	/* handler_reset clears all that follows. */
	pid_t pid;		/* 0: no process */
	int status;		/* its wait status, once it has ended */
	enum why why;
	int errfd;		/* its stderr; -1: we have read all of it */
	int infd;		/* its stdin, if that is a pipe; else -1 */
	bool feeding;		/* some of the line or of the body is not in the pipe yet */
	char line[REQUEST_MAX];	/* the line that goes before the file in a request */
	int64_t nline;		/* length of the line */
	int64_t from;		/* the offset in the file at which to begin */
	int64_t fed;		/* bytes of the line and the file that are in the pipe */
	int outfd;		/* its answers; -1: there are none, or we have read them all */
	char in[VERDICT_MAX];	/* a line that is not complete yet */
	size_t nin;
	char bad[80];		/* a line of its that is no answer */
	uint64_t answered;	/* messages that a handler that stays has answered */
	int infile;		/* the framed bodies of a batch, until the start; else -1 */
	char *dir;		/* the directory of the bodies; "": there is none */
	int ran;		/* how many messages the process was given */
	struct answer answer;	/* its stdout, if that is an answer; else fd is -1 */
	char reply_to[REPLY_LEN + 1];
	usec_t started, ended;	/* clock_mono */
	char tail[TAIL];
	size_t ntail;
};

/* What all handlers of a queue have in common, made once. */
struct launch {
	struct source *source;
	enum mode mode;
	enum framing frame;
	char *const *argv;	/* belongs to the caller */
	bool reply;		/* a handler's stdout is its answer, if one is asked for */
	char **env;		/* our environment, without what differs between messages */
	size_t nenv;
	int ignored[NSIG];	/* the signals that we were told to ignore, with a 0 at the end */
	pid_t worker;
};

/* ---- start.c ---------------------------------------------------------- */

/*
 * Prepare what all handlers of source 's' have in common.  The dispositions of signals must not
 * change after this.  Call launch_close even if launch_open fails.
 */
enum status launch_open(struct run *r, struct source *s, char *const *argv, struct launch *l,
    struct error *err) MUST_CHECK;
void launch_close(struct launch *l);
/* Whether the command and the common environment leave room for the variables of a message. */
bool launch_fits(const struct launch *l);
/*
 * Start the command for the claims of slot 'i', or pass the claim on to the handler that stays
 * there.  ST_NOTFOUND with errnum set: the command cannot be executed, and the caller gives the
 * messages back.
 */
enum status handler_start(const struct launch *l, struct handler *h, int i,
    struct error *err) MUST_CHECK;

/* ---- vars.c ----------------------------------------------------------- */

/*
 * Build the environment of a handler: that of the launch, with the variables of the message of
 * claim 'c'.  Call env_free even if it fails.
 */
enum status env_message(struct env *e, const struct launch *l, const struct claim *c,
    struct error *err) MUST_CHECK;
/* Like env_message, but for the part of a batch that is next. */
enum status env_part(struct env *e, const struct launch *l, const struct handler *h,
    struct error *err) MUST_CHECK;
/* Like env_message, but for a handler that stays. */
enum status env_stay(struct env *e, const struct launch *l, struct error *err) MUST_CHECK;

/* ---- handler.c -------------------------------------------------------- */

/* Whether the slot has a process. */
bool handler_lives(const struct handler *h);
/*
 * Write to the process's stdin what the pipe takes, when poll says so.  Each call writes a
 * bounded amount, so that no handler keeps the leases of the others waiting.  A process whose
 * body cannot be read is stopped.
 */
void handler_feed(struct handler *h);
/*
 * Pass on what the process wrote to stderr, when poll says so.  Each call reads a bounded
 * amount.  False: our own stderr takes no more now.
 */
bool handler_listen(struct handler *h);
/* Take the rest of the process's stderr once it has ended. */
void handler_hear_out(struct handler *h);
/* The errno with which our own stderr refused what handlers wrote; 0: it refused nothing. */
int handlers_unheard(void);
/* Whether the exit status of a handler that has ended says that all is done. */
bool handler_succeeded(const struct handler *h);
/* The handler's exit status; -1: it was killed by a signal. */
int handler_exit(const struct handler *h);
/*
 * Send SIGTERM to the handler's process group, and arrange for a SIGKILL after GRACE.  A second
 * call sends SIGKILL.
 */
void handler_stop(struct handler *h, enum why why);
/* Close what was open for the process of slot 'i', which is no more; the claims stay. */
void handler_reset(struct handler *h, int i);
/* Do what handler_reset does, and close the claims; then the slot is free. */
void handler_free(struct handler *h, int i);

/* ---- reply.c ---------------------------------------------------------- */

/* Set 'out' to the file that the handler writes its answer to; -1: nobody asks for an answer. */
enum status handler_reply(const struct launch *l, struct handler *h, int *out,
    struct error *err) MUST_CHECK;
/* Give the handler's answer to the asker.  It is no failure if nobody waits for it any more. */
enum status work_reply(struct work *w, struct handler *h, struct error *err) MUST_CHECK;

#endif
