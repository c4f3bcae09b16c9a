/*
 * verdict.h: what handlers say of their messages, and the handlers that stay.
 */
#ifndef CMD_WORKER_VERDICT_H
#define CMD_WORKER_VERDICT_H

#include "worker/handler.h"

/* A line of a handler: ID ok, ID retry [DELAY], ID dead [REASON]. */
struct verdict {
	enum { VERDICT_OK, VERDICT_RETRY, VERDICT_DEAD } what;
	const char *id;
	usec_t delay;		/* negative: the policy says how long */
	const char *reason;	/* or NULL */
};
/* Read the handler's verdicts and act on them: when poll says so, and once it has ended. */
void handler_verdicts(struct work *w, struct handler *h);

/* ---- persist.c -------------------------------------------------------- */

/* Prepare the request for the message of the slot; handler_feed sends it. */
void persist_request(const struct launch *l, struct handler *h);
/* The handler has answered. */
void persist_answered(struct work *w, struct handler *h);
/* The handler said something that is no answer; 'h->bad' tells what. */
void persist_garbled(struct work *w, struct handler *h);
/* The handler has closed its stdout. */
void persist_silent(struct handler *h);
/* Close the handler's stdin, and stop the handler if it does not end then. */
void persist_retire(struct handler *h);
/* The handler has ended: end its claim, if it had one. */
void persist_settle(struct work *w, struct handler *h);

#endif
