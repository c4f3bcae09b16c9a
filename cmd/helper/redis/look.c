/*
 * look.c: what there is, and what operators do.
 */
#include <stdlib.h>
#include <string.h>

#include "helper/redis/redis.h"

static void
look_gone(struct redis *r, const struct call *c)
{
	helper_err(r->h, c->tag, CLASS_GONE, "no queue '%s'", c->text);
}

/* Send what was put together; the name of the queue is kept for errors. */
static struct call *
look_send(struct redis *r, struct args *a, const char *tag, const char *queue,
    void (*done)(struct redis *, struct call *, const struct reply *))
{
	struct call *c = script_send(r, a, true, done, tag);

	if (c != NULL && (c->text = strdup(queue)) == NULL)
		helper_down(r->h, "no memory");
	return c;
}

/* ---- numbers -------------------------------------------------------------- */

static void
look_stat_done(struct redis *r, struct call *c, const struct reply *reply)
{
	static const char *const names[] = { "ready", "claimed", "delayed", "dead", "oldest" };

	if (client_refused(r, c, reply))
		return;
	if (reply->type != '*') {
		look_gone(r, c);
		return;
	}
	helper_ok_begin(r->h, c->tag);
	for (int i = 0; i < 5; i++)
		if (i < 4 || resp_number(resp_item(reply, i)) != 0)
			helper_field(r->h, names[i], resp_number(resp_item(reply, i)));
	helper_ok_end(r->h);
}

void
look_stat(struct helper *h, const char *tag, const char *queue)
{
	struct redis *r = helper_data(h);
	struct args a = { 0 };

	if (!redis_queue_ok(r, tag, queue))
		return;
	script_args(r, &a, queue, "stat");
	(void)look_send(r, &a, tag, queue, look_stat_done);
}

/* ---- lists ---------------------------------------------------------------- */

/* The script lists no more than this at once; mq is told that there may be more. */
#define LIST_MAX 1000
#define LIST_BYTES (60LL << 20)

static void
look_list_done(struct redis *r, struct call *c, const struct reply *reply)
{
	const char *state = c->arg;
	int64_t bytes = 0;

	if (client_refused(r, c, reply))
		return;
	if (reply->type != '*') {
		look_gone(r, c);
		return;
	}
	for (int64_t i = 0; i < reply->n; i++) {
		const struct reply *raw = resp_item(reply, i);
		struct fields f;
		fields_read(&f, raw);
		bytes += resp_number(resp_item(raw, 5));
		if (resp_number(resp_item(raw, 5)) != (int64_t)f.m.bodylen)
			f.m.size = resp_number(resp_item(raw, 5));
		f.m.delay_ms = resp_number(resp_item(raw, 6));
		helper_item(r->h, c->tag, state, &f.m);
		fields_free(&f);
	}
	helper_ok_begin(r->h, c->tag);
	if (reply->n >= LIST_MAX || bytes >= LIST_BYTES)
		helper_field(r->h, "more", 1);
	helper_ok_end(r->h);
}

void
look_list(struct helper *h, const char *tag, const char *queue, const char *state, int64_t max,
    int64_t bytes)
{
	static char states[][8] = { "ready", "delayed", "claimed", "dead" };
	struct redis *r = helper_data(h);
	struct args a = { 0 };
	struct call *c;
	size_t i = 0;

	while (i < 4 && strcmp(states[i], state) != 0)
		i++;
	if (i == 4) {
		helper_err(h, tag, CLASS_CANNOT, "messages that are '%s' cannot be listed", state);
		return;
	}
	if (!redis_queue_ok(r, tag, queue))
		return;
	script_args(r, &a, queue, "list");
	args_text(&a, state);
	args_number(&a, max < 0 ? 0 : max);
	args_number(&a, bytes < 0 ? 0 : bytes);
	if ((c = look_send(r, &a, tag, queue, look_list_done)) != NULL)
		c->arg = states[i];
}

/* ---- queues --------------------------------------------------------------- */

static void look_scan(struct redis *r, const char *tag, const char *cursor);

/* A key of a queue is "mq:{QUEUE}:c".  While keys come and go, SCAN may name one twice. */
static void
look_scanned(struct redis *r, struct call *c, const struct reply *reply)
{
	const struct reply *keys = resp_item(reply, 1);
	const char *cursor = resp_item(reply, 0)->text;
	char queue[REDIS_QUEUE_MAX + 1];

	if (client_refused(r, c, reply))
		return;
	for (int64_t i = 0; i < keys->n; i++) {
		const struct reply *key = resp_item(keys, i);
		if (key->len < 8 || key->len - 7 > REDIS_QUEUE_MAX)
			continue;
		memcpy(queue, key->text + 4, key->len - 7);
		queue[key->len - 7] = '\0';
		if (redis_queue_ok(r, NULL, queue))
			helper_queue(r->h, c->tag, queue);
	}
	if (strcmp(cursor, "0") == 0 || reply->type != '*')
		helper_ok(r->h, c->tag);
	else
		look_scan(r, c->tag, cursor);
}

static void
look_scan(struct redis *r, const char *tag, const char *cursor)
{
	struct args a = { 0 };

	args_text(&a, "SCAN");
	args_text(&a, cursor);
	args_text(&a, "MATCH");
	args_text(&a, "mq:{*}:c");
	args_text(&a, "COUNT");
	args_text(&a, "1000");
	(void)client_send(r, &r->main, &a, look_scanned, tag);
}

void
look_queues(struct helper *h, const char *tag)
{
	look_scan(helper_data(h), tag, "0");
}

static void
look_there(struct redis *r, struct call *c, const struct reply *reply)
{
	if (client_refused(r, c, reply))
		return;
	if (strcmp(reply->text, "gone") == 0)
		look_gone(r, c);
	else
		helper_ok(r->h, c->tag);
}

void
look_make(struct helper *h, const char *tag, const char *queue)
{
	struct redis *r = helper_data(h);
	struct args a = { 0 };

	if (!redis_queue_ok(r, tag, queue))
		return;
	script_args(r, &a, queue, "make");
	(void)look_send(r, &a, tag, queue, look_there);
}

void
look_check(struct helper *h, const char *tag, const char *queue)
{
	struct redis *r = helper_data(h);
	struct args a = { 0 };

	if (!redis_queue_ok(r, tag, queue))
		return;
	script_args(r, &a, queue, "check");
	(void)look_send(r, &a, tag, queue, look_there);
}
