/*
 * attempt.h: one search for a message to claim, between claim.c (the search), window.c (what a
 * listing names), attempt.c (one message) and keyed.c (whether its turn has come).
 */
#ifndef LIFE_ATTEMPT_H
#define LIFE_ATTEMPT_H

#include "base/base.h"
#include "life/flow.h"

struct claim;
struct claim_options;
struct entry;
struct passed;
struct place;
struct queue;

struct attempt {
	struct queue *q;
	const struct claim_options *opt;
	usec_t now;
	struct claim *claim;
	struct passed *over;
	struct error *err;
	enum status status;	/* why the search stops: see STEP_STOP */
	struct flow flow;
	bool lost;		/* another process was quicker */
	/* a message of a key may have been overlooked: the pass proves nothing */
	bool again;
	bool park;		/* messages that have to be passed over are put aside */
};

/* What is to be done after one step of a search. */
enum step {
	STEP_OK,	/* go on with this message; at the end: it is claimed */
	STEP_NEXT,	/* not this one, try the next; of a whole pass: it found none */
	STEP_ANEW,	/* begin the pass anew, and put aside what has to wait for its turn */
	STEP_STOP	/* the search ends, with 'status' and the error */
};

/* ---- step.c ------------------------------------------------------------- */

/* Stop with that status. */
enum step step_stop(struct attempt *a, enum status st) MUST_CHECK;
/* A failure: STEP_NEXT if the message can be passed over, else the search stops. */
enum step step_pass_over(struct attempt *a, enum status st) MUST_CHECK;

/* ---- attempt.c ---------------------------------------------------------- */

/* Claim the message that an entry of a listing names; 'dir' is its bucket of ready/, open. */
enum step attempt_one(struct attempt *a, int dir, const char *bucket,
    const struct entry *e) MUST_CHECK;

/* ---- keyed.c ------------------------------------------------------------ */

/* A pass over ready/ in its order begins. */
void keyed_begin(struct attempt *a);
/* Whether the turn of a message with a key has come: STEP_OK, it has. */
enum step keyed_turn(struct attempt *a, int dir, const struct place *p) MUST_CHECK;

/* ---- window.c ----------------------------------------------------------- */

/* Go on with what is left of the last listing. */
enum step window_try(struct attempt *a) MUST_CHECK;
/* Claim from the bucket that the hint names; STEP_NEXT proves nothing. */
enum step window_hinted(struct attempt *a) MUST_CHECK;
/* One pass over all of ready/.  *young: it changed so lately that listings may have missed some. */
enum step window_pass(struct attempt *a, bool *young) MUST_CHECK;

#endif
