/*
 * verdict.h: what handlers say of their messages, and those that stay to say it of many.
 */
#ifndef CMD_WORKER_VERDICT_H
#define CMD_WORKER_VERDICT_H

#include "worker/handler.h"

/* A line of a handler: ID ok, ID retry [DELAY], ID dead [REASON]. */
struct verdict {
	enum { VERDICT_OK, VERDICT_RETRY, VERDICT_DEAD } what;
	const char *id;
	usec_t delay;		/* < 0: the policy's */
	const char *reason;	/* or NULL */
};
/* Take what it says, when poll says so and once it has ended. */
void handler_verdicts(struct work *w, struct handler *h);

/* ---- persist.c -------------------------------------------------------- */

/* The request for the message of the slot, to be fed. */
void persist_request(const struct launch *l, struct handler *h);
/* It has answered; it said what is no answer; it will say nothing more. */
void persist_answered(struct work *w, struct handler *h);
void persist_garbled(struct work *w, struct handler *h);
void persist_silent(struct handler *h);
/* Close its stdin, and stop it if it does not end then. */
void persist_retire(struct handler *h);
/* It is over; end the claim, if it had one. */
void persist_settle(struct work *w, struct handler *h);

#endif
