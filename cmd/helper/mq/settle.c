/*
 * settle.c: how claims end.
 *
 * A token names the queue and the claim, so any process can settle it.  A claim that ends with this
 * process is also held here, since its lock lives as long as its file is open.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/mq/store.h"

void
settle_token(struct queue *q, const struct claim *c, char buf[STORE_TOKEN_MAX])
{
	char handle[HANDLE_MAX];

	handle_format(&c->at, handle);
	(void)snprintf(buf, STORE_TOKEN_MAX, "%s:%s", queue_name(q), handle);
}

/* ---- from a token to a claim ----------------------------------------------- */

struct settling {
	struct store *s;
	const char *tag;
	struct queue *q;
	struct claim *claim;
	struct claim other;	/* one that is not held here */
	struct error err;
};

static struct claim *
settle_held(struct store *s, const struct queue *q, const char *handle)
{
	char own[HANDLE_MAX];

	for (struct holding *d = s->held; d != NULL; d = d->next) {
		handle_format(&d->claim.at, own);
		/* The bucket at the end is only a hint, and changes. */
		if (d->q == q && strncmp(own, handle, ID_LEN + 1 + TOKEN_LEN) == 0)
			return &d->claim;
	}
	return NULL;
}

static enum status
settle_find(struct settling *e, const char *token)
{
	const char *colon = strchr(token, ':');
	char name[QUEUE_NAME_MAX + 1];
	enum status st;

	if (colon == NULL || (size_t)(colon - token) >= sizeof(name))
		return error_set(&e->err, ST_BADDATA, 0, "'%.80s' is no token of a spool", token);
	(void)strlcpy(name, token, (size_t)(colon - token) + 1);
	if ((st = queues_get(e->s, name, false, &e->q, &e->err)) != ST_OK)
		return st;
	if ((e->claim = settle_held(e->s, e->q, colon + 1)) != NULL)
		return ST_OK;
	e->claim = &e->other;
	return claim_find(e->q, colon + 1, &e->other, &e->err);
}

static bool
settle_begin(struct settling *e, struct helper *h, const char *tag, const char *token)
{
	*e = (struct settling){ .s = helper_data(h), .tag = tag };
	e->other.fd = -1;
	if (settle_find(e, token) == ST_OK)
		return true;
	helper_err(h, tag, error_class(&e->err), "%s", e->err.text);
	return false;
}

/* ---- the end ----------------------------------------------------------------- */

static void
settle_forget(struct store *s, const struct claim *c)
{
	struct holding **p = &s->held, *d;

	while (*p != NULL && &(*p)->claim != c)
		p = &(*p)->next;
	if ((d = *p) == NULL)
		return;
	*p = d->next;
	claim_close(&d->claim);
	free(d);
}

/* Answer.  A claim that has ended, or that was lost, is not held any more. */
static void
settle_end(struct settling *e, enum status st)
{
	if (st == ST_OK || st == ST_LOST)
		settle_forget(e->s, e->claim);
	store_answer(e->s, e->tag, st, &e->err);
}

void
settle_ack(struct helper *h, const char *tag, const char *token)
{
	struct settling e;

	if (settle_begin(&e, h, tag, token))
		settle_end(&e, claim_ack(e.q, e.claim, clock_now(), &e.err));
}

/* With 'attempts' the attempt failed; without, the message is given back as it was. */
void
settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason)
{
	struct failure why = { .reason = "nack", .text = reason, .delay = delay_ms * 1000,
	    .counted = true, .attempts = (int32_t)attempts };
	struct settling e;
	enum state to;

	if (!settle_begin(&e, h, tag, token))
		return;
	settle_end(&e, attempts < 0 ?
	    claim_release(e.q, e.claim, delay_ms * 1000, clock_now(), &e.err) :
	    claim_fail(e.q, e.claim, &why, clock_now(), &to, &e.err));
}

void
settle_dead(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason)
{
	struct failure why = {.reason = "nack", .text = reason, .permanent = true, .counted = true};
	struct settling e;
	enum state to;

	if (!settle_begin(&e, h, tag, token))
		return;
	why.attempts = attempts < 0 ? e.claim->at.name.attempts : (int32_t)attempts;
	settle_end(&e, claim_fail(e.q, e.claim, &why, clock_now(), &to, &e.err));
}

void
settle_extend(struct helper *h, const char *tag, const char *token, int64_t lease_ms)
{
	struct settling e;
	enum status st;

	if (!settle_begin(&e, h, tag, token))
		return;
	st = claim_extend(e.q, e.claim, lease_ms * 1000, clock_now(), &e.err);
	if (st == ST_LOST)
		settle_forget(e.s, e.claim);
	store_answer(e.s, tag, st, &e.err);
}

void
settle_release(struct store *s)
{
	while (s->held != NULL) {
		struct error ignored = { 0 };
		/* If this fails, the message is taken back when the lock has gone with us. */
		if (claim_release(s->held->q, &s->held->claim, 0, clock_now(), &ignored) != ST_OK)
			(void)fprintf(stderr, "%s\n", ignored.text);
		settle_forget(s, &s->held->claim);
	}
}
