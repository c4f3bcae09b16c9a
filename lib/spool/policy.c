/*
 * policy.c: the keys of a queue's policy.  One table says everything about a key: its type, syntax,
 * built-in value and help.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "spool/policy.h"
#include "spool/keys.h"

/* ---- the table ---------------------------------------------------------- */

/* Name (of the key, and of its member in struct policy), type, syntax, built-in value, help. */
#define KEYS(X) \
	X(lease, dur, "DUR", "5m", "how long a claim lasts unless it is renewed") \
	X(attempts, attempts, "N", "5", "failed attempts after which a message is dead") \
	X(backoff, backoff, "DUR..DUR|DUR,DUR,...", "1s..10m", \
	    "how long a message waits after a failure") \
	X(jitter, choice, "full|none", "full", \
	    "whether the back-off is a random part of that time") \
	X(expire, dur_or_word, "DUR|never", "never", \
	    "how old a message may get before it is given up on") \
	X(expired, choice, "drop|dead", "dead", "what becomes of an expired message") \
	X(order_dead, choice, "skip|block", "skip", \
	    "whether a key goes on when a message of it is dead or held") \
	X(latest, choice, "no|yes", "no", "whether a message replaces the waiting one of its key") \
	X(dead_queue, dead_queue, "QUEUE|none", "none", "queue that gets what failed for good") \
	X(max_messages, count_limit, "N|none", "none", "most messages ready, delayed and claimed") \
	X(max_bytes, size_limit, "SIZE|none", "none", "most bytes ready, delayed and claimed") \
	X(max_size, size_limit, "SIZE|none", "none", "largest message") \
	X(min_free, size, "SIZE", "0", "bytes of the file system that a push must leave free") \
	X(min_inodes, number, "N", "0", "inodes of the file system that a push must leave free") \
	X(sync, choice, "always|never", "always", \
	    "whether a push waits until it would survive power loss") \
	X(keep, keep, "DUR|N|no", "no", \
	    "how long, or how many, messages stay in done after their ack") \
	X(unrouted, choice, "keep|drop|error", "keep", \
	    "what becomes of a message of a topic that no subscription wants") \
	X(mode, mode, "OCTAL", "0600", "permissions of message files") \
	X(group, group, "GROUP|none", "none", "group of the queue's files") \
	X(paused, choice, "no|pop|push|all", "no", "what the queue refuses at present") \
	X(log, log, "FILE|syslog|no", "no", "where each change of state is told, a line each") \
	X(handler, command, "COMMAND|none", "none", \
	    "what mq work --config runs for each message, by /bin/sh") \
	X(jobs, jobs, "N", "1", "how many handlers mq work --config runs at once") \
	X(timeout, dur_or_word, "DUR|none", "none", \
	    "how long a handler of mq work --config may run") \
	X(grace, dur_or_word, "DUR|none", "none", \
	    "how long handlers may go on after SIGTERM to mq work") \
	X(once, dur, "DUR", "1d", "how long the key of mq push --id is remembered") \
	X(accept, command, "COMMAND|none", "none", \
	    "what looks at each message before it is accepted, by /bin/sh") \
	X(rate, rate_limit, "N/s|N/m|N/h|none", "none", \
	    "most claims in that time, by all consumers together") \
	X(max_in_flight, count_limit, "N|none", "none", \
	    "most messages claimed at once, by all consumers together") \
	X(single, choice, "no|yes", "no", \
	    "whether one consumer at a time gets messages, and the others stand by") \
	X(breaker, breaker, "N[,DUR[..DUR]]|none", "none", \
	    "failures in a row after which a worker pauses, and for how long")

#define PUBLIC(name, type, syntax, initial, help) { #name, syntax, initial, help },
const struct conf_key conf_keys[NKEYS] = { KEYS(PUBLIC) };

#define PRIVATE(name, type, syntax, initial, help) { &type_##type, offsetof(struct policy, name) },
static const struct { const struct type *type; size_t offset; } slots[] = { KEYS(PRIVATE) };

_Static_assert(sizeof(slots) / sizeof(slots[0]) == NKEYS,
    "NKEYS of policy.h is not the number of keys");

bool
policy_set(struct policy *p, int key, const char *text)
{
	return slots[key].type->parse(text, conf_keys[key].syntax, p,
	    (char *)p + slots[key].offset);
}

void
conf_value(const struct policy *p, int key, char *buf, size_t size)
{
	slots[key].type->print(p, (const char *)p + slots[key].offset, conf_keys[key].syntax, buf,
	    size);
}

/*
 * Those who may write the queue.conf of a shared queue must not choose a log file to which other
 * users, and root, then append.
 */
bool
policy_local(int key, const char *text)
{
	return slots[key].type != &type_log || text[0] != '/';
}

bool
policy_is_trap(int key, const char *text)
{
	return slots[key].offset == offsetof(struct policy, max_in_flight) && *text != '\0' &&
	    strspn(text, "0") == strlen(text);
}

struct command *
policy_command(struct policy *p, int key)
{
	return slots[key].type != &type_command ? NULL :
	    (struct command *)((char *)p + slots[key].offset);
}

const char *
policy_rule(int key)
{
	return slots[key].type->rule;
}

/* ---- back-off ----------------------------------------------------------- */

usec_t
policy_backoff(const struct policy *p, int failures)
{
	usec_t d = p->backoff[0], cap = p->backoff[1];

	if (failures < 1)
		failures = 1;
	if (p->nsteps > 0)
		return p->backoff[failures < p->nsteps ? failures - 1 : p->nsteps - 1];
	if (d == 0)
		return 0;
	for (; failures > 1 && d < cap; failures--)
		d = d > cap / 2 ? cap : d * 2;
	return d;
}

usec_t
policy_jitter(const struct policy *p, usec_t d)
{
	uint64_t range = (uint64_t)d + 1, random;

	if (p->jitter == JITTER_NONE || d <= 0)
		return d;
	/*
	 * This is arc4random_uniform for 64 bits: numbers that would favour the low values are
	 * drawn again.
	 */
	do
		arc4random_buf(&random, sizeof(random));
	while (random < -range % range);
	return (usec_t)(random % range);
}

bool
policy_said(const struct policy *p, const char *name)
{
	for (int key = 0; key < NKEYS; key++)
		if (strcmp(conf_keys[key].name, name) == 0)
			return p->origin[key][0] != '\0';
	return false;
}
