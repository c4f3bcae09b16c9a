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
	/* The pass may have overlooked a message of a key: it does not prove that none is left. */
	bool again;
	bool park;		/* put the messages aside whose turn has not come */
};

/* What the search does after one step. */
enum step {
	STEP_OK,	/* it goes on with this message; at the end: the message is claimed */
	STEP_NEXT,	/* it tries the next message; of a whole pass: the pass found none */
	STEP_ANEW,	/* it begins the pass anew, and parks the messages that wait for a turn */
	STEP_STOP	/* the search ends, with 'status' and the error */
};

/* ---- step.c ------------------------------------------------------------- */

/* Stop the search with the status 'st'. */
enum step step_stop(struct attempt *a, enum status st) MUST_CHECK;
/* After a failure: STEP_NEXT if the message can be passed over; otherwise the search stops. */
enum step step_pass_over(struct attempt *a, enum status st) MUST_CHECK;

/* ---- attempt.c ---------------------------------------------------------- */

/* Claim the message that the entry 'e' of a listing names.  'dir' is its open bucket of ready/. */
enum step attempt_one(struct attempt *a, int dir, const char *bucket,
    const struct entry *e) MUST_CHECK;

/* ---- keyed.c ------------------------------------------------------------ */

/* Begin a pass over ready/: forget the keys that the last pass has passed over. */
void keyed_begin(struct attempt *a);
/* Whether the turn of a message with a key has come.  STEP_OK: it has. */
enum step keyed_turn(struct attempt *a, int dir, const struct place *p) MUST_CHECK;

/* ---- window.c ----------------------------------------------------------- */

/* Try the messages that are left of the last listing. */
enum step window_try(struct attempt *a) MUST_CHECK;
/* Claim from the bucket that the hint names.  STEP_NEXT does not prove that nothing is ready. */
enum step window_hinted(struct attempt *a) MUST_CHECK;
/*
 * Make one pass over all of ready/.  *young becomes true if ready/ changed so lately that the
 * listings may have missed messages.
 */
enum step window_pass(struct attempt *a, bool *young) MUST_CHECK;

#endif
