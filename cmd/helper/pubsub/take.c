/*
 * take.c: messages on their way from Pub/Sub.
 *
 * A pull waits at the server until there is a message, for longer than mq wants to wait for a word;
 * so 'idle' is said while it is open.  One that brought nothing for long is closed, and the server
 * is asked whether it and the subscription are still there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/pubsub/pubsub.h"

/* Of one subscription at the same time, while there is more than one brings. */
#define PULLS_MAX 4
#define PULL_MAX 100	/* messages of a pull */
#define PULL_MS 25000	/* how long a pull may be open */
#define WAITING_MAX 64	/* messages that wait for others of their key */
/* How long a pull is open before the first 'idle'; then it is five times that. */
#define IDLE_MS 2000

/* What is under way for one taking. */
struct puller {
	struct taking *t;
	struct pubsub *s;
	struct sub *u;
	struct pull *open;
	int pulls;		/* how many these are */
	int64_t asked;		/* messages that they may bring */
	usec_t idle;		/* when 'idle' is due */
	bool full;		/* the last pull brought all that it asked for */
	bool probe;		/* ask whether the subscription is there before the next pull */
	bool failed;
	struct trouble why;
};

struct pull {
	struct pull *next;
	struct puller *p;
	struct http_call *call;
	int64_t n;		/* 0: it only asks whether the subscription is there */
	json_t *got;		/* what it brought, while it gets the lease that mq wants */
};

static void take_pull(struct puller *p);

/* ---- the end ------------------------------------------------------------------- */

static void
take_closed(struct pull *pull)
{
	struct pull **at = &pull->p->open;

	while (*at != pull)
		at = &(*at)->next;
	*at = pull->next;
	pull->p->pulls--;
	pull->p->asked -= pull->n;
	json_decref(pull->got);
	free(pull);
}

/* What the server sends at this very moment comes again when its lease is over. */
static void
take_cancel(struct puller *p)
{
	while (p->open != NULL) {
		for (size_t i = 0; i < json_array_size(p->open->got); i++)
			settle_lease(p->u, text_of(json_array_get(p->open->got, i), "ackId"), 0);
		http_cancel(p->open->call);
		take_closed(p->open);
	}
}

void
take_end(struct taking *t)
{
	if (t->engine != NULL)
		take_cancel(t->engine);
}

/* Whether the taking is over; then mq is told so. */
static bool
take_over(struct puller *p)
{
	struct pubsub *s = p->s;

	if (!p->t->stopped && !p->failed)
		return false;
	take_cancel(p);
	settle_back_all(s, claims_behind(&s->claims, NULL, p->t), 0);
	settle_flush(s, p->u);
	if (p->t->stopped)
		helper_stopped(s->h, p->t);
	else
		helper_ended(s->h, p->t, p->why.c, "%s", p->why.text);
	return true;
}

void
take_forget(struct helper *h, struct taking *t)
{
	(void)h;
	free(t->engine);
}

/* ---- what came ----------------------------------------------------------------- */

static int64_t
take_lease(const struct taking *t)
{
	int64_t lease = (t->lease_ms + 999) / 1000;

	return lease < 1 ? 1 : lease > PUBSUB_LEASE_MAX ? PUBSUB_LEASE_MAX : lease;
}

static void
take_message(struct puller *p, const json_t *json)
{
	struct pubsub *s = p->s;
	int64_t lease = take_lease(p->t);
	struct entry e;
	char *token = NULL;

	if (!entry_in(json, &e))
		(void)fprintf(
		    stderr, "%s: a message came damaged, and comes again later\n", p->u->name);
	else if ((token = text_print("%s/%s", p->u->name, e.ack)) != NULL) {
		if (s->closing || strlen(token) > FRAME_TOKEN_MAX ||
		    !claims_add(s->h, &s->claims, p->t, token, e.lane, &e.m, lease * 1000))
			settle_lease(p->u, e.ack, 0);
	}
	free(token);
	entry_free(&e);
}

static void
take_messages(struct puller *p, const json_t *messages, int64_t asked)
{
	int64_t n = (int64_t)json_array_size(messages);

	for (int64_t i = 0; i < n; i++)
		take_message(p, json_array_get(messages, (size_t)i));
	settle_flush(p->s, p->u);
	p->full = n == asked;
	if (n > 0)
		p->idle = 0;
	else if (asked > 0 && p->pulls == 0 && !p->s->closing && p->t->credit > 0)
		helper_idle(p->s->h, p->t);
}

/* The messages have their lease, or a shorter one if that failed. */
static void
take_leased(void *arg, const struct http_answer *a)
{
	struct pull *pull = arg;
	struct puller *p = pull->p;
	json_t *got = json_incref(pull->got);
	int64_t n = pull->n;

	(void)a;
	take_closed(pull);
	take_messages(p, got, n);
	json_decref(got);
	take_pull(p);
}

/*
 * Ask for the lease that mq wants, where the subscription gives another one.  Mq gets no message
 * before, so it never has one for a shorter time than it believes.
 */
static bool
take_lengthen(struct pull *pull, json_t *messages)
{
	const struct api_how how = { 0 };
	struct puller *p = pull->p;
	int64_t lease = take_lease(p->t);
	struct http_call *call;
	json_t *acks;
	char *path;

	if (json_array_size(messages) == 0 || lease == p->u->deadline || p->s->closing)
		return false;
	acks = json_array();
	for (size_t i = 0; i < json_array_size(messages); i++)
		(void)json_array_append(
		    acks, json_object_get(json_array_get(messages, i), "ackId"));
	pull->got = json_incref(messages);
	path = api_path("subscriptions", p->u->name, ":modifyAckDeadline");
	call = api_send(p->s, path != NULL ? path : "", json_pack("{s:o, s:I}", "ackIds", acks,
	    "ackDeadlineSeconds", (json_int_t)lease), how, take_leased, pull);
	if (call != NULL)
		pull->call = call;
	free(path);
	return true;
}

static void
take_done(void *arg, const struct http_answer *a)
{
	struct pull *pull = arg;
	struct puller *p = pull->p;
	json_t *messages = json_object_get(a->json, "receivedMessages");
	int64_t n = pull->n;
	struct trouble why;

	if (api_good(a) && take_lengthen(pull, messages))
		return;
	take_closed(pull);
	if (api_good(a)) {
		take_messages(p, messages, n);
	} else if (n > 0 && a->timed_out) {
		p->probe = true;
	} else {
		api_failure(a, &why);
		/* A server that throttles gets another pull; one that is away ends the helper. */
		if (why.c != CLASS_AGAIN && why.c != CLASS_FULL && why.c != CLASS_UNKNOWN) {
			p->failed = true;
			p->why = why;
			p->u->known = false;
		}
	}
	take_pull(p);
}

/* ---- pulls ----------------------------------------------------------------------- */

static struct http_call *
take_send(struct puller *p, struct pull *pull)
{
	const struct api_how pulls = { .patient = true, .limit_ms = PULL_MS }, looks = { 0 };
	char *path = api_path("subscriptions", p->u->name, pull->n > 0 ? ":pull" : "");
	json_t *args = pull->n > 0 ? json_pack("{s:I}", "maxMessages", (json_int_t)pull->n) : NULL;
	struct http_call *call = api_send(p->s, path != NULL ? path : "", args,
	    pull->n > 0 ? pulls : looks, take_done, pull);

	free(path);
	return call;
}

static bool
take_open(struct puller *p, int64_t n)
{
	struct pull *pull = calloc(1, sizeof(*pull));
	struct http_call *call;

	if (pull == NULL)
		return false;
	*pull = (struct pull){ .next = p->open, .p = p, .n = n };
	p->open = pull;
	p->pulls++;
	p->asked += n;
	/* Without one the pull is over already. */
	if ((call = take_send(p, pull)) != NULL)
		pull->call = call;
	return call != NULL;
}

/* Look for as many messages as mq wants. */
static void
take_pull(struct puller *p)
{
	int64_t want;

	if (p->s->closing || helper_is_down(p->s->h) || take_over(p))
		return;
	if (p->probe && p->pulls == 0) {
		p->probe = false;
		(void)take_open(p, 0);
		return;
	}
	while (p->pulls < (p->full ? PULLS_MAX : 1) &&
	    claims_waiting(&p->s->claims, p->t) < WAITING_MAX &&
	    (want = p->t->credit - p->asked) > 0) {
		if (p->idle == 0)
			p->idle = clock_mono() + IDLE_MS * 1000;
		if (!take_open(p, want < PULL_MAX ? want : PULL_MAX))
			return;
	}
}

/* When mq is to be told that a pull has found nothing so far; 0: never. */
static usec_t
take_idle(const struct taking *t)
{
	const struct puller *p = t->engine;

	return p == NULL || t->stopped || t->credit <= 0 || p->asked == 0 ? 0 : p->idle;
}

void
take_idles(struct pubsub *s)
{
	usec_t now = clock_mono();

	for (struct taking *t = helper_takings(s->h); t != NULL; t = t->next)
		if (take_idle(t) != 0 && take_idle(t) <= now) {
			helper_idle(s->h, t);
			((struct puller *)t->engine)->idle = now + 5 * IDLE_MS * 1000;
		}
}

void
take_watch(struct pubsub *s, int *timeout_ms)
{
	usec_t now = clock_mono();

	for (struct taking *t = helper_takings(s->h); t != NULL; t = t->next) {
		int64_t left = (take_idle(t) - now) / 1000 + 1;
		if (take_idle(t) != 0 && (*timeout_ms < 0 || left < *timeout_ms))
			*timeout_ms = left > 0 ? (int)left : 0;
	}
}

void
take_more(struct helper *h, struct taking *t)
{
	struct pubsub *s = helper_data(h);
	struct puller *p = t->engine;
	struct trouble f = { 0 };
	struct ends n;

	if (p == NULL) {
		struct sub *u = NULL;
		if (t->stopped) {
			helper_stopped(h, t);
			return;
		}
		if (!name_parse(t->queue, &n, &f) || (u = name_sub(s, n.sub, &f)) == NULL ||
		    (p = calloc(1, sizeof(*p))) == NULL) {
			helper_ended(h, t, f.c, "%s", f.text);
			return;
		}
		*p = (struct puller){ .t = t, .s = s, .u = u };
		t->engine = p;
	}
	/* New credit, new patience. */
	p->idle = 0;
	claims_turn(h, &s->claims);
	if (p->asked > 0)
		p->idle = clock_mono() + IDLE_MS * 1000;
	take_pull(p);
}
