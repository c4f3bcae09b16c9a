/*
 * publish.c: what is published, and whether the server has confirmed it.
 *
 * The server confirms by numbers.  What it cannot route to a queue it returns before it confirms
 * it.  While it is short of memory or disk it reads nothing more from the connection, so a message
 * is sent only if the socket has room for all of it; what has to wait was not sent, and that is
 * certain.
 */
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/amqp/amqp.h"

#define HELD_MS 5		/* how soon to look whether the socket has room */
#define SEND_EXTRA 1024		/* bytes of a message that are neither headers nor body, at most */

struct sending {
	struct sending *next;
	uint64_t seq;		/* 0: it is held back */
	usec_t deadline;
	bool returned;
	published done;
	void *arg;
	struct parcel parcel;	/* of one that is held back */
	char *body;
	size_t size;
	char id[256];
	char queue[QUEUE_NAME];
};

static void
publish_free(struct sending *s)
{
	if (s->seq == 0)
		parcel_free(&s->parcel);
	free(s->body);
	free(s);
}

/* ---- the list ------------------------------------------------------------------ */

static void
publish_append(struct amqp *a, struct sending *s)
{
	if (a->first == NULL)
		a->first = s;
	else
		a->last->next = s;
	a->last = s;
}

static void
publish_unlink(struct amqp *a, struct sending *s)
{
	struct sending *before = NULL;

	for (struct sending *i = a->first; i != s; i = i->next)
		before = i;
	if (before == NULL)
		a->first = s->next;
	else
		before->next = s->next;
	if (a->last == s)
		a->last = before;
}

static void
publish_end(struct amqp *a, struct sending *s, const struct trouble *f)
{
	publish_unlink(a, s);
	s->done(a, s->arg, f);
	publish_free(s);
}

/* ---- sending ------------------------------------------------------------------- */

static bool
publish_channel(struct amqp *a, struct link *l, struct trouble *f)
{
	if (!link_channel(l, CHANNEL_PUSH, f))
		return false;
	if (l->confirms)
		return true;
	(void)amqp_confirm_select(l->c, CHANNEL_PUSH);
	if (!link_reply(l, CHANNEL_PUSH, "confirms", f))
		return false;
	l->confirms = true;
	a->seq = 0;
	return true;
}

/* Whether the message can be sent without waiting. */
static bool
publish_room(const struct link *l, size_t size)
{
	int fd = amqp_get_sockfd(l->c), room = 0, waiting = 0;
	socklen_t len = sizeof(room);

	if (l->blocked)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, &len) == -1 ||
	    ioctl(fd, SIOCOUTQ, &waiting) == -1 || waiting == 0)
		return true;
	return size < (size_t)(room / 2) && (size_t)waiting < (size_t)(room / 2) - size;
}

static void
publish_send(struct amqp *a, struct link *l, struct sending *s, struct parcel *p)
{
	int status;

	s->seq = ++a->seq;
	s->deadline = clock_mono() + a->set->timeout_ms * 1000;
	link_guard(l);
	status = amqp_basic_publish(l->c, CHANNEL_PUSH, amqp_empty_bytes,
	    amqp_cstring_bytes(s->queue), true, false, &p->p, p->body);
	link_unguard();
	(void)link_sent(l, status);
	parcel_free(p);
}

/* The parcel has to last longer than what it was made from. */
static bool
publish_hold(struct sending *s, const struct parcel *p)
{
	s->parcel = *p;
	if (p->body.len > 0) {
		if ((s->body = malloc(p->body.len)) == NULL)
			return false;
		memcpy(s->body, p->body.bytes, p->body.len);
		s->parcel.body.bytes = s->body;
	}
	return true;
}

/* What cannot be held by the server, or not be sent. */
static bool
publish_fits(struct amqp *a, const struct link *l, const struct parcel *p, struct trouble *f)
{
	size_t frame = (size_t)amqp_get_frame_max(l->c), headers = table_size(&p->p.headers);

	if ((p->p._flags & AMQP_BASIC_HEADERS_FLAG) != 0 && headers + SEND_EXTRA * 4 > frame)
		return trouble_set(f, CLASS_DATA, "%zu bytes of headers; this server takes %zu",
		    headers, frame - SEND_EXTRA * 4);
	if ((int64_t)p->body.len > a->max_body)
		return trouble_set(f, CLASS_LARGE, "%zu bytes; this server takes %lld", p->body.len,
		    (long long)a->max_body);
	return true;
}

static struct sending *
publish_new(struct amqp *a, const struct parcel *p, const char *queue, published done, void *arg)
{
	struct sending *s = calloc(1, sizeof(*s));
	size_t len = p->p.message_id.len;

	if (s == NULL)
		return NULL;
	s->done = done;
	s->arg = arg;
	s->size = p->body.len;
	s->deadline = clock_mono() + a->set->timeout_ms * 1000;
	(void)snprintf(s->queue, sizeof(s->queue), "%s", queue);
	if ((p->p._flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0 && len < sizeof(s->id))
		memcpy(s->id, p->p.message_id.bytes, len);
	return s;
}

void
publish(struct amqp *a, struct parcel *p, const char *queue, published done, void *arg)
{
	struct link *l = link_push(a);
	struct sending *s = NULL;
	struct trouble f;

	if (l == NULL)
		(void)trouble_set(&f, CLASS_AGAIN, "the connection is lost");
	else if (publish_fits(a, l, p, &f) && publish_channel(a, l, &f) &&
	    (s = publish_new(a, p, queue, done, arg)) == NULL)
		(void)trouble_set(&f, CLASS_AGAIN, "no memory");
	if (s == NULL) {
		parcel_free(p);
		done(a, arg, &f);
		return;
	}
	if ((a->last == NULL || a->last->seq != 0) && publish_room(l, s->size + SEND_EXTRA)) {
		publish_append(a, s);
		publish_send(a, l, s, p);
		return;
	}
	publish_append(a, s);
	if (!publish_hold(s, p)) {
		(void)trouble_set(&f, CLASS_AGAIN, "no memory");
		publish_end(a, s, &f);
	}
}

/* ---- waiting for one ----------------------------------------------------------- */

struct waiting { bool over, good; struct trouble f; };

static void
publish_over(struct amqp *a, void *arg, const struct trouble *f)
{
	struct waiting *w = arg;

	(void)a;
	w->over = true;
	w->good = f == NULL;
	if (f != NULL)
		w->f = *f;
}

static void
publish_ignored(struct amqp *a, void *arg, const struct trouble *f)
{
	(void)a;
	(void)arg;
	(void)f;
}

bool
publish_wait(struct amqp *a, struct parcel *p, const char *queue, struct trouble *f)
{
	struct waiting w = { .f = { .c = CLASS_UNKNOWN, .text = "the connection is lost" } };

	publish(a, p, queue, publish_over, &w);
	while (!w.over && !helper_is_down(a->h)) {
		int ms = publish_timeout(a);
		pump_wait(a->push, clock_mono() + (ms < 0 ? 100 : ms) * 1000);
		publish_work(a);
	}
	for (struct sending *s = a->first; s != NULL; s = s->next)
		if (s->arg == &w)
			s->done = publish_ignored;
	*f = w.f;
	return w.good;
}

/* ---- what the server says ------------------------------------------------------ */

static void
publish_answer(struct amqp *a, struct sending *s, bool good)
{
	struct trouble f;

	a->confirmed = true;
	if (s->returned)
		(void)trouble_set(
		    &f, CLASS_GONE, "there is no queue '%s' in vhost '%s'", s->queue, a->vhost);
	else if (!good)
		(void)trouble_set(
		    &f, CLASS_FULL, "queue '%s' takes no more: it has reached its limit", s->queue);
	publish_end(a, s, s->returned || !good ? &f : NULL);
}

void
publish_confirmed(struct amqp *a, uint64_t seq, bool multiple, bool good)
{
	struct sending *next;

	for (struct sending *s = a->first; s != NULL && s->seq != 0 && s->seq <= seq; s = next) {
		next = s->next;
		if (multiple || s->seq == seq)
			publish_answer(a, s, good);
	}
}

/* A return tells no number.  Of two with one id the first is as good as the second. */
void
publish_returned(struct amqp *a, const char *queue, const amqp_message_t *m)
{
	const amqp_bytes_t *id = &m->properties.message_id;

	for (struct sending *s = a->first; s != NULL && s->seq != 0; s = s->next)
		if (!s->returned && strcmp(s->queue, queue) == 0 && id->len == strlen(s->id) &&
		    memcmp(id->bytes, s->id, id->len) == 0) {
			s->returned = true;
			return;
		}
}

/* ---- the channel is closed ------------------------------------------------------ */

/* "message size 20 is larger than configured max size 10": learn the limit. */
static void
publish_learn(struct amqp *a, const struct trouble *f)
{
	const char *text = strstr(f->text, "max size ");
	long long n = text != NULL ? strtoll(text + strlen("max size "), NULL, 10) : 0;

	if (f->code == 406 && n > 0 && n < a->max_body)
		a->max_body = n;
}

/*
 * The server does not say which message it was about.  One that is too large was not stored; the
 * right to publish is the same for all, so if it is missing none was; the rest is not known.
 */
static void
publish_why(const struct amqp *a, const struct sending *s, const struct trouble *f,
    struct trouble *why)
{
	if ((int64_t)s->size > a->max_body)
		(void)trouble_set(why, CLASS_LARGE, "%zu bytes; this server takes %lld", s->size,
		    (long long)a->max_body);
	else if (f->c == CLASS_PERM && !a->confirmed)
		*why = *f;
	else
		(void)trouble_set(why, CLASS_UNKNOWN,
		    "the server closed the channel before it confirmed "
		    "this message: %s",
		    f->text);
}

void
publish_closed(struct amqp *a, const struct trouble *f)
{
	struct trouble why;

	publish_learn(a, f);
	while (a->first != NULL && a->first->seq != 0) {
		publish_why(a, a->first, f, &why);
		publish_end(a, a->first, &why);
	}
}

/* ---- from time to time --------------------------------------------------------- */

static void
publish_late(struct amqp *a, struct sending *s)
{
	struct trouble f;
	long long ms = (long long)a->set->timeout_ms;

	if (s->seq == 0)
		(void)trouble_set(&f, CLASS_AGAIN, "the server took nothing for %lld ms%s", ms,
		    a->push->blocked ? ": it is short of memory or disk" : "");
	else
		(void)trouble_set(&f, CLASS_UNKNOWN, "no confirm within %lld ms%s", ms,
		    a->push->blocked ? ", as the server is short of memory or disk" : "");
	publish_end(a, s, &f);
}

void
publish_work(struct amqp *a)
{
	struct link *l = a->push;
	struct sending *s, *next;
	struct trouble f;

	for (s = a->first; s != NULL; s = next) {
		next = s->next;
		if (clock_mono() >= s->deadline)
			publish_late(a, s);
	}
	for (s = a->first; s != NULL && s->seq != 0; )
		s = s->next;
	for (; s != NULL && !helper_is_down(a->h); s = s->next) {
		struct parcel p = s->parcel;
		if (!publish_room(l, s->size + SEND_EXTRA) || !publish_channel(a, l, &f))
			return;
		publish_send(a, l, s, &p);
	}
}

int
publish_timeout(const struct amqp *a)
{
	usec_t left;

	if (a->first == NULL)
		return -1;
	if (a->last->seq == 0 && !a->push->blocked)
		return HELD_MS;
	left = a->first->deadline - clock_mono();
	return left <= 0 ? 0 : (int)(left / 1000) + 1;
}

bool
publish_pending(const struct amqp *a)
{
	return a->first != NULL;
}

void
publish_forget(struct amqp *a)
{
	struct trouble f;

	(void)trouble_set(&f, CLASS_UNKNOWN, "the connection is lost");
	while (a->first != NULL)
		publish_end(a, a->first, &f);
}
