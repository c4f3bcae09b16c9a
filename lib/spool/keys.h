/*
 * keys.h: the keys of a policy, between policy.c and conf.c.
 */
#ifndef SPOOL_KEYS_H
#define SPOOL_KEYS_H

#include "base/base.h"

struct command;
struct policy;

/* Give key (an index of conf_keys) a value; false: the text is none for it.  What a value must be, in words. */
bool policy_set(struct policy *, int key, const char *text);
const char *policy_rule(int key);
/* The member that a key is of that says what is run; NULL: it is not of that kind. */
struct command *policy_command(struct policy *, int key);

#endif
