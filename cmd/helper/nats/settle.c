/*
 * settle.c: claims come to their end, or go on.
 *
 * An acknowledgement is a request, so that it is confirmed; but JetStream says yes to one for a
 * message that somebody else has by now, so that nobody can be told that a claim was lost.
 *
 * "-NAK" with a delay makes a delivery end at a certain time: with it a message is given back, and
 * with it each claim has a lease of its own, whatever the consumer's ack_wait.
 */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/nats/inside.h"

/* ---- what mq has --------------------------------------------------------- */

static int
held_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

void
settle_hold(struct nats *n, const char *token)
{
	char *copy = strdup(token);
	void *node = copy != NULL ? tsearch(copy, &n->held, held_compare) : NULL;

	if (node == NULL || *(char **)node != copy)
		free(copy);
}

void
settle_release(struct nats *n, const char *token)
{
	void *node = tfind(token, &n->held, held_compare);
	char *copy = node != NULL ? *(char **)node : NULL;

	(void)tdelete(token, &n->held, held_compare);
	free(copy);
}

void
settle_release_all(struct nats *n)
{
	while (n->held != NULL) {
		const char *token = *(char **)n->held;
		settle_send(n, token, "-NAK");
		settle_release(n, token);
	}
}

void
settle_send(struct nats *n, const char *token, const char *text)
{
	(void)natsConnection_PublishString(n->conn, token, text);
}

void
settle_delay_text(int64_t delay_ms, char buf[64])
{
	if (delay_ms <= 0)
		(void)snprintf(buf, 64, "-NAK");
	else
		(void)snprintf(buf, 64, "-NAK {\"delay\":%lld}", delay_ms > INT64_MAX / 1000000 ?
		    (long long)INT64_MAX : (long long)delay_ms * 1000000);
}

/* ---- answers ---------------------------------------------------------------- */

static void
settle_ignore(struct nats *n, struct ask *a, const struct answer *r)
{
	(void)n;
	(void)a;
	(void)r;
}

static void
settle_done(struct nats *n, struct ask *a, const struct answer *r)
{
	if (answer_good(r))
		helper_ok(n->h, a->tag);
	else
		answer_err(n, a->tag, r, CLASS_UNKNOWN, "claim");
}

/* A message that was delivered once has no failed attempts that are kept. */
static void
settle_acknowledged(struct nats *n, struct ask *a, const struct answer *r)
{
	struct token t;
	char text[SUBJECT_MAX];

	settle_done(n, a, r);
	if (!answer_good(r) || !token_parse(a->subject, &t) || t.deliveries < 2)
		return;
	(void)snprintf(text, sizeof(text), "{\"filter\":\"" ATTEMPTS ".%s.%llu\"}", t.queue,
	    (unsigned long long)t.seq);
	ask_text(n, "", "$JS.API.STREAM.PURGE." ATTEMPTS, text, settle_ignore, NULL);
}

void
settle_acknowledge(struct nats *n, const char *tag, const char *token)
{
	ask_text(n, tag, token, "+ACK", settle_acknowledged, NULL);
}

/* Whether it is a token; then mq does not have it any more. */
static bool
settle_begin(struct nats *n, const char *tag, const char *token, struct token *t)
{
	if (!token_parse(token, t) || strlen(token) >= SUBJECT_MAX) {
		helper_err(n->h, tag, CLASS_DATA, "this is no claim of a queue on NATS");
		return false;
	}
	settle_release(n, token);
	return true;
}

/* ---- operations -------------------------------------------------------------- */

void
settle_ack(struct helper *h, const char *tag, const char *token)
{
	struct nats *n = helper_data(h);
	struct token t;

	if (settle_begin(n, tag, token, &t))
		settle_acknowledge(n, tag, token);
}

struct give {
	char *token;
	int64_t delay_ms;
};

static void
settle_give(struct nats *n, const char *tag, const char *token, int64_t delay_ms)
{
	char text[64];

	settle_delay_text(delay_ms, text);
	ask_text(n, tag, token, text, settle_done, NULL);
}

/* The attempts are stored: give the message back. */
static void
settle_counted(struct nats *n, struct ask *a, const struct answer *r)
{
	struct give *g = a->arg;

	if (answer_good(r))
		settle_give(n, a->tag, g->token, g->delay_ms);
	else
		answer_err(n, a->tag, r, CLASS_AGAIN, "attempts");
	free(g->token);
	free(g);
}

/*
 * JetStream cannot change a message that is stored.  So the number of failed attempts is stored
 * beside it, before it is given back.
 */
static void
settle_count(struct nats *n, const char *tag, const char *token, const struct token *t,
    int64_t delay_ms, int64_t attempts)
{
	char subject[SUBJECT_MAX], text[80];
	struct give *g = calloc(1, sizeof(*g));

	if (g == NULL || (g->token = strdup(token)) == NULL) {
		free(g);
		helper_err(n->h, tag, CLASS_AGAIN, "out of memory");
		return;
	}
	g->delay_ms = delay_ms;
	(void)snprintf(subject, sizeof(subject), ATTEMPTS ".%s.%llu", t->queue,
	    (unsigned long long)t->seq);
	(void)snprintf(text, sizeof(text), "%lld %lld", (long long)attempts,
	    (long long)t->stored_ns);
	ask_text(n, tag, subject, text, settle_counted, g);
}

void
settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason)
{
	struct nats *n = helper_data(h);
	struct trouble why;
	struct token t;

	(void)reason;
	if (!settle_begin(n, tag, token, &t))
		return;
	if (attempts < 0)
		settle_give(n, tag, token, delay_ms);
	else if (n->attempts || (n->attempts = stream_attempts(n, &why)))
		settle_count(n, tag, token, &t, delay_ms, attempts);
	else
		helper_err(h, tag, why.c, "%s", why.text);
}

void
settle_extend(struct helper *h, const char *tag, const char *token, int64_t lease_ms)
{
	struct nats *n = helper_data(h);
	struct token t;

	if (!token_parse(token, &t) || strlen(token) >= SUBJECT_MAX)
		helper_err(h, tag, CLASS_DATA, "this is no claim of a queue on NATS");
	else if (stream_lease(n, t.queue) == lease_ms)
		ask_text(n, tag, token, "+WPI", settle_done, NULL);
	else
		settle_give(n, tag, token, lease_ms);
}
