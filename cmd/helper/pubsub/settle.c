/*
 * settle.c: how claims end, and how their leases begin anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/pubsub/pubsub.h"

#define FLYING_MAX 4
#define ACKS_MAX 1000
#define ACKS_BYTES 400000	/* a request has 512 KiB at most */

/* What an item is for, in its 'n'; its 'what' is the new deadline in seconds. */
enum { SETTLE_ACK, SETTLE_NACK, SETTLE_EXTEND };

/* One request. */
struct flight {
	struct pubsub *s;
	struct sub *u;
	struct outbox *box;
	struct item *items;
};

/* ---- answers ------------------------------------------------------------------ */

/* Put the claim of an item to rest.  What waits behind it shares its fate. */
static void
settle_claim(struct pubsub *s, const struct item *i, bool lost)
{
	struct claim *c = i->id != NULL ? claims_find(&s->claims, i->id) : NULL;

	if (c == NULL)
		return;
	if (i->n == SETTLE_EXTEND && !lost)
		c->until = clock_mono() + i->what * USEC;
	else
		claims_settled(s->h, &s->claims, c);
}

static void
settle_answer(struct pubsub *s, const struct item *i, const struct trouble *why)
{
	if (why == NULL || why->c == CLASS_LOST)
		settle_claim(s, i, why != NULL);
	if (i->tag[0] == '\0')
		return;
	if (why == NULL)
		helper_ok(s->h, i->tag);
	else
		helper_err(s->h, i->tag, why->c, "%s", why->text);
}

/* With exactly-once delivery an error says which of the messages it is about. */
static void
settle_result(struct pubsub *s, const struct item *i, const struct http_answer *a, bool some)
{
	struct trouble why;
	int failed = api_ack_failed(a, json_string_value(i->entry));

	if (api_good(a) || (some && failed == -1)) {
		settle_answer(s, i, NULL);
		return;
	}
	api_failure(a, &why);
	if (failed >= 0)
		why.c = failed == 1 ? CLASS_LOST : CLASS_AGAIN;
	settle_answer(s, i, &why);
}

/* Whether the answer is about some of the messages, and not about the request. */
static bool
settle_some(const struct flight *f, const struct http_answer *a)
{
	for (const struct item *i = f->items; i != NULL; i = i->next)
		if (api_ack_failed(a, json_string_value(i->entry)) != -1)
			return true;
	return false;
}

static void
settle_results(struct flight *f, const struct http_answer *a, bool some)
{
	struct item *next;

	for (struct item *i = f->items; i != NULL; i = next) {
		next = i->next;
		settle_result(f->s, i, a, some);
		item_free(i);
	}
}

static bool settle_next(struct pubsub *s, struct sub *u, struct outbox *box);

static void
settle_box(struct pubsub *s, struct sub *u, struct outbox *box)
{
	while (box->first != NULL && box->flying < FLYING_MAX && settle_next(s, u, box))
		;
}

static void
settle_done(void *arg, const struct http_answer *a)
{
	struct flight *f = arg;
	struct trouble why = { .c = CLASS_AGAIN, .text = "" };
	bool some = settle_some(f, a);

	f->box->flying--;
	if (!api_good(a))
		api_failure(a, &why);
	/* One bad token must not take the others along. */
	if (why.c == CLASS_DATA && !some && f->items->next != NULL)
		outbox_back(f->box, f->items);
	else
		settle_results(f, a, some);
	settle_box(f->s, f->u, f->box);
	free(f);
}

static json_t *
settle_args(const struct sub *u, const struct outbox *box, const struct item *items)
{
	json_t *acks = json_array(), *args;
	int seconds = items->what;

	for (const struct item *i = items; i != NULL; i = i->next)
		(void)json_array_append(acks, i->entry);
	args = json_pack("{s:o}", "ackIds", acks);
	if (box == &u->changes)
		(void)json_object_set_new(args, "ackDeadlineSeconds", json_integer(seconds));
	return args;
}

static bool
settle_next(struct pubsub *s, struct sub *u, struct outbox *box)
{
	const struct api_how how = { 0 };
	struct flight *f = calloc(1, sizeof(*f));
	char *path = api_path("subscriptions", u->name, box == &u->acks ? ":acknowledge" :
	    ":modifyAckDeadline");
	bool sent;

	if (f != NULL && path != NULL)
		*f = (struct flight){ s, u, box, outbox_next(box, ACKS_MAX, ACKS_BYTES, false) };
	sent = f != NULL && f->items != NULL;
	if (sent)
		(void)api_send(s, path, settle_args(u, box, f->items), how, settle_done, f);
	else
		free(f);
	free(path);
	return sent;
}

void
settle_flush(struct pubsub *s, struct sub *u)
{
	settle_box(s, u, &u->acks);
	settle_box(s, u, &u->changes);
}

/* ---- requests ----------------------------------------------------------------- */

struct sub *
settle_sub(struct helper *h, const char *tag, const char *token, const char **ack)
{
	struct pubsub *s = helper_data(h);
	const char *slash = strchr(token, '/');
	struct sub *u = NULL;
	struct trouble f;
	struct ends n;
	char name[PUBSUB_NAME_MAX + 1];

	if (slash != NULL && slash[1] != '\0' && (size_t)(slash - token) < sizeof(name)) {
		memcpy(name, token, (size_t)(slash - token));
		name[slash - token] = '\0';
		*ack = slash + 1;
		if (name_parse(name, &n, &f))
			u = name_sub_told(s, name);
	}
	if (u == NULL)
		helper_err(h, tag, CLASS_DATA, "this is no token of Pub/Sub");
	return u;
}

static void
settle_add(struct sub *u, const char *tag, const char *token, const char *ack, int kind, int64_t s)
{
	struct item *i = item_new(tag, json_string(ack), strlen(ack) + 3);

	/* Without memory the lease ends by itself, and mq waits in vain until it gives up. */
	if (i == NULL)
		return;
	i->id = token != NULL ? strdup(token) : NULL;
	i->n = kind;
	i->what = (int)(s < PUBSUB_LEASE_MAX ? s : PUBSUB_LEASE_MAX);
	if (!outbox_add(kind == SETTLE_ACK ? &u->acks : &u->changes, i))
		item_free(i);
}

void
settle_lease(struct sub *u, const char *ack, int64_t seconds)
{
	settle_add(u, "", NULL, ack, SETTLE_EXTEND, seconds);
}

void
settle_back_all(struct pubsub *s, struct claim *c, int64_t delay_s)
{
	for (struct claim *next; c != NULL; c = next) {
		const char *slash = strchr(c->token, '/');
		struct sub *u;
		next = c->next;
		c->token[slash - c->token] = '\0';
		if ((u = name_sub_told(s, c->token)) != NULL)
			settle_lease(u, slash + 1, delay_s);
		claim_free(c);
	}
}

void
settle_ack(struct helper *h, const char *tag, const char *token)
{
	const char *ack;
	struct sub *u = settle_sub(h, tag, token, &ack);

	if (u != NULL)
		settle_add(u, tag, token, ack, SETTLE_ACK, 0);
}

void
settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason)
{
	struct pubsub *s = helper_data(h);
	const char *ack;
	struct sub *u = settle_sub(h, tag, token, &ack);
	const struct claim *c = claims_find(&s->claims, token);
	int64_t seconds = (delay_ms + 999) / 1000;

	/* What Pub/Sub stored does not change: there is no place for these. */
	(void)attempts;
	(void)reason;
	if (u == NULL)
		return;
	if (c != NULL)
		settle_back_all(s, claims_behind(&s->claims, c, NULL), seconds);
	settle_add(u, tag, token, ack, SETTLE_NACK, seconds);
}

/* What waits behind a claim must not come to somebody else before it. */
static void
settle_extend_behind(struct pubsub *s, struct sub *u, const struct claim *of, int64_t seconds)
{
	if (seconds > PUBSUB_LEASE_MAX)
		seconds = PUBSUB_LEASE_MAX;
	for (struct claim *c = s->claims.first; of->lane != NULL && c != NULL; c = c->next) {
		if (c->taking == NULL || c->lane == NULL || strcmp(c->lane, of->lane) != 0 ||
		    strcmp(c->queue, of->queue) != 0)
			continue;
		settle_lease(u, strchr(c->token, '/') + 1, seconds);
		c->until = clock_mono() + seconds * USEC;
	}
}

void
settle_extend(struct helper *h, const char *tag, const char *token, int64_t lease_ms)
{
	struct pubsub *s = helper_data(h);
	const char *ack;
	struct sub *u = settle_sub(h, tag, token, &ack);
	const struct claim *of = claims_find(&s->claims, token);
	int64_t seconds = lease_ms < 1000 ? 1 : (lease_ms + 999) / 1000;

	if (u == NULL)
		return;
	if (of != NULL)
		settle_extend_behind(s, u, of, seconds);
	settle_add(u, tag, token, ack, SETTLE_EXTEND, seconds);
}
