/*
 * push.c: messages on their way to Pub/Sub, many in a request, which is stored whole or not at all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/pubsub/pubsub.h"

#define FLYING_MAX 4	/* requests of one topic without an answer */

/* One request with messages. */
struct flight {
	struct pubsub *s;
	struct topic *t;
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
	struct item *held = outbox_done(&f->t->pushes, i, why == NULL || !push_passes(why->c), bar),
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

/* Each message that was stored has an id. */
static void
push_results(struct flight *f, const struct http_answer *a)
{
	const json_t *ids = json_object_get(a->json, "messageIds");
	struct trouble why = {.c = CLASS_UNKNOWN, .text = "Pub/Sub did not say what became of it"};
	struct item *next;
	size_t n = 0;

	if (!api_good(a))
		api_failure(a, &why);
	for (struct item *i = f->items; i != NULL; i = next, n++) {
		next = i->next;
		push_answer(
		    f, i, api_good(a) && json_is_string(json_array_get(ids, n)) ? NULL : &why);
		item_free(i);
	}
	if (!api_good(a) && why.c == CLASS_GONE)
		f->t->checked = 0;
}

static void
push_done(void *arg, const struct http_answer *a)
{
	struct flight *f = arg;
	struct trouble why = { .c = CLASS_AGAIN, .text = "" };

	f->t->pushes.flying--;
	if (!api_good(a))
		api_failure(a, &why);
	/* One message that cannot be stored must not take the others along. */
	if (why.c == CLASS_DATA && f->items->next != NULL)
		outbox_back(&f->t->pushes, f->items);
	else
		push_results(f, a);
	push_flush(f->s, f->t);
	free(f);
}

json_t *
push_args(const struct item *items)
{
	json_t *messages = json_array();

	for (const struct item *i = items; i != NULL; i = i->next)
		(void)json_array_append(messages, i->entry);
	return json_pack("{s:o}", "messages", messages);
}

/* Send the next request.  False: nothing may be sent now. */
static bool
push_next(struct pubsub *s, struct topic *t)
{
	const struct api_how how = { .once = true };
	struct flight *f = calloc(1, sizeof(*f));
	char *path = api_path("topics", t->name, ":publish");
	bool sent;

	if (f != NULL && path != NULL)
		*f = (struct flight){
		    s, t, outbox_next(&t->pushes, PUBSUB_BATCH, PUBSUB_REQUEST_MAX, false)};
	sent = f != NULL && f->items != NULL;
	if (sent)
		(void)api_send(s, path, push_args(f->items), how, push_done, f);
	else
		free(f);
	free(path);
	return sent;
}

void
push_flush(struct pubsub *s, struct topic *t)
{
	while (t->pushes.first != NULL && t->pushes.flying < FLYING_MAX && push_next(s, t))
		;
}

void
push_one(struct helper *h, const char *tag, const struct message *m)
{
	struct pubsub *s = helper_data(h);
	struct trouble f = { 0 };
	struct topic *t = NULL;
	struct item *i = NULL;
	struct ends n;

	if (name_parse(m->queue, &n, &f) &&
	    (t = name_topic(s, &n, helper_settings(h)->create, &f)) != NULL)
		i = entry_out(tag, m, &f);
	if (i == NULL) {
		helper_err(h, tag, f.c, "%s", f.text);
	} else if (!outbox_add(&t->pushes, i)) {
		helper_err(h, tag, CLASS_AGAIN, "an earlier message of its key was not stored");
		item_free(i);
	}
}
