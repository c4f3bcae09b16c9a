/*
 * ask.c: requests that wait for an answer.  Each has a slot in a table; the reply subject names the
 * slot and the turn of its use, so that an answer that comes too late is nobody's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/nats/inside.h"

/* ---- the table ------------------------------------------------------------- */

static bool
ask_grow(struct asks *all)
{
	size_t n = all->nslots == 0 ? 64 : all->nslots * 2;
	struct ask **slot = realloc(all->slot, n * sizeof(*slot));
	size_t *list;

	if (slot == NULL)
		return false;
	all->slot = slot;
	if ((list = realloc(all->free, n * sizeof(*list))) == NULL)
		return false;
	all->free = list;
	for (size_t i = all->nslots; i < n; i++) {
		all->slot[i] = NULL;
		all->free[all->nfree++] = i;
	}
	all->nslots = n;
	return true;
}

static void
ask_link(struct asks *all, struct ask *a)
{
	a->before = all->last;
	if (all->last != NULL)
		all->last->after = a;
	else
		all->first = a;
	all->last = a;
}

static void
ask_unlink(struct asks *all, struct ask *a)
{
	if (a->before != NULL)
		a->before->after = a->after;
	else
		all->first = a->after;
	if (a->after != NULL)
		a->after->before = a->before;
	else
		all->last = a->before;
	all->slot[a->slot] = NULL;
	all->free[all->nfree++] = a->slot;
}

/* Give it its answer.  It is out of the table before, since 'done' may ask anew. */
static void
ask_done(struct nats *n, struct ask *a, struct answer *r)
{
	ask_unlink(&n->asks, a);
	a->done(n, a, r);
	free(a);
}

static void
ask_end(struct nats *n, struct ask *a, enum heard heard)
{
	struct answer r = { .heard = heard };

	ask_done(n, a, &r);
}

/* ---- asking --------------------------------------------------------------- */

struct ask *
ask_begin(struct nats *n, const char *tag, const char *subject,
    void (*done)(struct nats *, struct ask *, const struct answer *), void *arg)
{
	struct asks *all = &n->asks;
	struct ask *a = calloc(1, sizeof(*a));

	if (a == NULL || (all->nfree == 0 && !ask_grow(all))) {
		struct ask none = { .arg = arg };
		const struct answer r = { .heard = HEARD_UNSENT };
		free(a);
		(void)snprintf(none.tag, sizeof(none.tag), "%s", tag);
		done(n, &none, &r);
		return NULL;
	}
	a->done = done;
	a->arg = arg;
	a->slot = all->free[--all->nfree];
	all->slot[a->slot] = a;
	a->deadline = clock_mono() + n->set->timeout_ms * 1000;
	(void)snprintf(a->tag, sizeof(a->tag), "%s", tag);
	(void)snprintf(a->subject, sizeof(a->subject), "%s", subject);
	(void)snprintf(a->reply, sizeof(a->reply), "%s.%zu-%u", n->prefix, a->slot, ++all->turn);
	ask_link(all, a);
	return a;
}

void
ask_send(struct nats *n, struct ask *a, natsMsg *m)
{
	natsStatus st = m != NULL ? natsConnection_PublishMsg(n->conn, m) : NATS_NO_MEMORY;

	natsMsg_Destroy(m);
	if (st == NATS_CONNECTION_CLOSED || st == NATS_NO_MEMORY)
		ask_end(n, a, HEARD_UNSENT);
	else if (st != NATS_OK)
		ask_end(n, a, HEARD_LOST);
}

void
ask_drop(struct nats *n, struct ask *a, const struct trouble *t)
{
	helper_err(n->h, a->tag, t->c, "%s", t->text);
	ask_unlink(&n->asks, a);
	free(a);
}

static natsMsg *
ask_message(const struct ask *a, const char *text)
{
	natsMsg *m = NULL;

	if (natsMsg_Create(&m, a->subject, a->reply, text, (int)strlen(text)) != NATS_OK)
		return NULL;
	return m;
}

void
ask_text(struct nats *n, const char *tag, const char *subject, const char *text,
    void (*done)(struct nats *, struct ask *, const struct answer *), void *arg)
{
	struct ask *a = ask_begin(n, tag, subject, done, arg);

	if (a != NULL)
		ask_send(n, a, ask_message(a, text));
}

/* ---- answers --------------------------------------------------------------- */

static void
answer_read(natsMsg *m, struct answer *r)
{
	*r = (struct answer){ .heard = HEARD_ANSWER, .msg = m };
	if (natsMsg_IsNoResponders(m))
		r->heard = HEARD_NOBODY;
	else if (natsMsg_GetDataLength(m) > 0 && natsMsg_GetData(m)[0] == '{')
		r->json = json_loadb(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), 0, NULL);
}

void
answer_free(struct answer *r)
{
	json_decref(r->json);
	natsMsg_Destroy(r->msg);
	*r = (struct answer){ 0 };
}

void
ask_answered(struct nats *n, natsMsg *m)
{
	const char *subject = natsMsg_GetSubject(m);
	const char *dot = strrchr(subject, '.');
	size_t slot = dot != NULL ? strtoul(dot + 1, NULL, 10) : SIZE_MAX;
	struct ask *a = slot < n->asks.nslots ? n->asks.slot[slot] : NULL;
	struct answer r;

	if (a == NULL || strcmp(a->reply, subject) != 0)
		return;
	answer_read(m, &r);
	ask_done(n, a, &r);
	json_decref(r.json);
}

void
ask_refused(struct nats *n, const struct event *e)
{
	struct ask *a, *after;

	for (a = n->asks.first; a != NULL; a = after) {
		after = a->after;
		if (event_refuses(e, a->subject)) {
			ask_end(n, a, HEARD_REFUSED);
			return;
		}
	}
}

void
ask_late(struct nats *n, usec_t now)
{
	while (n->asks.first != NULL && n->asks.first->deadline <= now)
		ask_end(n, n->asks.first, HEARD_NOTHING);
}

usec_t
ask_deadline(const struct nats *n)
{
	return n->asks.first != NULL ? n->asks.first->deadline : USEC_MAX;
}

void
ask_lost(struct nats *n)
{
	while (n->asks.first != NULL)
		ask_end(n, n->asks.first, HEARD_LOST);
}

bool
ask_is_open(const struct nats *n)
{
	return n->asks.first != NULL;
}

void
ask_free(struct nats *n)
{
	free(n->asks.slot);
	free(n->asks.free);
	n->asks = (struct asks){ 0 };
}

/* ---- asking, and waiting ------------------------------------------------- */

/* The answer is taken by ask_now itself. */
static void
ask_nothing(struct nats *n, struct ask *a, const struct answer *r)
{
	struct answer *to = a->arg;

	(void)n;
	to->heard = r->heard;
}

/* What comes for others meanwhile stays in the list. */
void
ask_now(struct nats *n, const char *subject, const char *text, struct answer *r)
{
	struct ask *a;
	struct event *e;

	*r = (struct answer){ .heard = HEARD_ANSWER };
	if (n->closed || (a = ask_begin(n, "", subject, ask_nothing, r)) == NULL) {
		r->heard = HEARD_UNSENT;
		return;
	}
	ask_send(n, a, ask_message(a, text));
	if (r->heard != HEARD_ANSWER)
		return;
	while ((e = inbox_find(&n->inbox, a->reply, subject)) == NULL && clock_mono() < a->deadline)
		inbox_wait(&n->inbox, a->deadline);
	if (e != NULL && e->kind == EVENT_ANSWER) {
		answer_read(e->msg, r);
		e->msg = NULL;
	} else
		r->heard = e == NULL ? HEARD_NOTHING : e->kind == EVENT_CLOSED ? HEARD_LOST :
		    HEARD_REFUSED;
	if (e != NULL)
		link_heard(n, e);
	ask_unlink(&n->asks, a);
	free(a);
}
