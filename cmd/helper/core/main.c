/*
 * main.c: the loop of a helper.
 */
#include <sys/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/core/inside.h"

/* While so many bytes wait to be read by mq, no more requests are read. */
#define OUT_MAX ((size_t)32 << 20)
#define WATCH_MAX 64

bool
helper_has_room(const struct helper *h)
{
	return writer_pending(&h->out) <= OUT_MAX;
}

static void
helper_read(struct helper *h)
{
	struct error err = { 0 };
	struct frame f;
	enum status st;

	if ((st = reader_fill(&h->in, STDIN_FILENO, &err)) != ST_OK && st != ST_NONE)
		h->in.ended = true;
	while (!h->bye && !h->down && (st = reader_next(&h->in, &f, &err)) == ST_OK)
		request_do(h, &f);
	if (st == ST_BADDATA) {
		(void)fprintf(stderr, "not the protocol: %s\n", err.text);
		h->broken = true;
	}
	if (h->ready && !h->down && h->engine->round != NULL)
		h->engine->round(h);
}

/* Write what waits; with 'all', until nothing does. */
static bool
helper_write(struct helper *h, bool all)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };
	struct error err = { 0 };

	do {
		if (writer_flush(&h->out, STDOUT_FILENO, &err) != ST_OK) {
			if (h->out.broken)
				(void)fprintf(stderr, "%s\n", err.text);
			return false;
		}
	} while (all && writer_pending(&h->out) > 0 && (poll(&p, 1, -1) != -1 || errno == EINTR));
	return true;
}

static void
helper_wait(struct helper *h)
{
	struct pollfd p[WATCH_MAX + 2];
	int n = 0, timeout = -1;

	p[0] = (struct pollfd){ .fd = helper_has_room(h) ? STDIN_FILENO : -1,
	    .events = POLLIN };
	p[1] = (struct pollfd){ .fd = writer_pending(&h->out) > 0 ? STDOUT_FILENO : -1,
	    .events = POLLOUT };
	if (h->ready && h->engine->watch != NULL)
		n = h->engine->watch(h, p + 2, WATCH_MAX, &timeout);
	if (poll(p, (nfds_t)n + 2, timeout) == -1 && errno != EINTR) {
		h->broken = true;
		return;
	}
	if (p[0].revents != 0)
		helper_read(h);
	if (h->ready && !h->down && h->engine->work != NULL)
		h->engine->work(h);
}

static void
helper_close(struct helper *h)
{
	if (h->ready && h->engine->close != NULL)
		h->engine->close(h);
	if (h->bye) {
		writer_begin(&h->out, "bye");
		writer_end(&h->out);
	}
	(void)helper_write(h, true);
	request_forget(h);
	reader_free(&h->in);
	writer_free(&h->out);
}

static void
helper_settings_free(struct settings *s)
{
	const char *const texts[] = { s->url, s->credentials, s->ca, s->cert, s->key, s->tls_name,
		s->client };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free((char *)(uintptr_t)texts[i]);
	names_free(&s->doubt);
}

int
helper_main(const struct engine *engine, const char *version)
{
	struct helper h = { .engine = engine, .set = { .verify = true, .timeout_ms = 10000,
	    .lease_ms = 30000, .window = 200 } };
	bool heard = true;

	if (isatty(STDIN_FILENO) == 1) {
		(void)fprintf(stderr, "mq-engine-%s: a helper that mq starts: see mq-engine(7)\n",
		    engine->name);
		return 64;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	/* A signal from the terminal is for mq, which then says what is to be done. */
	(void)signal(SIGINT, SIG_IGN);
	(void)fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	(void)fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
	writer_begin(&h.out, "mq-engine");
	writer_number(&h.out, 1);
	writer_word(&h.out, engine->name);
	writer_word(&h.out, version);
	writer_end(&h.out);
	while (heard && !h.bye && !h.down && !h.broken && !h.in.ended)
		if ((heard = helper_write(&h, false)))
			helper_wait(&h);
	helper_close(&h);
	helper_settings_free(&h.set);
	return h.broken ? 70 : h.down ? 75 : 0;
}
