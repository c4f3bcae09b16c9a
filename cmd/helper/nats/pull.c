/*
 * pull.c: messages are taken by pull requests, one at a time for each queue.  The first look at a
 * queue does not wait; each one after it waits for a while at the server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/nats/inside.h"

#define LOOK_MS 1000
#define BATCH_MAX 256
#define BATCH_BYTES (16LL << 20)
/* How long to wait after a look that ended for a reason which may be there still. */
#define PAUSE_MS 250

struct pull {
	struct nats *n;
	natsSubscription *sub;
	natsInbox *prefix;
	unsigned turn;
	int64_t asked, got;	/* of the open request; asked 0: there is none */
	usec_t deadline, pause;
	bool looked;		/* for the first time */
	bool ending, drained;
	int under_way;		/* deliveries */
	struct trouble why;	/* text "": it was stopped, and did not end */
};

struct inbox *
pull_inbox(const struct pull *p)
{
	return &p->n->inbox;
}

/* ---- begin and end --------------------------------------------------------- */

static struct pull *
pull_new(struct nats *n)
{
	struct pull *p = calloc(1, sizeof(*p));
	char subject[SUBJECT_MAX];

	if (p == NULL)
		return NULL;
	p->n = n;
	if (natsInbox_Create(&p->prefix) == NATS_OK) {
		(void)snprintf(subject, sizeof(subject), "%s.*", p->prefix);
		if (natsConnection_Subscribe(&p->sub, n->conn, subject, inbox_pulled,
		    p) == NATS_OK &&
		    natsSubscription_SetPendingLimits(p->sub, -1, -1) == NATS_OK &&
		    natsSubscription_SetOnCompleteCB(p->sub, inbox_drained, p) == NATS_OK)
			return p;
	}
	natsSubscription_Destroy(p->sub);
	natsInbox_Destroy(p->prefix);
	free(p);
	return NULL;
}

void
pull_forget(struct helper *h, struct taking *t)
{
	struct pull *p = t->engine;

	(void)h;
	if (p == NULL)
		return;
	natsSubscription_Destroy(p->sub);
	natsInbox_Destroy(p->prefix);
	free(p);
}

static void
pull_drained(struct pull *p)
{
	p->drained = true;
	natsSubscription_Destroy(p->sub);
	p->sub = NULL;
}

/*
 * End it, but not before everything that is on its way has come: the library takes back the
 * subscription, and tells when nothing more can come from it.
 */
static void
pull_end(struct pull *p, const struct trouble *why)
{
	if (p->ending)
		return;
	p->ending = true;
	if (why != NULL)
		p->why = *why;
	if (natsSubscription_Drain(p->sub) != NATS_OK)
		pull_drained(p);
}

void
pull_close(struct nats *n)
{
	for (struct taking *t = helper_takings(n->h); t != NULL; t = t->next)
		if (t->engine != NULL)
			pull_end(t->engine, NULL);
}

bool
pull_is_open(const struct nats *n)
{
	for (struct taking *t = helper_takings(n->h); t != NULL; t = t->next)
		if (t->engine != NULL && !((struct pull *)t->engine)->drained)
			return true;
	return false;
}

static bool
pull_begin(struct nats *n, struct taking *t)
{
	struct trouble why = { CLASS_AGAIN, "out of memory" };
	struct stream *s;

	if (!stream_name_ok(n, NULL, t->queue)) {
		helper_ended(n->h, t, CLASS_CANNOT, "a stream of NATS cannot be called '%.100s'",
		    t->queue);
		return false;
	}
	if ((s = stream_get(n, t->queue, &why)) == NULL ||
	    !stream_consumer(n, s, t->lease_ms, &why) || (t->engine = pull_new(n)) == NULL) {
		helper_ended(n->h, t, why.class, "%s", why.text);
		return false;
	}
	return true;
}

void
pull_take(struct helper *h, struct taking *t)
{
	struct nats *n = helper_data(h);

	if (t->stopped && t->engine == NULL)
		helper_stopped(h, t);
	else if (t->stopped)
		pull_end(t->engine, NULL);
	else if (t->engine == NULL)
		(void)pull_begin(n, t);
}

/* ---- giving ------------------------------------------------------------------ */

/* Give it to mq.  'attempts' is what is known beside the message, or -1. */
static void
pull_give(struct nats *n, struct taking *t, natsMsg *msg, const struct token *token,
    int64_t attempts)
{
	struct message m = MESSAGE_NONE;
	struct mapped map = { 0 };
	const char *reply = natsMsg_GetReply(msg);
	char id[NAME_LONGEST + 60];

	m.enqueued = token->stored_ns / 1000;
	copy_in(msg, &map, &m);
	m.deliveries = (int64_t)token->deliveries;
	if (attempts >= 0)
		m.attempts = attempts;
	if (m.id == NULL || m.id[0] == '\0') {
		(void)snprintf(id, sizeof(id), "nats-%s-%llu", token->queue,
		    (unsigned long long)token->seq);
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
delivery_free(struct delivery *d)
{
	struct pull *p = d->t->engine;

	p->under_way--;
	natsMsg_Destroy(d->msg);
	free(d);
}

static void
delivery_back(struct nats *n, struct delivery *d, int64_t delay_ms)
{
	struct pull *p = d->t->engine;
	char text[64];

	settle_delay_text(delay_ms, text);
	settle_send(n, natsMsg_GetReply(d->msg), text);
	p->got--;
	delivery_free(d);
}

/* What is stored is "ATTEMPTS TIME"; the time is that of the message which it was stored for. */
static int64_t
delivery_attempts(const struct answer *r, const struct token *token)
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
delivery_looked_up(struct nats *n, struct ask *a, const struct answer *r)
{
	struct delivery *d = a->arg;
	const struct pull *p = d->t->engine;
	bool known = answer_good(r) || answer_code(r) == 404;

	if (!known || p->ending) {
		delivery_back(n, d, known ? 0 : 1000);
		return;
	}
	pull_give(n, d->t, d->msg, &d->token, delivery_attempts(r, &d->token));
	delivery_free(d);
}

/* A message that was delivered before may have failed attempts. */
static void
delivery_go_on(struct nats *n, struct delivery *d)
{
	char text[SUBJECT_MAX];

	if (d->token.deliveries < 2) {
		pull_give(n, d->t, d->msg, &d->token, -1);
		delivery_free(d);
		return;
	}
	(void)snprintf(text, sizeof(text), "{\"last_by_subj\":\"" ATTEMPTS ".%s.%llu\"}",
	    d->token.queue, (unsigned long long)d->token.seq);
	ask_text(n, "", "$JS.API.STREAM.MSG.GET." ATTEMPTS, text, delivery_looked_up, d);
}

static void
delivery_leased(struct nats *n, struct ask *a, const struct answer *r)
{
	struct delivery *d = a->arg;
	const struct pull *p = d->t->engine;

	if (!answer_good(r) || p->ending)
		delivery_back(n, d, 0);
	else
		delivery_go_on(n, d);
}

/* mq gets it when its lease is as long as mq wants it, and its attempts are known. */
static void
delivery_begin(struct nats *n, struct taking *t, natsMsg *msg, const struct token *token)
{
	struct pull *p = t->engine;
	struct delivery *d = calloc(1, sizeof(*d));
	char text[64];

	if (d == NULL) {
		natsMsg_Destroy(msg);	/* it comes again after its lease */
		return;
	}
	*d = (struct delivery){ .t = t, .msg = msg, .token = *token };
	p->under_way++;
	settle_delay_text(t->lease_ms, text);
	if (t->lease_ms != stream_lease(n, t->queue))
		ask_text(n, "", natsMsg_GetReply(msg), text, delivery_leased, d);
	else
		delivery_go_on(n, d);
}

static void
pull_message(struct nats *n, struct taking *t, struct event *e)
{
	struct pull *p = t->engine;
	const char *reply = natsMsg_GetReply(e->msg);
	struct token token;

	if (!token_parse(reply, &token))
		return;
	p->got++;
	if (p->ending)
		settle_send(n, reply, "-NAK");
	else {
		delivery_begin(n, t, e->msg, &token);
		e->msg = NULL;
	}
}

/* ---- the requests ---------------------------------------------------------- */

/* The server tells that a request has ended. */
static void
pull_status(struct nats *n, struct taking *t, natsMsg *msg)
{
	struct pull *p = t->engine;
	const char *status = "", *text = "";
	const char *dot = strrchr(natsMsg_GetSubject(msg), '.');
	struct trouble why = { .class = CLASS_GONE };

	if (p->ending || p->asked == 0 || dot == NULL || strtoul(dot + 1, NULL, 10) != p->turn)
		return;
	(void)natsMsgHeader_Get(msg, "Status", &status);
	(void)natsMsgHeader_Get(msg, "Description", &text);
	if (strcmp(status, "100") == 0)
		return;
	p->asked = 0;
	if (strcmp(status, "503") == 0 || strstr(text, "Deleted") != NULL) {
		stream_forget(n, t->queue);
		(void)snprintf(why.text, sizeof(why.text), "%s: its stream or consumer is gone",
		    t->queue);
		pull_end(p, &why);
	} else if (strcmp(status, "404") == 0 || strcmp(status, "408") == 0) {
		if (p->got == 0)
			helper_idle(n->h, t);
	} else if (p->got == 0)
		p->pause = clock_mono() + PAUSE_MS * 1000;
}

static void
pull_ask(struct nats *n, struct taking *t, usec_t now)
{
	struct pull *p = t->engine;
	int64_t look = n->set->timeout_ms / 2 < LOOK_MS ? n->set->timeout_ms / 2 : LOOK_MS;
	int64_t bytes = 2 * n->max_payload > BATCH_BYTES ? 2 * n->max_payload : BATCH_BYTES;
	char subject[SUBJECT_MAX], reply[120], text[120], wait[40];

	p->asked = t->credit - p->under_way;
	if (p->asked > BATCH_MAX)
		p->asked = BATCH_MAX;
	p->got = 0;
	p->deadline = now + (look + n->set->timeout_ms) * 1000;
	if (p->looked)
		(void)snprintf(wait, sizeof(wait), "\"expires\":%lld", (long long)look * 1000000);
	else
		(void)snprintf(wait, sizeof(wait), "\"no_wait\":true");
	p->looked = true;
	(void)snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.MSG.NEXT.%s." CONSUMER,
	    t->queue);
	(void)snprintf(reply, sizeof(reply), "%s.%u", p->prefix, ++p->turn);
	(void)snprintf(text, sizeof(text), "{\"batch\":%lld,\"max_bytes\":%lld,%s}",
	    (long long)p->asked, (long long)bytes, wait);
	(void)natsConnection_PublishRequestString(n->conn, subject, reply, text);
}

void
pull_event(struct nats *n, struct event *e)
{
	struct taking *t = helper_takings(n->h);
	const char *reply = e->msg != NULL ? natsMsg_GetReply(e->msg) : NULL;

	while (t != NULL && t->engine != e->pull)
		t = t->next;
	if (t == NULL)
		return;
	if (e->kind == EVENT_DRAINED)
		pull_drained(e->pull);
	else if (reply == NULL || reply[0] == '\0')
		pull_status(n, t, e->msg);
	else
		pull_message(n, t, e);
}

static void
pull_finish(struct nats *n, struct taking *t)
{
	const struct pull *p = t->engine;
	const struct trouble why = p->why;

	if (why.text[0] != '\0' && !t->stopped)
		helper_ended(n->h, t, why.class, "%s", why.text);
	else
		helper_stopped(n->h, t);
}

/* Whatever can be done for one taking now. */
static void
pull_step(struct nats *n, struct taking *t, usec_t now, usec_t *wake)
{
	struct pull *p = t->engine;

	if (p->ending) {
		if (p->drained && p->under_way == 0)
			pull_finish(n, t);
		return;
	}
	if (p->asked > 0 && p->got >= p->asked)
		p->asked = 0;
	if (p->asked > 0 && now >= p->deadline)
		helper_down(n->h, "%s: the server does not answer", t->queue);
	else if (p->asked == 0 && t->credit > p->under_way && now >= p->pause)
		pull_ask(n, t, now);
	if (p->asked > 0)
		wake_at(wake, p->deadline);
	else if (t->credit > p->under_way)
		wake_at(wake, p->pause);
}

void
pull_go_on(struct nats *n, usec_t now, usec_t *wake)
{
	struct taking *t, *next;

	for (t = helper_takings(n->h); t != NULL; t = next) {
		next = t->next;
		if (t->engine != NULL)
			pull_step(n, t, now, wake);
	}
}
