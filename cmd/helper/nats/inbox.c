/*
 * inbox.c: what the threads of libnats bring, as a list of events for the loop.  Only the functions
 * at the end run in these threads.
 */
#include <sys/eventfd.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/nats/inside.h"

bool
inbox_open(struct inbox *in)
{
	in->first = NULL;
	in->last = &in->first;
	return pthread_mutex_init(&in->lock, NULL) == 0 &&
	    (in->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) != -1;
}

void
inbox_close(struct inbox *in)
{
	struct event *e;

	while ((e = inbox_next(in)) != NULL)
		event_free(e);
	(void)close(in->fd);
	(void)pthread_mutex_destroy(&in->lock);
}

void
event_free(struct event *e)
{
	natsMsg_Destroy(e->msg);
	free(e);
}

/* Take the event at 'p' out of the list. */
static struct event *
inbox_unlink(struct inbox *in, struct event **p)
{
	struct event *e = *p;

	if ((*p = e->next) == NULL)
		in->last = p;
	e->next = NULL;
	return e;
}

struct event *
inbox_next(struct inbox *in)
{
	struct event *e = NULL;

	(void)pthread_mutex_lock(&in->lock);
	if (in->first != NULL)
		e = inbox_unlink(in, &in->first);
	(void)pthread_mutex_unlock(&in->lock);
	return e;
}

bool
event_refuses(const struct event *e, const char *subject)
{
	const char *at = e->kind == EVENT_ERROR ? strchr(e->text, '"') : NULL;
	size_t len = strlen(subject);

	return at != NULL && strncmp(at + 1, subject, len) == 0 && at[1 + len] == '"';
}

struct event *
inbox_find(struct inbox *in, const char *reply, const char *subject)
{
	struct event **p, *found = NULL;

	(void)pthread_mutex_lock(&in->lock);
	for (p = &in->first; *p != NULL; p = &(*p)->next)
		if ((*p)->kind == EVENT_CLOSED || event_refuses(*p, subject) ||
		    ((*p)->kind == EVENT_ANSWER &&
		    strcmp(natsMsg_GetSubject((*p)->msg), reply) == 0)) {
			found = inbox_unlink(in, p);
			break;
		}
	(void)pthread_mutex_unlock(&in->lock);
	return found;
}

void
inbox_wait(struct inbox *in, usec_t deadline)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };
	usec_t now = clock_mono();
	uint64_t count;

	if (now < deadline)
		(void)poll(&p, 1, (int)((deadline - now) / 1000 + 1));
	(void)!read(in->fd, &count, sizeof(count));
}

/* ---- in the threads of libnats ------------------------------------------- */

/* Without memory the event is missing, and what waits for it comes to the end of its time. */
static void
inbox_add(struct inbox *in, enum event_kind kind, natsMsg *m, struct pull *p, const char *text)
{
	struct event *e = calloc(1, sizeof(*e));
	const uint64_t one = 1;

	if (e == NULL) {
		natsMsg_Destroy(m);
		return;
	}
	e->kind = kind;
	e->msg = m;
	e->pull = p;
	if (text != NULL)
		(void)snprintf(e->text, sizeof(e->text), "%s", text);
	(void)pthread_mutex_lock(&in->lock);
	*in->last = e;
	in->last = &e->next;
	(void)pthread_mutex_unlock(&in->lock);
	(void)!write(in->fd, &one, sizeof(one));
}

void
inbox_answer(natsConnection *c, natsSubscription *s, natsMsg *m, void *inbox)
{
	(void)c;
	(void)s;
	inbox_add(inbox, EVENT_ANSWER, m, NULL, NULL);
}

void
inbox_pulled(natsConnection *c, natsSubscription *s, natsMsg *m, void *pull)
{
	(void)c;
	(void)s;
	inbox_add(pull_inbox(pull), EVENT_PULLED, m, pull, NULL);
}

void
inbox_drained(void *pull)
{
	inbox_add(pull_inbox(pull), EVENT_DRAINED, NULL, pull, NULL);
}

void
inbox_closed(natsConnection *c, void *inbox)
{
	const char *text = NULL;

	(void)natsConnection_GetLastError(c, &text);
	inbox_add(inbox, EVENT_CLOSED, NULL, NULL, text != NULL && text[0] != '\0' ? text :
	    "the server has closed it");
}

void
inbox_error(natsConnection *c, natsSubscription *s, natsStatus st, void *inbox)
{
	const char *text = NULL;

	(void)s;
	if (st == NATS_NOT_PERMITTED && natsConnection_GetLastError(c, &text) == st && text != NULL)
		inbox_add(inbox, EVENT_ERROR, NULL, NULL, text);
}
