/*
 * handler.c: one handler of mq work while it runs: feeds its stdin, passes its stderr on, and
 * keeps the end of that for the record of a failure.
 */
#include <sys/wait.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "shared/progress.h"
#include "worker/batch.h"
#include "worker/guard.h"
#include "worker/handler.h"

#define CHUNK 65536
/* One call does at most this many reads or writes. */
#define CHUNKS_MAX 16

bool
handler_lives(const struct handler *h)
{
	return h->state >= SLOT_BUSY && h->state <= SLOT_KILLED;
}

static void
handler_shut(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

/* Copy the next bytes of the line and the file to 'buf'; -1: they cannot be read. */
static ssize_t
handler_piece(const struct handler *h, char *buf, size_t size)
{
	ssize_t have = 0, n;

	if (h->fed < h->nline) {
		have = (ssize_t)(h->nline - h->fed);
		memcpy(buf, h->line + h->fed, (size_t)have);
	}
	n = pread(h->claim->fd, buf + have, size - (size_t)have,
	    (off_t)(h->from + h->fed + have - h->nline));
	return n > 0 ? have + n : have > 0 ? have : -1;
}

/* Write what the pipe takes now.  False: the body cannot be read. */
static bool
handler_pump(struct handler *h)
{
	int64_t all = h->feeding ? h->nline + h->claim->at.name.size - h->from : 0;
	static char buf[CHUNK];
	ssize_t n, w;

	for (int i = 0; i < CHUNKS_MAX && h->feeding; i++) {
		n = h->fed < all ? handler_piece(h, buf, sizeof(buf)) : 0;
		if (n == -1)
			return false;
		w = n > 0 ? write(h->infd, buf, (size_t)n) : 0;
		if (w == -1 && (errno == EAGAIN || errno == EINTR))
			return true;
		h->fed += w > 0 ? w : 0;
		h->feeding = w > 0 && h->fed < all;
		/*
		 * All is written, or nobody reads any more.  The pipe of a handler that stays
		 * remains open, because persist.c asks it how much was not read.
		 */
		if (!h->feeding && h->nline == 0)
			handler_shut(&h->infd);
	}
	return true;
}

void
handler_feed(struct handler *h)
{
	/* The handler is stopped, or it would take the part that was read for the whole body. */
	if (!handler_pump(h))
		handler_stop(h, WHY_BODY);
}

static void
handler_keep(struct handler *h, const char *text, size_t len)
{
	if (len >= TAIL) {
		memcpy(h->tail, text + len - TAIL, TAIL);
		h->ntail = TAIL;
		return;
	}
	if (h->ntail + len > TAIL) {
		size_t drop = h->ntail + len - TAIL;
		memmove(h->tail, h->tail + drop, h->ntail - drop);
		h->ntail -= drop;
	}
	memcpy(h->tail + h->ntail, text, len);
	h->ntail += len;
}

static int unheard;

int
handlers_unheard(void)
{
	return unheard;
}

/* Write to our stderr.  What that refuses is not lost: the record of a failure has it. */
static void
handler_pass_on(const char *text, size_t len)
{
	ssize_t n;

	for (size_t done = 0; done < len; done += (size_t)n)
		if ((n = write(STDERR_FILENO, text + done, len - done)) <= 0) {
			if (n == -1 && errno != EAGAIN && errno != EINTR)
				unheard = errno;
			return;
		}
}

static bool
handler_hear(struct handler *h, bool pass_on)
{
	char buf[PIPE_BUF];
	ssize_t n = read(h->errfd, buf, sizeof(buf));

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		(void)close(h->errfd);
		h->errfd = -1;
		return false;
	}
	handler_keep(h, buf, (size_t)n);
	if (pass_on) {
		progress_clear();
		handler_pass_on(buf, (size_t)n);
	}
	return true;
}

bool
handler_listen(struct handler *h)
{
	for (int i = 0; i < CHUNKS_MAX && h->errfd != -1; i++) {
		if (!stderr_ready(0))
			return false;
		if (!handler_hear(h, true))
			break;
	}
	return true;
}

void
handler_hear_out(struct handler *h)
{
	bool pass_on = true;

	/*
	 * Read no more than the pipe can hold (64 KiB), because children of the handler may write
	 * on without end.
	 */
	for (int i = 0; i < CHUNKS_MAX * 2 && h->errfd != -1; i++) {
		pass_on = pass_on && stderr_ready(100);
		if (!handler_hear(h, pass_on))
			break;
	}
}

void
handler_stop(struct handler *h, enum why why)
{
	bool first = h->state < SLOT_STOPPING;

	if (!handler_lives(h))
		return;
	if (h->why == WHY_NONE)
		h->why = why;
	(void)kill(-h->pid, first ? SIGTERM : SIGKILL);
	(void)kill(-h->pid, SIGCONT);	/* a stopped process does not act on SIGTERM */
	deadline_set(&h->limit, first ? clock_mono() + GRACE : USEC_MAX);
	h->state = first ? SLOT_STOPPING : SLOT_KILLED;
}

void
handler_reset(struct handler *h, int i)
{
	*guard_place(i) = 0;
	handler_shut(&h->errfd);
	handler_shut(&h->infd);
	handler_shut(&h->outfd);
	handler_shut(&h->infile);
	if (guard_dir(i)[0] != '\0') {
		guard_remove(guard_dir(i));
		guard_dir(i)[0] = '\0';
	}
	memset((char *)h + offsetof(struct handler, pid), 0,
	    sizeof(*h) - offsetof(struct handler, pid));
	h->errfd = h->infd = h->outfd = h->infile = h->answer.fd = -1;
	h->dir = guard_dir(i);
	h->state = h->n == 0 ? SLOT_FREE : h->part == 0 ? SLOT_FILLING : SLOT_READY;
	deadline_set(&h->limit, USEC_MAX);
}

void
handler_free(struct handler *h, int i)
{
	handler_reset(h, i);
	for (int k = 0; k < h->n; k++)
		claim_close(&h->claim[k]);
	h->n = h->part = h->nparts = 0;
	h->bytes = 0;
	h->state = SLOT_FREE;
	deadline_set(&h->renew, USEC_MAX);
	deadline_set(&h->collect, USEC_MAX);
}

bool
handler_succeeded(const struct handler *h)
{
	/* A handler that had finished its work when it was told to stop has succeeded. */
	return (h->why == WHY_NONE || h->why == WHY_SHUTDOWN) && WIFEXITED(h->status) &&
	    WEXITSTATUS(h->status) == 0;
}

int
handler_exit(const struct handler *h)
{
	return WIFEXITED(h->status) ? WEXITSTATUS(h->status) : -1;
}
