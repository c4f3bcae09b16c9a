/*
 * answer.c: what a helper says to mq.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "helper/core/inside.h"

/* Fill 'text' from the format and the arguments of a function that has them. */
#define ANSWER_TEXT(text, fmt) \
	do { \
		va_list ap; \
		va_start(ap, fmt); \
		(void)vsnprintf(text, sizeof(text), fmt, ap); \
		va_end(ap); \
	} while (0)

static void
answer_line(struct helper *h, const char *kind, const char *first, const char *second,
    const char *text)
{
	writer_begin(&h->out, kind);
	if (first != NULL)
		writer_word(&h->out, first);
	if (second != NULL)
		writer_word(&h->out, second);
	if (text != NULL)
		writer_text(&h->out, text);
	writer_end(&h->out);
}

/* ---- opening ------------------------------------------------------------ */

void
helper_step(struct helper *h, const char *step, const char *fmt, ...)
{
	char text[600];

	ANSWER_TEXT(text, fmt);
	answer_line(h, "step", step, NULL, text);
}

void
helper_can(struct helper *h, const char *name, const char *value)
{
	size_t len = strlen(h->caps);

	(void)snprintf(h->caps + len, sizeof(h->caps) - len, " %s%s%s", name,
	    value != NULL ? "=" : "", value != NULL ? value : "");
}

void
helper_can_number(struct helper *h, const char *name, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	helper_can(h, name, text);
}

void
helper_fail(struct helper *h, enum class c, const char *fmt, ...)
{
	char text[600];

	ANSWER_TEXT(text, fmt);
	answer_line(h, "fail", class_names[c], NULL, text);
}

/* ---- answers ------------------------------------------------------------ */

void
helper_ok(struct helper *h, const char *tag)
{
	answer_line(h, "ok", tag, NULL, NULL);
}

void
helper_ok_word(struct helper *h, const char *tag, const char *word)
{
	answer_line(h, "ok", tag, word, NULL);
}

void
helper_ok_begin(struct helper *h, const char *tag)
{
	writer_begin(&h->out, "ok");
	writer_word(&h->out, tag);
}

void
helper_field(struct helper *h, const char *name, int64_t n)
{
	writer_field_number(&h->out, name, n, INT64_MIN);
}

void
helper_ok_end(struct helper *h)
{
	writer_end(&h->out);
}

void
helper_err(struct helper *h, const char *tag, enum class c, const char *fmt, ...)
{
	char text[600];

	ANSWER_TEXT(text, fmt);
	answer_line(h, "err", tag, class_names[c], text);
}

void
helper_item(struct helper *h, const char *tag, const char *state, const struct message *m)
{
	message_put(&h->out, "item", tag, state, m);
}

void
helper_queue(struct helper *h, const char *tag, const char *queue)
{
	answer_line(h, "queue", tag, queue, NULL);
}

void
helper_msg(struct helper *h, struct taking *t, const char *token, const struct message *m)
{
	struct message less = *m;

	t->credit--;
	/*
	 * What has no room in the line is not worth the message.  With so many relays mq takes it
	 * for one that goes in a circle, and sets it aside.
	 */
	if (!message_fits(m, strlen(token) + strlen(t->queue))) {
		less.reason = less.key = NULL;
		less.via = m->via != NULL ? "-,-,-,-,-,-,-,-,-,-,-,-,-,-,-,-,-" : NULL;
	}
	message_put(&h->out, "msg", token, t->queue, &less);
}

void
helper_idle(struct helper *h, struct taking *t)
{
	answer_line(h, "idle", t->queue, NULL, NULL);
}

/* ---- at any time ---------------------------------------------------------- */

void
helper_state(struct helper *h, enum up s, const char *fmt, ...)
{
	static const char *const names[] = { "up", "blocked", "throttled" };
	char text[600];

	ANSWER_TEXT(text, fmt);
	answer_line(h, "state", names[s], NULL, text);
}

void
helper_down(struct helper *h, const char *fmt, ...)
{
	char text[600];

	if (h->down)
		return;
	ANSWER_TEXT(text, fmt);
	answer_line(h, "state", "down", NULL, text);
	h->down = true;
}

bool
helper_is_down(const struct helper *h)
{
	return h->down;
}

const struct settings *
helper_settings(const struct helper *h)
{
	return &h->set;
}

void
helper_set_data(struct helper *h, void *data)
{
	h->data = data;
}

void *
helper_data(const struct helper *h)
{
	return h->data;
}
