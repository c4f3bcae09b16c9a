/*
 * hear.c: bytes to and from a helper, and when it has to be given up.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "engine/inside.h"

void
engine_lose(struct engine *e, enum class why, const char *fmt, ...)
{
	va_list ap;

	if (e->down)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	e->why = why;
	e->down = true;
}

void
engine_hear(struct engine *e)
{
	char buf[512];
	ssize_t n = -1;

	while (e->process.err != -1 && (n = read(e->process.err, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n' && e->nline < sizeof(e->line) - 1) {
				e->line[e->nline++] = buf[i];
				continue;
			}
			e->line[e->nline] = '\0';
			e->nline = 0;
			run_note(e->r, "%s: %s", e->name[0] != '\0' ? e->name : "engine", e->line);
		}
	if (e->process.err != -1 && n == 0) {
		(void)close(e->process.err);
		e->process.err = -1;
	}
}

/* Whether the helper has to say something: it has work, may give messages, or was greeted. */
static bool
hear_waits(const struct engine *e)
{
	for (size_t i = 0; i < e->ncredit; i++)
		if (e->credit[i].n > 0)
			return true;
	return e->nasked > 0 || e->pinged;
}

/* A helper that says nothing for a while is asked, and then given up. */
static void
hear_watch(struct engine *e)
{
	usec_t silent = clock_mono() - e->heard, since;

	if (!hear_waits(e))
		return;
	if (silent > e->timeout && !e->pinged) {
		/* However long we ourselves did not listen, it has so long to answer. */
		e->heard = clock_mono() - e->timeout;
		e->pinged = true;
		writer_begin(&e->out, "ping");
		writer_word(&e->out, "p");
		writer_end(&e->out);
	} else if (silent > 3 * e->timeout)
		engine_lose(e, CLASS_UNKNOWN, "the helper hangs: it said nothing for %.1f s",
		    (double)silent / USEC);
	/* One that answers others works on: only when it stands still is it given up. */
	since = e->nasked > 0 && e->asked[0].sent > e->answered ? e->asked[0].sent : e->answered;
	if (e->nasked > 0 && clock_mono() - since > 3 * e->timeout)
		engine_lose(e, CLASS_UNKNOWN,
		    "the helper hangs: a request was not answered in %.1f s",
		    3.0 * (double)e->timeout / USEC);
}

void
engine_send(struct engine *e)
{
	struct error err = { 0 };

	/* A pipe that nobody reads is told of by the end of the other one. */
	if (!e->down && writer_flush(&e->out, e->process.in, &err) != ST_OK && e->out.broken)
		engine_lose(e, CLASS_UNKNOWN, "%s", err.text);
}

/* Send and read what is possible now. */
static void
hear_exchange(struct engine *e)
{
	struct error err = { 0 };

	engine_hear(e);
	engine_send(e);
	if (!e->in.ended && reader_fill(&e->in, e->process.out, &err) == ST_OK)
		e->heard = clock_mono();
}

enum status
engine_frame(struct engine *e, struct frame *f)
{
	struct error err = { 0 };
	enum status st;

	if (e->down)
		return ST_NONE;
	/* What was read already comes first: it may say why the helper is ending. */
	if ((st = reader_next(&e->in, f, &err)) == ST_NONE) {
		hear_exchange(e);
		st = reader_next(&e->in, f, &err);
	}
	if (st == ST_BADDATA)
		engine_lose(
		    e, CLASS_UNKNOWN, "the helper does not keep to the protocol: %s", err.text);
	else if (st != ST_OK && e->in.ended)
		engine_lose(e, CLASS_UNKNOWN, "the helper has ended");
	else if (st != ST_OK)
		hear_watch(e);
	return st == ST_OK ? ST_OK : ST_NONE;
}

usec_t
engine_poll(const struct engine *e, struct pollfd p[ENGINE_FDS])
{
	p[0] = (struct pollfd){ .fd = writer_pending(&e->out) > 0 ? e->process.in : -1,
	    .events = POLLOUT };
	p[1] = (struct pollfd){ .fd = e->process.out, .events = POLLIN };
	p[2] = (struct pollfd){ .fd = e->process.err, .events = POLLIN };
	return e->opening != 0  ? e->opening
	       : !hear_waits(e) ? USEC_MAX
				: e->heard + (e->pinged ? 3 : 1) * e->timeout + 1000;
}
