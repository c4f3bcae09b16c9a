/*
 * fail.h: how an attempt ends that failed.
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
 * What the error is about is passed over, so that it does not stop the rest: clears *err and gives ST_OK.
 * An error that is ours, like too many open files, is given back.
 */
enum status pass_over(struct passed *, struct error *);
/* Ends a claim that failed: back-off, dead or redirected. */
enum status fail_attempt(struct queue *, const struct place *, const struct failure *, usec_t now, enum state *, struct error *) MUST_CHECK;
/* Goes on with a claim that was marked as failed (spool-format.md F2.22). */
enum status fail_complete(struct queue *q, const struct place *p, usec_t now, struct error *err) MUST_CHECK;
/* What becomes of a message that has expired. */
enum status fail_expired(struct queue *, const struct place *, usec_t now, struct error *) MUST_CHECK;
/* No message any more: a dead letter for this reason. */
enum status fail_torn(struct queue *, const struct place *, const char *reason, usec_t now, struct error *) MUST_CHECK;

#endif
