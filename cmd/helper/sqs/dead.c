/*
 * dead.c: dead letters, which are in a queue of their own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/sqs/sqs.h"

#define LOOK_LEASE 60	/* s that a dead letter is hidden while it is moved */
#define MISSES 2	/* looks that find nothing, after which there is nothing */

/* ---- burying ------------------------------------------------------------------- */

struct burial {
	struct sqs *s;
	struct item *item;
	char *token;
	char tag[FRAME_TAG_MAX];
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
	struct trouble why = {
	    .c = CLASS_UNKNOWN, .text = "SQS did not say whether it stored the dead letter"};
	const json_t *entry;
	int good = a->status == 200 ? api_entry(a->json, 0, &entry) : -1;

	if (a->status != 200)
		api_failure(a, &why);
	else if (good == 0)
		api_entry_failure(entry, &why);
	if (good == 1) {
		struct queue *q;
		const char *receipt;
		settle_ack(b->s->h, b->tag, b->token);
		if ((q = settle_queue(b->s->h, b->tag, b->token, &receipt)) != NULL)
			settle_flush(b->s, q);
	} else {
		helper_err(b->s->h, b->tag, why.c, "%s", why.text);
	}
	burial_free(b);
}

static void
dead_send(struct sqs *s, const struct queue *q, const char *tag, const struct claim *c,
    int64_t attempts, const char *reason)
{
	struct burial *b = calloc(1, sizeof(*b));
	struct message m = c->m;
	struct trouble f = { .c = CLASS_AGAIN, .text = "no memory" };

	m.reason = reason != NULL ? reason : m.reason;
	m.attempts = attempts >= 0 ? attempts : m.attempts;
	if (b == NULL || (b->token = strdup(c->token)) == NULL ||
	    (b->item = entry_out(q, tag, &m, true, &f)) == NULL) {
		helper_err(s->h, tag, f.c, "%s", f.text);
		if (b != NULL)
			burial_free(b);
		return;
	}
	b->s = s;
	(void)strlcpy(b->tag, tag, sizeof(b->tag));
	(void)api_send(s, "SendMessageBatch", api_batch(q->url, b->item), true, 0, burial_done, b);
}

void
dead_bury(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason)
{
	struct sqs *s = helper_data(h);
	struct trouble f = { 0 };
	const struct claim *c = claims_find(&s->claims, token);
	const struct queue *q;
	const char *receipt;
	char name[128];

	if (settle_queue(h, tag, token, &receipt) == NULL)
		return;
	if (c == NULL) {
		helper_err(h, tag, CLASS_CANNOT,
		    "another process took this message, and SQS does not show "
		    "it by its receipt: nack it, and let the one that takes it next make it a dead "
		    "letter");
		return;
	}
	if (!queue_dead_name(c->queue, name, sizeof(name)))
		helper_err(h, tag, CLASS_CANNOT,
		    "the name of the queue is too long for one with -mq-dead");
	else if ((q = queue_get(s, name, true, &f)) == NULL)
		helper_err(h, tag, f.c, "dead letters of %s: %s", c->queue, f.text);
	else
		dead_send(s, q, tag, c, attempts, reason);
}

/* ---- retrying ------------------------------------------------------------------ */

/* All dead letters of a queue go back to it, ten at a time. */
struct retry {
	struct sqs *s;
	struct queue *from, *to;
	char tag[FRAME_TAG_MAX];
	struct outbox box;	/* what the last look brought */
	struct item *items;	/* those of it that are being sent */
	int64_t nmoved;		/* how many of these were stored */
	int64_t n;
	int misses;
	struct trouble why;
	bool failed;
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
	if (a->status == 200)
		return true;
	api_failure(a, &r->why);
	r->failed = true;
	retry_end(r);
	return false;
}

static void
retry_deleted(void *arg, const struct http_answer *a)
{
	struct retry *r = arg;

	if (!retry_good(r, a))
		return;
	r->n += r->nmoved;
	if (r->failed)
		retry_end(r);
	else
		retry_send(r);
}

static void
retry_sent(void *arg, const struct http_answer *a)
{
	struct retry *r = arg;
	json_t *entries = json_array();
	size_t n = 0;

	if (!retry_good(r, a)) {
		json_decref(entries);
		return;
	}
	r->nmoved = 0;
	for (const struct item *i = r->items; i != NULL; i = i->next, n++) {
		const json_t *entry;
		int good = api_entry(a->json, n, &entry);
		if (good == 1) {
			(void)json_array_append_new(entries, json_pack("{s:o, s:s}", "Id",
			    json_sprintf("%zu", n), "ReceiptHandle", i->id));
			r->nmoved++;
			continue;
		}
		r->failed = true;
		(void)trouble_set(&r->why, CLASS_UNKNOWN, "SQS did not say what became of it");
		if (good == 0)
			api_entry_failure(entry, &r->why);
	}
	if (r->nmoved == 0) {
		json_decref(entries);
		retry_end(r);
		return;
	}
	(void)api_send(r->s, "DeleteMessageBatch", json_pack("{s:s, s:o}", "QueueUrl", r->from->url,
	    "Entries", entries), false, 0, retry_deleted, r);
}

/* Make a dead letter what it was before. */
static void
retry_item(struct retry *r, const json_t *json)
{
	struct item *i = NULL;
	struct entry e;

	if (!entry_in(json, &e)) {
		(void)trouble_set(&r->why, CLASS_DATA, "a dead letter came damaged");
	} else {
		e.m.reason = NULL;
		e.m.attempts = 0;
		/* FIFO queues would silently drop an id that they saw in the last five minutes. */
		i = entry_out(r->to, r->tag, &e.m, true, &r->why);
	}
	if (i == NULL) {
		r->failed = true;
	} else {
		/* What is needed to delete it afterwards. */
		free(i->id);
		i->id = strdup(e.receipt);
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
	const json_t *messages = json_object_get(a->json, "Messages");

	if (!retry_good(r, a))
		return;
	r->misses = json_array_size(messages) == 0 ? r->misses + 1 : 0;
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
	retry_items_free(r);
	r->items = outbox_next(&r->box, SQS_BATCH, SQS_BATCH_BYTES(r->to), false);
	if (r->items != NULL)
		(void)api_send(r->s, "SendMessageBatch", api_batch(r->to->url, r->items), true, 0,
		    retry_sent, r);
	else if (r->misses < MISSES)
		(void)api_send(r->s, "ReceiveMessage", take_args(r->from, SQS_BATCH, 1, LOOK_LEASE),
		    false, 0, retry_found, r);
	else
		retry_end(r);
}

void
dead_retry(struct helper *h, const char *tag, const char *name, const char *id)
{
	struct sqs *s = helper_data(h);
	struct trouble f = { 0 };
	struct queue *to = queue_get(s, name, false, &f), *from;
	struct retry *r;
	char dead[128];

	if (id != NULL) {
		helper_err(h, tag, CLASS_CANNOT,
		    "SQS does not find a message by its id: retry all of them");
		return;
	}
	if (to == NULL || !queue_dead_name(name, dead, sizeof(dead))) {
		helper_err(h, tag, f.c, "%s", f.text);
		return;
	}
	if ((from = queue_get(s, dead, false, &f)) == NULL && f.c != CLASS_GONE) {
		helper_err(h, tag, f.c, "%s", f.text);
		return;
	}
	if ((r = calloc(1, sizeof(*r))) == NULL) {
		helper_err(h, tag, CLASS_AGAIN, "no memory");
		return;
	}
	*r = (struct retry){ .s = s, .from = from, .to = to };
	outbox_init(&r->box);
	(void)strlcpy(r->tag, tag, sizeof(r->tag));
	if (from == NULL)
		retry_end(r);	/* nobody ever made it, so there are none */
	else
		retry_send(r);
}
