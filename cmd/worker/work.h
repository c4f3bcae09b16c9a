/*
 * work.h: the worker: its state, and what its parts ask of each other.
 *
 *	work.c		what was typed
 *	setup.c		what is opened before it works
 *	loop.c		the loop
 *	leases.c	what is due: renewals first of all
 *	next.c		what is claimed and started
 *	over.c		handlers that are over
 *	phase.c		whether it goes on
 *	settle.c	what became of a handler and its messages
 *	reap.c		which handlers have ended, or are stopped
 *	output.c	whether our own output is taken
 *	tell.c		what people and the service manager see
 *
 * sources.h: which queue is next; handler.h: one slot; verdict.h, batch.h: handlers of more
 * than one message; guard.h, notify.h, deadline.h: what knows nothing of a worker.
 */
#ifndef CMD_WORKER_WORK_H
#define CMD_WORKER_WORK_H

#include "life/life.h"
#include "shared/progress.h"
#include "worker/deadline.h"
#include "worker/handler.h"
#include "worker/notify.h"
#include "worker/sources.h"

struct pollfd;
struct verdict;

enum drain { DRAIN_NO, DRAIN_READY, DRAIN_ALL };

/* It only ever goes on to the next. */
enum phase {
	PHASE_WORKING,
	PHASE_CLOSING,	/* claim no more; what is claimed is handled */
	PHASE_ENDING	/* start nothing more; what was not started is given back */
};

struct work {
	struct run *r;
	struct source *source;
	/* has one that is tried as soon as nothing else is at work, or NULL */
	struct source *suspect;
	int nsources;
	char names[256];	/* of the queues, for people */
	uint64_t served;	/* of the source that was served last */
	struct pollfd *arrivals;	/* the queues alone */
	enum mode mode;
	/* that was asked for; of a command with "{}" it is another, see launch */
	enum frame frame;
	bool reply;
	struct claim_options claim;
	int64_t jobs, max;
	/* messages for a handler, at most; the length of their bodies, 0: any */
	int64_t batch, batch_bytes;
	bool framed, persistent;	/* --frame, --persistent was given */
	usec_t batch_wait;		/* how long the first of them waits for the others */
	enum drain drain;
	bool config;
	usec_t timeout, grace, interval;	/* timeout, grace: -1 if not given */
	struct handler *h;
	struct claim *claims;	/* of all slots */
	struct pollfd *pfd;
	int sigfd, timefd;
	usec_t offset;		/* of the wall clock from the other one */

	/* places of handlers: one more than jobs, for the next while one is over */
	int slots;
	/* slots with a process that has messages; slots that are SLOT_ENDED */
	int running, nended;
	enum phase phase;
	int stops;		/* signals that asked us to end */
	struct deadlines deadlines;
	struct deadline start, restart, reload, draw, tell;
	unsigned deaths;	/* of handlers that stay, before they answered anything, in a row */
	int exit_code;		/* 126, 127: the command cannot be run */
	enum status worst;	/* trouble of our own that must be told at the end */
	uint64_t started, acked, failed, left;
	struct progress progress;
	struct notify notify;
	bool lost[3];		/* stdout, stderr: nobody reads it, or there is no room */
	/* our stderr takes no more: what handlers say waits in their pipes */
	bool mute;
};

/* ---- phase.c ---------------------------------------------------------- */

/* The worker is in that phase from now on, if it was in an earlier one. */
void work_enter(struct work *w, enum phase phase);
/* Trouble of our own: tell it, and remember it for the exit status. */
void work_trouble(struct work *w, struct error *err);
/* A note that nobody reads must not hold up the leases: ask first. */
bool work_can_note(void);

/* ---- setup.c ---------------------------------------------------------- */

#define MAX_JOBS 1000

/* The queues that were named; how many jobs and slots that makes. */
enum status setup_sources(struct work *w) MUST_CHECK;
/* Slots, signals, the service manager: after the guard has started. */
enum status setup_worker(struct work *w, struct error *err) MUST_CHECK;
/* What takes descriptors and environment: after setup_worker. */
enum status setup_start(struct work *w) MUST_CHECK;
/* How much is ready, for the line of progress. */
void setup_count(struct work *w);
/* Close the queues. */
void setup_close(struct work *w);

/* ---- leases.c --------------------------------------------------------- */

/* The lease that claims get: of the command line, or of the policy. */
usec_t work_lease(const struct work *w, const struct source *s);
/* The leases of a slot begin now: its first claim was made, or all were renewed. */
void leases_begin(struct work *w, struct handler *h, usec_t mono);
/*
 * Do what is due.  It is to be called before each look for a message, since a look takes back
 * what is past its deadline, our own claims, too.
 */
void work_due(struct work *w);
/* Watch the wall clock: timefd becomes readable when it was set.  clock_heard: it was. */
enum status clock_open(struct work *w, struct error *err) MUST_CHECK;
void clock_heard(struct work *w);

/* ---- next.c ----------------------------------------------------------- */

/* Claim and start while there is room.  Watches are armed before the look that finds nothing. */
enum status work_fill(struct work *w, struct error *err) MUST_CHECK;
/*
 * What is claimed and not with a handler: a part of a batch that has its turn; or, at the end, to
 * be given back.
 */
enum status work_go_on(struct work *w, struct error *err) MUST_CHECK;

/* ---- settle.c --------------------------------------------------------- */

/* What the handler says about one of its messages: end the claim so. */
void work_answered(struct work *w, struct handler *h, struct claim *c, const struct verdict *a);
/*
 * The one message of a slot cannot be started, as its headers are too large: its own failed
 * attempt.
 */
void work_too_large(struct work *w, struct handler *h, struct error *why);
/* The handler of a slot is done with what it ran for. */
void work_ran(struct work *w, struct handler *h);
/* Give back what the slot has; it does not count. */
void work_give_back(struct work *w, struct handler *h);
/* End one claim of a handler that is over, as it ended. */
void work_settle_one(struct work *w, struct handler *h, struct claim *c);

/* ---- over.c ----------------------------------------------------------- */

/* End the claims of those that have ended; whether there were any. */
bool work_settle(struct work *w);

/* ---- reap.c ----------------------------------------------------------- */

/* Look which handlers have ended or are stopped. */
void work_reap(struct work *w);

/* ---- tell.c ----------------------------------------------------------- */

/* The title of the process, the line of progress, the service manager. */
void work_show(struct work *w);
void work_tell(struct work *w, usec_t mono);

/* ---- output.c --------------------------------------------------------- */

/* Whether it matters what becomes of our stdout or stderr. */
bool output_heard(const struct work *w, int fd);
/* It takes nothing more, for that reason (an errno): stop. */
void output_lost(struct work *w, int fd, int why);
/* Whether a handler that failed may have done so because our stdout is lost; if so, stop. */
bool output_failed_it(struct work *w, const struct handler *h);

/* ---- loop.c ----------------------------------------------------------- */

/* Until there is nothing more to do, or trouble; then, after trouble, let the handlers end. */
enum status work_loop(struct work *w, struct error *err) MUST_CHECK;
void work_wind_down(struct work *w);
/* Let the handlers that stay end, and wait for it. */
void work_retire(struct work *w);

#endif
