/*
 * settle.c: how claims end, ten in a request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/sqs/sqs.h"

#define FLYING_MAX 4
#define MARGIN_S 300		/* SQS ends a claim after 12 hours; the last minutes are not used */

/* What an item is for. */
enum { SETTLE_ACK, SETTLE_NACK, SETTLE_EXTEND };

/* One request. */
struct flight {
	struct sqs *s;
	struct queue *q;
	struct outbox *box;
	struct item *items;
};

/* ---- answers ------------------------------------------------------------------ */

/* Put the claim of an item to rest.  What waits behind it shares its fate. */
static void
settle_claim(struct sqs *s, const struct item *i, bool lost)
{
	struct claim *c = i->id != NULL ? claims_find(&s->claims, i->id) : NULL;

	if (c == NULL)
		return;
	if (i->what == SETTLE_EXTEND && !lost)
		c->until = clock_mono() + i->n * USEC;
	else
		claims_settled(s->h, &s->claims, c);
}

static void
settle_answer(struct sqs *s, const struct item *i, const struct trouble *why)
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

static void
settle_result(struct sqs *s, const struct item *i, const json_t *answer, size_t n)
{
	struct trouble why = { .c = CLASS_UNKNOWN, .text = "SQS did not say what became of it" };
	const json_t *entry;
	int good = api_entry(answer, n, &entry);

	if (good == 0)
		api_entry_failure(entry, &why);
	settle_answer(s, i, good == 1 ? NULL : &why);
}

static void settle_box(struct sqs *s, struct queue *q, struct outbox *box);

static void
settle_done(void *arg, const struct http_answer *a)
{
	struct flight *f = arg;
	struct trouble why;
	struct item *next;
	size_t n = 0;

	f->box->flying--;
	if (a->status != 200)
		api_failure(a, &why);
	for (struct item *i = f->items; i != NULL; i = next) {
		next = i->next;
		if (a->status == 200)
			settle_result(f->s, i, a->json, n++);
		else
			settle_answer(f->s, i, &why);
		item_free(i);
	}
	settle_box(f->s, f->q, f->box);
	free(f);
}

static void
settle_box(struct sqs *s, struct queue *q, struct outbox *box)
{
	struct flight *f;

	while (box->first != NULL && box->flying < FLYING_MAX) {
		if ((f = calloc(1, sizeof(*f))) == NULL)
			return;
		*f = (struct flight){ s, q, box, outbox_next(box, SQS_BATCH, SIZE_MAX, false) };
		(void)api_send(s,
		    box == &q->deletes ? "DeleteMessageBatch" : "ChangeMessageVisibilityBatch",
		    api_batch(q->url, f->items), false, 0, settle_done, f);
	}
}

void
settle_flush(struct sqs *s, struct queue *q)
{
	settle_box(s, q, &q->deletes);
	settle_box(s, q, &q->changes);
}

/* ---- requests ----------------------------------------------------------------- */

struct queue *
settle_queue(struct helper *h, const char *tag, const char *token, const char **receipt)
{
	struct sqs *s = helper_data(h);
	struct trouble f = { .c = CLASS_DATA, .text = "this is no token of SQS" };
	const char *slash = strchr(token, '/');
	char name[128];
	struct queue *q = NULL;

	if (slash != NULL && slash[1] != '\0' && (size_t)(slash - token) < sizeof(name)) {
		memcpy(name, token, (size_t)(slash - token));
		name[slash - token] = '\0';
		*receipt = slash + 1;
		q = queue_get(s, name, false, &f);
	}
	if (q == NULL)
		helper_err(h, tag, f.c, "%s", f.text);
	return q;
}

/* Add one entry.  'seconds' -1: the message is deleted. */
static void
settle_add(struct sqs *s, struct queue *q, const char *tag, const char *token, const char *receipt,
    int what, int64_t seconds)
{
	json_t *entry = json_pack("{s:s}", "ReceiptHandle", receipt);
	struct item *i;

	if (seconds >= 0)
		(void)json_object_set_new(entry, "VisibilityTimeout", json_integer(seconds));
	if ((i = item_new(tag, entry, 0)) == NULL) {
		if (tag[0] != '\0')
			helper_err(s->h, tag, CLASS_AGAIN, "no memory");
		return;
	}
	i->id = token != NULL ? strdup(token) : NULL;
	i->what = what;
	i->n = seconds;
	/* It has no key, so it cannot be refused. */
	if (!outbox_add(what == SETTLE_ACK ? &q->deletes : &q->changes, i))
		item_free(i);
}

void
settle_ack(struct helper *h, const char *tag, const char *token)
{
	const char *receipt;
	struct queue *q = settle_queue(h, tag, token, &receipt);

	if (q != NULL)
		settle_add(helper_data(h), q, tag, token, receipt, SETTLE_ACK, -1);
}

void
settle_back(struct sqs *s, struct queue *q, const char *receipt, int64_t delay_s)
{
	settle_add(s, q, "", NULL, receipt, SETTLE_NACK, delay_s);
}

void
settle_back_all(struct sqs *s, struct claim *c, int64_t delay_s)
{
	for (struct claim *next; c != NULL; c = next) {
		struct trouble f;
		struct queue *q = queue_get(s, c->queue, false, &f);
		next = c->next;
		if (q != NULL)
			settle_back(s, q, strchr(c->token, '/') + 1, delay_s);
		claim_free(c);
	}
}

/* How many seconds a claim may still be hidden, of those that are wanted. */
static int64_t
settle_seconds(const struct claim *c, int64_t ms)
{
	int64_t seconds = (ms + 999) / 1000, most = SQS_LEASE_MAX;

	if (c != NULL)
		most -= (clock_mono() - c->since) / USEC + 1;
	return seconds < most ? seconds : most > 0 ? most : 0;
}

void
settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason)
{
	struct sqs *s = helper_data(h);
	const char *receipt;
	struct queue *q = settle_queue(h, tag, token, &receipt);
	const struct claim *c = claims_find(&s->claims, token);
	int64_t seconds = settle_seconds(c, delay_ms);

	/* What SQS stored does not change: there is no place for these. */
	(void)attempts;
	(void)reason;
	if (q == NULL)
		return;
	if (c != NULL)
		settle_back_all(s, claims_behind(&s->claims, c, NULL), seconds);
	settle_add(s, q, tag, token, receipt, SETTLE_NACK, seconds);
}

/* What waits behind a claim must not come to somebody else before it. */
static void
settle_extend_behind(struct sqs *s, struct queue *q, const struct claim *of, int64_t seconds)
{
	for (struct claim *c = s->claims.first; of->lane != NULL && c != NULL; c = c->next) {
		if (c->taking == NULL || c->lane == NULL || strcmp(c->lane, of->lane) != 0 ||
		    strcmp(c->queue, of->queue) != 0)
			continue;
		settle_add(s, q, "", NULL, strchr(c->token, '/') + 1, SETTLE_EXTEND, seconds);
		c->until = clock_mono() + seconds * USEC;
	}
}

void
settle_extend(struct helper *h, const char *tag, const char *token, int64_t lease_ms)
{
	struct sqs *s = helper_data(h);
	const char *receipt;
	struct queue *q = settle_queue(h, tag, token, &receipt);
	const struct claim *c = claims_find(&s->claims, token);
	int64_t seconds = settle_seconds(c, lease_ms);

	if (q == NULL)
		return;
	if (c != NULL && (clock_mono() - c->since) / USEC > SQS_LEASE_MAX - MARGIN_S) {
		helper_err(h, tag, CLASS_CANNOT,
		    "the claim has lasted for 11 h 55 min, and SQS ends it after "
		    "12 h: it cannot be extended any more");
		return;
	}
	if (c != NULL)
		settle_extend_behind(s, q, c, seconds);
	settle_add(s, q, tag, token, receipt, SETTLE_EXTEND, seconds);
}
