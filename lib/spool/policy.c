/*
 * policy.c: the keys of a queue's policy.  One table says everything about a
 * key: its type, syntax, built-in value, help.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "spool/policy.h"
#include "spool/keys.h"

/* ---- values ------------------------------------------------------------- */

/* A type of value.  at points to the member of the policy that has the key's name. */
struct type {
	bool (*parse)(const char *text, const char *syntax, struct policy *, void *at);
	void (*print)(const struct policy *, const void *at, const char *syntax, char *, size_t);
	const char *rule;	/* the syntax in words */
};

/* Digits to a number; where they end. */
static bool
digits(const char *text, const char **end, int64_t *out)
{
	int64_t n = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (n > (INT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (*at - '0');
	}
	*end = at;
	*out = n;
	return at > text;
}

static bool
duration(const char *text, usec_t *out)
{
	struct error ignored = { .status = ST_OK };

	return duration_parse(text, out, &ignored) == ST_OK;
}

static bool
lease_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	usec_t d;

	(void)syntax, (void)p;
	if (!duration(text, &d) || d == 0)
		return false;
	*(usec_t *)at = d;
	return true;
}

static void
lease_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	char text[DURATION_MAX];

	(void)syntax, (void)p;
	duration_format(*(const usec_t *)at, text);
	(void)strlcpy(buf, text, size);
}

/* "DUR|never": the word of the syntax is 0. */
static const char *
word_of(const char *syntax)
{
	return strchr(syntax, '|') + 1;
}

static bool
expire_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	if (strcmp(text, word_of(syntax)) != 0)
		return lease_parse(text, syntax, p, at);
	*(usec_t *)at = 0;
	return true;
}

static void
expire_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	if (*(const usec_t *)at != 0)
		lease_print(p, at, syntax, buf, size);
	else
		(void)strlcpy(buf, word_of(syntax), size);
}

static bool
number_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	const char *end;
	int64_t n;

	(void)syntax, (void)p;
	if (!digits(text, &end, &n) || *end != '\0')
		return false;
	*(int64_t *)at = n;
	return true;
}

static void
number_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	(void)syntax, (void)p;
	(void)snprintf(buf, size, "%" PRId64, *(const int64_t *)at);
}

static bool
attempts_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	const int64_t *n = at;

	return number_parse(text, syntax, p, at) && *n >= 1 && *n <= 1000000;
}

static bool
jobs_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	const int64_t *n = at;

	return number_parse(text, syntax, p, at) && *n >= 1 && *n <= 1000;
}

static const char suffixes[] = "KMGT";

static bool
size_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	const char *end, *suffix;
	int64_t n;

	(void)syntax, (void)p;
	if (!digits(text, &end, &n))
		return false;
	if (*end != '\0') {
		if ((suffix = strchr(suffixes, *end)) == NULL || end[1] != '\0')
			return false;
		for (; suffix >= suffixes; suffix--) {
			if (n > INT64_MAX / 1024)
				return false;
			n *= 1024;
		}
	}
	*(int64_t *)at = n;
	return true;
}

static void
size_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	int64_t n = *(const int64_t *)at;
	int suffix = 0;

	(void)syntax, (void)p;
	for (; n != 0 && n % 1024 == 0 && suffix < 4; suffix++)
		n /= 1024;
	(void)snprintf(buf, size, "%" PRId64 "%.*s", n, suffix > 0, suffixes + suffix - (suffix > 0));
}

/* The limits: "none" is 0. */
static bool
none_parse(const char *text, void *at)
{
	if (strcmp(text, "none") != 0)
		return false;
	*(int64_t *)at = 0;
	return true;
}

static bool
count_limit_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	return none_parse(text, at) || number_parse(text, syntax, p, at);
}

static bool
size_limit_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	return none_parse(text, at) || size_parse(text, syntax, p, at);
}

static void
count_limit_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	if (*(const int64_t *)at != 0)
		number_print(p, at, syntax, buf, size);
	else
		(void)strlcpy(buf, "none", size);
}

static void
size_limit_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	if (*(const int64_t *)at != 0)
		size_print(p, at, syntax, buf, size);
	else
		(void)strlcpy(buf, "none", size);
}

/* One of the words of the syntax, "full|none"; the value is its place, as in the enums of policy.h. */
static bool
choice_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	size_t len = strlen(text), word;

	(void)p;
	for (int i = 0; *syntax != '\0'; i++) {
		word = strcspn(syntax, "|");
		if (len == word && strncmp(text, syntax, len) == 0) {
			*(int *)at = i;
			return true;
		}
		syntax += word + (syntax[word] == '|');
	}
	return false;
}

static void
choice_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	(void)p;
	for (int i = *(const int *)at; i > 0; i--)
		syntax += strcspn(syntax, "|") + 1;
	(void)snprintf(buf, size, "%.*s", (int)strcspn(syntax, "|"), syntax);
}

/* "base..cap" doubles; anything else is a list of steps. */
static bool
backoff_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	char copy[1024], *next = copy, *step, *cap;
	usec_t steps[BACKOFF_STEPS] = { 0 };
	int n = 0;

	(void)syntax, (void)at;
	if (strlcpy(copy, text, sizeof(copy)) >= sizeof(copy))
		return false;
	if ((cap = strstr(copy, "..")) != NULL) {
		*cap = '\0';
		if (!duration(copy, &steps[0]) || !duration(cap + 2, &steps[1]) ||
		    steps[0] > steps[1])
			return false;
	} else {
		while ((step = strsep(&next, ",")) != NULL)
			if (n == BACKOFF_STEPS || !duration(step, &steps[n++]))
				return false;
	}
	p->nsteps = n;
	memcpy(p->backoff, steps, sizeof(steps));
	return true;
}

static void
backoff_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	char text[DURATION_MAX];
	int n = p->nsteps > 0 ? p->nsteps : 2;

	(void)syntax, (void)at;
	(void)strlcpy(buf, "", size);
	for (int i = 0; i < n; i++) {
		duration_format(p->backoff[i], text);
		if (i > 0)
			(void)strlcat(buf, p->nsteps > 0 ? "," : "..", size);
		(void)strlcat(buf, text, size);
	}
}

/* A bare number is a count, so a time needs its unit.  None of either is the same as no. */
static bool
keep_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	int64_t count = 0;
	usec_t time = 0;

	(void)at;
	if (strcmp(text, "no") != 0 && !number_parse(text, syntax, p, &count) &&
	    (strspn(text, "0123456789.") == strlen(text) || !duration(text, &time)))
		return false;
	p->keep = count != 0 ? KEEP_COUNT : time != 0 ? KEEP_TIME : KEEP_NO;
	p->keep_count = count;
	p->keep_time = time;
	return true;
}

static void
keep_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	(void)at;
	if (p->keep == KEEP_COUNT)
		number_print(p, &p->keep_count, syntax, buf, size);
	else if (p->keep == KEEP_TIME)
		lease_print(p, &p->keep_time, syntax, buf, size);
	else
		(void)strlcpy(buf, "no", size);
}

/* Without read and write for the owner, mq could not work on its own queue. */
static bool
mode_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	size_t len = strlen(text);
	int mode;

	(void)syntax, (void)p;
	if (len < 3 || len > 4 || strspn(text, "01234567") != len)
		return false;
	mode = (int)strtol(text, NULL, 8);
	*(int *)at = mode;
	return (mode & ~0777) == 0 && (mode & 0600) == 0600;
}

static void
mode_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	(void)syntax, (void)p;
	(void)snprintf(buf, size, "%04o", (unsigned)*(const int *)at);
}

static bool
is_none(const char *text)
{
	return *text == '\0' || strcmp(text, "none") == 0;
}

static bool
dead_queue_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	(void)syntax, (void)at;
	if (!is_none(text) && !queue_name_ok(text))
		return false;
	(void)strlcpy(p->dead_queue, is_none(text) ? "" : text, sizeof(p->dead_queue));
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Whether there is such a group is known only where it is used. */
static bool
group_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	(void)syntax, (void)at;
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == ';')
			return false;
	return strlcpy(p->group, is_none(text) ? "" : text, sizeof(p->group)) < sizeof(p->group);
}

static bool
rate_limit_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	(void)syntax;
	return none_parse(text, at) || rate_parse(text, &p->rate, &p->rate_unit);
}

static void
rate_limit_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	(void)at, (void)syntax;
	if (p->rate == 0)
		(void)strlcpy(buf, "none", size);
	else
		(void)snprintf(buf, size, "%" PRId64 "/%s", p->rate, p->rate_unit == USEC ? "s" :
		    p->rate_unit == 60 * USEC ? "m" : "h");
}

/* "N", "N,DUR" or "N,DUR..DUR". */
static bool
breaker_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	usec_t base = BREAKER_BASE, cap = BREAKER_CAP;
	char copy[128], *pause, *dots = NULL;
	int64_t n;

	if (none_parse(text, at))
		return true;
	if (strlcpy(copy, text, sizeof(copy)) >= sizeof(copy))
		return false;
	if ((pause = strchr(copy, ',')) != NULL)
		*pause++ = '\0';
	if (!number_parse(copy, syntax, p, &n) || n < 1 || n > 1000000)
		return false;
	if (pause != NULL && (dots = strstr(pause, "..")) != NULL)
		*dots = '\0';
	if (pause != NULL && (!duration(pause, &base) || base == 0))
		return false;
	if (dots != NULL && !duration(dots + 2, &cap))
		return false;
	if (pause != NULL && dots == NULL)
		cap = base;
	if (base > cap)
		return false;
	p->breaker = n;
	p->breaker_base = base;
	p->breaker_cap = cap;
	return true;
}

static void
breaker_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	char base[DURATION_MAX], cap[DURATION_MAX];

	(void)at, (void)syntax;
	duration_format(p->breaker_base, base);
	duration_format(p->breaker_cap, cap);
	if (p->breaker == 0)
		(void)strlcpy(buf, "none", size);
	else
		(void)snprintf(buf, size, "%" PRId64 ",%s..%s", p->breaker, base, cap);
}

/* What conf.c would take for a comment, or cut off, is none; nor is what would be another line. */
static bool
handler_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	struct command *command = at;
	size_t len = strlen(text);

	(void)syntax, (void)p;
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f ||
		    (text[i] == ';' && (i == 0 || is_blank(text[i - 1]))))
			return false;
	if (len > 0 && (is_blank(text[0]) || is_blank(text[len - 1])))
		return false;
	return strlcpy(command->text, is_none(text) ? "" : text, sizeof(command->text)) < sizeof(command->text);
}

static void
name_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	const char *name = at;

	(void)syntax, (void)p;
	(void)strlcpy(buf, *name != '\0' ? name : "none", size);
}

/* Where a file may be named is policy_local's business. */
static bool
log_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	bool no = strcmp(text, "no") == 0;

	(void)syntax, (void)at;
	if (!no && strcmp(text, "syslog") != 0 && (text[0] != '/' || text[strlen(text) - 1] == '/'))
		return false;
	return strlcpy(p->log, no ? "" : text, sizeof(p->log)) < sizeof(p->log);
}

static void
log_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	(void)syntax, (void)at;
	(void)strlcpy(buf, p->log[0] != '\0' ? p->log : "no", size);
}

#define TYPE(name, print, rule) \
	static const struct type type_##name = { name##_parse, print##_print, rule }

TYPE(lease, lease, "a duration above 0, such as 30s, 5m or 1.5h");
TYPE(attempts, number, "a number from 1 to 1000000");
TYPE(backoff, backoff, "1s..10m to double from 1s up to 10m, or up to 32 steps such as 5s,30s,5m");
TYPE(choice, choice, "one of these words");
TYPE(expire, expire, "a duration above 0, such as 30s, 12h or 7d, or that word");
TYPE(dead_queue, name, "the name of a queue, or none");
TYPE(count_limit, count_limit, "a number, or none");
TYPE(size_limit, size_limit, "bytes, also with K, M, G or T (powers of 1024), or none");
TYPE(size, size, "bytes, also with K, M, G or T (powers of 1024)");
TYPE(number, number, "a number");
TYPE(keep, keep, "a duration with its unit, such as 7d; a number of messages; or no");
TYPE(mode, mode, "3 or 4 octal digits of permissions; the owner has to read and write, as in 0600");
TYPE(group, name, "the name of a group, 32 bytes at most, or none");
TYPE(log, log, "syslog, a path that starts with /, or no");
TYPE(handler, name, "a command line for /bin/sh, 180 bytes at most, no ';' behind a blank; or none");
TYPE(jobs, number, "a number from 1 to 1000");
TYPE(rate_limit, rate_limit, "a rate such as 10/s, 30/m or 5/h, or none");
TYPE(breaker, breaker, "a number of failures and a pause, such as 5,10s..10m, or none");

/* ---- the table ---------------------------------------------------------- */

/* Name (of the key, and of its member in struct policy), type, syntax, built-in value, help. */
#define KEYS(X) \
	X(lease, lease, "DUR", "5m", "how long a claim lasts unless it is renewed") \
	X(attempts, attempts, "N", "5", "failed attempts after which a message is dead") \
	X(backoff, backoff, "DUR..DUR|DUR,DUR,...", "1s..10m", "how long a message waits after a failure") \
	X(jitter, choice, "full|none", "full", "whether the back-off is a random part of that time") \
	X(expire, expire, "DUR|never", "never", "how old a message may get before it is given up on") \
	X(expired, choice, "drop|dead", "dead", "what becomes of an expired message") \
	X(order_dead, choice, "skip|block", "skip", "whether a key goes on when a message of it is dead or held") \
	X(latest, choice, "no|yes", "no", "whether a message replaces the waiting one of its key") \
	X(dead_queue, dead_queue, "QUEUE|none", "none", "queue that gets what failed for good") \
	X(max_messages, count_limit, "N|none", "none", "most messages ready, delayed and claimed") \
	X(max_bytes, size_limit, "SIZE|none", "none", "most bytes ready, delayed and claimed") \
	X(max_size, size_limit, "SIZE|none", "none", "largest message") \
	X(min_free, size, "SIZE", "0", "bytes of the file system that a push must leave free") \
	X(min_inodes, number, "N", "0", "inodes of the file system that a push must leave free") \
	X(sync, choice, "always|never", "always", "whether a push waits until it would survive power loss") \
	X(keep, keep, "DUR|N|no", "no", "how long, or how many, messages stay in done after their ack") \
	X(unrouted, choice, "keep|drop|error", "keep", "what becomes of a message of a topic that no subscription wants") \
	X(mode, mode, "OCTAL", "0600", "permissions of message files") \
	X(group, group, "GROUP|none", "none", "group of the queue's files") \
	X(paused, choice, "no|pop|push|all", "no", "what the queue refuses at present") \
	X(log, log, "FILE|syslog|no", "no", "where each change of state is told, a line each") \
	X(handler, handler, "COMMAND|none", "none", "what mq work --config runs for each message, by /bin/sh") \
	X(jobs, jobs, "N", "1", "how many handlers mq work --config runs at once") \
	X(timeout, expire, "DUR|none", "none", "how long a handler of mq work --config may run") \
	X(once, lease, "DUR", "1d", "how long the key of mq push --id is remembered") \
	X(accept, handler, "COMMAND|none", "none", "what looks at each message before it is accepted, by /bin/sh") \
	X(rate, rate_limit, "N/s|N/m|N/h|none", "none", "most claims in that time, by all consumers together") \
	X(max_in_flight, count_limit, "N|none", "none", "most messages claimed at once, by all consumers together") \
	X(single, choice, "no|yes", "no", "whether one consumer at a time gets messages, and the others stand by") \
	X(breaker, breaker, "N[,DUR[..DUR]]|none", "none", "failures in a row after which a worker pauses, and for how long")

#define PUBLIC(name, type, syntax, initial, help) { #name, syntax, initial, help },
const struct conf_key conf_keys[NKEYS] = { KEYS(PUBLIC) };

#define PRIVATE(name, type, syntax, initial, help) { &type_##type, offsetof(struct policy, name) },
static const struct { const struct type *type; size_t offset; } slots[] = { KEYS(PRIVATE) };

_Static_assert(HANDLER_LEN_MAX == 180, "the rule of handler tells its length");
_Static_assert(sizeof(slots) / sizeof(slots[0]) == NKEYS, "NKEYS of policy.h is not the number of keys");

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
 * Who may write queue.conf of a shared queue must not choose a file that other users,
 * and root, then append to.
 */
bool
policy_local(int key, const char *text)
{
	return slots[key].type != &type_log || text[0] != '/';
}

struct command *
policy_command(struct policy *p, int key)
{
	return slots[key].type != &type_handler ? NULL : (struct command *)((char *)p + slots[key].offset);
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
	/* As arc4random_uniform, for 64 bits: draw again what would make the low values likelier. */
	do
		arc4random_buf(&random, sizeof(random));
	while (random < -range % range);
	return (usec_t)(random % range);
}
