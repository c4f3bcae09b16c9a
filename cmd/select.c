/*
 * select.c: which messages a verb is about: by state, age and content.
 */
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

/* Longer lines are matched in pieces, so that a body of any size costs the same memory. */
#define LINE (64 << 10)

struct select {
	struct run *r;
	bool given;
	unsigned states;
	usec_t older;
	bool has_match;
	regex_t match;
	int64_t limit;
};

struct select *
select_new(struct run *r)
{
	struct select *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->r = r;
		s->limit = INT64_MAX;
		s->older = -1;
	}
	return s;
}

void
select_free(struct select *s)
{
	if (s != NULL && s->has_match)
		regfree(&s->match);
	free(s);
}

static enum status
states(struct select *s, const char *list)
{
	char text[100], *word, *rest = text;
	int state;

	if (strlcpy(text, list, sizeof(text)) >= sizeof(text))
		return run_usage(s->r, "--state: there are not so many states");
	while ((word = strsep(&rest, ",")) != NULL) {
		if ((state = state_parse(word)) == -1)
			return run_usage(s->r, "--state: '%s' is no state: ready, delayed, claimed, "
			    "held, dead, done", word);
		s->states |= STATE_BIT(state);
	}
	return ST_OK;
}

static enum status
match(struct select *s, const char *regex)
{
	char why[200];
	int e;

	if (s->has_match)
		return run_usage(s->r, "--match is given twice");
	if ((e = regcomp(&s->match, regex, REG_EXTENDED | REG_NOSUB)) != 0) {
		(void)regerror(e, &s->match, why, sizeof(why));
		return run_usage(s->r, "--match: '%s': %s", regex, why);
	}
	s->has_match = true;
	return ST_OK;
}

enum status
select_option(struct select *s, int key, const char *arg)
{
	switch (key) {
	case SEL_STATE:
		s->given = true;
		return states(s, arg);
	case SEL_OLDER:
		s->given = true;
		return arg_duration(s->r, "--older", arg, &s->older);
	case SEL_MATCH:
		s->given = true;
		return match(s, arg);
	case 'n':
		return arg_number(s->r, "-n", arg, 1, INT64_MAX - 1, &s->limit);
	default:
		return ST_NONE;
	}
}

bool
select_given(const struct select *s)
{
	return s->given;
}

unsigned
select_states(const struct select *s, unsigned initial)
{
	return s->states != 0 ? s->states : initial;
}

int64_t
select_limit(const struct select *s)
{
	return s->limit;
}

static bool
line_matches(const struct select *s, char *line, size_t len)
{
	regmatch_t span = { .rm_so = 0, .rm_eo = (regoff_t)len };

	/* REG_STARTEND: a NUL in the line is a byte like others. */
	return regexec(&s->match, line, 1, &span, REG_STARTEND) == 0;
}

static enum status
body_matches(const struct select *s, int fd, const struct msgname *n, struct error *err)
{
	static char buf[LINE];
	size_t have = 0;
	off_t at = n->head;
	ssize_t got;

	for (;;) {
		got = pread(fd, buf + have, sizeof(buf) - have, at);
		if (got == -1)
			return error_sys(err, errno, "read the message");
		at += got;
		have += (size_t)got;
		char *line = buf, *end;
		while ((end = memchr(line, '\n', have - (size_t)(line - buf))) != NULL) {
			if (line_matches(s, line, (size_t)(end - line)))
				return ST_OK;
			line = end + 1;
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
		if (got == 0)
			return have > 0 && line_matches(s, buf, have) ? ST_OK : ST_NONE;
		if (have == sizeof(buf)) {
			if (line_matches(s, buf, have))
				return ST_OK;
			have = 0;
		}
	}
}

enum status
select_match(struct select *s, struct queue *q, const struct place *p, usec_t now,
    struct error *err)
{
	enum status st;
	int fd;

	if (s->older >= 0 && id_time(&p->name.id) > now - s->older)
		return ST_NONE;
	if (!s->has_match)
		return ST_OK;
	if ((st = msg_open(q, p, &fd, err)) != ST_OK) {
		/* What moved on, or is broken, does not match; that is not the end of the others. */
		if (st == ST_GONE || st == ST_BADDATA)
			error_clear(err);
		return st == ST_BADDATA ? ST_NONE : st;
	}
	st = body_matches(s, fd, &p->name, err);
	(void)close(fd);
	return st;
}
