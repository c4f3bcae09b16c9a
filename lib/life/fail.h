/*
 * fail.h: what becomes of a message that cannot go on as it did.
 */
#ifndef LIFE_FAIL_H
#define LIFE_FAIL_H

#include "base/base.h"
#include "base/name.h"
#include "life/expiry.h"

struct failure;
struct passed;
struct queue;

/*
 * Note the error in *over, so that one bad entry does not stop the rest, and clear it: ST_OK.  An
 * error of this process, such as too many open files, is returned and not cleared.
 */
enum status pass_over(struct passed *over, struct error *err);
/*
 * End a claim whose attempt failed.  *state becomes the state that its message goes to.  ST_GONE:
 * the claim is not there any more, and nothing was changed.  *p becomes the place of the marked
 * claim, also if what follows the mark fails.
 */
enum status fail_attempt(struct queue *q, struct place *p, const struct failure *why, usec_t now,
    enum state *state, struct error *err) MUST_CHECK;
/* The state that the message of a claim goes to that is marked as failed. */
enum state fail_state(const struct msgname *marked);
/* Whether the claim, which is marked, was given the end that fail_attempt would give it. */
bool fail_agrees(struct queue *q, const struct place *marked, const struct failure *why);
/* Finish the end of a claim that was marked as failed (F2.22 of spool-format.md). */
enum status fail_complete(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;
/* Drop a message that has expired, or make it a dead letter, as the policy says. */
enum status fail_expired(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;
/* Make a dead letter of a file that is no valid message any more, with this reason in its name. */
enum status fail_torn(struct queue *q, const struct place *p, const char *reason, usec_t now,
    struct error *err) MUST_CHECK;

#endif
