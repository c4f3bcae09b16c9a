/*
 * select.c: which messages a verb is about, and going over them: one language for
 * all verbs that look at messages or act on them.
 */
#include <sys/queue.h>
#include <errno.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "spool/record.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "shared/cmd.h"
#include "shared/select.h"

/* Longer lines are matched in pieces, so that a body of any size costs the same memory. */
#define LINE (64 << 10)

/* Inclusive. */
struct range {
	int64_t low, high;
};

/* A header that must be there, with a value like this. */
struct want {
	SLIST_ENTRY(want) next;
	const char *name, *glob;	/* glob NULL: any */
	size_t len;			/* of the name */
};

struct select {
	struct run *r;
	bool given, last;
	unsigned states;
	usec_t older, newer;	/* ages; -1: not given */
	usec_t since, until;	/* times */
	struct range priority, attempts, size;
	const char *reason;
	SLIST_HEAD(wants, want) headers;
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
states(struct select *s, const char *list)
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

/* A number, with K, M or G (of 1024) if it is a size. */
static bool
number(const char *text, bool size, int64_t *n)
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

/* N, N+ or N-M. */
static enum status
range(struct select *s, const char *opt, const char *arg, bool size, struct range *out)
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
	if (len >= sizeof(text) || !number(text, size, &out->low) || (dash != NULL && (open ||
	    !number(dash, size, &out->high) || out->high < out->low)))
		return run_usage(s->r, "%s: '%s' is no number N, nor N+ (N or more), nor N-M", opt,
		    arg);
	if (!open && dash == NULL)
		out->high = out->low;
	return ST_OK;
}

static enum status
header(struct select *s, const char *arg)
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
first_or_last(struct select *s, const char *opt, bool last, const char *arg)
{
	if (s->limit != INT64_MAX)
		return run_usage(s->r, "one of -n, --first and --last, once");
	s->last = last;
	s->limit = 1;
	return arg == NULL ? ST_OK : arg_number(s->r, opt, arg, 1, INT64_MAX - 1, &s->limit);
}

static enum status
age(struct select *s, const char *opt, const char *arg, usec_t *out)
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
		return states(s, arg);
	case SEL_OLDER:
		return age(s, "--older", arg, &s->older);
	case SEL_NEWER:
		return age(s, "--newer", arg, &s->newer);
	case SEL_SINCE:
		s->given = true;
		return arg_time(s->r, "--since", arg, &s->since);
	case SEL_UNTIL:
		s->given = true;
		return arg_time(s->r, "--until", arg, &s->until);
	case SEL_PRIORITY:
		return range(s, "--priority", arg, false, &s->priority);
	case SEL_ATTEMPTS:
		return range(s, "--attempts", arg, false, &s->attempts);
	case SEL_SIZE:
		return range(s, "--size", arg, true, &s->size);
	case SEL_HEADER:
		return header(s, arg);
	case SEL_REASON:
		s->given = true;
		s->reason = arg;
		return ST_OK;
	case SEL_MATCH:
		s->given = true;
		return match(s, arg);
	case 'n':
		return first_or_last(s, "-n", false, arg);
	case SEL_FIRST:
		s->given = true;
		return first_or_last(s, "--first", false, arg);
	case SEL_LAST:
		s->given = true;
		return first_or_last(s, "--last", true, arg);
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

/* ---- one message ------------------------------------------------------ */

static bool
in(const struct range *r, int64_t n)
{
	return n >= r->low && n <= r->high;
}

/* A pattern for all of it: of the word in the name, or of the last reason in words. */
static bool
reason_matches(const struct select *s, struct queue *q, const struct place *p)
{
	char text[600];

	if (p->name.reason[0] == '\0')
		return false;
	if (fnmatch(s->reason, p->name.reason, 0) == 0)
		return true;
	msg_reason(q, p, text, sizeof(text));
	return fnmatch(s->reason, text, 0) == 0;
}

static bool
has_header(const struct headers *all, const struct want *w)
{
	struct header h;
	size_t pos = 0;

	while (headers_next(all, &pos, &h)) {
		char value[1024];
		if (!header_is(&h, w->name, w->len))
			continue;
		(void)snprintf(value, sizeof(value), "%.*s", (int)h.valuelen, h.value);
		if (w->glob == NULL || fnmatch(w->glob, value, 0) == 0)
			return true;
	}
	return false;
}

static enum status
headers_match(const struct select *s, int fd, const struct msgname *n, struct error *err)
{
	const struct want *w;
	struct headers all;
	enum status st;

	if ((st = msg_headers(fd, n, &all, err)) != ST_OK)
		return st;
	SLIST_FOREACH(w, &s->headers, next)
		if (!has_header(&all, w))
			st = ST_NONE;
	headers_free(&all);
	return st;
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

	const struct msgname *n = &p->name;
	usec_t at = id_time(&n->id);

	if ((s->older >= 0 && at > now - s->older) || (s->newer >= 0 && at <= now - s->newer) ||
	    at < s->since || at >= s->until ||
	    !in(&s->priority, n->priority) || !in(&s->attempts, n->attempts) ||
	    !in(&s->size, n->size - n->head) || (s->reason != NULL && !reason_matches(s, q, p)))
		return ST_NONE;
	if (!s->has_match && SLIST_EMPTY(&s->headers))
		return ST_OK;
	if ((st = msg_open(q, p, &fd, err)) == ST_OK) {
		if (!SLIST_EMPTY(&s->headers))
			st = headers_match(s, fd, n, err);
		if (st == ST_OK && s->has_match)
			st = body_matches(s, fd, n, err);
		(void)close(fd);
	}
	/* What moved on, or is broken, does not match; that is not the end of the others. */
	if (st == ST_GONE || st == ST_BADDATA)
		error_clear(err);
	return st == ST_BADDATA ? ST_NONE : st;
}

/* ---- all of them ------------------------------------------------------ */

/* The last so many that were met: a ring. */
struct ring {
	struct place *p;
	size_t n, cap, max, next;	/* next: the oldest, once it is full */
};

static enum status
ring_add(struct ring *ring, const struct place *p, struct error *err)
{
	if (ring->n == ring->cap && ring->cap < ring->max) {
		size_t cap = ring->cap == 0 ? 16 : ring->cap * 2;
		struct place *grown;
		if (cap > ring->max)
			cap = ring->max;
		if ((grown = reallocarray(ring->p, cap, sizeof(*grown))) == NULL)
			return error_sys(err, ENOMEM, "--last");
		ring->p = grown;
		ring->cap = cap;
	}
	if (ring->n < ring->cap)
		ring->p[ring->n++] = *p;
	else {
		ring->p[ring->next] = *p;
		ring->next = (ring->next + 1) % ring->n;
	}
	return ST_OK;
}

/* One that was selected: *count goes up if it counts. */
static enum status
visit(const struct visit *v, const struct place *p, int64_t *count, struct error *err)
{
	enum status st = v->one(v->arg, p);

	if (st == ST_OK)
		++*count;
	else if (st == ST_GONE || st == ST_NONE) {
		error_clear(err);
		st = ST_OK;
	}
	return st;
}

static enum status
scan_all(struct select *s, struct queue *q, struct scan *scan, usec_t now, const struct visit *v,
    struct ring *ring, enum status *worst)
{
	struct error *err = &s->r->err;
	enum status st = ST_OK;
	uint64_t seen = 0;
	int64_t n = 0;
	struct place p;

	while (!run_stopped() && (s->last || n < s->limit) &&
	    (st = scan_next(scan, &p, err)) == ST_OK) {
		if (v->seen != NULL)
			v->seen(v->arg, ++seen, (uint64_t)n);
		st = select_match(s, q, &p, now, err);
		if (st == ST_DENIED)
			run_trouble(s->r, st, worst);
		if (st == ST_NONE || st == ST_GONE || st == ST_DENIED) {
			/* that one only; what may not be listed is another matter */
			st = ST_OK;
			continue;
		}
		if (st == ST_OK)
			st = s->last ? ring_add(ring, &p, err) : visit(v, &p, &n, err);
		if (st != ST_OK)
			return st;
	}
	/* What could not be looked into is told of; what was found is not kept back for it. */
	if (st != ST_OK && st != ST_NONE && scan_missed(scan) != NULL && !error_is_ours(err)) {
		run_trouble(s->r, st, worst);
		st = ST_NONE;
	}
	for (size_t i = 0; (st == ST_OK || st == ST_NONE) && !run_stopped() && i < ring->n; i++)
		st = visit(v, &ring->p[(ring->next + i) % ring->n], &n, err);
	return st == ST_NONE || st == ST_GONE ? ST_OK : st;
}

enum status
select_each(struct select *s, struct queue *q, unsigned initial, usec_t now,
    const struct visit *v, enum status *worst)
{
	struct ring ring = { .max = (uint64_t)s->limit < SIZE_MAX ? (size_t)s->limit : SIZE_MAX };
	struct scan *scan;
	enum status st;

	if ((st = scan_open(q, select_states(s, initial), &scan, &s->r->err)) != ST_OK)
		return st;
	order_defer(q);
	st = scan_all(s, q, scan, now, v, &ring, worst);
	order_resume(q);
	scan_close(scan);
	free(ring.p);
	return st;
}
