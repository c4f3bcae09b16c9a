/*
 * message.c: a message out of the fields of an entry.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/envelope.h"
#include "base/name.h"
#include "helper/redis/redis.h"

/* A number that was stored by whomever. */
static int64_t
fields_number(const struct reply *value, int64_t max)
{
	int64_t n = resp_number(value);

	return n < 0 ? 0 : n > max ? max : n;
}

/* Whether it is one of the fields that mq gives an entry. */
static bool
fields_own(struct message *m, const char *name, const struct reply *value)
{
	if (strcmp(name, "id") == 0)
		m->id = value->text;
	else if (strcmp(name, "body") == 0) {
		m->body = value->text;
		m->bodylen = value->len;
	} else if (strcmp(name, "h") == 0) {
		m->head = value->text;
		m->headlen = value->len;
	} else if (strcmp(name, "key") == 0)
		m->key = value->text;
	else if (strcmp(name, "exp") == 0)
		m->expires = fields_number(value, INT64_MAX);
	else if (strcmp(name, "enq") == 0)
		m->enqueued = fields_number(value, INT64_MAX);
	else if (strcmp(name, "att") == 0)
		m->attempts = fields_number(value, INT32_MAX);
	else if (strcmp(name, "del") == 0)
		m->deliveries = fields_number(value, INT32_MAX);
	else if (strcmp(name, "reason") == 0)
		m->reason = value->text;
	else if (strcmp(name, "via") == 0)
		m->via = value->text;
	else if (strcmp(name, "maybe") == 0)
		m->maybe = true;
	else if (strcmp(name, "derived") == 0)
		m->derived = true;
	else
		return strcmp(name, "p") == 0 || strcmp(name, "t") == 0;
	return true;
}

/* The headers as they were pushed, unless a stranger has added what is none. */
static void
fields_head(struct fields *f)
{
	struct headers all = { (char *)(uintptr_t)f->m.head, f->m.headlen };
	struct message head = MESSAGE_NONE;

	if (f->mapped.headlen == 0 && (f->m.head == NULL || headers_valid(&all)))
		return;
	if (f->m.head != NULL)
		(void)map_block_in(&f->mapped, f->m.head, f->m.headlen);
	map_message(&f->mapped, &head);
	f->m.head = head.head;
	f->m.headlen = head.headlen;
}

/* Where nobody gave it an id or a time, the entry has one. */
static void
fields_derive(struct fields *f, const struct reply *raw)
{
	const char *entry = resp_item(raw, 1)->text;

	if (f->m.id[0] == '\0') {
		(void)snprintf(f->derived, sizeof(f->derived), "redis-%d-%s", f->m.priority, entry);
		f->m.id = f->derived;
		f->m.derived = true;
	}
	if (f->m.enqueued == 0)
		f->m.enqueued = strtoll(entry, NULL, 10) * 1000;
}

void
fields_read(struct fields *f, const struct reply *raw)
{
	const struct reply *list = resp_item(raw, 4);
	int64_t n = fields_number(resp_item(raw, 2), INT32_MAX);
	int64_t back = fields_number(resp_item(raw, 3), INT32_MAX);

	*f = (struct fields){ .m = MESSAGE_NONE };
	f->m.id = f->m.body = "";
	f->m.priority = (int)fields_number(resp_item(raw, 0), 9);
	for (int64_t i = 0; i + 1 < list->n; i += 2) {
		const struct reply *name = resp_item(list, i), *value = resp_item(list, i + 1);
		if (!fields_own(&f->m, name->text, value))
			map_in(&f->mapped, name->text, value->text, value->len);
	}
	fields_head(f);
	fields_derive(f, raw);
	/* An earlier delivery that was not given back was a failed attempt. */
	f->m.deliveries += n;
	f->m.attempts += n > 1 + back ? n - 1 - back : 0;
}

void
fields_free(struct fields *f)
{
	map_free(&f->mapped);
}
