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
/* After the first look: who wants no more if it finds nothing says so now. */
#define FIRST_PAUSE_MS 20
/* A request that ends so much later than it should may be one that the server has forgotten. */
#define LATE_MS 1000

struct pull {
	struct nats *n;
	natsSubscription *sub;
	natsInbox *prefix;
	unsigned turn;
	int64_t asked, got;	/* of the open request; asked 0: there is none */
	usec_t late, deadline, pause;
	bool looked;		/* for the first time */
	bool checked;		/* the open request is late, but the consumer is there */
	bool ending, draining, drained;
	natsMsg **back;		/* what came, and is to be given back at the end */
	size_t nback;
	int under_way;		/* deliveries */
	struct trouble why;	/* text "": it was stopped, and did not end */
};

struct inbox *
pull_inbox(const struct pull *p)
{
	return &p->n->inbox;
}

bool
pull_is_ending(const struct pull *p)
{
	return p->ending;
}

void
pull_count(struct pull *p, int n)
{
	p->under_way += n;
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
	while (p->nback > 0)
		natsMsg_Destroy(p->back[--p->nback]);
	free(p->back);
	free(p);
}

static void
pull_drained(struct pull *p)
{
	p->drained = true;
	natsSubscription_Destroy(p->sub);
	p->sub = NULL;
}

static void
pull_end(struct pull *p, const struct trouble *why)
{
	if (why != NULL && !p->ending)
		p->why = *why;
	p->ending = true;
}

/* It will be given back at the end. */
void
pull_keep(struct pull *p, natsMsg *msg)
{
	natsMsg **back = realloc(p->back, (p->nback + 1) * sizeof(natsMsg *));

	if (back == NULL) {
		natsMsg_Destroy(msg);	/* it comes again after its lease */
		return;
	}
	p->back = back;
	p->back[p->nback++] = msg;
}

/*
 * The way to an end.  An open request has to end first: a server of version 2.9 would give what is
 * given back to a request which nobody waits for any more, and then nobody has it until its lease
 * is over.  Then the library takes back the subscription, and tells when nothing more can come.
 * True: it has ended.
 */
static bool
pull_wind_up(struct pull *p)
{
	if (p->asked > 0 || p->under_way > 0)
		return false;
	if (!p->draining) {
		p->draining = true;
		if (natsSubscription_Drain(p->sub) != NATS_OK)
			pull_drained(p);
	}
	if (!p->drained)
		return false;
	while (p->nback > 0) {
		natsMsg *msg = p->back[--p->nback];
		settle_send(p->n, natsMsg_GetReply(msg), "-NAK");
		natsMsg_Destroy(msg);
	}
	return true;
}

bool
pull_close(struct nats *n)
{
	bool ended = true;

	for (struct taking *t = helper_takings(n->h); t != NULL; t = t->next)
		if (t->engine != NULL) {
			pull_end(t->engine, NULL);
			ended = pull_wind_up(t->engine) && ended;
		}
	return ended;
}

static bool
pull_begin(struct nats *n, struct taking *t)
{
	struct trouble why = { .c = CLASS_AGAIN, .text = "out of memory" };
	struct stream *s;

	if (!stream_name_ok(n, NULL, t->queue)) {
		helper_ended(n->h, t, CLASS_CANNOT, "a stream of NATS cannot be called '%.100s'",
		    t->queue);
		return false;
	}
	if ((s = stream_get(n, t->queue, &why)) == NULL ||
	    !stream_consumer(n, s, t->lease_ms, &why) || (t->engine = pull_new(n)) == NULL) {
		helper_ended(n->h, t, why.c, "%s", why.text);
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

/* ---- the requests ---------------------------------------------------------- */

static void
pull_message(struct nats *n, struct taking *t, struct event *e)
{
	struct pull *p = t->engine;
	const char *reply = natsMsg_GetReply(e->msg);
	struct token token;

	if (!token_parse(reply, &token))
		return;
	p->got++;
	if (p->asked > 0 && p->got >= p->asked)
		p->asked = 0;
	if (p->ending)
		pull_keep(p, e->msg);
	else
		deliver_begin(n, t, e->msg, &token);
	e->msg = NULL;
}

static void
pull_gone(struct nats *n, struct taking *t)
{
	struct pull *p = t->engine;
	struct trouble why = { .c = CLASS_GONE };

	stream_forget(n, t->queue);
	(void)snprintf(why.text, sizeof(why.text), "%s: its stream or consumer is gone", t->queue);
	p->asked = 0;
	pull_end(p, &why);
}

/* The server tells that a request has ended. */
static void
pull_status(struct nats *n, struct taking *t, natsMsg *msg)
{
	struct pull *p = t->engine;
	const char *status = "", *text = "";
	const char *dot = strrchr(natsMsg_GetSubject(msg), '.');
	bool nothing;

	if (p->asked == 0 || dot == NULL || strtoul(dot + 1, NULL, 10) != p->turn)
		return;
	(void)natsMsgHeader_Get(msg, "Status", &status);
	(void)natsMsgHeader_Get(msg, "Description", &text);
	if (strcmp(status, "100") == 0)
		return;
	p->asked = 0;
	nothing = strcmp(status, "404") == 0 || strcmp(status, "408") == 0;
	if (strcmp(status, "503") == 0 || strstr(text, "Deleted") != NULL)
		pull_gone(n, t);
	else if (!nothing && p->got == 0)
		p->pause = clock_mono() + PAUSE_MS * 1000;
	else if (nothing && p->got == 0 && !p->ending) {
		helper_idle(n->h, t);
		p->pause = clock_mono() + (p->turn == 1 ? FIRST_PAUSE_MS * 1000 : 0);
	}
}

/* Servers of version 2.9 do not tell those who wait that a consumer was deleted. */
static void
pull_late(struct nats *n, struct taking *t)
{
	struct pull *p = t->engine;
	char subject[SUBJECT_MAX];
	struct answer r;

	p->checked = true;
	(void)snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.INFO.%s." CONSUMER, t->queue);
	ask_now(n, subject, "", &r);
	if (answer_code(&r) == 404 || r.heard == HEARD_NOBODY)
		pull_gone(n, t);
	answer_free(&r);
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
	p->checked = false;
	p->late = now + (look + LATE_MS) * 1000;
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
		helper_ended(n->h, t, why.c, "%s", why.text);
	else
		helper_stopped(n->h, t);
}

/* Whatever can be done for one taking now. */
static void
pull_step(struct nats *n, struct taking *t, usec_t now, usec_t *wake)
{
	struct pull *p = t->engine;

	if (p->asked > 0 && now >= p->deadline)
		helper_down(n->h, "%s: the server does not answer", t->queue);
	else if (p->asked > 0 && now >= p->late && !p->checked)
		pull_late(n, t);
	if (p->asked > 0)
		wake_at(wake, p->checked ? p->deadline : p->late);
	if (p->ending) {
		if (pull_wind_up(p))
			pull_finish(n, t);
	} else if (p->asked == 0 && t->credit > p->under_way) {
		if (now >= p->pause)
			pull_ask(n, t, now);
		wake_at(wake, p->asked > 0 ? p->late : p->pause);
	}
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
