/*
 * push.c: messages on their way to SQS, ten in a request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/sqs/sqs.h"

#define FLYING_MAX 4	/* requests of one queue without an answer */

/* One request with messages. */
struct flight {
	struct sqs *s;
	struct queue *q;
	struct item *items;
};

/* Whether a failure may be over when the message comes again. */
static bool
push_passes(enum class c)
{
	return c == CLASS_AGAIN || c == CLASS_FULL || c == CLASS_UNKNOWN;
}

/* Tell mq how it went with one message.  Those of its key that wait must not overtake it. */
static void
push_answer(struct flight *f, const struct item *i, const struct trouble *why)
{
	int64_t bar = 3 * helper_settings(f->s->h)->timeout_ms;
	struct item *held = outbox_done(&f->q->pushes, i, why == NULL || !push_passes(why->c), bar),
		    *next;

	if (why == NULL)
		helper_ok(f->s->h, i->tag);
	else
		helper_err(f->s->h, i->tag, why->c, "%s", why->text);
	for (; held != NULL; held = next) {
		next = held->next;
		helper_err(f->s->h, held->tag, CLASS_AGAIN,
		    "an earlier message of its key was not stored");
		item_free(held);
	}
}

static void
push_result(struct flight *f, const struct item *i, const json_t *answer, size_t n)
{
	struct trouble why = { .c = CLASS_UNKNOWN, .text = "SQS did not say what became of it" };
	const json_t *entry;
	const char *md5;
	int good = api_entry(answer, n, &entry);

	if (good == 0)
		api_entry_failure(entry, &why);
	md5 = good == 1 ? text_of(entry, "MD5OfMessageBody") : "";
	if (md5[0] != '\0' && i->md5[0] != '\0' && strcmp(md5, i->md5) != 0) {
		good = -1;
		(void)snprintf(
		    why.text, sizeof(why.text), "SQS stored a body with another checksum");
	}
	push_answer(f, i, good == 1 ? NULL : &why);
}

static void
push_done(void *arg, const struct http_answer *a)
{
	struct flight *f = arg;
	struct trouble why;
	struct item *next;
	size_t n = 0;

	f->q->pushes.flying--;
	if (a->status != 200)
		api_failure(a, &why);
	for (struct item *i = f->items; i != NULL; i = next) {
		next = i->next;
		if (a->status == 200)
			push_result(f, i, a->json, n++);
		else
			push_answer(f, i, &why);
		item_free(i);
	}
	if (a->status != 200 && why.c == CLASS_GONE)
		queue_forget(f->q);
	push_flush(f->s, f->q);
	free(f);
}

void
push_flush(struct sqs *s, struct queue *q)
{
	struct flight *flight;

	while (q->pushes.first != NULL && q->pushes.flying < FLYING_MAX) {
		if ((flight = calloc(1, sizeof(*flight))) == NULL)
			return;
		*flight = (struct flight){ s, q, outbox_next(&q->pushes, SQS_BATCH,
		    SQS_BATCH_BYTES(q), q->fifo) };
		if (flight->items == NULL) {
			free(flight);
			return;
		}
		(void)api_send(s, "SendMessageBatch", api_batch(q->url, flight->items), true, 0,
		    push_done, flight);
	}
}

void
push_one(struct helper *h, const char *tag, const struct message *m)
{
	struct sqs *s = helper_data(h);
	struct trouble f = { 0 };
	struct queue *q = queue_get(s, m->queue, helper_settings(h)->create, &f);
	struct item *i = q != NULL ? entry_out(q, tag, m, false, &f) : NULL;

	if (i == NULL) {
		helper_err(h, tag, f.c, "%s", f.text);
	} else if (!outbox_add(&q->pushes, i)) {
		helper_err(h, tag, CLASS_AGAIN, "an earlier message of its key was not stored");
		item_free(i);
	}
}
