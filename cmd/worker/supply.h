/*
 * supply.h: where the messages of a worker come from: the queues of a spool, or those of an engine.
 *
 * All sources of a worker have the same supply, and the rest of the worker knows no more of it than
 * these operations.  Those that end or change a claim return what they know at once; what an engine
 * says later is told when it comes.
 */
#ifndef CMD_WORKER_SUPPLY_H
#define CMD_WORKER_SUPPLY_H

#include <poll.h>

#include "life/life.h"
#include "worker/sources.h"

struct failure;
struct work;

struct supply {
	/* Open the queue of that name, and set s->policy. */
	enum status (*open)(struct work *w, struct source *s, const char *name);
	void (*close)(struct source *s);
	/* --config: what the policy says is to be run. */
	enum status (*command)(struct source *s, const char **text, struct error *err);
	/* The worker is set up: begin to watch the sources. */
	enum status (*start)(struct work *w, struct error *err);
	/* The handlers are over: wait until all that was said of claims is settled. */
	void (*finish)(struct work *w);

	/* ---- the policy */

	/* Read it again.  What s->policy points to stays the same. */
	enum status (*refresh)(struct source *s, struct error *err);
	/* Tell people, once, that it cannot be read any more, or that it can again. */
	void (*news)(struct work *w, struct source *s);

	/* ---- looking for messages */

	/*
	 * Fill in the descriptors that tell of news, at most WATCHED_SUPPLY and one for each
	 * source, and return how many.  'room': the worker can take messages.
	 */
	nfds_t (*watch)(struct work *w, struct pollfd *p, bool room);
	/* Take note of what they have told. */
	void (*heard)(struct work *w, const struct pollfd *p);
	/* Take note of what has come since, without waiting. */
	void (*hear)(struct work *w);
	/* The loop has done all it can for now. */
	enum status (*turn)(struct work *w, struct error *err);
	/* Before a look counts as having found nothing, what comes from now on must be told of. */
	enum status (*arm)(struct source *s, struct error *err);
	/* The longest time between two looks. */
	usec_t (*poll)(const struct source *s);
	/* Claim the next message; see claim_next. */
	enum status (*next)(struct work *w, struct source *s, struct claim *c, usec_t *wake,
	    struct passed *over, struct error *err);
	/*
	 * Set *yes to whether --drain has nothing to wait for in a source whose last look found
	 * nothing.
	 */
	enum status (*drained)(struct work *w, struct source *s, bool *yes, struct error *err);
	/* How many messages are ready, for people; 0: nobody can tell. */
	uint64_t (*ready)(struct source *s);

	/* ---- claims */

	enum status (*ack)(struct source *s, struct claim *c, usec_t now, struct error *err);
	enum status (*fail)(struct source *s, struct claim *c, const struct failure *why,
	    usec_t now, enum state *to, struct error *err);
	enum status (*release)(struct source *s, struct claim *c, usec_t delay, usec_t now,
	    struct error *err);
	/* ST_LOST: the claim has ended, and the caller closes it. */
	enum status (*extend)(struct source *s, struct claim *c, usec_t lease, usec_t now,
	    struct error *err);
	/* Open the message to read it from its beginning. */
	enum status (*body)(struct source *s, const struct claim *c, int *fd, struct error *err);
	/* Print "{" and the members of the message. */
	enum status (*json)(struct source *s, FILE *f, const struct claim *c, struct error *err);
	/* Make a message that was released with a delay ready at once, if that can be done. */
	enum status (*hurry)(struct source *s, const struct msgid *id, struct error *err);
};

/* Descriptors that a supply may watch besides one for each source. */
#define WATCHED_SUPPLY 4

extern const struct supply supply_spool, supply_engine;

#endif
