/*
 * export.c: mq export: a queue as one tar archive on stdout.  The archive has mq-export (which says
 * what it is), queue.conf, and STATE/NAME for each message, behind record/ID if it has failed.
 *
 * The queue goes on working meanwhile.  A pass may miss messages that move.  So more passes follow,
 * each for what moved since the pass before it began (which the ctime tells), until nothing moves.
 * A message may therefore be there twice, and import takes the first one.
 */
#include <sys/stat.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/name.h"
#include "base/tar.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/progress.h"
#include "shared/select.h"
#include "shared/ids.h"

#define BUFFER (128 << 10)
/* On a queue that never rests, even a message that moves all the time is seen sooner or later. */
#define PASSES 12

static const struct opt opts[] = { SELECT_OPTS, OPT_END };

struct export {
	struct run *r;
	struct queue *q;
	struct select *sel;
	usec_t since;			/* this pass takes what moved since then; 0: all */
	uint64_t n, again;		/* messages written in all, and by this pass */
	struct progress progress;
	char *buf;
	enum status worst;
};

/* ---- the stream ------------------------------------------------------- */

static enum status
export_put(struct export *e, const void *data, size_t len)
{
	if (len == 0 || fwrite(data, 1, len, stdout) == len)
		return ST_OK;
	return error_set(&e->r->err, ST_IO, errno, "stdout");
}

static enum status
put_header(struct export *e, const char *path, int64_t size, usec_t mtime)
{
	char header[TAR_HEADER_MAX];
	size_t len = tar_header(path, size, mtime, header);

	return export_put(e, header, len);
}

static enum status
put_padding(struct export *e, int64_t size)
{
	static const char zeros[TAR_END];

	return export_put(e, zeros, size < 0 ? TAR_END : tar_padding(size));
}

static enum status
put_text(struct export *e, const char *path, const char *text, size_t len, usec_t mtime)
{
	enum status st = put_header(e, path, (int64_t)len, mtime);

	if (st == ST_OK)
		st = export_put(e, text, len);
	return st == ST_OK ? put_padding(e, (int64_t)len) : st;
}

static enum status
put_front(struct export *e)
{
	char text[300], at[TIME_MAX], *conf;
	usec_t now = clock_now();
	enum status st;
	size_t len;
	int n;

	time_format(now, at);
	n = snprintf(text, sizeof(text), "mq-export 1\nqueue %s\ntime %s\nmq %s\n",
	    queue_name(e->q), at, MQ_VERSION);
	if ((st = put_text(e, "mq-export", text, (size_t)n, now)) != ST_OK ||
	    (st = queue_conf_text(e->q, &conf, &len, &e->r->err)) != ST_OK)
		return st;
	if (conf != NULL)
		st = put_text(e, "queue.conf", conf, len, now);
	free(conf);
	return st;
}

static enum status
put_record(struct export *e, const struct place *p)
{
	char path[sizeof("record/") + ID_LEN], *text;
	enum status st;
	size_t len;

	if (p->name.reason[0] == '\0')
		return ST_OK;
	/*
	 * The record is only advice: the message is worth having without it, but its loss is
	 * reported.
	 */
	st = msg_record(e->q, &p->name.id, &text, &len, &e->r->err);
	if (st != ST_OK && st != ST_NOTFOUND)
		run_trouble(e->r, st, &e->worst);
	(void)snprintf(path, sizeof(path), "record/%s", p->name.id.text);
	st = text != NULL ? put_text(e, path, text, len, id_time(&p->name.id)) : ST_OK;
	free(text);
	return st;
}

static enum status
put_body(struct export *e, int fd, const struct place *p)
{
	int64_t at = 0;
	enum status st;
	ssize_t n = 0;

	while (at < p->name.size && (n = pread(fd, e->buf, BUFFER, at)) > 0) {
		/* Bytes beyond the size in the name are not part of the message. */
		if (n > p->name.size - at)
			n = (ssize_t)(p->name.size - at);
		if ((st = export_put(e, e->buf, (size_t)n)) != ST_OK)
			return st;
		at += n;
	}
	if (at == p->name.size)
		return put_padding(e, at);
	/* The size is in the stream already, and cannot be taken back. */
	return error_set(&e->r->err, ST_IO, n == -1 ? errno : 0,
	    "message %s cannot be read to its end, so the stream "
	    "ends here; 'mq hold' it and leave it out (--state)", p->name.id.text);
}

static enum status
put_message(struct export *e, int fd, const struct place *p)
{
	char path[16 + NAME_MAX_LEN + 1], name[NAME_MAX_LEN + 1];
	enum status st;

	name_format(&p->name, name);	/* a message in new/ has another name on the disk */
	(void)snprintf(path, sizeof(path), "%s/%s", state_names[p->state], name);
	if ((st = put_record(e, p)) != ST_OK ||
	    (st = put_header(e, path, p->name.size, id_time(&p->name.id))) != ST_OK ||
	    (st = put_body(e, fd, p)) != ST_OK)
		return st;
	e->n++;
	e->again++;
	run_verbose(e->r, "exported %s", p->name.id.text);
	return ST_OK;
}

/* ---- which ------------------------------------------------------------ */

/* Whether the message moved in the time that this pass is about.  ST_NONE: it did not. */
static enum status
moved(struct export *e, int fd)
{
	struct stat sb;

	if (e->since == 0)
		return ST_OK;
	if (fstat(fd, &sb) == -1)
		return error_sys(&e->r->err, errno, "look at a message");
	return (usec_t)sb.st_ctim.tv_sec * USEC + sb.st_ctim.tv_nsec / 1000 >= e->since ? ST_OK :
	    ST_NONE;
}

/* Write a selected message.  ST_GONE and ST_NONE: it is not written, so it does not count. */
static enum status
copy(void *arg, const struct place *p)
{
	struct export *e = arg;
	enum status st;
	int fd;

	st = msg_open(e->q, p, &fd, &e->r->err);
	if (st == ST_OK) {
		if ((st = moved(e, fd)) == ST_OK)
			st = put_message(e, fd, p);
		(void)close(fd);
	} else if (st == ST_BADDATA || st == ST_DENIED) {
		run_trouble(e->r, st, &e->worst);
		st = ST_NONE;
	}
	return st;
}

static void
draw(void *arg, uint64_t looked_at, uint64_t selected)
{
	struct export *e = arg;

	(void)looked_at, (void)selected;
	if (progress_due(&e->progress))
		progress_draw("%s: exported %llu, %.0f/s", queue_name(e->q),
		    (unsigned long long)e->n, progress_rate(&e->progress, e->n));
}

/*
 * Return a time that is later than the stamps of all changes before this call, and not later than
 * those of the changes after it.  Files get the time of the last tick of the kernel's clock.
 */
static usec_t
tick(void)
{
	const struct timespec pause = { 0, 500000 };
	usec_t now = clock_now(), at = 0;
	struct timespec ts;

	for (int i = 0; i < 100 && at <= now; i++) {
		(void)nanosleep(&pause, NULL);
		if (clock_gettime(CLOCK_REALTIME_COARSE, &ts) == -1)
			break;
		at = (usec_t)ts.tv_sec * USEC + ts.tv_nsec / 1000;
	}
	return at > now ? at : now;
}

static enum status
all(struct export *e, const struct visit *v)
{
	bool part = select_last(e->sel) || select_limit(e->sel) != INT64_MAX;
	enum status st = ST_OK;
	usec_t began;
	/*
	 * How many passes in a row saw nothing move.  One such pass is not enough, because it may
	 * miss a message that moves all the time.
	 */
	int quiet = 0;

	/* With a limit the archive is no copy of the queue, so what moved is not missed. */
	for (int i = 0; st == ST_OK && !run_stopped() && quiet < 2 && i < (part ? 1 : PASSES);
	    i++) {
		began = tick();
		e->again = 0;
		st = select_each(e->sel, e->q, STATES_ALL, clock_now(), v, &e->worst);
		e->since = began;
		quiet = i > 0 && e->again == 0 ? quiet + 1 : 0;
	}
	return st;
}

/* ---- the verb --------------------------------------------------------- */

static enum status
export(struct export *e)
{
	const struct visit v = { .one = copy, .seen = draw, .arg = e };
	struct run *r = e->r;
	const char *arg;
	enum status st;
	int key;

	while ((key = run_option(r, &arg)) != 0)
		if ((st = select_option(e->sel, key, arg)) != ST_OK)
			return st;
	if ((st = run_operands(r, 1, -1)) != ST_OK)
		return st;
	if (isatty(STDOUT_FILENO) == 1)
		return run_usage(r, "an archive is nothing for a terminal: mq export %s >FILE",
		    r->operand[0]);
	if ((st = run_queue(r, r->operand[0], &e->q)) != ST_OK)
		return st;
	progress_start(&e->progress, r);
	e->progress.on &= !r->verbose;
	run_stoppable();
	if ((st = put_front(e)) == ST_OK)
		st = r->noperands > 1 ? ids_each(r, e->q, e->sel, 1, &v, &e->worst) : all(e, &v);
	progress_clear();
	/* Without this end, a reader knows that the archive is cut off. */
	if (st == ST_OK && !run_stopped() && (st = put_padding(e, -1)) == ST_OK)
		st = out_flush(r);
	return st;
}

static enum status
run_export(struct run *r)
{
	struct export e = { .r = r, .sel = select_new(r), .buf = malloc(BUFFER) };
	enum status st;

	st = e.sel == NULL || e.buf == NULL ? error_sys(&r->err, ENOMEM, "export") : export(&e);
	queue_close(e.q);
	select_free(e.sel);
	free(e.buf);
	return st == ST_OK ? e.worst : st;
}

const struct cmd cmd_export = {
	.name = "export",
	.operands = "QUEUE [ID...]",
	.summary = "write a queue to standard output as a tar archive",
	.opts = opts,
	.run = run_export,
	.looks = true,
	.pipe = PIPE_STATUS,
};
