/*
 * selected.c: whether one message is selected.
 */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

#include "base/envelope.h"
#include "spool/record.h"
#include "view/view.h"
#include "shared/ids.h"
#include "shared/select.h"
#include "shared/selection.h"

/* Longer lines are matched in pieces, so that a body of any size costs the same memory. */
#define LINE (64 << 10)

static bool
selected_in(const struct range *r, int64_t n)
{
	return n >= r->low && n <= r->high;
}

/* Whether the pattern matches the whole word in the name, or the whole text of the last reason. */
static bool
selected_reason_matches(const struct select *s, struct queue *q, const struct place *p)
{
	char text[600];

	if (p->name.reason[0] == '\0')
		return false;
	if (fnmatch(s->reason, p->name.reason, 0) == 0)
		return true;
	msg_reason(q, p, text, sizeof(text));
	return fnmatch(s->reason, text, 0) == 0;
}

/* Find out what the message of --like failed of, once. */
static enum status
selected_cause(struct select *s, struct queue *q, struct error *err)
{
	struct msgid id;
	struct place p;
	enum status st;

	if (s->like == NULL || s->cause[0] != '\0')
		return ST_OK;
	if ((st = id_resolve(s->r, q, s->like, &id)) != ST_OK ||
	    (st = scan_find(q, STATES_ALL, &id, &p, err)) != ST_OK)
		return st;
	cause_of(q, &p, s->cause);
	return s->cause[0] != '\0' ? ST_OK :
	    error_set(err, ST_BADDATA, 0, "--like: message %s has not failed", id.text);
}

static bool
selected_is_alike(const struct select *s, struct queue *q, const struct place *p)
{
	char cause[CAUSE_MAX];

	cause_of(q, p, cause);
	return strcmp(cause, s->cause) == 0;
}

static bool
selected_has_header(const struct headers *all, const struct want *w)
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
selected_headers_match(const struct select *s, int fd, const struct msgname *n, struct error *err)
{
	const struct want *w;
	struct headers all;
	enum status st;

	if ((st = msg_headers(fd, n, &all, err)) != ST_OK)
		return st;
	SLIST_FOREACH(w, &s->headers, next)
		if (!selected_has_header(&all, w))
			st = ST_NONE;
	headers_free(&all);
	return st;
}

static bool
selected_line_matches(const struct select *s, char *line, size_t len)
{
	regmatch_t span = { .rm_so = 0, .rm_eo = (regoff_t)len };

	/* REG_STARTEND lets a NUL in the line be a byte like others. */
	return regexec(&s->match, line, 1, &span, REG_STARTEND) == 0;
}

static enum status
selected_body_matches(const struct select *s, int fd, const struct msgname *n, struct error *err)
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
			if (selected_line_matches(s, line, (size_t)(end - line)))
				return ST_OK;
			line = end + 1;
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
		if (got == 0)
			return have > 0 && selected_line_matches(s, buf, have) ? ST_OK : ST_NONE;
		if (have == sizeof(buf)) {
			if (selected_line_matches(s, buf, have))
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

	if ((st = selected_cause(s, q, err)) != ST_OK)
		return st;
	if ((s->older >= 0 && at > now - s->older) || (s->newer >= 0 && at <= now - s->newer) ||
	    at < s->since || at >= s->until ||
	    !selected_in(&s->priority, n->priority) || !selected_in(&s->attempts, n->attempts) ||
	    !selected_in(&s->size, n->size - n->head) || (s->reason != NULL &&
	    !selected_reason_matches(s, q, p)) ||
	    (s->like != NULL && !selected_is_alike(s, q, p)))
		return ST_NONE;
	if (!s->has_match && SLIST_EMPTY(&s->headers))
		return ST_OK;
	if ((st = msg_open(q, p, &fd, err)) == ST_OK) {
		if (!SLIST_EMPTY(&s->headers))
			st = selected_headers_match(s, fd, n, err);
		if (st == ST_OK && s->has_match)
			st = selected_body_matches(s, fd, n, err);
		(void)close(fd);
	}
	/*
	 * A message that is broken does not match, and must not stop the others.  One that moved on
	 * is ST_GONE, which is no error either.
	 */
	if (st == ST_GONE || st == ST_BADDATA)
		error_clear(err);
	return st == ST_BADDATA ? ST_NONE : st;
}
