/*
 * settle.c: how claims end.  A token is PRIORITY/ENTRY/NONCE/QUEUE, and any process may use it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/redis/redis.h"

/* Begin a call of the script for the claim.  False: it is no token, and the tag was answered. */
static bool
settle_args(struct redis *r, struct args *a, const char *what, const char *tag,
    const char *token)
{
	const char *entry = strchr(token, '/');
	const char *nonce = entry != NULL ? strchr(entry + 1, '/') : NULL;
	const char *queue = nonce != NULL ? strchr(nonce + 1, '/') : NULL;

	if (queue == NULL || entry != token + 1 || queue - nonce - 1 != NONCE_LEN ||
	    strlen(queue + 1) > REDIS_QUEUE_MAX) {
		if (tag != NULL)
			helper_err(r->h, tag, CLASS_DATA, "this is not a claim of Redis");
		return false;
	}
	script_args(r, a, queue + 1, what);
	args_bytes(a, token, (size_t)(entry - token));
	args_bytes(a, entry + 1, (size_t)(nonce - entry - 1));
	args_bytes(a, nonce + 1, NONCE_LEN);
	return true;
}

/* However it ends, it is not for this helper to give it back any more. */
static void
settle_forget(struct redis *r, const char *token)
{
	struct held *held;

	TAILQ_FOREACH(held, &r->held, link)
		if (strcmp(held->token, token) == 0) {
			TAILQ_REMOVE(&r->held, held, link);
			free(held->token);
			free(held);
			return;
		}
}

static void
settle_done(struct redis *r, struct call *c, const struct reply *reply)
{
	if (client_refused(r, c, reply))
		return;
	if (strcmp(reply->text, "ok") == 0)
		helper_ok(r->h, c->tag);
	else
		helper_err(r->h, c->tag, CLASS_LOST, "the claim has ended");
}

void
settle_ack(struct helper *h, const char *tag, const char *token)
{
	struct redis *r = helper_data(h);
	struct args a = { 0 };

	settle_forget(r, token);
	if (settle_args(r, &a, "ack", tag, token))
		(void)script_send(r, &a, true, settle_done, tag);
}

/* What has nothing new to be told of keeps its place. */
void
settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason)
{
	struct redis *r = helper_data(h);
	bool as_it_was = delay_ms <= 0 && attempts < 0 && reason == NULL;
	struct args a = { 0 };

	settle_forget(r, token);
	if (!settle_args(r, &a, as_it_was ? "release" : "nack", tag, token))
		return;
	if (!as_it_was) {
		args_number(&a, delay_ms > REDIS_DELAY_MAX ? REDIS_DELAY_MAX : delay_ms);
		args_number(&a, attempts);
		args_text(&a, reason != NULL ? reason : "");
	}
	(void)script_send(r, &a, true, settle_done, tag);
}

void
settle_dead(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason)
{
	struct redis *r = helper_data(h);
	struct args a = { 0 };

	settle_forget(r, token);
	if (!settle_args(r, &a, "dead", tag, token))
		return;
	args_number(&a, attempts);
	args_text(&a, reason != NULL ? reason : "");
	(void)script_send(r, &a, true, settle_done, tag);
}

void
settle_extend(struct helper *h, const char *tag, const char *token, int64_t lease_ms)
{
	struct redis *r = helper_data(h);
	struct args a = { 0 };

	if (!settle_args(r, &a, "extend", tag, token))
		return;
	args_number(&a, lease_ms);
	(void)script_send(r, &a, true, settle_done, tag);
}

struct call *
settle_release(struct redis *r, const char *token,
    void (*done)(struct redis *, struct call *, const struct reply *))
{
	struct args a = { 0 };

	return settle_args(r, &a, "release", NULL, token) ?
	    script_send(r, &a, true, done, NULL) : NULL;
}
