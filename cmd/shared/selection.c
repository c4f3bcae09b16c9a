/*
 * selection.c: what a selection asks for, from its options.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/select.h"
#include "shared/selection.h"

struct select *
select_new(struct run *r)
{
	struct select *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->r = r;
		s->limit = INT64_MAX;
		s->older = s->newer = -1;
		s->until = USEC_MAX;
		s->priority = s->attempts = s->size = (struct range){ 0, INT64_MAX };
		SLIST_INIT(&s->headers);
	}
	return s;
}

void
select_free(struct select *s)
{
	struct want *w;

	if (s == NULL)
		return;
	if (s->has_match)
		regfree(&s->match);
	while ((w = SLIST_FIRST(&s->headers)) != NULL) {
		SLIST_REMOVE_HEAD(&s->headers, next);
		free(w);
	}
	free(s);
}

static enum status
selection_states(struct select *s, const char *list)
{
	char text[100], *word, *rest = text;
	int state;

	if (strlcpy(text, list, sizeof(text)) >= sizeof(text))
		return run_usage(s->r, "--state: there are not so many states");
	while ((word = strsep(&rest, ",")) != NULL) {
		if ((state = state_parse(word)) == -1)
			return run_usage(s->r,
			    "--state: '%s' is no state: ready, delayed, claimed, "
			    "held, dead, done", word);
		s->states |= STATE_BIT(state);
	}
	return ST_OK;
}

static enum status
selection_match(struct select *s, const char *regex)
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

/* Parse a number.  A size may end in K, M or G, which are powers of 1024. */
static bool
selection_number(const char *text, bool size, int64_t *n)
{
	uint64_t u;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	if (size) {
		if (expand_number(text, &u) == -1 || u > INT64_MAX)
			return false;
		*n = (int64_t)u;
		return true;
	}
	errno = 0;
	*n = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

/* Parse N, N+ or N-M. */
static enum status
selection_range(struct select *s, const char *opt, const char *arg, bool size, struct range *out)
{
	char text[64], *dash;
	size_t len = strlcpy(text, arg, sizeof(text));
	bool open = len > 0 && len < sizeof(text) && text[len - 1] == '+';

	if (open)
		text[len - 1] = '\0';
	if ((dash = strchr(text, '-')) != NULL)
		*dash++ = '\0';
	s->given = true;
	out->high = INT64_MAX;
	if (len >= sizeof(text) || !selection_number(text, size, &out->low) || (dash != NULL &&
	    (open ||
	    !selection_number(dash, size, &out->high) || out->high < out->low)))
		return run_usage(s->r, "%s: '%s' is no number N, nor N+ (N or more), nor N-M", opt,
		    arg);
	if (!open && dash == NULL)
		out->high = out->low;
	return ST_OK;
}

static enum status
selection_header(struct select *s, const char *arg)
{
	struct want *w = calloc(1, sizeof(*w));
	const char *eq = strchr(arg, '=');

	if (w == NULL)
		return error_sys(&s->r->err, ENOMEM, "--header");
	w->name = arg;
	w->len = eq != NULL ? (size_t)(eq - arg) : strlen(arg);
	w->glob = eq != NULL ? eq + 1 : NULL;
	SLIST_INSERT_HEAD(&s->headers, w, next);
	s->given = true;
	if (w->len == 0)
		return run_usage(s->r, "--header: '%s' has no name before the '='", arg);
	return ST_OK;
}

static enum status
selection_first_or_last(struct select *s, const char *opt, bool last, const char *arg)
{
	if (s->limit != INT64_MAX)
		return run_usage(s->r, "one of -n, --first and --last, once");
	s->last = last;
	s->limit = 1;
	return arg == NULL ? ST_OK : arg_number(s->r, opt, arg, 1, INT64_MAX - 1, &s->limit);
}

static enum status
selection_age(struct select *s, const char *opt, const char *arg, usec_t *out)
{
	s->given = true;
	return arg_duration(s->r, opt, arg, out);
}

enum status
select_option(struct select *s, int key, const char *arg)
{
	switch (key) {
	case SEL_STATE:
		s->given = true;
		return selection_states(s, arg);
	case SEL_OLDER:
		return selection_age(s, "--older", arg, &s->older);
	case SEL_NEWER:
		return selection_age(s, "--newer", arg, &s->newer);
	case SEL_SINCE:
		s->given = true;
		return arg_time(s->r, "--since", arg, &s->since);
	case SEL_UNTIL:
		s->given = true;
		return arg_time(s->r, "--until", arg, &s->until);
	case SEL_PRIORITY:
		return selection_range(s, "--priority", arg, false, &s->priority);
	case SEL_ATTEMPTS:
		return selection_range(s, "--attempts", arg, false, &s->attempts);
	case SEL_SIZE:
		return selection_range(s, "--size", arg, true, &s->size);
	case SEL_HEADER:
		return selection_header(s, arg);
	case SEL_REASON:
		s->given = true;
		s->reason = arg;
		return ST_OK;
	case SEL_LIKE:
		s->given = true;
		s->like = arg;
		return ST_OK;
	case SEL_MATCH:
		s->given = true;
		return selection_match(s, arg);
	case 'n':
		return selection_first_or_last(s, "-n", false, arg);
	case SEL_FIRST:
		s->given = true;
		return selection_first_or_last(s, "--first", false, arg);
	case SEL_LAST:
		s->given = true;
		return selection_first_or_last(s, "--last", true, arg);
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

void
select_set_limit(struct select *s, int64_t limit)
{
	s->limit = limit;
}

bool
select_last(const struct select *s)
{
	return s->last;
}
