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
 * Pass over what the error is about, so that it does not stop the rest: clears *err and gives
 * ST_OK. An error that is ours, like too many open files, is given back.
 */
enum status pass_over(struct passed *over, struct error *err);
/*
 * End a claim whose attempt failed.  *state: where its message goes.  ST_GONE: the claim is not
 * there any more, and nothing was changed.
 */
enum status fail_attempt(struct queue *q, const struct place *p, const struct failure *why,
    usec_t now,
    enum state *state, struct error *err) MUST_CHECK;
/* Go on with a claim that was marked as failed (spool-format.md F2.22). */
enum status fail_complete(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;
/* Drop a message that has expired, or make it a dead letter, as the policy says. */
enum status fail_expired(struct queue *q, const struct place *p, usec_t now,
    struct error *err) MUST_CHECK;
/* Make a file that is no message any more a dead letter, for this reason. */
enum status fail_torn(struct queue *q, const struct place *p, const char *reason, usec_t now,
    struct error *err) MUST_CHECK;

#endif
