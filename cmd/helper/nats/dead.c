/*
 * dead.c: dead letters are in a stream of their own, QUEUE_mq-dead.  A message is copied there with
 * the reason, and acknowledged when that is confirmed; it is made ready again in the same way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/nats/inside.h"

/* A message on its way from one stream to another. */
struct moving {
	char queue[256], dead[256 + sizeof(DEAD_SUFFIX)];
	char *token, *reason;	/* bury */
	char *id;		/* retry: only this one, or NULL */
	int64_t attempts;
	uint64_t seq;		/* of the one that is moving */
	int64_t n;
};

static struct moving *
moving_new(const char *queue)
{
	struct moving *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	(void)snprintf(v->queue, sizeof(v->queue), "%s", queue);
	(void)snprintf(v->dead, sizeof(v->dead), "%s" DEAD_SUFFIX, queue);
	return v;
}

static void
moving_free(struct moving *v)
{
	free(v->token);
	free(v->reason);
	free(v->id);
	free(v);
}

/* An end that is no success. */
static void
moving_err(struct nats *n, const struct ask *a, const struct answer *r, enum class unsure,
    const char *what)
{
	answer_err(n, a->tag, r, unsure, what);
	moving_free(a->arg);
}

/*
 * Publish the copy.  Its Nats-Msg-Id makes sure that doing it a second time stores no second one,
 * though the message itself has gone through the queue before.
 */
static void
moving_publish(struct nats *n, const struct ask *from, const char *subject, const char *kind,
    const struct message *m, void (*done)(struct nats *, struct ask *, const struct answer *))
{
	const struct moving *v = from->arg;
	char once[400];
	struct trouble t;
	struct ask *a;
	natsMsg *msg;

	(void)snprintf(once, sizeof(once), "%.300s/%s-%llu", m->id, kind,
	    (unsigned long long)v->seq);
	if ((a = ask_begin(n, from->tag, subject, done, from->arg)) == NULL)
		return;
	if (copy_out(n, m, subject, a->reply, once, &msg, &t)) {
		ask_send(n, a, msg);
		return;
	}
	moving_free(from->arg);
	ask_drop(n, a, &t);
}

/* ---- bury ---------------------------------------------------------------- */

static void
dead_stored(struct nats *n, struct ask *a, const struct answer *r)
{
	struct moving *v = a->arg;

	if (!answer_good(r)) {
		moving_err(n, a, r, CLASS_UNKNOWN, v->dead);
		return;
	}
	settle_acknowledge(n, a->tag, v->token);
	moving_free(v);
}

/* The message was read: store it with what is said about it. */
static void
dead_read(struct nats *n, struct ask *a, const struct answer *r)
{
	struct moving *v = a->arg;
	struct stored s = { 0 };

	if (answer_code(r) == 404) {
		helper_err(n->h, a->tag, CLASS_LOST, "the message is not there any more: "
		    "somebody else has acknowledged it");
		moving_free(v);
		return;
	}
	if (!answer_good(r) || !stored_read(r, v->queue, &s)) {
		stored_free(&s);
		moving_err(n, a, r, CLASS_AGAIN, v->queue);
		return;
	}
	s.m.reason = v->reason;
	if (v->attempts >= 0)
		s.m.attempts = v->attempts;
	moving_publish(n, a, v->dead, "dead", &s.m, dead_stored);
	stored_free(&s);
}

void
dead_bury(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason)
{
	struct nats *n = helper_data(h);
	struct moving *v;
	struct trouble why;
	struct token t;

	if (!token_parse(token, &t) || strlen(token) >= SUBJECT_MAX) {
		helper_err(h, tag, CLASS_DATA, "this is no claim of a queue on NATS");
		return;
	}
	if (!stream_dead(n, t.queue, &why)) {
		helper_err(h, tag, why.c, "%s", why.text);
		return;
	}
	settle_release(n, token);
	if ((v = moving_new(t.queue)) == NULL) {
		helper_err(h, tag, CLASS_AGAIN, "out of memory");
		return;
	}
	v->token = strdup(token);
	/* A long reason must not make the dead letter larger than a message may be. */
	v->reason = reason != NULL ? strndup(reason, DEAD_ROOM / 2) : NULL;
	v->attempts = attempts;
	v->seq = t.seq;
	look_at(n, tag, v->queue, NULL, v->seq, dead_read, v);
}

/* ---- retry ------------------------------------------------------------------- */

static void dead_next(struct nats *n, struct ask *a, const struct answer *r);

static void
dead_end(struct nats *n, struct ask *a)
{
	struct moving *v = a->arg;

	if (v->id != NULL && v->n == 0)
		helper_err(n->h, a->tag, CLASS_GONE, "%s: no dead letter has the id %.100s",
		    v->queue, v->id);
	else {
		helper_ok_begin(n->h, a->tag);
		helper_field(n->h, "n", v->n);
		helper_ok_end(n->h);
	}
	moving_free(v);
}

/* It is in the queue again, and removed here: on to the next one. */
static void
dead_removed(struct nats *n, struct ask *a, const struct answer *r)
{
	struct moving *v = a->arg;

	if (!answer_good(r) && answer_code(r) != 404) {
		moving_err(n, a, r, CLASS_UNKNOWN, v->dead);
		return;
	}
	v->n++;
	if (v->id != NULL)
		dead_end(n, a);
	else
		look_at(n, a->tag, v->dead, v->dead, v->seq + 1, dead_next, v);
}

static void
dead_retried(struct nats *n, struct ask *a, const struct answer *r)
{
	struct moving *v = a->arg;
	char subject[SUBJECT_MAX], text[64];

	if (!answer_good(r)) {
		moving_err(n, a, r, CLASS_UNKNOWN, v->queue);
		return;
	}
	(void)snprintf(subject, sizeof(subject), "$JS.API.STREAM.MSG.DELETE.%s", v->dead);
	(void)snprintf(text, sizeof(text), "{\"seq\":%llu,\"no_erase\":true}",
	    (unsigned long long)v->seq);
	ask_text(n, a->tag, subject, text, dead_removed, v);
}

/* A dead letter was read: move it if it is meant, or look at the one behind it. */
static void
dead_next(struct nats *n, struct ask *a, const struct answer *r)
{
	struct moving *v = a->arg;
	struct stored s = { 0 };

	if (answer_code(r) == 404) {
		dead_end(n, a);
		return;
	}
	if (!answer_good(r) || !stored_read(r, v->queue, &s)) {
		stored_free(&s);
		moving_err(n, a, r, CLASS_AGAIN, v->dead);
		return;
	}
	v->seq = s.seq;
	s.m.reason = NULL;
	s.m.attempts = 0;
	if (v->id != NULL && strcmp(v->id, s.m.id) != 0)
		look_at(n, a->tag, v->dead, v->dead, v->seq + 1, dead_next, v);
	else
		moving_publish(n, a, v->queue, "retry", &s.m, dead_retried);
	stored_free(&s);
}

void
dead_retry(struct helper *h, const char *tag, const char *queue, const char *id)
{
	struct nats *n = helper_data(h);
	struct trouble t;
	struct moving *v;

	if (!stream_name_ok(n, tag, queue))
		return;
	if (stream_get(n, queue, &t) == NULL) {
		helper_err(h, tag, t.c, "%s", t.text);
		return;
	}
	if ((v = moving_new(queue)) == NULL) {
		helper_err(h, tag, CLASS_AGAIN, "out of memory");
		return;
	}
	v->id = id != NULL ? strdup(id) : NULL;
	look_at(n, tag, v->dead, v->dead, 1, dead_next, v);
}
