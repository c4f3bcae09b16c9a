/*
 * sources.h: the queues of a worker, and the breaker of each.
 */
#ifndef CMD_WORKER_SOURCES_H
#define CMD_WORKER_SOURCES_H

#include "life/life.h"
#include "worker/handler.h"

struct intake;
struct link;
struct policy;
struct supply;
struct waiter;
struct work;

/*
 * After many failures: CLOSED -> OPEN (a pause) -> HALF (one message is tried) -> CLOSED or OPEN.
 */
struct breaker {
	enum { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF } state;
	int64_t row;		/* failures in a row */
	usec_t pause;
	struct deadline until;	/* the end of the pause */
	const struct handler *probe;	/* the handler with the one message that is tried */
};

/* Whether the command of a queue can be run at all: see doubt.c. */
#define DOUBT_MAX 3
struct doubt {
	/* the command can be run: a handler of this run did not end with 126 or 127 */
	bool settled;
	int code;		/* 126 or 127 */
	int n;			/* messages whose handlers ended so; they were given back */
	struct msgid id[DOUBT_MAX];
	usec_t delay;		/* of the next message that is given back */
};

/* Whether a look at a queue may find something. */
enum hope {
	SOURCE_OPEN,		/* it may */
	SOURCE_ASLEEP,		/* the last look found nothing; its watches are armed */
	SOURCE_WOKEN,		/* something happened since the last look, or it is time for one */
	SOURCE_STARVED,		/* nothing can be claimed until one of our messages has ended */
	SOURCE_GONE		/* the worker takes nothing more from it */
};

/* A queue that the worker takes messages from, and what belongs to that queue alone. */
struct source {
	const struct supply *supply;	/* that of the worker */
	char name[QUEUE_NAME_MAX + 1];
	const struct policy *policy;
	struct queue *q;	/* of a spool */
	struct waiter *waiter;	/* of a spool */
	struct link *link;	/* of an engine */
	struct intake *intake;	/* of an engine */
	char **argv;
	const char *command;	/* the name of the command in notes */
	usec_t timeout;
	int64_t jobs;		/* the limit of this queue; 0: only the worker's limit holds */
	int running;
	struct launch launch;
	enum hope hope;
	struct deadline grace;	/* when its handlers are stopped after a signal */
	struct deadline look;	/* when the worker looks at it even without an event */
	usec_t reload;		/* clock_mono: when its policy is read again */
	uint64_t passed;	/* messages that the last look had to pass over */
	enum held held;		/* what held the last look back */
	struct breaker breaker;
	struct doubt doubt;
	/*
	 * Of two queues with messages, the one with the lower 'served' comes first.  Each message
	 * adds 'stride' to it; a stride of 0 makes strict order.
	 */
	uint64_t stride, served;
	bool idle;		/* the last look found nothing; a share that it missed is lost */
};

/* ---- sources.c ---------------------------------------------------------- */

/* The queue to look at next; NULL: no queue gives hope. */
struct source *sources_next(struct work *w);
/* Note that a look at the queue found nothing. */
void sources_empty(struct source *s);
/* Note that a look at the queue found a message. */
void sources_served(struct work *w, struct source *s);
/* Whether a look at the queue may find a message that the worker may start. */
bool source_hopeful(const struct source *s);
/* Read the queue's policy again, if it may have changed. */
enum status source_refresh(struct work *w, struct source *s, usec_t mono,
    struct error *err) MUST_CHECK;
/*
 * The queue 's' failed with 'st'.  If the worker has other queues and this failure concerns 's'
 * alone, leave 's' out and return ST_OK; otherwise return 'st'.
 */
enum status work_without(struct work *w, struct source *s, enum status st,
    struct error *err) MUST_CHECK;
/* Something happened in the queue: look at it and at its policy again. */
void source_heard(struct source *s);
/* It is time to look at the queue again. */
void source_wake(struct source *s);
/* A message went back to the queue, or can be claimed now: look again. */
void source_revive(struct source *s);
/* A message of ours has ended, so the queues that are SOURCE_STARVED may be looked at again. */
void sources_feed(struct work *w);
/* Take nothing more from the queue, for the reason 'why', which the worker's exit tells. */
void work_leave(struct work *w, struct source *s, enum status why);
/* Whether any queue is left to take messages from. */
bool sources_left(const struct work *w);
/* The longest time to sleep: the slow poll of the queue that polls most often. */
usec_t sources_poll(const struct work *w);
/* Say what is unusual about the queues, as in " (a: stands by; b: given up)"; "": nothing is. */
void sources_describe(const struct work *w, char *buf, size_t size);

/* ---- breaker.c ---------------------------------------------------------- */

/* Whether the breaker is not closed; then no failure counts, and one message is tried at a time. */
bool breaker_open(const struct source *s);
/* Whether the breaker lets the worker claim a message now. */
bool breaker_lets(const struct source *s);
/* The pause is over. */
void breaker_due(struct source *s);
/* The policy was read again: apply what it says of a breaker that is open. */
void breaker_follow(struct source *s);
/* A handler was started. */
void breaker_started(struct handler *h);
/* A handler is done with its message, whatever came of it. */
void breaker_ended(struct handler *h);
/*
 * A handler failed for 'reason'.  True: this failure does not count, and the caller gives the
 * message back for the time 'delay'.
 */
bool breaker_failed(struct work *w, struct handler *h, const char *reason,
    usec_t *delay) MUST_CHECK;
/* A message of the queue shows that the command works: close the breaker. */
void breaker_worked(struct work *w, struct source *s);

/* ---- doubt.c ------------------------------------------------------------ */

/* Whether a handler that is over ended with 126 or 127, and nobody can tell whose fault that is. */
bool doubt_raised(const struct handler *h);
/* After doubt_raised: give back one message of the handler, uncounted. */
enum status doubt_give_back(struct work *w, struct handler *h, struct claim *c, usec_t now,
    struct error *err) MUST_CHECK;
/* A handler of the queue ended with neither 126 nor 127, so the command can be run. */
void doubt_settle(struct work *w, struct source *s);
/* Whether messages were given back, and there is nothing else to try. */
bool doubt_hopeless(const struct work *w);
/* The worker ends.  If the doubt was never settled, 126 or 127 is the worker's exit status. */
void doubt_end(struct work *w);

#endif
