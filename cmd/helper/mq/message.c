/*
 * message.c: a message of the spool, as mq is told of it.
 *
 * What the spool has no place for stands in headers mq-..., as in all engines (map_out).  What it
 * has a place for, such as the priority, is in the name of the file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/mq/store.h"

/* mq push -k puts the key into a header, since the name has only its hash. */
static enum status
reading_key(const struct msgname *n, struct reading *r, struct error *err)
{
	struct header h;

	if (n->order[0] == '\0' || r->mapped.key != NULL || !headers_find(&r->headers, "Key", &h))
		return ST_OK;
	if ((r->mapped.key = strndup(h.value, h.valuelen)) == NULL)
		return error_sys(err, ENOMEM, "message %s", n->id.text);
	return ST_OK;
}

static enum status
reading_head(int fd, const struct msgname *n, struct reading *r, struct error *err)
{
	enum status st = msg_headers(fd, n, &r->headers, err);

	if (st != ST_OK || r->headers.len == 0)
		return st;
	if (!map_block_in(&r->mapped, r->headers.block, r->headers.len) || r->mapped.broken)
		return error_set(err, ST_BADDATA, 0, "message %s: its headers cannot be read",
		    n->id.text);
	return reading_key(n, r, err);
}

static enum status
reading_body(int fd, const struct msgname *n, size_t len, struct reading *r, struct error *err)
{
	size_t done = 0;
	ssize_t got;

	if ((r->body = malloc(len + 1)) == NULL)
		return error_sys(err, ENOMEM, "message %s", n->id.text);
	for (; done < len; done += (size_t)got) {
		got = pread(fd, r->body + done, len - done, (off_t)n->head + (off_t)done);
		if (got == -1 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			return error_set(err, ST_BADDATA, got == -1 ? errno : 0,
			    "message %s cannot be read", n->id.text);
	}
	return ST_OK;
}

enum status
reading_message(struct queue *q, const struct place *p, int fd, int64_t bytes, struct reading *r,
    struct message *m, struct error *err)
{
	const struct msgname *n = &p->name;
	int64_t size = n->size - n->head;
	enum status st;

	*r = (struct reading){ 0 };
	*m = (struct message)MESSAGE_NONE;
	m->bodylen = (size_t)(size < bytes ? size : bytes);
	if ((st = reading_head(fd, n, r, err)) != ST_OK ||
	    (st = reading_body(fd, n, m->bodylen, r, err)) != ST_OK)
		return st;
	m->id = n->id.text;
	m->enqueued = id_time(&n->id);
	map_message(&r->mapped, m);
	m->body = r->body;
	m->size = size > bytes ? size : -1;
	m->priority = n->priority;
	m->expires = n->expires;
	m->deliveries = n->deliveries;
	/* Those before it came to this spool are in a header. */
	if (n->attempts > m->attempts)
		m->attempts = n->attempts;
	if (p->state == STATE_DEAD) {
		msg_reason(q, p, r->reason, sizeof(r->reason));
		m->reason = r->reason;
	}
	return ST_OK;
}

void
reading_free(struct reading *r)
{
	headers_free(&r->headers);
	map_free(&r->mapped);
	free(r->body);
}
