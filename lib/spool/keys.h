/*
 * keys.h: the keys of a policy, between value.c, policy.c, keys.c, parse.c, conf.c and edit.c.
 */
#ifndef SPOOL_KEYS_H
#define SPOOL_KEYS_H

#include "spool/policy.h"

/* ---- value.c and compound.c -------------------------------------------------- */

/* A type of value.  'at' points to the member of the policy that has the key's name. */
struct type {
	bool (*parse)(const char *text, const char *syntax, struct policy *p, void *at);
	void (*print)(const struct policy *p, const void *at, const char *syntax, char *buf,
	    size_t size);
	const char *rule;	/* what a value of this type must be, in words */
};
extern const struct type type_dur, type_attempts, type_backoff, type_choice, type_dur_or_word,
    type_dead_queue, type_count_limit, type_size_limit, type_size, type_number, type_keep,
    type_mode,
    type_group, type_log, type_command, type_jobs, type_rate_limit, type_breaker;

bool value_duration(const char *text, usec_t *out);
/* Whether the text is "none".  Then *at, an int64_t, becomes 0. */
bool value_none(const char *text, void *at);

/* ---- policy.c --------------------------------------------------------------- */

/* Give 'key' (an index of conf_keys) a value.  False: the text is no value of this key. */
bool policy_set(struct policy *p, int key, const char *text);
/* Whether nobody can want that value.  Older versions took it for "no limit". */
bool policy_is_trap(int key, const char *text);
/* What a value of the key must be, in words. */
const char *policy_rule(int key);
/* The command that a key holds.  NULL: the key holds none. */
struct command *policy_command(struct policy *p, int key);

/* ---- keys.c ----------------------------------------------------------------- */

/* Keys that only [defaults] of mq.conf may have.  Their numbers follow those of the other keys. */
enum { SET_SPOOL = NKEYS, SET_AUTOCREATE, NNAMES };

const char *key_name(int key);
/* The number of the key of that name, which is 'len' bytes long.  -1: there is no such key. */
int key_find(const char *name, size_t len);
/* Print " (did you mean 'lease'?)", or nothing if none of the first 'n' keys comes near 'name'. */
void key_guess(const char *name, int n, char *buf, size_t size);

/* ---- parse.c ---------------------------------------------------------------- */

#define CONF_LINE_MAX 199	/* inih's buffer holds 200 bytes */
#define BLANKS " \t"
/* The error for what policy_local refuses. */
#define LOCAL_ONLY "a file for %s may be named in mq.conf only: give it there in [queue GLOB]"

#endif
