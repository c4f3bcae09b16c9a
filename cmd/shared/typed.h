/*
 * typed.h: options that several verbs share.
 */
#ifndef CMD_SHARED_TYPED_H
#define CMD_SHARED_TYPED_H

#include "base/base.h"

struct run;

/* Take -m TEXT.  A second one is an error, and 'why' says why there may be only one. */
enum status typed_text(struct run *r, const char *arg, const char *why,
    const char **text) MUST_CHECK;
/* Take -l or -0.  '*delimiter' is -1 before, and becomes the character that ends a piece. */
enum status typed_delimiter(struct run *r, int key, int *delimiter) MUST_CHECK;
/* Take -p N. */
enum status typed_priority(struct run *r, const char *arg, int *priority) MUST_CHECK;
/* Take --wait[=DUR].  '*deadline' (by clock_mono) changes only if 'arg' gives a duration. */
enum status typed_wait(struct run *r, const char *arg, usec_t *deadline) MUST_CHECK;
/* Take --lease DUR. */
enum status typed_lease(struct run *r, const char *arg, usec_t *lease) MUST_CHECK;

#endif
