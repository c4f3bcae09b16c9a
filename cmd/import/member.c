/*
 * member.c: one file of the archive that mq import reads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/envelope.h"
#include "base/name.h"
#include "spool/policy.h"
#include "spool/record.h"
#include "spool/spool.h"
#include "import/import.h"

#define CONF_MAX (64 << 10)

enum status
import_refuse(struct import *m, const struct tar_member *t, const char *why)
{
	m->refused++;
	run_trouble(m->r, error_set(&m->r->err, ST_BADDATA, 0, "byte %llu of the stream: %s: %s",
	    (unsigned long long)t->at, t->path, why), &m->worst);
	return ST_OK;
}

/*
 * Read a whole member of at most 'max' bytes into '*text', with a NUL behind it; the caller frees
 * it.  ST_NONE: the member is larger, which was reported.
 */
static enum status
member_small(struct import *m, const struct tar_member *t, int64_t max, char **text, size_t *len)
{
	enum status st = ST_OK;
	size_t got = 1;

	*text = NULL;
	*len = 0;
	if (t->size > max) {
		(void)import_refuse(m, t, "larger than it can be");
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
member_mark(struct import *m, const struct tar_member *t)
{
	char *text;
	size_t len;
	enum status st = member_small(m, t, 4096, &text, &len);

	if (st == ST_OK && text != NULL && strncmp(text, "mq-export 1\n", 12) != 0)
		st = error_set(&m->r->err, ST_BADDATA, 0, strncmp(text, "mq-export ", 10) == 0 ?
		    "the stream was made by a newer mq: use that" :
		    "mq-export does not say 'mq-export 1'");
	m->known = m->marked = true;
	free(text);
	return st == ST_NONE ? ST_OK : st;
}

/*
 * Drop some keys of the archive's policy: its maker must not choose which commands run here, who
 * may write to the queue, or where its messages and their traces go.
 */
static void
member_leave(struct import *m)
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

/* Give the archive's policy to the queue, but only if this run makes that queue. */
static enum status
member_conf(struct import *m, const struct tar_member *t)
{
	struct error *err = &m->r->err;
	char *text;
	size_t len;
	enum status st;

	if (m->q != NULL && !m->made)
		return ST_OK;
	if ((st = member_small(m, t, CONF_MAX, &text, &len)) == ST_OK && m->assigns.name == NULL)
		st = conf_assigns(text, len, &m->assigns, err);
	if (st == ST_OK)
		member_leave(m);
	if (st == ST_OK && m->q != NULL && m->assigns.n > 0)
		st = queue_configure(m->q, (const char *const *)m->assigns.name, m->assigns.n, err);
	free(text);
	return st == ST_NONE ? ST_OK : st;
}

static enum status
member_record(struct import *m, const struct tar_member *t, const char *id)
{
	struct msgid msg;
	enum status st;
	char *text;
	size_t len;

	if (!id_ok(id))
		return import_refuse(m, t, "not a name that mq export gives");
	(void)strlcpy(msg.text, id, sizeof(msg.text));
	if ((st = import_need_queue(m)) != ST_OK || m->dry)
		return st;
	if ((st = member_small(m, t, RECORD_TEXT_MAX, &text, &len)) == ST_OK) {
		st = msg_record_put(m->q, &msg, text, len, &m->r->err);
		m->records = true;
	}
	free(text);
	return st == ST_NONE ? ST_OK : st;
}

/*
 * Tell which state a message of state 's' gets here, and make its name fit.  A claimed message is
 * ready, since nobody here holds the claim; a ready one stands in line by the time of its id.
 */
static enum state
member_arrive(enum state s, struct msgname *n)
{
	if (s == STATE_CLAIMED)
		s = STATE_READY;
	if (s == STATE_READY)
		n->key = id_time(&n->id);
	name_unclaim(n);
	return s;
}

/* Read the header block into m->buf.  ST_NONE: it is not a valid one. */
static enum status
member_head(struct import *m, const struct msgname *n)
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

/* Add the message to the batch: its headers are in m->buf, its body is read from the archive. */
static enum status
member_read(struct import *m, enum state s, const struct msgname *n)
{
	struct error *err = &m->r->err;
	size_t got = (size_t)n->head;
	enum status st;

	if ((st = batch_begin_as(m->b, s, n, err)) != ST_OK)
		return st;
	do {
		st = batch_write(m->b, m->buf, got, err);
		if (st == ST_OK)
			st = tar_read(m->tar, m->buf, IMPORT_BUFFER, &got, err);
	} while (st == ST_OK && got > 0);
	if (st == ST_OK)
		st = batch_end(m->b, err);
	if (st == ST_OK && batch_full(m->b))
		st = import_flush(m);
	return st;
}

/* Whether a key in a file name can hold the time. */
static bool
member_time_ok(usec_t t)
{
	char key[KEY_LEN + 1];
	usec_t back;

	key_format(t, key);
	return key_parse(key, &back) && back == t;
}

static enum status
member_message(struct import *m, const struct tar_member *t, enum state s, const char *file)
{
	struct error *err = &m->r->err;
	struct msgname n;
	enum status st;

	switch (name_parse(file, &n)) {
	case NAME_FUTURE:
		return import_refuse(m, t, "only a newer mq knows what this is");
	case NAME_FOREIGN:
		return import_refuse(m, t, "not the name of a message");
	case NAME_OK:
		break;
	}
	if (!member_time_ok(id_time(&n.id)))
		return import_refuse(m, t, "its id is of a time that is none");
	m->known = true;
	if (n.size != t->size)
		return import_refuse(m, t,
		    "its size is not what s in its name says (if you edited it, rename it)");
	if (n.head > n.size)
		return import_refuse(m, t, "its headers are larger than it is");
	if ((st = import_need_queue(m)) != ST_OK)
		return st;
	if (idset_has(m->have, &n.id)) {
		m->there++;
		return ST_OK;
	}
	if ((st = member_head(m, &n)) == ST_NONE)
		return import_refuse(m, t, "its header block is broken");
	if (st == ST_OK && !m->dry)
		st = member_read(m, member_arrive(s, &n), &n);
	if (st == ST_OK)
		st = idset_add(m->have, &n.id, err);
	m->n += m->dry && st == ST_OK;
	return st;
}

enum status
import_file(struct import *m, const struct tar_member *t)
{
	char dir[16];
	const char *slash = strchr(t->path, '/');
	int state = -1;

	if (strcmp(t->path, "mq-export") == 0)
		return member_mark(m, t);
	if (strcmp(t->path, "queue.conf") == 0)
		return member_conf(m, t);
	if (slash != NULL && (size_t)(slash - t->path) < sizeof(dir)) {
		(void)strlcpy(dir, t->path, (size_t)(slash - t->path) + 1);
		if (strcmp(dir, "record") == 0)
			return member_record(m, t, slash + 1);
		state = state_parse(dir);
	}
	if (state != -1)
		return member_message(m, t, (enum state)state, slash + 1);
	if (!m->known)
		return error_set(&m->r->err, ST_BADDATA, 0,
		    "this is no export of a queue: it has the file %s", t->path);
	return import_refuse(m, t, "not a name that mq export gives");
}
