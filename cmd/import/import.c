/*
 * import.c: mq import turns what mq export wrote into messages again.
 *
 * A message is published only when it was read as a whole, and many messages share their syncs.
 * If the archive breaks off, the whole messages before that point are in the queue, and running
 * the import again brings the rest.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "view/view.h"
#include "shared/distribute.h"
#include "import/import.h"

enum { DRY = OPT_LONG };

static const struct opt opts[] = {
	{ DRY, "dry-run", NULL, false, "change nothing; only count" },
	OPT_END
};

/* Read the archive from stdin.  If that would block, first publish the messages that are whole. */
static enum status
import_source(void *arg, void *buf, size_t len, size_t *got, struct error *err)
{
	struct pollfd pfd = { .fd = STDIN_FILENO, .events = POLLIN };
	struct import *m = arg;
	enum status st;
	ssize_t n = -1;

	if (m->b != NULL && batch_pending(m->b) > 0 && poll(&pfd, 1, 0) == 0 &&
	    (st = import_flush(m)) != ST_OK)
		return st;
	while (!run_stopped() && (n = read(STDIN_FILENO, buf, len)) == -1 && errno == EINTR)
		continue;
	if (run_stopped())
		return error_set(err, ST_AGAIN, 0,
		    "stopped by a signal: run it again for the rest");
	if (n == -1)
		return error_set(err, ST_IO, errno, "read stdin");
	*got = (size_t)n;
	return ST_OK;
}

static enum status
import_members(struct import *m)
{
	struct tar_member t;
	enum status st;

	while ((st = tar_next(m->tar, &t, &m->r->err)) == ST_OK) {
		if (progress_due(&m->progress))
			progress_draw("%s: imported %llu, %llu there already, %.0f/s",
			    m->r->operand[0],
			    (unsigned long long)m->n, (unsigned long long)m->there,
			    progress_rate(&m->progress, m->n + m->there));
		if (t.type == '0')
			st = import_file(m, &t);
		else if (t.type != '5')
			st = import_refuse(m, &t, "a link or a device");
		if (st != ST_OK)
			return st;
	}
	if (st == ST_NONE && m->marked)
		return import_need_queue(m);	/* an export of an empty queue makes it, too */
	if (st == ST_NONE)
		return error_set(&m->r->err, ST_BADDATA, 0,
		    "the stream has no file mq-export: is it a whole export?");
	return st;
}

/*
 * Publish the messages that are whole, even if reading ended with the failure 'st'.  If both fail,
 * print the second error here and leave the first one to main.
 */
static enum status
import_finish(struct import *m, enum status st)
{
	struct run *r = m->r;
	struct error first = r->err;
	enum status last;

	error_clear(&r->err);
	last = import_flush(m);
	if (last == ST_OK && m->records && queue_sync_all(m->q, &r->err) != ST_OK)
		last = r->err.status = ST_UNSURE;
	if (st == ST_OK || (last != ST_OK && first.status == ST_OK))
		return last;
	if (last != ST_OK)
		run_complain(r);
	r->err = first;
	return st;
}

static void
import_summary(struct import *m)
{
	char refused[64] = "";

	if (m->refused > 0)
		(void)snprintf(refused, sizeof(refused), ", %llu refused",
		    (unsigned long long)m->refused);
	run_note(m->r, "%simported %llu message%s, %llu there already%s",
	    m->dry ? "would have " : "",
	    (unsigned long long)m->n, m->n == 1 ? "" : "s", (unsigned long long)m->there, refused);
}

static enum status
import(struct import *m)
{
	struct run *r = m->r;
	const char *arg;
	enum status st;

	while (run_option(r, &arg) != 0)
		m->dry = true;
	if ((st = run_operands(r, 1, 1)) != ST_OK)
		return st;
	if (isatty(STDIN_FILENO) == 1)
		return run_usage(r, "the archive comes from stdin: mq import %s <FILE",
		    r->operand[0]);
	progress_start(&m->progress, r);
	m->progress.on &= !r->verbose;
	run_stoppable();
	if ((st = import_target(m)) != ST_OK ||
	    (st = tar_open(import_source, m, &m->tar, &r->err)) != ST_OK)
		return st;
	st = import_finish(m, import_members(m));
	progress_clear();
	if (!m->dry && m->n > 0 && queue_is_topic(m->q))
		run_distribute(r, m->q);
	if (m->known)
		import_summary(m);
	return st;
}

static enum status
run_import(struct run *r)
{
	struct import m = { .r = r, .have = idset_new(), .buf = malloc(IMPORT_BUFFER) };
	enum status st;

	st = m.have == NULL || m.buf == NULL ? error_sys(&r->err, ENOMEM, "import") : import(&m);
	batch_close(m.b);
	queue_close(m.q);
	tar_close(m.tar);
	idset_free(m.have);
	names_free(&m.assigns);
	free(m.buf);
	return st == ST_OK ? m.worst : st;
}

const struct cmd cmd_import = {
	.name = "import",
	.operands = "QUEUE",
	.summary = "read what export wrote, and put it into a queue",
	.opts = opts,
	.run = run_import,
};
