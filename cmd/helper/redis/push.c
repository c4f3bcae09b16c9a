/*
 * push.c: messages on their way in.
 */
#include <string.h>

#include "base/name.h"
#include "helper/redis/redis.h"

static void
push_done(struct redis *r, struct call *c, const struct reply *reply)
{
	if (client_refused(r, c, reply))
		return;
	if (strcmp(reply->text, "gone") == 0)
		helper_err(r->h, c->tag, CLASS_GONE, "no queue '%s': make it first", c->text);
	else
		helper_ok(r->h, c->tag);
}

static void
push_text(struct args *a, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	args_text(a, name);
	args_text(a, value);
}

static void
push_number(struct args *a, const char *name, int64_t n)
{
	if (n == 0)
		return;
	args_text(a, name);
	args_number(a, n);
}

static void
push_fields(struct args *a, const struct message *m)
{
	push_text(a, "id", m->id);
	args_text(a, "body");
	args_bytes(a, m->body, m->bodylen);
	if (m->headlen > 0) {
		args_text(a, "h");
		args_bytes(a, m->head, m->headlen);
	}
	push_text(a, "key", m->key);
	push_number(a, "exp", m->expires);
	push_number(a, "enq", m->enqueued);
	push_number(a, "att", m->attempts);
	push_text(a, "reason", m->reason);
	push_text(a, "via", m->via);
	push_text(a, "maybe", m->maybe ? "1" : NULL);
}

void
push(struct helper *h, const char *tag, const struct message *m)
{
	struct redis *r = helper_data(h);
	struct args a = { 0 };
	struct call *c;

	if (!redis_queue_ok(r, tag, m->queue))
		return;
	if ((int64_t)m->bodylen > r->max_body) {
		helper_err(h, tag, CLASS_LARGE, "%zu bytes; this server takes %lld", m->bodylen,
		    (long long)r->max_body);
		return;
	}
	if (m->delay_ms > REDIS_DELAY_MAX) {
		helper_err(h, tag, CLASS_CANNOT, "a delay of %lld ms; at most %lld",
		    (long long)m->delay_ms, (long long)REDIS_DELAY_MAX);
		return;
	}
	script_args(r, &a, m->queue, "push");
	args_text(&a, r->set->create ? "1" : "0");
	args_number(&a, m->priority);
	args_number(&a, m->delay_ms);
	args_text(&a, m->id);
	args_text(&a, m->maybe ? "1" : "0");
	args_text(&a, m->once != NULL ? m->once : "");
	args_text(&a, m->key != NULL ? m->key : "");
	push_fields(&a, m);
	if ((c = script_send(r, &a, false, push_done, tag)) != NULL)
		c->text = strdup(m->queue);
}
