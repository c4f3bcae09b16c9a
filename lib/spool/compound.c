/*
 * compound.c: the types of values that consist of parts or need a closer look (back-off, keep,
 * rate, breaker, modes, names, commands): how each is read and printed, and its rule in words.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "spool/policy.h"
#include "spool/keys.h"

_Static_assert(HANDLER_LEN_MAX == 180, "the rule of command tells its length");

/* Read "base..cap", which doubles, or else a list of steps. */
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
		if (!value_duration(copy, &steps[0]) || !value_duration(cap + 2, &steps[1]) ||
		    steps[0] > steps[1])
			return false;
	} else {
		while ((step = strsep(&next, ",")) != NULL)
			if (n == BACKOFF_STEPS || !value_duration(step, &steps[n++]))
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

/* Read a count or a time.  A number without a unit is a count.  A count or time of 0 means no. */
static bool
keep_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	int64_t count = 0;
	usec_t time = 0;

	(void)at;
	if (strcmp(text, "no") != 0 && !type_number.parse(text, syntax, p, &count) &&
	    (strspn(text, "0123456789.") == strlen(text) || !value_duration(text, &time)))
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
		type_number.print(p, &p->keep_count, syntax, buf, size);
	else if (p->keep == KEEP_TIME)
		type_dur.print(p, &p->keep_time, syntax, buf, size);
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
compound_is_none(const char *text)
{
	return *text == '\0' || strcmp(text, "none") == 0;
}

static bool
dead_queue_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	(void)syntax, (void)at;
	if (!compound_is_none(text) && !queue_name_ok(text))
		return false;
	(void)strlcpy(p->dead_queue, compound_is_none(text) ? "" : text, sizeof(p->dead_queue));
	return true;
}

static bool
compound_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Whether the group exists is only known where it is used. */
static bool
group_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	(void)syntax, (void)at;
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == ';')
			return false;
	return strlcpy(p->group, compound_is_none(text) ? "" : text,
	    sizeof(p->group)) < sizeof(p->group);
}

static bool
rate_limit_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	(void)syntax;
	return value_none(text, at) || rate_parse(text, &p->rate, &p->rate_unit);
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

/* Read "N", "N,DUR" or "N,DUR..DUR". */
static bool
breaker_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	usec_t base = BREAKER_BASE, cap = BREAKER_CAP;
	char copy[128], *pause, *dots = NULL;
	int64_t n;

	if (value_none(text, at))
		return true;
	if (strlcpy(copy, text, sizeof(copy)) >= sizeof(copy))
		return false;
	if ((pause = strchr(copy, ',')) != NULL)
		*pause++ = '\0';
	if (!type_number.parse(copy, syntax, p, &n) || n < 1 || n > 1000000)
		return false;
	if (pause != NULL && (dots = strstr(pause, "..")) != NULL)
		*dots = '\0';
	if (pause != NULL && (!value_duration(pause, &base) || base == 0))
		return false;
	if (dots != NULL && !value_duration(dots + 2, &cap))
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

/*
 * Refuse a command that parse.c would take for a comment or cut off, and one with a control
 * character, such as a newline.
 */
static bool
command_parse(const char *text, const char *syntax, struct policy *p, void *at)
{
	struct command *command = at;
	size_t len = strlen(text);

	(void)syntax, (void)p;
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f ||
		    (text[i] == ';' && (i == 0 || compound_is_blank(text[i - 1]))))
			return false;
	if (len > 0 && (compound_is_blank(text[0]) || compound_is_blank(text[len - 1])))
		return false;
	return strlcpy(command->text, compound_is_none(text) ? "" : text,
	    sizeof(command->text)) < sizeof(command->text);
}

static void
name_print(const struct policy *p, const void *at, const char *syntax, char *buf, size_t size)
{
	const char *name = at;

	(void)syntax, (void)p;
	(void)strlcpy(buf, *name != '\0' ? name : "none", size);
}

/* policy_local decides where a file may be named. */
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
	const struct type type_##name = { name##_parse, print##_print, rule }

TYPE(backoff, backoff, "1s..10m to double from 1s up to 10m, or up to 32 steps such as 5s,30s,5m");
TYPE(dead_queue, name, "the name of a queue, or none");
TYPE(keep, keep, "a duration with its unit, such as 7d; a number of messages; or no");
TYPE(mode, mode, "3 or 4 octal digits of permissions; the owner has to read and write, as in 0600");
TYPE(group, name, "the name of a group, 32 bytes at most, or none");
TYPE(log, log, "syslog, a path that starts with /, or no");
TYPE(command, name,
    "a command line for /bin/sh, 180 bytes at most, no ';' behind a blank; or none");
TYPE(rate_limit, rate_limit, "a rate such as 10/s, 30/m or 5/h, or none");
TYPE(breaker, breaker, "a number of failures and a pause, such as 5,10s..10m, or none");
