/*
 * batch.c: many messages for one handler: how the handler gets the bodies, and what
 * becomes of the messages when it has ended.
 *
 * The bodies go to a file without a name, or to a directory of files, before the
 * handler is started; so a handler that reads slowly holds up nobody, and no body is
 * held in memory.  A batch that failed is halved, and each half is run again, until
 * the message at fault stands alone.  Only the attempt of that message counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "worker/batch.h"
#include "worker/guard.h"
#include "worker/scratch.h"
#include "worker/sources.h"
#include "worker/supply.h"
#include "worker/verdict.h"
#include "worker/work.h"

#define CHUNK 65536

/* ---- places for the bodies -------------------------------------------- */

static enum status
batch_make_file(const struct handler *h, FILE **f, struct error *err)
{
	int64_t size = 0;
	enum status st;
	int fd;

	for (int i = 0; i < h->part; i++)
		size += h->claim[i].at.name.size;
	if ((st = scratch_open(size, &fd, err)) != ST_OK)
		return st;
	if ((*f = fdopen(fd, "r+")) == NULL) {
		(void)close(fd);
		return error_sys(err, ENOMEM, "batch");
	}
	return ST_OK;
}

static enum status
batch_make_dir(struct handler *h, struct error *err)
{
	char path[GUARD_DIR];

	if ((size_t)snprintf(path, sizeof(path), "%s/mq-work.XXXXXX",
	    scratch_dir()) >= sizeof(path))
		return error_sys(err, ENAMETOOLONG, "%s", scratch_dir());
	if (mkdtemp(path) == NULL)
		return scratch_failed(err);
	(void)strlcpy(h->dir, path, GUARD_DIR);
	return ST_OK;
}

/* ---- framing ---------------------------------------------------------- */

/* Write the body and the delimiter.  ST_BADDATA: the body holds the delimiter itself. */
static enum status
batch_put_delimited(FILE *f, const struct claim *c, char delimiter, struct error *err)
{
	static char buf[CHUNK];
	int64_t at = c->at.name.head;
	ssize_t n;

	for (; at < c->at.name.size; at += n) {
		if ((n = pread(c->fd, buf, sizeof(buf), (off_t)at)) <= 0)
			return error_set(err, ST_IO, n == 0 ? EIO : errno, "read the message");
		if (memchr(buf, delimiter, (size_t)n) != NULL)
			return error_set(err, ST_BADDATA, 0,
			    "the body holds a %s, which --frame=%s has "
			    "between two messages", delimiter == '\n' ? "newline" : "NUL",
			    delimiter == '\n' ? "lines" : "null");
		if (fwrite(buf, 1, (size_t)n, f) != (size_t)n)
			return scratch_failed(err);
	}
	(void)fputc(delimiter, f);
	return ST_OK;
}

static enum status
batch_put_json(struct source *s, FILE *f, const struct claim *c, struct error *err)
{
	enum status st;

	if ((st = s->supply->json(s, f, c, err)) != ST_OK)
		return st;
	(void)fprintf(f, ",\"attempt\":%" PRId32, c->at.name.attempts + 1);
	st = json_body(f, c->fd, &c->at.name, err);
	(void)fputs("}\n", f);
	return st;
}

static enum status
batch_put_file(const char *dir, const struct claim *c, struct error *err)
{
	char path[GUARD_DIR + ID_LEN + 1];
	enum status st;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, c->at.name.id.text);
	if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) == -1)
		return scratch_failed(err);
	st = body_copy(c->fd, &c->at.name, fd, err);
	if (close(fd) == -1 && st == ST_OK)
		st = scratch_failed(err);
	return st;
}

/*
 * Write one message to 'f' after the others, or to the handler's directory if 'f' is NULL.  On
 * failure nothing of the message stays in 'f'.
 */
static enum status
batch_put(struct handler *h, FILE *f, const struct claim *c, struct error *err)
{
	enum framing frame = h->source->launch.frame;
	enum status st;
	off_t begin;

	if (f == NULL)
		return batch_put_file(h->dir, c, err);
	begin = ftello(f);
	st = frame == FRAME_JSON ? batch_put_json(h->source, f, c, err) :
	    batch_put_delimited(f, c, frame == FRAME_NULL ? '\0' : '\n', err);
	if (st == ST_OK && ferror(f))
		return scratch_failed(err);
	if (st != ST_OK && (fflush(f) != 0 || ftruncate(fileno(f), begin) == -1 ||
	    fseeko(f, begin, SEEK_SET) == -1)) {
		error_clear(err);
		return scratch_failed(err);
	}
	return st;
}

static enum status
batch_put_all(struct work *w, struct handler *h, FILE *f, struct error *err)
{
	enum status st = ST_OK;

	h->ran = 0;
	h->started = clock_mono();
	for (int i = 0; st == ST_OK && i < h->part; i++) {
		if (h->claim[i].fd == -1)
			continue;
		st = batch_put(h, f, &h->claim[i], err);
		if (st == ST_OK)
			h->ran++;
		else
			st = work_leave_out(w, h, &h->claim[i], st, err);
	}
	return st;
}

static enum status
batch_open_null(int *fd, struct error *err)
{
	*fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return *fd == -1 ? error_sys(err, errno, "/dev/null") : ST_OK;
}

enum status
batch_prepare(struct work *w, struct handler *h, struct error *err)
{
	bool dir = h->source->launch.frame == FRAME_DIR;
	FILE *f = NULL;
	enum status st;

	st = dir ? batch_make_dir(h, err) : batch_make_file(h, &f, err);
	if (st == ST_OK)
		st = batch_put_all(w, h, f, err);
	if (st == ST_OK && dir)
		st = batch_open_null(&h->infile, err);
	else if (st == ST_OK) {
		/* The handler gets a descriptor of its own, at the beginning of the file. */
		if (fflush(f) != 0 || (h->infile = fcntl(fileno(f), F_DUPFD_CLOEXEC, 0)) == -1 ||
		    lseek(h->infile, 0, SEEK_SET) == -1)
			st = scratch_failed(err);
	}
	if (f != NULL)
		(void)fclose(f);
	return st == ST_OK && h->ran == 0 ? ST_NONE : st;
}

/* ---- the command ------------------------------------------------------ */

/* A copy of 'word' with 'dir' in place of each "{}"; NULL: there is no memory. */
static char *
batch_with_dir(const char *word, const char *dir)
{
	char *text = NULL, *at;
	const char *hole;
	size_t len = 0;
	FILE *f;

	if ((f = open_memstream(&text, &len)) == NULL)
		return NULL;
	for (; (hole = strstr(word, "{}")) != NULL; word = hole + 2) {
		(void)fwrite(word, 1, (size_t)(hole - word), f);
		(void)fputs(dir, f);
	}
	(void)fputs(word, f);
	at = fclose(f) == 0 ? text : NULL;
	if (at == NULL)
		free(text);
	return at;
}

void
batch_argv_free(char **argv)
{
	for (char **arg = argv; arg != NULL && *arg != NULL; arg++)
		free(*arg);
	free(argv);
}

char **
batch_argv(char *const *argv, const char *dir)
{
	size_t n = 0;
	char **v;

	while (argv[n] != NULL)
		n++;
	if ((v = calloc(n + 1, sizeof(*v))) == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if ((v[i] = batch_with_dir(argv[i], dir)) == NULL) {
			batch_argv_free(v);
			return NULL;
		}
	return v;
}

/* ---- how it ended ----------------------------------------------------- */

/* Take the closed claims out of the part, so that it has no gaps. */
static void
batch_compact(struct handler *h)
{
	int live = 0;

	for (int i = 0; i < h->part; i++)
		if (h->claim[i].fd != -1)
			h->claim[live++] = h->claim[i];
	if (live == h->part)
		return;
	memmove(&h->claim[live], &h->claim[h->part], (size_t)(h->n - h->part) * sizeof(*h->claim));
	h->n -= h->part - live;
	h->part = live;
}

void
batch_next(struct handler *h)
{
	batch_compact(h);
	while (h->part == 0 && h->nparts > 0) {
		h->part = h->parts[--h->nparts];
		batch_compact(h);
	}
}

void
batch_halve(struct handler *h)
{
	h->parts[h->nparts++] = h->part - h->part / 2;
	h->part /= 2;
}

void
batch_settle(struct work *w, struct handler *h)
{
	if (h->bad[0] != '\0' && handler_succeeded(h))
		h->why = WHY_PROTOCOL;	/* nobody can tell which messages it meant */
	batch_compact(h);
	if (h->why == WHY_SHUTDOWN && !handler_succeeded(h)) {
		work_give_back(w, h);
		return;
	}
	if (handler_succeeded(h) || h->ran == 1) {
		for (int i = 0; i < h->part; i++)
			if (h->claim[i].fd != -1)
				work_settle_one(w, h, &h->claim[i]);
	} else if (h->part > 1) {
		if (work_can_note())
			run_verbose(w->r, "a batch of %d failed; %d of it are run again, in halves",
			    h->ran, h->part);
		batch_halve(h);
	}
	batch_next(h);
}
