/*
 * ask.c: what mq asks of a helper.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/inside.h"

/* Remember a request, and make its tag.  Without memory the helper counts as lost. */
static const char *
ask_tag(struct engine *e, void *data, char tag[FRAME_TAG_MAX])
{
	if (e->nasked == e->asked_cap) {
		size_t cap = e->asked_cap == 0 ? 64 : e->asked_cap * 2;
		struct asked *grown = reallocarray(e->asked, cap, sizeof(*grown));
		if (grown == NULL) {
			engine_lose(e, CLASS_UNKNOWN, "not enough memory");
			return NULL;
		}
		e->asked = grown;
		e->asked_cap = cap;
	}
	if (e->nasked == 0)
		e->heard = clock_mono();
	e->asked[e->nasked++] = (struct asked){.tag = ++e->tag, .sent = clock_mono(), .data = data};
	(void)snprintf(tag, FRAME_TAG_MAX, "%llu", (unsigned long long)e->tag);
	return tag;
}

void
engine_push(struct engine *e, const struct message *m, void *data)
{
	char tag[FRAME_TAG_MAX];

	if (ask_tag(e, data, tag) != NULL)
		message_put(&e->out, "push", tag, m->queue, m);
}

static struct credit *
ask_credit(struct engine *e, const char *queue)
{
	struct credit *grown;

	for (size_t i = 0; i < e->ncredit; i++)
		if (strcmp(e->credit[i].queue, queue) == 0)
			return &e->credit[i];
	if ((grown = reallocarray(e->credit, e->ncredit + 1, sizeof(*grown))) == NULL) {
		engine_lose(e, CLASS_UNKNOWN, "not enough memory");
		return NULL;
	}
	e->credit = grown;
	(void)strlcpy(grown[e->ncredit].queue, queue, sizeof(grown->queue));
	grown[e->ncredit].n = 0;
	return &grown[e->ncredit++];
}

void
engine_take(struct engine *e, const char *queue, int64_t n, usec_t lease, bool keep)
{
	struct credit *c = ask_credit(e, queue);

	if (c == NULL)
		return;
	if (e->nasked == 0)
		e->heard = clock_mono();
	c->n += n;
	writer_begin(&e->out, "take");
	writer_word(&e->out, queue);
	writer_number(&e->out, n);
	writer_number(&e->out, lease / 1000);
	if (keep)
		writer_word(&e->out, "keep");
	writer_end(&e->out);
}

void
engine_stop(struct engine *e, const char *queue)
{
	writer_begin(&e->out, "stop");
	writer_word(&e->out, queue);
	writer_end(&e->out);
}

/* Begin a request about a token. */
static bool
ask_begin(struct engine *e, const char *request, const char *token, void *data)
{
	char tag[FRAME_TAG_MAX];

	if (ask_tag(e, data, tag) == NULL)
		return false;
	writer_begin(&e->out, request);
	writer_word(&e->out, tag);
	writer_word(&e->out, token);
	return true;
}

void
engine_ack(struct engine *e, const char *token, void *data)
{
	if (ask_begin(e, "ack", token, data))
		writer_end(&e->out);
}

/* A reason has to fit into a line with a token, so it is cut. */
static void
ask_reason(struct engine *e, int64_t attempts, const char *reason)
{
	char text[300];

	writer_field_number(&e->out, "attempts", attempts, -1);
	if (reason != NULL) {
		(void)strlcpy(text, reason, sizeof(text));
		writer_field(&e->out, "reason", text);
	}
	writer_end(&e->out);
}

void
engine_nack(struct engine *e, const char *token, usec_t delay, int64_t attempts,
    const char *reason, void *data)
{
	if (!ask_begin(e, "nack", token, data))
		return;
	writer_number(&e->out, (delay + 999) / 1000);
	ask_reason(e, attempts, reason);
}

void
engine_dead(struct engine *e, const char *token, int64_t attempts, const char *reason, void *data)
{
	if (ask_begin(e, "dead", token, data))
		ask_reason(e, attempts, reason);
}

void
engine_extend(struct engine *e, const char *token, usec_t lease, void *data)
{
	if (!ask_begin(e, "extend", token, data))
		return;
	writer_number(&e->out, lease / 1000);
	writer_end(&e->out);
}

void
engine_ask_words(struct engine *e, void *data, const char *const *words)
{
	char tag[FRAME_TAG_MAX];

	if (ask_tag(e, data, tag) == NULL)
		return;
	writer_begin(&e->out, words[0]);
	writer_word(&e->out, tag);
	while (*++words != NULL)
		writer_word(&e->out, *words);
	writer_end(&e->out);
}

size_t
engine_open_requests(const struct engine *e)
{
	return e->nasked;
}

size_t
engine_unsent(const struct engine *e)
{
	return writer_pending(&e->out);
}
