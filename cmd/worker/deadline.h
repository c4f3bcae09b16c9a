/*
 * deadline.h: the one heap of all times at which a worker has to do something.
 *
 * A deadline is part of what it belongs to (a slot, a queue, the worker) and is in the heap
 * while it is set.  The loop sleeps until the earliest one.
 */
#ifndef CMD_WORKER_DEADLINE_H
#define CMD_WORKER_DEADLINE_H

#include "base/base.h"

enum due {
	DUE_RENEW,	/* the leases of a slot's claims are to be renewed */
	DUE_LIMIT,	/* the process of a slot is to be stopped */
	DUE_COLLECT,	/* a batch has waited long enough for more messages */
	DUE_LOOK,	/* the worker looks at a queue, whether it has changed or not */
	DUE_GRACE,	/* a signal told us to end, and the handlers of a queue had their time */
	DUE_BREAKER,	/* a queue's pause after failures is over */
	DUE_START,	/* the next handler may be started (--rate) */
	DUE_RESTART,	/* a handler that stays may be started again */
	DUE_RELOAD,	/* the policies are to be read again */
	DUE_DRAW,	/* the line of progress is to be drawn */
	DUE_SUPPLY,	/* the supply of messages has something to do */
	DUE_TELL	/* the service manager is to be told how we fare */
};

struct deadlines;
struct deadline {
	enum due what;
	void *whose;		/* the slot or the queue */
	usec_t at;		/* clock_mono; USEC_MAX: not set */
	struct deadlines *in;
	int place;		/* in the heap, from 1; 0: not set */
};
struct deadlines {
	struct deadline **heap;	/* heap[1] is the earliest one */
	int n, room;
};

/* Make a heap in which at most 'room' deadlines are set at the same time. */
enum status deadlines_open(struct deadlines *ds, int room, struct error *err) MUST_CHECK;
void deadlines_close(struct deadlines *ds);
/* Call this before a deadline is used for the first time. */
void deadline_init(struct deadlines *ds, struct deadline *d, enum due what, void *whose);
/* Move the deadline to the time 'at' (clock_mono); USEC_MAX takes it out of the heap. */
void deadline_set(struct deadline *d, usec_t at);
bool deadline_is_set(const struct deadline *d);
/* Take the earliest deadline out of the heap if its time has come; NULL: no time has come. */
struct deadline *deadlines_due(struct deadlines *ds, usec_t mono);
/* The time of the earliest deadline; USEC_MAX: no deadline is set. */
usec_t deadlines_next(const struct deadlines *ds);

#endif
