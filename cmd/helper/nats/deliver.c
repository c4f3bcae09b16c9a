/*
 * deliver.c: what was delivered, on its way to mq.  mq gets it when its lease is as long as mq
 * wants it, and when it is known how often it failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/nats/inside.h"

/* So long a message stays away when something is wrong with it now. */
#define BACK_MS 1000

/* Give it to mq.  'attempts' is what is known beside the message, or -1. */
static void
deliver_give(struct nats *n, struct taking *t, natsMsg *msg, const struct token *token,
    int64_t attempts)
{
	struct message m = MESSAGE_NONE;
	struct mapped map = { 0 };
	const char *reply = natsMsg_GetReply(msg);
	char id[NAME_LONGEST + 80];

	m.enqueued = token->stored_ns / 1000;
	copy_in(msg, &map, &m);
	m.deliveries = (int64_t)token->deliveries;
	if (attempts >= 0)
		m.attempts = attempts;
	if (m.id == NULL || m.id[0] == '\0') {
		(void)snprintf(id, sizeof(id), "nats-%s-%llu-%lld", token->queue,
		    (unsigned long long)token->seq, (long long)m.enqueued);
		m.id = id;
		m.derived = true;
	}
	if (!t->keep)
		settle_hold(n, reply);
	helper_msg(n->h, t, reply, &m);
	map_free(&map);
}

/* What was delivered, and is not mq's yet. */
struct delivery {
	struct taking *t;
	natsMsg *msg;
	struct token token;
};

static void
deliver_free(struct delivery *d)
{
	pull_count(d->t->engine, -1);
	natsMsg_Destroy(d->msg);
	free(d);
}

/* mq does not get it: it goes back at the end, or after a while if something is wrong with it. */
static void
deliver_back(struct nats *n, struct delivery *d)
{
	char text[64];

	settle_delay_text(BACK_MS, text);
	if (pull_is_ending(d->t->engine))
		pull_keep(d->t->engine, d->msg);
	else {
		settle_send(n, natsMsg_GetReply(d->msg), text);
		natsMsg_Destroy(d->msg);
	}
	d->msg = NULL;
	deliver_free(d);
}

/* What is stored is "ATTEMPTS TIME"; the time is that of the message which it was stored for. */
static int64_t
deliver_attempts(const struct answer *r, const struct token *token)
{
	struct stored s;
	long long attempts = -1, time = 0;

	if (!answer_good(r) || !stored_read(r, ATTEMPTS, &s))
		return -1;
	if (sscanf(s.m.body, "%lld %lld", &attempts, &time) != 2 || time != token->stored_ns)
		attempts = -1;
	stored_free(&s);
	return attempts;
}

static void
deliver_looked_up(struct nats *n, struct ask *a, const struct answer *r)
{
	struct delivery *d = a->arg;
	bool known = answer_good(r) || answer_code(r) == 404;

	if (!known || pull_is_ending(d->t->engine)) {
		deliver_back(n, d);
		return;
	}
	deliver_give(n, d->t, d->msg, &d->token, deliver_attempts(r, &d->token));
	deliver_free(d);
}

/* A message that was delivered before may have failed attempts. */
static void
deliver_go_on(struct nats *n, struct delivery *d)
{
	char text[SUBJECT_MAX];

	if (d->token.deliveries < 2) {
		deliver_give(n, d->t, d->msg, &d->token, -1);
		deliver_free(d);
		return;
	}
	(void)snprintf(text, sizeof(text), "{\"last_by_subj\":\"" ATTEMPTS ".%s.%llu\"}",
	    d->token.queue, (unsigned long long)d->token.seq);
	ask_text(n, "", "$JS.API.STREAM.MSG.GET." ATTEMPTS, text, deliver_looked_up, d);
}

static void
deliver_leased(struct nats *n, struct ask *a, const struct answer *r)
{
	struct delivery *d = a->arg;

	if (!answer_good(r) || pull_is_ending(d->t->engine))
		deliver_back(n, d);
	else
		deliver_go_on(n, d);
}

void
deliver_begin(struct nats *n, struct taking *t, natsMsg *msg, const struct token *token)
{
	struct delivery *d = calloc(1, sizeof(*d));
	char text[64];

	if (d == NULL) {
		natsMsg_Destroy(msg);	/* it comes again after its lease */
		return;
	}
	*d = (struct delivery){ .t = t, .msg = msg, .token = *token };
	pull_count(t->engine, 1);
	settle_delay_text(t->lease_ms, text);
	if (t->lease_ms != stream_lease(n, t->queue))
		ask_text(n, "", natsMsg_GetReply(msg), text, deliver_leased, d);
	else
		deliver_go_on(n, d);
}
