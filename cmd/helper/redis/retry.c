/*
 * retry.c: dead letters that are made ready again, some at a time, so that Redis is not kept busy.
 */
#include <stdlib.h>
#include <string.h>

#include "helper/redis/redis.h"

static void retry_send(struct redis *r, const char *tag, const char *queue, const char *id,
    const char *from, const char *to, int64_t n);

/* 'text' is the queue, 'arg' the id, or NULL for all. */
static void
retry_done(struct redis *r, struct call *c, const struct reply *reply)
{
	const char *from = resp_item(reply, 1)->text, *to = resp_item(reply, 2)->text;
	int64_t n = c->n + resp_number(resp_item(reply, 0));
	char *id = c->arg;

	if (client_refused(r, c, reply))
		;
	else if (reply->type != '*')
		helper_err(r->h, c->tag, CLASS_GONE, "no queue '%s'", c->text);
	else if (from[0] != '\0')
		retry_send(r, c->tag, c->text, id, from, to, n);
	else if (n == 0 && id != NULL)
		helper_err(r->h, c->tag, CLASS_GONE, "no dead letter '%s' in '%s'", id, c->text);
	else {
		helper_ok_begin(r->h, c->tag);
		helper_field(r->h, "n", n);
		helper_ok_end(r->h);
	}
	free(id);
}

static void
retry_send(struct redis *r, const char *tag, const char *queue, const char *id,
    const char *from, const char *to, int64_t n)
{
	struct args a = { 0 };
	struct call *c;

	script_args(r, &a, queue, "retry");
	args_text(&a, id != NULL ? id : "");
	args_text(&a, from);
	args_text(&a, to);
	if ((c = script_send(r, &a, true, retry_done, tag)) == NULL)
		return;
	c->n = n;
	c->text = strdup(queue);
	c->arg = id != NULL ? strdup(id) : NULL;
	if (c->text == NULL || (id != NULL && c->arg == NULL))
		helper_down(r->h, "no memory");
}

void
retry(struct helper *h, const char *tag, const char *queue, const char *id)
{
	struct redis *r = helper_data(h);

	if (redis_queue_ok(r, tag, queue))
		retry_send(r, tag, queue, id, "-", "", 0);
}
