/*
 * verdict.c: what handlers say of their messages.  A handler that stays writes it to its standard
 * output, and the handler of a batch to MQ_RESULT_FD.  Each line names its message, so that we
 * notice a handler that is out of step:
 *
 *	ID ok
 *	ID retry [DELAY]
 *	ID dead [REASON]
 *
 * The first line about a message counts.  A further line about it is ignored, and so is a line
 * about a message that was lost meanwhile.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "worker/sources.h"
#include "worker/verdict.h"
#include "worker/work.h"

/* One call does at most this many reads. */
#define READS_MAX 16

/* Parse 'line', which is changed.  False: it is no verdict. */
static bool
verdict_parse(char *line, struct verdict *a)
{
	struct error ignored;
	char *word;

	*a = (struct verdict){ .id = strsep(&line, " "), .delay = -1 };
	if ((word = strsep(&line, " ")) == NULL)
		return false;
	if (strcmp(word, "ok") == 0) {
		a->what = VERDICT_OK;
		return line == NULL;
	}
	if (strcmp(word, "dead") == 0) {
		a->what = VERDICT_DEAD;
		a->reason = line != NULL && line[0] != '\0' ? line : NULL;
		return true;
	}
	a->what = VERDICT_RETRY;
	error_clear(&ignored);
	return strcmp(word, "retry") == 0 &&
	    (line == NULL || duration_parse(line, &a->delay, &ignored) == ST_OK);
}

/* The claim with the given id, even if it is closed. */
static struct claim *
verdict_find(struct handler *h, const char *id)
{
	for (int i = 0; i < h->part; i++)
		if (strcmp(h->claim[i].at.name.id.text, id) == 0)
			return &h->claim[i];
	return NULL;
}

static void
verdict_garbled(struct work *w, struct handler *h, const char *line)
{
	if (h->bad[0] == '\0')
		(void)snprintf(h->bad, sizeof(h->bad), "no answer: '%.60s'", line);
	if (w->mode == MODE_STAY)
		persist_garbled(w, h);
}

static void
verdict_take(struct work *w, struct handler *h, char *line, size_t len)
{
	struct claim *c = NULL;
	char copy[VERDICT_MAX];
	struct verdict a;

	(void)strlcpy(copy, line, sizeof(copy));
	if (strlen(line) == len && verdict_parse(copy, &a))
		c = verdict_find(h, a.id);
	if (c == NULL) {
		verdict_garbled(w, h, line);
		return;
	}
	if (c->fd == -1)
		return;
	/* What the handler wrote to stderr before its answer is about this message. */
	if (!w->mute)
		w->mute = !handler_listen(h);
	doubt_settle(w, h->source);
	work_answered(w, h, c, &a);
	if (w->mode == MODE_STAY)
		persist_answered(w, h);
}

/* Whether what the handler says still counts if it was told to stop. */
static bool
verdict_heard(const struct work *w, const struct handler *h)
{
	return w->mode == MODE_BATCH || h->why == WHY_NONE || h->why == WHY_SHUTDOWN;
}

static void
verdict_lines(struct work *w, struct handler *h)
{
	char *at = h->in, *end;
	size_t left = h->nin;

	for (; (end = memchr(at, '\n', left)) != NULL; at = end + 1) {
		*end = '\0';
		left -= (size_t)(end + 1 - at);
		if (verdict_heard(w, h))
			verdict_take(w, h, at, (size_t)(end - at));
	}
	memmove(h->in, at, left);
	h->nin = left;
	if (left == sizeof(h->in)) {
		h->in[left - 1] = '\0';
		if (verdict_heard(w, h))
			verdict_garbled(w, h, h->in);
		h->nin = 0;
	}
}

void
handler_verdicts(struct work *w, struct handler *h)
{
	ssize_t n;

	for (int i = 0; i < READS_MAX && h->outfd != -1; i++) {
		n = read(h->outfd, h->in + h->nin, sizeof(h->in) - h->nin);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n > 0) {
			h->nin += (size_t)n;
			verdict_lines(w, h);
			if (h->nin == 0 && handler_lives(h))
				return;	/* all lines were complete; poll tells if there are more */
			continue;
		}
		(void)close(h->outfd);
		h->outfd = -1;
		if (h->nin > 0 && verdict_heard(w, h)) {	/* the last line has no end */
			h->in[h->nin < sizeof(h->in) ? h->nin : sizeof(h->in) - 1] = '\0';
			h->nin = 0;
			verdict_garbled(w, h, h->in);
		}
		if (w->mode == MODE_STAY)
			persist_silent(h);
	}
}
