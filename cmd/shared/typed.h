/*
 * typed.h: options that several verbs have.
 */
#ifndef CMD_SHARED_TYPED_H
#define CMD_SHARED_TYPED_H

#include "base/base.h"

struct run;

/* -m TEXT, once; why says why only once. */
enum status typed_text(struct run *r, const char *arg, const char *why,
    const char **text) MUST_CHECK;
/* -l or -0: *delimiter was -1, and becomes what ends a piece. */
enum status typed_delimiter(struct run *r, int key, int *delimiter) MUST_CHECK;
/* -p N */
enum status typed_priority(struct run *r, const char *arg, int *priority) MUST_CHECK;
/* --wait[=DUR]: *deadline (clock_mono) changes only where arg says how long. */
enum status typed_wait(struct run *r, const char *arg, usec_t *deadline) MUST_CHECK;
/* --lease DUR */
enum status typed_lease(struct run *r, const char *arg, usec_t *lease) MUST_CHECK;

#endif
