/*
 * import.c: mq import: what mq export wrote becomes messages again.
 *
 * The ids that the queue has are gathered once, in all states; a message whose id is
 * among them, or came before, is passed over.  So that nothing comes in twice, one import
 * at a time has the queue.  Each message is whole before it is published, many share
 * their syncs, and what breaks off leaves whole messages: the next run brings the rest.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/name.h"
#include "base/idset.h"
#include "base/tar.h"
#include "base/envelope.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "view/view.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/progress.h"
#include "shared/distribute.h"

#define BUFFER (128 << 10)
#define CONF_MAX (64 << 10)
/* So often the ids are gathered: what moves may be missed the first time. */
#define PASSES 4

enum { DRY = OPT_LONG };

static const struct opt opts[] = {
	{ DRY, "dry-run", NULL, false, "change nothing; only count" },
	OPT_END
};

struct import {
	struct run *r;
	struct queue *q;	/* NULL: not made yet, or --dry-run and there is none */
	struct batch *b;
	struct tar *tar;
	struct idset *have;
	struct names assigns;	/* of the stream's queue.conf */
	bool dry, made;		/* made: by this run, so it gets the stream's policy */
	bool known;		/* the stream is an export: something of one was seen */
	bool marked;		/* mq-export was seen */
	bool records;		/* some were written, and not synced yet */
	uint64_t n, there, refused;
	struct progress progress;
	char *buf;
	enum status worst;
};

/* ---- the queue -------------------------------------------------------- */

/* The ids in it that are not known yet. */
static enum status
gather_more(struct import *m)
{
	struct error *err = &m->r->err;
	struct scan *scan;
	struct place p;
	enum status st;

	if ((st = scan_open(m->q, STATES_ALL, &scan, err)) != ST_OK)
		return st;
	while (st == ST_OK && !run_stopped() && (st = scan_next(scan, &p, err)) == ST_OK)
		if ((st = idset_add(m->have, &p.name.id, err)) == ST_EXISTS)
			st = ST_OK;
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}

/* Over and over until nothing new is found: what moves can hide from a pass. */
static enum status
gather(struct import *m)
{
	enum status st = ST_OK;
	size_t had = SIZE_MAX;

	for (int i = 0; st == ST_OK && had != idset_count(m->have) && i < PASSES; i++) {
		had = idset_count(m->have);
		st = gather_more(m);
	}
	return st;
}

static enum status
opened(struct import *m)
{
	struct push_options opt = { .priority = PRIORITY_DEFAULT, .import = true };
	enum status st;

	if (!m->dry && ((st = queue_lock_import(m->q, &m->r->err)) != ST_OK ||
	    (st = batch_open(m->q, &opt, &m->b, &m->r->err)) != ST_OK))
		return st;
	return gather(m);
}

/* If it is there; else it is made when the first message, and perhaps its policy, is known. */
static enum status
open_queue(struct import *m)
{
	struct run *r = m->r;
	enum status st;

	st = run_queue(r, r->operand[0], &m->q);
	if (st == ST_OK)
		return opened(m);
	if (st != ST_NOTFOUND)
		return st;
	error_clear(&r->err);
	if ((st = run_conf(r)) != ST_OK || r->settings.autocreate)
		return st;
	st = run_queue_create(r, r->operand[0], &m->q);	/* for its error, which tells the remedy */
	return st == ST_OK ? opened(m) : st;
}

static enum status
need_queue(struct import *m)
{
	struct run *r = m->r;
	enum status st;

	if (m->q != NULL || m->dry)
		return ST_OK;
	r->assign = (const char *const *)m->assigns.name;
	r->nassign = m->assigns.n;
	if ((st = run_queue_create(r, r->operand[0], &m->q)) != ST_OK)
		return st == ST_USAGE ? (r->err.status = ST_CONF) : st;
	m->made = true;
	return opened(m);
}

/* ---- publishing ------------------------------------------------------- */

static void
published(void *arg, const struct msgid *id)
{
	struct import *m = arg;

	m->n++;
	run_verbose(m->r, "imported %s", id->text);
}

static enum status
publish(struct import *m)
{
	if (m->b == NULL || batch_pending(m->b) == 0)
		return ST_OK;
	return batch_publish(m->b, clock_now(), published, m, &m->r->err);
}

/* The source of the archive.  While it pauses, what is whole is published. */
static enum status
source(void *arg, void *buf, size_t len, size_t *got, struct error *err)
{
	struct pollfd pfd = { .fd = STDIN_FILENO, .events = POLLIN };
	struct import *m = arg;
	enum status st;
	ssize_t n = -1;

	if (m->b != NULL && batch_pending(m->b) > 0 && poll(&pfd, 1, 0) == 0 &&
	    (st = publish(m)) != ST_OK)
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

/* ---- members ---------------------------------------------------------- */

/* One that is not taken; the others are. */
static enum status
refuse(struct import *m, const struct tar_member *t, const char *why)
{
	m->refused++;
	run_trouble(m->r, error_set(&m->r->err, ST_BADDATA, 0, "byte %llu of the stream: %s: %s",
	    (unsigned long long)t->at, t->path, why), &m->worst);
	return ST_OK;
}

/* A member that must be small, with a NUL behind.  ST_NONE: it is not, and that was told. */
static enum status
small(struct import *m, const struct tar_member *t, int64_t max, char **text, size_t *len)
{
	enum status st = ST_OK;
	size_t got = 1;

	*text = NULL;
	*len = 0;
	if (t->size > max) {
		(void)refuse(m, t, "larger than it can be");
		return ST_NONE;
	}
	if ((*text = malloc((size_t)t->size + 1)) == NULL)
		return error_sys(&m->r->err, ENOMEM, "import");
	while (st == ST_OK && got > 0) {
		st = tar_read(m->tar, *text + *len, (size_t)t->size - *len, &got, &m->r->err);
		*len += got;
	}
	(*text)[*len] = '\0';
	return st;
}

static enum status
take_mark(struct import *m, const struct tar_member *t)
{
	char *text;
	size_t len;
	enum status st = small(m, t, 4096, &text, &len);

	if (st == ST_OK && text != NULL && strncmp(text, "mq-export 1\n", 12) != 0)
		st = error_set(&m->r->err, ST_BADDATA, 0, strncmp(text, "mq-export ", 10) == 0 ?
		    "the stream was made by a newer mq: use that" :
		    "mq-export does not say 'mq-export 1'");
	m->known = m->marked = true;
	free(text);
	return st == ST_NONE ? ST_OK : st;
}

/*
 * Whoever made the archive is not to choose what runs here, who may write to the queue, or where
 * its messages and their traces go.
 */
static void
import_leave(struct import *m)
{
	static const char *const left[] = { "handler=", "accept=", "mode=", "group=", "dead_queue=",
	    "log=" };
	size_t kept = 0;

	for (size_t i = 0; i < m->assigns.n; i++) {
		char *text = m->assigns.name[i];
		bool leave = false;
		for (size_t k = 0; k < sizeof(left) / sizeof(left[0]); k++)
			leave |= strncmp(text, left[k], strlen(left[k])) == 0;
		if (!leave) {
			m->assigns.name[kept++] = text;
			continue;
		}
		run_note(m->r, "the archive's %s was not taken: 'mq init %s' sets it", text,
		    m->r->operand[0]);
		free(text);
	}
	m->assigns.n = kept;
}

/* The policy is for a queue that we make. */
static enum status
take_conf(struct import *m, const struct tar_member *t)
{
	struct error *err = &m->r->err;
	char *text;
	size_t len;
	enum status st;

	if (m->q != NULL && !m->made)
		return ST_OK;
	if ((st = small(m, t, CONF_MAX, &text, &len)) == ST_OK && m->assigns.name == NULL)
		st = conf_assigns(text, len, &m->assigns, err);
	if (st == ST_OK)
		import_leave(m);
	if (st == ST_OK && m->q != NULL && m->assigns.n > 0)
		st = queue_configure(m->q, (const char *const *)m->assigns.name, m->assigns.n, err);
	free(text);
	return st == ST_NONE ? ST_OK : st;
}

static enum status
take_record(struct import *m, const struct tar_member *t, const char *id)
{
	struct msgid msg;
	enum status st;
	char *text;
	size_t len;

	if (!id_ok(id))
		return refuse(m, t, "not a name that mq export gives");
	(void)strlcpy(msg.text, id, sizeof(msg.text));
	if ((st = need_queue(m)) != ST_OK || m->dry)
		return st;
	if ((st = small(m, t, RECORD_TEXT_MAX, &text, &len)) == ST_OK) {
		st = msg_record_put(m->q, &msg, text, len, &m->r->err);
		m->records = true;
	}
	free(text);
	return st == ST_NONE ? ST_OK : st;
}

/* What it is here: nobody here has claimed it, and its place in line is that of its time. */
static enum state
arrive(enum state s, struct msgname *n)
{
	if (s == STATE_CLAIMED)
		s = STATE_READY;
	if (s == STATE_READY)
		n->key = id_time(&n->id);
	name_unclaim(n);
	return s;
}

/* Read the header block into m->buf, and see that it is one. */
static enum status
read_head(struct import *m, const struct msgname *n)
{
	struct headers h = { .block = m->buf, .len = 0 };
	enum status st = ST_OK;
	size_t got = 1;

	while (st == ST_OK && got > 0 && h.len < (size_t)n->head) {
		st = tar_read(m->tar, m->buf + h.len, (size_t)n->head - h.len, &got, &m->r->err);
		h.len += got;
	}
	if (st != ST_OK || n->head == 0)
		return st;
	return h.len == (size_t)n->head && headers_valid(&h) ? ST_OK : ST_NONE;
}

static enum status
read_message(struct import *m, enum state s, const struct msgname *n)
{
	struct error *err = &m->r->err;
	size_t got = (size_t)n->head;
	enum status st;

	if ((st = batch_begin_as(m->b, s, n, err)) != ST_OK)
		return st;
	do {
		st = batch_write(m->b, m->buf, got, err);
		if (st == ST_OK)
			st = tar_read(m->tar, m->buf, BUFFER, &got, err);
	} while (st == ST_OK && got > 0);
	if (st == ST_OK)
		st = batch_end(m->b, err);
	if (st == ST_OK && batch_full(m->b))
		st = publish(m);
	return st;
}

static bool
time_ok(usec_t t)
{
	char key[KEY_LEN + 1];
	usec_t back;

	key_format(t, key);
	return key_parse(key, &back) && back == t;
}

static enum status
take_message(struct import *m, const struct tar_member *t, enum state s, const char *file)
{
	struct error *err = &m->r->err;
	struct msgname n;
	enum status st;

	switch (name_parse(file, &n)) {
	case NAME_FUTURE:
		return refuse(m, t, "only a newer mq knows what this is");
	case NAME_FOREIGN:
		return refuse(m, t, "not the name of a message");
	case NAME_OK:
		break;
	}
	if (!time_ok(id_time(&n.id)))
		return refuse(m, t, "its id is of a time that is none");
	m->known = true;
	if (n.size != t->size)
		return refuse(m, t,
		    "its size is not what s in its name says (if you edited it, rename it)");
	if (n.head > n.size)
		return refuse(m, t, "its headers are larger than it is");
	if ((st = need_queue(m)) != ST_OK)
		return st;
	if (idset_has(m->have, &n.id)) {
		m->there++;
		return ST_OK;
	}
	if ((st = read_head(m, &n)) == ST_NONE)
		return refuse(m, t, "its header block is broken");
	if (st == ST_OK && !m->dry)
		st = read_message(m, arrive(s, &n), &n);
	if (st == ST_OK)
		st = idset_add(m->have, &n.id, err);
	m->n += m->dry && st == ST_OK;
	return st;
}

static enum status
take_file(struct import *m, const struct tar_member *t)
{
	char dir[16];
	const char *slash = strchr(t->path, '/');
	int state = -1;

	if (strcmp(t->path, "mq-export") == 0)
		return take_mark(m, t);
	if (strcmp(t->path, "queue.conf") == 0)
		return take_conf(m, t);
	if (slash != NULL && (size_t)(slash - t->path) < sizeof(dir)) {
		(void)strlcpy(dir, t->path, (size_t)(slash - t->path) + 1);
		if (strcmp(dir, "record") == 0)
			return take_record(m, t, slash + 1);
		state = state_parse(dir);
	}
	if (state != -1)
		return take_message(m, t, (enum state)state, slash + 1);
	if (!m->known)
		return error_set(&m->r->err, ST_BADDATA, 0,
		    "this is no export of a queue: it has the file %s", t->path);
	return refuse(m, t, "not a name that mq export gives");
}

/* ---- the verb --------------------------------------------------------- */

static enum status
each_member(struct import *m)
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
			st = take_file(m, &t);
		else if (t.type != '5')
			st = refuse(m, &t, "a link or a device");
		if (st != ST_OK)
			return st;
	}
	if (st == ST_NONE && m->marked)
		return need_queue(m);	/* also when no message is to be in it */
	if (st == ST_NONE)
		return error_set(&m->r->err, ST_BADDATA, 0,
		    "the stream has no file mq-export: is it a whole export?");
	return st;
}

/* What is whole comes in, whatever became of the rest; the first error is the one to tell. */
static enum status
finish(struct import *m, enum status st)
{
	struct run *r = m->r;
	struct error first = r->err;
	enum status last;

	error_clear(&r->err);
	last = publish(m);
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
summary(struct import *m)
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
	if ((st = open_queue(m)) != ST_OK || (st = tar_open(source, m, &m->tar, &r->err)) != ST_OK)
		return st;
	st = finish(m, each_member(m));
	progress_clear();
	if (!m->dry && m->n > 0 && queue_is_topic(m->q))
		run_distribute(r, m->q);
	if (m->known)
		summary(m);
	return st;
}

static enum status
run_import(struct run *r)
{
	struct import m = { .r = r, .have = idset_new(), .buf = malloc(BUFFER) };
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
