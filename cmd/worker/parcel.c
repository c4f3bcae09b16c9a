/*
 * parcel.c: one message of an engine, as a claim.
 *
 * It lies in a file without a name that looks like a message file: the header block, and the body.
 * So handlers, batches and all else find what they would find in a spool.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/envelope.h"
#include "base/name.h"
#include "shared/cmd.h"
#include "worker/link.h"
#include "worker/scratch.h"
#include "worker/sources.h"
#include "worker/work.h"

/* The end of a claim that lasts as long as the connection. */
#define NO_END (INT64_MAX / 4)

/* ---- what is known of it --------------------------------------------------- */

usec_t
parcel_lease(const struct link *l, usec_t wanted)
{
	int64_t most = l->lease_most;

	if (most == -1)
		return 0;
	return most > 0 && wanted > most * 1000 ? most * 1000 : wanted;
}

/*
 * An id that mq gave is kept.  Of any other one an id is made, which is the same at each delivery
 * where the engine's is, and tells the same time.
 */
static void
parcel_id(const struct message *m, struct msgid *id)
{
	usec_t at = m->enqueued != 0 ? m->enqueued : clock_now();

	if (id_ok(m->id))
		(void)strlcpy(id->text, m->id, sizeof(id->text));
	else if (m->id[0] == '\0' || m->changing)
		id_make(at, id);
	else
		id_derive(at, fnv1a(m->id, strlen(m->id)), id);
}

static int32_t
parcel_attempts(const struct link *l, const struct message *m)
{
	int64_t n = engine_attempts(l->e, m);

	return n < INT32_MAX ? (int32_t)n : INT32_MAX;
}

static void
parcel_name(const struct link *l, const struct source *s, const struct message *m,
    struct msgname *n)
{
	usec_t lease = parcel_lease(l, work_lease(l->w, s));

	*n = (struct msgname){ .priority = m->priority, .expires = m->expires,
	    .attempts = parcel_attempts(l, m), .lease_ms = lease / 1000,
	    .deliveries = m->deliveries < INT32_MAX ? (int32_t)m->deliveries : INT32_MAX,
	    .key = lease > 0 ? clock_now() + lease : NO_END };
	parcel_id(m, &n->id);
	if (m->key != NULL)
		order_hash(m->key, n->order);
}

/* ---- its file -------------------------------------------------------------- */

/* In a spool the key of the order is a header, too. */
static enum status
parcel_key(const struct message *m, struct headers *h, struct error *err)
{
	struct headers all = { (char *)(uintptr_t)m->head, m->headlen };
	struct header found;
	enum status st;
	char *text;

	if (m->key == NULL || (m->headlen > 0 && (!headers_valid(&all) ||
	    headers_find(&all, "Key", &found))))
		return ST_OK;
	if (asprintf(&text, "Key: %s", m->key) == -1)
		return error_sys(err, ENOMEM, "headers");
	if ((st = headers_copy(h, &all, err)) == ST_OK)
		st = headers_add(h, text, err);
	free(text);
	return st;
}

static enum status
parcel_write(int fd, const char *data, size_t len, struct error *err)
{
	ssize_t n;

	for (size_t done = 0; done < len; done += (size_t)n)
		if ((n = write(fd, data + done, len - done)) == -1)
			return scratch_failed(err);
	return ST_OK;
}

static enum status
parcel_file(const struct message *m, struct claim *c, struct error *err)
{
	struct headers keyed = { 0 };
	const char *head = m->head;
	size_t headlen = m->headlen;
	enum status st = parcel_key(m, &keyed, err);

	if (st == ST_OK && keyed.len > 0) {
		head = keyed.block;
		headlen = keyed.len;
	}
	c->at.name.head = (int32_t)headlen;
	c->at.name.size = (int64_t)(headlen + m->bodylen);
	if (st == ST_OK)
		st = scratch_open(c->at.name.size, &c->fd, err);
	if (st == ST_OK && (st = parcel_write(c->fd, head, headlen, err)) == ST_OK)
		st = parcel_write(c->fd, m->body, m->bodylen, err);
	headers_free(&keyed);
	return st;
}

/* ---- all of them ----------------------------------------------------------- */

struct parcel *
parcel_make(struct link *l, struct source *s, const struct event_of_engine *ev, struct error *err)
{
	struct parcel *p = calloc(1, sizeof(*p));

	if (p == NULL || (p->token = strdup(ev->token)) == NULL) {
		free(p);
		(void)error_sys(err, ENOMEM, "a message");
		return NULL;
	}
	p->source = s;
	p->came = clock_mono();
	p->attempts = -1;
	p->claim.fd = p->claim.fence = -1;
	p->claim.at.state = STATE_CLAIMED;
	parcel_name(l, s, &ev->message, &p->claim.at.name);
	(void)strlcpy(p->id, p->claim.at.name.id.text, sizeof(p->id));
	if (parcel_file(&ev->message, &p->claim, err) != ST_OK)
		claim_close(&p->claim);
	p->fd = p->claim.fd;
	p->next = l->parcels;
	l->parcels = p;
	return p;
}

struct parcel *
parcel_find(struct link *l, struct claim *c)
{
	for (struct parcel *p = l->parcels; c->fd != -1 && p != NULL; p = p->next) {
		if (p->fd != c->fd)
			continue;
		if (!p->lost)
			return p;
		parcel_forget(l, p);
		break;
	}
	c->at.name.key = 0;	/* its lease is over, so this is told */
	return NULL;
}

void
parcel_forget(struct link *l, struct parcel *p)
{
	struct parcel **at = &l->parcels;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (p->settle != SETTLE_NOT)
		l->settling--;
	free(p->token);
	free(p->reason);
	free(p);
}
