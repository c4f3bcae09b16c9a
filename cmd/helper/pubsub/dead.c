/*
 * dead.c: dead letters, which have a topic and a subscription of their own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/pubsub/pubsub.h"

#define LOOK_MS 5000	/* a pull that brings nothing for so long found nothing */
#define LOOK_MAX 100

/* ---- burying ------------------------------------------------------------------- */

struct burial {
	struct pubsub *s;
	struct item *item;
	char *token;
};

static void
burial_free(struct burial *b)
{
	item_free(b->item);
	free(b->token);
	free(b);
}

/* The dead letter is stored, so the message may go. */
static void
burial_done(void *arg, const struct http_answer *a)
{
	struct burial *b = arg;
	struct trouble why;
	struct sub *u;
	const char *ack;

	if (!api_good(a)) {
		api_failure(a, &why);
		helper_err(b->s->h, b->item->tag, why.c, "%s", why.text);
	} else if ((u = settle_sub(b->s->h, b->item->tag, b->token, &ack)) != NULL) {
		settle_ack(b->s->h, b->item->tag, b->token);
		settle_flush(b->s, u);
	}
	burial_free(b);
}

static void
dead_send(struct pubsub *s, const struct topic *t, const char *tag, const struct claim *c,
    int64_t attempts, const char *reason)
{
	const struct api_how how = { .once = true };
	struct burial *b = calloc(1, sizeof(*b));
	struct trouble f = { .c = CLASS_AGAIN, .text = "no memory" };
	struct message m = c->m;
	char *path = api_path("topics", t->name, ":publish");

	m.reason = reason != NULL ? reason : m.reason;
	m.attempts = attempts >= 0 ? attempts : m.attempts;
	if (b == NULL || path == NULL || (b->token = strdup(c->token)) == NULL ||
	    (b->item = entry_out(tag, &m, &f)) == NULL) {
		helper_err(s->h, tag, f.c, "%s", f.text);
		if (b != NULL)
			burial_free(b);
	} else {
		b->s = s;
		(void)api_send(s, path, push_args(b->item), how, burial_done, b);
	}
	free(path);
}

void
dead_bury(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason)
{
	struct pubsub *s = helper_data(h);
	const struct claim *c = claims_find(&s->claims, token);
	struct trouble f = { 0 };
	const struct topic *t;
	struct ends n, dead;
	const char *ack;

	if (settle_sub(h, tag, token, &ack) == NULL)
		return;
	if (c == NULL)
		helper_err(h, tag, CLASS_CANNOT,
		    "another process took this message, and Pub/Sub does not show "
		    "it by its ackId: nack it, and let the one that takes it next make it a dead "
		    "letter");
	else if (!name_parse(c->queue, &n, &f) || !name_dead(&n, &dead, &f))
		helper_err(h, tag, f.c, "%s", f.text);
	else if ((t = name_topic(s, &dead, true, &f)) == NULL)
		helper_err(h, tag, f.c, "dead letters of %s: %s", c->queue, f.text);
	else
		dead_send(s, t, tag, c, attempts, reason);
}

/* ---- retrying ------------------------------------------------------------------ */

/* All dead letters of a queue go back to its topic. */
struct retry {
	struct pubsub *s;
	struct sub *from;
	struct topic *to;
	char tag[FRAME_TAG_MAX];
	struct outbox box;	/* what the last pull brought */
	struct item *items;	/* those of it that are being sent */
	int64_t n;
	bool empty;
	bool failed;
	struct trouble why;
};

static void retry_send(struct retry *r);

static void
retry_items_free(struct retry *r)
{
	while (r->items != NULL) {
		struct item *i = r->items;
		r->items = i->next;
		item_free(i);
	}
}

static void
retry_end(struct retry *r)
{
	if (r->failed) {
		helper_err(
		    r->s->h, r->tag, r->why.c, "after %lld: %s", (long long)r->n, r->why.text);
	} else {
		helper_ok_begin(r->s->h, r->tag);
		helper_field(r->s->h, "n", r->n);
		helper_ok_end(r->s->h);
	}
	retry_items_free(r);
	outbox_free(&r->box);
	free(r);
}

/* Whether the answer is good.  If not, the retry ends. */
static bool
retry_good(struct retry *r, const struct http_answer *a)
{
	if (api_good(a))
		return true;
	api_failure(a, &r->why);
	r->failed = true;
	retry_end(r);
	return false;
}

static void
retry_acked(void *arg, const struct http_answer *a)
{
	struct retry *r = arg;

	if (!retry_good(r, a))
		return;
	for (const struct item *i = r->items; i != NULL; i = i->next)
		r->n++;
	retry_send(r);
}

static void
retry_sent(void *arg, const struct http_answer *a)
{
	const struct api_how how = { 0 };
	struct retry *r = arg;
	json_t *acks;
	char *path;

	if (!retry_good(r, a))
		return;
	acks = json_array();
	for (const struct item *i = r->items; i != NULL; i = i->next)
		(void)json_array_append_new(acks, json_string(i->id));
	path = api_path("subscriptions", r->from->name, ":acknowledge");
	(void)api_send(r->s, path != NULL ? path : "", json_pack("{s:o}", "ackIds", acks), how,
	    retry_acked, r);
	free(path);
}

/* Make a dead letter what it was before. */
static void
retry_item(struct retry *r, const json_t *json)
{
	struct item *i = NULL;
	struct entry e;

	(void)trouble_set(&r->why, CLASS_DATA, "a dead letter came damaged");
	if (entry_in(json, &e)) {
		e.m.reason = NULL;
		e.m.attempts = 0;
		i = entry_out(r->tag, &e.m, &r->why);
	}
	if (i == NULL) {
		r->failed = true;
	} else {
		/* What is needed to acknowledge it afterwards; its key stays in the entry. */
		free(i->id);
		i->id = strdup(e.ack);
		free(i->key);
		i->key = NULL;
		if (!outbox_add(&r->box, i))
			item_free(i);
	}
	entry_free(&e);
}

static void
retry_found(void *arg, const struct http_answer *a)
{
	struct retry *r = arg;
	const json_t *messages = json_object_get(a->json, "receivedMessages");

	if (!a->timed_out && !retry_good(r, a))
		return;
	r->empty = json_array_size(messages) == 0;
	for (size_t i = 0; i < json_array_size(messages); i++)
		retry_item(r, json_array_get(messages, i));
	if (r->failed)
		retry_end(r);
	else
		retry_send(r);
}

/* Send what was found; then look for more. */
static void
retry_send(struct retry *r)
{
	const struct api_how once = {.once = true}, look = {.patient = true, .limit_ms = LOOK_MS};
	char *path = NULL;

	retry_items_free(r);
	r->items = outbox_next(&r->box, PUBSUB_BATCH, PUBSUB_REQUEST_MAX, false);
	if (r->items != NULL) {
		path = api_path("topics", r->to->name, ":publish");
		(void)api_send(
		    r->s, path != NULL ? path : "", push_args(r->items), once, retry_sent, r);
	} else if (!r->empty) {
		path = api_path("subscriptions", r->from->name, ":pull");
		(void)api_send(r->s, path != NULL ? path : "",
		    json_pack("{s:i}", "maxMessages", LOOK_MAX), look, retry_found, r);
	} else {
		retry_end(r);
	}
	free(path);
}

void
dead_retry(struct helper *h, const char *tag, const char *queue, const char *id)
{
	struct pubsub *s = helper_data(h);
	struct trouble f = { 0 };
	struct ends n, dead;
	struct topic *to = NULL;
	struct sub *from = NULL;
	struct retry *r;

	if (id != NULL) {
		helper_err(h, tag, CLASS_CANNOT,
		    "Pub/Sub does not find a message by its id: retry all of them");
		return;
	}
	if (!name_parse(queue, &n, &f) || !name_dead(&n, &dead, &f) ||
	    (to = name_topic(s, &n, false, &f)) == NULL ||
	    ((from = name_sub(s, dead.sub, &f)) == NULL && f.c != CLASS_GONE) ||
	    (r = calloc(1, sizeof(*r))) == NULL) {
		helper_err(h, tag, f.c, "%s", f.text);
		return;
	}
	*r = (struct retry){ .s = s, .from = from, .to = to };
	outbox_init(&r->box);
	(void)strlcpy(r->tag, tag, sizeof(r->tag));
	/* Without a subscription nobody ever made a dead letter. */
	if (from == NULL)
		retry_end(r);
	else
		retry_send(r);
}
