/*
 * work.h: the worker: its state, and what its parts ask of each other.
 *
 *	work.c		what was typed
 *	setup.c		what is opened before it works
 *	loop.c		the loop
 *	leases.c	what is due: renewals first of all
 *	next.c		which messages are claimed and started
 *	over.c		handlers that are over
 *	phase.c		whether it goes on
 *	settle.c	what became of a handler and its messages
 *	reap.c		which handlers have ended, or are stopped
 *	output.c	whether our own output is taken
 *	tell.c		what people and the service manager see
 *	spool.c		the queues of a spool, as a supply of messages
 *	linked.c	those of an engine; see link.h
 *
 * supply.h: where messages come from; sources.h: which queue is next; handler.h: one slot;
 * verdict.h, batch.h: handlers of more than one message; guard.h, notify.h and deadline.h know
 * nothing of a worker.
 */
#ifndef CMD_WORKER_WORK_H
#define CMD_WORKER_WORK_H

#include <poll.h>

#include "life/life.h"
#include "shared/progress.h"
#include "worker/deadline.h"
#include "worker/handler.h"
#include "worker/notify.h"
#include "worker/sources.h"

struct link;
struct supply;
struct verdict;

enum drain { DRAIN_NO, DRAIN_READY, DRAIN_ALL };

/* A worker only ever goes on to a later phase. */
enum phase {
	PHASE_WORKING,
	PHASE_CLOSING,	/* claim no more, but handle what is claimed */
	PHASE_ENDING	/* start nothing more, and give back what was not started */
};

struct work {
	struct run *r;
	const struct supply *supply;
	struct link *link;	/* to an engine, or NULL */
	struct source *source;
	/* the queue whose suspect is tried as soon as nothing else is at work, or NULL */
	struct source *suspect;
	int nsources;
	char names[256];	/* of the queues, for people */
	uint64_t served;	/* of the source that was served last */
	struct pollfd *arrivals;	/* the queues alone */
	enum mode mode;
	/* the one that was asked for; a command with "{}" has another, see struct launch */
	enum framing frame;
	bool reply;
	struct claim_options claim;
	int64_t jobs, max;
	int64_t batch;		/* messages that a handler gets at most */
	int64_t batch_bytes;	/* the limit for the length of their bodies; 0: none */
	bool framed, persistent;	/* --frame, --persistent was given */
	usec_t batch_wait;	/* how long the first message of a batch waits for others */
	enum drain drain;
	bool config;
	usec_t timeout, grace, interval;	/* timeout, grace: -1 if not given */
	struct handler *h;
	struct claim *claims;	/* of all slots */
	struct pollfd *pfd;
	nfds_t watched;		/* the place in pfd behind those of the supply */
	int sigfd, timefd;
	usec_t offset;		/* the wall clock minus clock_mono */

	/* slots for handlers: one more than 'jobs', so that the next starts while one is ended */
	int slots;
	int running;		/* slots whose process has messages */
	int nended;		/* slots that are SLOT_ENDED */
	enum phase phase;
	int stops;		/* signals that asked us to end */
	struct deadlines deadlines;
	struct deadline start, restart, reload, draw, tell;
	unsigned deaths;	/* handlers that stay and died in a row before they answered */
	int exit_code;		/* 126, 127: the command cannot be run */
	enum status worst;	/* trouble of our own that must be told at the end */
	uint64_t started, acked, failed, left;
	struct progress progress;
	struct notify notify;
	bool lost[3];		/* by descriptor: nobody reads it, or there is no room */
	/* our stderr takes no more now, so what handlers write waits in their pipes */
	bool mute;
};

/* ---- phase.c ---------------------------------------------------------- */

/* Go on to 'phase', unless the worker is in a later one. */
void work_enter(struct work *w, enum phase phase);
/* Tell of trouble of our own, and remember it for the exit status; this clears 'err'. */
void work_trouble(struct work *w, struct error *err);
/* Whether stderr takes a note now.  A note that nobody reads would hold up the leases. */
bool work_can_note(void);

/* ---- setup.c ---------------------------------------------------------- */

#define MAX_JOBS 1000

/* Open the queues that were named, and find out how many jobs and slots they make. */
enum status setup_sources(struct work *w) MUST_CHECK;
/* Set up slots, signals and the service manager, after the guard has started. */
enum status setup_worker(struct work *w, struct error *err) MUST_CHECK;
/* Open what takes descriptors and environment, after setup_worker. */
enum status setup_start(struct work *w) MUST_CHECK;
/* Count what is ready, for the line of progress. */
void setup_count(struct work *w);
/* Close the queues. */
void setup_close(struct work *w);

/* ---- leases.c --------------------------------------------------------- */

/* The lease that claims get: what the command line says, or else the policy. */
usec_t work_lease(const struct work *w, const struct source *s);
/* The leases of a slot begin now: its first claim was made, or all were renewed. */
void leases_begin(struct work *w, struct handler *h, usec_t mono);
/*
 * Do what is due.  Call this before each look for a message, because a look takes back claims
 * whose lease is over, and our own may be among them.
 */
void work_due(struct work *w);
/* Renew all leases now: the clock was set, or a claim may be lost. */
void leases_check(struct work *w);
/* Watch the wall clock: 'timefd' becomes readable when somebody sets it. */
enum status clock_open(struct work *w, struct error *err) MUST_CHECK;
/* Take note that 'timefd' was readable. */
void clock_heard(struct work *w);

/* ---- next.c ----------------------------------------------------------- */

/* Claim and start messages while there is room. */
enum status work_fill(struct work *w, struct error *err) MUST_CHECK;
/*
 * Deal with claims that no handler has: start the next part of a batch, or give the claims back
 * if the worker ends or a breaker is open.
 */
enum status work_go_on(struct work *w, struct error *err) MUST_CHECK;

/* How many messages the worker could start now, if there were any. */
int64_t work_room(const struct work *w);

/* ---- settle.c --------------------------------------------------------- */

/* End the claim 'c' as the handler says in 'a'. */
void work_answered(struct work *w, struct handler *h, struct claim *c, const struct verdict *a);
/*
 * The message of 'c' cannot be given to the handler.  If that is its own fault, end its claim and
 * return ST_OK, because the worker goes on with others; otherwise return 'st'.
 */
enum status work_leave_out(struct work *w, struct handler *h, struct claim *c, enum status st,
    struct error *err);
/*
 * The headers of the one message of a slot are too large to start its handler: count that as a
 * failed attempt of the message.  This clears 'why'.
 */
void work_too_large(struct work *w, struct handler *h, struct error *why);
/* Note that the process of a slot has no message any more. */
void work_ran(struct work *w, struct handler *h);
/* Give back all messages of the slot; no attempt counts. */
void work_give_back(struct work *w, struct handler *h);
/* End the claim 'c' of a handler that has ended, according to how it ended. */
void work_settle_one(struct work *w, struct handler *h, struct claim *c);

/* ---- over.c ----------------------------------------------------------- */

/* End the claims of the handlers that have ended.  False: no handler had. */
bool work_settle(struct work *w);

/* ---- reap.c ----------------------------------------------------------- */

/* Find out which handlers have ended, and which were stopped by a signal. */
void work_reap(struct work *w);

/* ---- tell.c ----------------------------------------------------------- */

/* Show how the worker fares in the title of the process and in the line of progress. */
void work_show(struct work *w);
/* Tell the service manager how the worker fares. */
void work_tell(struct work *w, usec_t mono);

/* ---- output.c --------------------------------------------------------- */

/* Whether it matters what becomes of 'fd', our stdout or stderr. */
bool output_heard(const struct work *w, int fd);
/* Our 'fd' takes nothing more, for the reason 'why' (an errno): end the worker. */
void output_lost(struct work *w, int fd, int why);
/* Whether a handler may have failed because our stdout is lost; if so, end the worker. */
bool output_failed_it(struct work *w, const struct handler *h);

/* ---- loop.c ----------------------------------------------------------- */

/* Work until there is nothing more to do, or until there is trouble. */
enum status work_loop(struct work *w, struct error *err) MUST_CHECK;
/* After trouble: start nothing more, and let the handlers end. */
void work_wind_down(struct work *w);
/* Let the handlers that stay end, and wait until they have. */
void work_retire(struct work *w);

#endif
