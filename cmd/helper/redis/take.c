/*
 * take.c: messages on their way out.
 *
 * The script claims what can be claimed.  If that is nothing, another connection waits until a new
 * entry is in one of the streams, or a bell rings, or the next message is due; it only looks, so
 * that nothing is claimed for nobody when the helper dies.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/redis/redis.h"

#define WAIT_MS 1000	/* how long the other connection waits: leases that end ring no bell */
#define STREAMS 11	/* those of ten priorities, and the bell */

struct take {
	struct client waiter;
	bool asked;		/* the script was sent, and has not answered yet */
	bool waiting;		/* the other connection waits */
	int64_t returning;	/* messages on their way back */
};

static void take_go(struct redis *r, struct taking *t);

/* ---- waiting -------------------------------------------------------------- */

static void
take_woken(struct redis *r, struct call *c, const struct reply *reply)
{
	struct taking *t = c->arg;
	struct take *k = t->engine;

	k->waiting = false;
	if (reply->type == '-' && client_class(reply) != CLASS_AGAIN)
		helper_down(r->h, "waiting for messages: %s", reply->text);
	else
		take_go(r, t);
}

/* 'from' has the entries after which something is new. */
static void
take_wait(struct redis *r, struct taking *t, int64_t ms, const struct reply *from)
{
	char names[STREAMS][REDIS_QUEUE_MAX + 16];
	struct take *k = t->engine;
	struct error err = { 0 };
	struct args a = { 0 };
	enum class class;
	struct call *c;

	if (k->waiter.net == NULL && !login(r, &k->waiter, false, &class, &err)) {
		helper_down(r->h, "%s", err.text);
		return;
	}
	k->waiter.slack = WAIT_MS * 1000LL;
	args_text(&a, "XREAD");
	args_text(&a, "COUNT");
	args_text(&a, "1");
	args_text(&a, "BLOCK");
	args_number(&a, ms < 0 || ms > WAIT_MS ? WAIT_MS : ms);
	args_text(&a, "STREAMS");
	for (int i = 0; i < STREAMS; i++) {
		(void)snprintf(names[i], sizeof(names[i]),
		    i == STREAMS - 1 ? "mq:{%s}:b" : "mq:{%s}:s%d", t->queue, i);
		args_text(&a, names[i]);
	}
	for (int i = 0; i < STREAMS; i++)
		args_text(&a, resp_item(from, i)->text);
	if ((c = client_send(r, &k->waiter, &a, take_woken, NULL)) != NULL) {
		c->arg = t;
		k->waiting = true;
	}
}

/* ---- claiming ------------------------------------------------------------- */

static void
take_returned(struct redis *r, struct call *c, const struct reply *reply)
{
	struct taking *t = c->arg;
	struct take *k = t->engine;

	(void)reply;
	k->returning--;
	take_go(r, t);
}

static void
take_return(struct redis *r, struct taking *t, const char *token)
{
	struct take *k = t->engine;
	struct call *c = settle_release(r, token, take_returned);

	if (c == NULL)
		return;
	c->arg = t;
	k->returning++;
}

static void
take_hold(struct redis *r, const char *token)
{
	struct held *held = calloc(1, sizeof(*held));

	if (held == NULL || (held->token = strdup(token)) == NULL) {
		free(held);
		helper_down(r->h, "no memory");
		return;
	}
	TAILQ_INSERT_TAIL(&r->held, held, link);
}

/* 'nonce' is what the script was told for all of them. */
static void
take_message(struct redis *r, struct taking *t, const char *nonce, const struct reply *raw)
{
	char token[REDIS_QUEUE_MAX + 128];
	struct fields f;

	(void)snprintf(token, sizeof(token), "%" PRId64 "/%.60s/%s/%s",
	    resp_number(resp_item(raw, 0)), resp_item(raw, 1)->text, nonce, t->queue);
	if (t->stopped || r->closing || t->credit <= 0) {
		take_return(r, t, token);
		return;
	}
	fields_read(&f, raw);
	if (!t->keep)
		take_hold(r, token);
	helper_msg(r->h, t, token, &f.m);
	fields_free(&f);
}

static void
take_answered(struct redis *r, struct call *c, const struct reply *reply)
{
	const struct reply *raw = resp_item(reply, 2);
	int64_t first = resp_number(resp_item(reply, 0));
	struct taking *t = c->arg;
	struct take *k = t->engine;

	k->asked = false;
	if (reply->type == '-') {
		helper_ended(r->h, t, client_class(reply), "%s", reply->text);
		return;
	}
	if (reply->type != '*') {
		helper_ended(r->h, t, CLASS_GONE, "no queue '%s': make it first", t->queue);
		return;
	}
	for (int64_t i = 0; i < raw->n; i++)
		take_message(r, t, c->text, resp_item(raw, i));
	if (raw->n == 0 && first != 0 && !t->stopped && !r->closing) {
		helper_idle(r->h, t);
		take_wait(r, t, first, resp_item(reply, 1));
	}
	take_go(r, t);
}

static void
take_ask(struct redis *r, struct taking *t)
{
	struct take *k = t->engine;
	struct args a = { 0 };
	char nonce[NONCE_LEN + 1];
	struct call *c;

	(void)snprintf(nonce, sizeof(nonce), "%016" PRIx64 "%08" PRIx64, r->nonce,
	    r->takes++ & UINT32_MAX);
	script_args(r, &a, t->queue, "take");
	args_text(&a, r->who);
	args_number(&a, t->credit);
	args_number(&a, t->lease_ms > 0 ? t->lease_ms : r->set->lease_ms);
	args_text(&a, nonce);
	if ((c = script_send(r, &a, true, take_answered, NULL)) == NULL)
		return;
	c->arg = t;
	c->text = strdup(nonce);
	k->asked = true;
}

/* Do what is next.  't' may be gone then. */
static void
take_go(struct redis *r, struct taking *t)
{
	struct take *k = t->engine;

	if (k->asked || k->returning > 0 || r->closing || helper_is_down(r->h))
		return;
	if (t->stopped)
		helper_stopped(r->h, t);
	else if (t->credit > 0 && !k->waiting)
		take_ask(r, t);
}

/* ---- what the core calls -------------------------------------------------- */

void
take(struct helper *h, struct taking *t)
{
	struct redis *r = helper_data(h);

	if (t->engine == NULL) {
		if (!redis_queue_ok(r, NULL, t->queue)) {
			helper_ended(h, t, CLASS_CANNOT, "there can be no queue '%s'", t->queue);
			return;
		}
		if ((t->engine = calloc(1, sizeof(struct take))) == NULL) {
			helper_down(h, "no memory");
			return;
		}
	}
	take_go(r, t);
}

void
take_forget(struct helper *h, struct taking *t)
{
	struct take *k = t->engine;

	if (k == NULL)
		return;
	client_close(helper_data(h), &k->waiter);
	free(k);
	t->engine = NULL;
}

int
take_watch(struct redis *r, struct pollfd *p, int max, int *timeout_ms)
{
	int n = 0;

	for (struct taking *t = helper_takings(r->h); t != NULL && n < max; t = t->next) {
		struct take *k = t->engine;
		if (k != NULL && k->waiting)
			client_watch(r, &k->waiter, &p[n++], timeout_ms);
	}
	return n;
}

void
take_work(struct redis *r)
{
	for (struct taking *t = helper_takings(r->h), *next; t != NULL; t = next) {
		struct take *k = t->engine;
		next = t->next;
		if (k != NULL && k->waiting && !client_work(r, &k->waiter))
			return;
	}
}

void
take_release(struct redis *r)
{
	struct held *held;

	while ((held = TAILQ_FIRST(&r->held)) != NULL) {
		TAILQ_REMOVE(&r->held, held, link);
		if (!helper_is_down(r->h))
			(void)settle_release(r, held->token, NULL);
		free(held->token);
		free(held);
	}
}
