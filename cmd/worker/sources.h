/*
 * sources.h: the queues of a worker, and the breaker of each.
 */
#ifndef CMD_WORKER_SOURCES_H
#define CMD_WORKER_SOURCES_H

#include "life/life.h"
#include "worker/handler.h"

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
	const struct handler *probe;	/* has the one message that is tried */
};

/* Whether the command of a queue can be run at all: see doubt.c. */
#define DOUBT_MAX 3
struct doubt {
	/* it can: a handler of this run has ended otherwise than with 126 or 127 */
	bool settled;
	int code;		/* 126 or 127 */
	int n;			/* messages whose handlers ended so; they were given back */
	struct msgid id[DOUBT_MAX];
	usec_t delay;		/* of the next one that is given back */
};

/* Whether a look at a queue may find something. */
enum hope {
	SOURCE_OPEN,		/* it may */
	SOURCE_ASLEEP,		/* the last look found nothing; its watches are armed */
	SOURCE_WOKEN,		/* the same, but something happened since,
	    or it is time to look again */
	SOURCE_STARVED,		/* there was a message, but no room for it while all of ours run */
	SOURCE_GONE		/* no more is taken from it */
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
	enum hope hope;
	struct deadline grace;	/* after a signal: its handlers are stopped then */
	struct deadline look;	/* it is looked at then without an event, too */
	usec_t reload;		/* clock_mono: when its policy is to be read again */
	uint64_t passed;	/* messages that the last look had to pass over */
	enum held held;		/* what the last look was told */
	struct breaker breaker;
	struct doubt doubt;
	/*
	 * Of two that have messages, the one comes first whose served is less; each message adds
	 * the stride (0: strict order).
	 */
	uint64_t stride, served;
	bool idle;		/* it had nothing: what it missed is not made up for */
};

/* ---- sources.c ---------------------------------------------------------- */

/* The queue to be looked at next; NULL: none gives hope. */
struct source *sources_next(struct work *w);
/* What the look at it found: nothing, or a message. */
void sources_empty(struct source *s);
void sources_served(struct work *w, struct source *s);
/* Whether a look may find something, and may start it. */
bool source_hopeful(const struct source *s);
/* Read its policy again, if that may have changed. */
enum status source_refresh(struct work *w, struct source *s, usec_t mono,
    struct error *err) MUST_CHECK;
/*
 * One of several that cannot be had ends the others no more than it has to: ST_OK, it is left out.
 */
enum status work_without(struct work *w, struct source *s, enum status st,
    struct error *err) MUST_CHECK;
/* Something happened there; it is time to look again. */
void source_heard(struct source *s);
void source_wake(struct source *s);
/* A message went back to it, or may be had now: look again. */
void source_revive(struct source *s);
/* A handler has ended, which makes room in those for whose messages there was none. */
void sources_feed(struct work *w);
/* No more is taken from it, for that reason. */
void work_leave(struct work *w, struct source *s, enum status why);
/* Whether any is left. */
bool sources_left(const struct work *w);
/* The longest time to sleep. */
usec_t sources_poll(const struct work *w);
/* " (a: stands by; b: paused)", or "". */
void sources_describe(const struct work *w, char *buf, size_t size);

/* ---- breaker.c ---------------------------------------------------------- */

/* Whether it is not closed: no failure counts then, and one message is tried at a time. */
bool breaker_open(const struct source *s);
/* Whether a message may be claimed now. */
bool breaker_lets(const struct source *s);
/* The pause is over. */
void breaker_due(struct source *s);
/* The policy may be another one than when it opened. */
void breaker_follow(struct source *s);
/* A handler was started; it is over, whatever came of it. */
void breaker_started(struct handler *h);
void breaker_ended(struct handler *h);
/* It failed.  True: that does not count, and the message is to be set aside for so long. */
bool breaker_failed(struct work *w, struct handler *h, const char *reason,
    usec_t *delay) MUST_CHECK;
void breaker_worked(struct work *w, struct source *s);

/* ---- doubt.c ------------------------------------------------------------ */

/* Whether a handler that is over ended with 126 or 127, and nobody can tell whose fault that is. */
bool doubt_raised(const struct handler *h);
/* Then: give back a message of its; it does not count. */
enum status doubt_give_back(struct work *w, struct handler *h, struct claim *c, usec_t now,
    struct error *err) MUST_CHECK;
/* A handler of the queue ended otherwise. */
void doubt_settle(struct work *w, struct source *s);
/* Whether messages were given back, and there is nothing else to try. */
bool doubt_hopeless(const struct work *w);
/* The worker ends; with that status, if the doubt was never settled. */
void doubt_end(struct work *w);

#endif
