/*
 * unpack.c: a message that came, as mq has it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/amqp/amqp.h"

/* Properties that mq has no place for become headers. */
static void
unpack_properties(struct unpacked *u, const amqp_basic_properties_t *p)
{
	const struct { amqp_flags_t flag; const char *name; const amqp_bytes_t *value; } all[] = {
		{ AMQP_BASIC_MESSAGE_ID_FLAG, "mq-id", &p->message_id },
		{ AMQP_BASIC_CONTENT_TYPE_FLAG, "Content-Type", &p->content_type },
		{ AMQP_BASIC_CONTENT_ENCODING_FLAG, "Content-Encoding", &p->content_encoding },
		{ AMQP_BASIC_CORRELATION_ID_FLAG, "Correlation-Id", &p->correlation_id },
		{ AMQP_BASIC_REPLY_TO_FLAG, "Reply-To", &p->reply_to },
		{ AMQP_BASIC_TYPE_FLAG, "Type", &p->type },
		{ AMQP_BASIC_USER_ID_FLAG, "User-Id", &p->user_id } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if ((p->_flags & all[i].flag) != 0)
			map_in(&u->map, all[i].name, all[i].value->bytes, all[i].value->len);
	if ((p->_flags & AMQP_BASIC_HEADERS_FLAG) != 0)
		table_map(&p->headers, &u->map);
}

static bool
unpack_is_mq(const amqp_basic_properties_t *p)
{
	return (p->_flags & AMQP_BASIC_APP_ID_FLAG) != 0 && p->app_id.len == 2 &&
	    memcmp(p->app_id.bytes, "mq", 2) == 0;
}

/* Of a message that was not pushed by mq. */
static void
unpack_foreign(struct unpacked *u, const amqp_basic_properties_t *p)
{
	u->m.derived = true;
	if ((p->_flags & AMQP_BASIC_PRIORITY_FLAG) != 0 && !u->map.seen_priority)
		u->m.priority = p->priority > 9 ? 0 : 9 - p->priority;
	if ((p->_flags & AMQP_BASIC_APP_ID_FLAG) != 0)
		map_in(&u->map, "App-Id", p->app_id.bytes, p->app_id.len);
}

/* Whether it came back from a claim queue, as the lease was over. */
static bool
unpack_lapsed(const char *queue, const amqp_table_t *t)
{
	const amqp_field_value_t *deaths = table_find(t, "x-death"), *from;
	char claim[QUEUE_NAME], of[QUEUE_NAME];
	const amqp_table_t *last;

	if (deaths == NULL || deaths->kind != AMQP_FIELD_KIND_ARRAY ||
	    deaths->value.array.num_entries == 0 ||
	    deaths->value.array.entries[0].kind != AMQP_FIELD_KIND_TABLE)
		return false;
	last = &deaths->value.array.entries[0].value.table;
	from = table_find(last, "queue");
	if (!table_is(table_find(last, "reason"), "expired") || from == NULL ||
	    from->kind != AMQP_FIELD_KIND_UTF8)
		return false;
	(void)snprintf(claim, sizeof(claim), "%.*s", (int)from->value.bytes.len,
	    (const char *)from->value.bytes.bytes);
	return queue_claim_of(claim, of) && strcmp(of, queue) == 0;
}

/* A quorum queue counts those deliveries after which the message came back. */
static void
unpack_counts(struct unpacked *u, const char *queue, const amqp_table_t *t, bool again)
{
	int64_t n;

	if (table_number(table_find(t, "x-delivery-count"), &n))
		u->m.deliveries = n + 1;
	else if (!again)
		u->m.deliveries = 1;
	if (unpack_lapsed(queue, t))
		u->m.attempts++;
}

void
unpack(struct unpacked *u, const char *queue, const amqp_message_t *from, bool again)
{
	const amqp_basic_properties_t *p = &from->properties;
	static const amqp_table_t none;

	*u = (struct unpacked){ .m = MESSAGE_NONE };
	unpack_properties(u, p);
	if (!unpack_is_mq(p))
		unpack_foreign(u, p);
	u->m.queue = queue;
	u->m.body = from->body.bytes;
	u->m.bodylen = from->body.len;
	map_message(&u->map, &u->m);
	unpack_counts(
	    u, queue, (p->_flags & AMQP_BASIC_HEADERS_FLAG) != 0 ? &p->headers : &none, again);
	if (u->m.enqueued == 0 && (p->_flags & AMQP_BASIC_TIMESTAMP_FLAG) != 0 &&
	    p->timestamp < (uint64_t)(USEC_MAX / USEC))
		u->m.enqueued = (usec_t)p->timestamp * USEC;
	if (u->m.id != NULL && u->m.id[0] != '\0')
		return;
	(void)snprintf(u->id, sizeof(u->id), "amqp-%08x%08x%08x", arc4random(), arc4random(),
	    arc4random());
	u->m.id = u->id;
	u->m.changing = true;
}

void
unpack_free(struct unpacked *u)
{
	map_free(&u->map);
}
