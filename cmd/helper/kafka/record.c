/*
 * record.c: what a record of Kafka is to mq.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/kafka/kafka.h"

/*
 * A line of the protocol has 4095 bytes, and others than mq write what they like into keys and
 * headers: so many bytes, with blanks and control bytes counted three times, may these have in it.
 */
#define ROOM_ID 600
#define ROOM_KEY 1536
#define ROOM_REASON 900
#define ROOM_VIA 500

void
record_id(const rd_kafka_message_t *m, char id[RECORD_ID_MAX])
{
	(void)snprintf(id, RECORD_ID_MAX, "kafka-%s-%d-%lld", rd_kafka_topic_name(m->rkt),
	    (int)m->partition, (long long)m->offset);
}

static rd_kafka_headers_t *
record_headers(const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *headers;

	return rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR ? headers : NULL;
}

bool
record_has(const rd_kafka_message_t *m, const char *header)
{
	rd_kafka_headers_t *headers = record_headers(m);
	const void *value;
	size_t len;

	return headers != NULL && rd_kafka_header_get_last(headers, header, &value, &len) ==
	    RD_KAFKA_RESP_ERR_NO_ERROR;
}

int64_t
record_time(const rd_kafka_message_t *m)
{
	rd_kafka_timestamp_type_t type;
	int64_t ms = rd_kafka_message_timestamp(m, &type);

	return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || ms < 0 ? 0 : ms;
}

/* FNV-1a, of 64 bits. */
static uint64_t
record_fnv(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x100000001b3ULL;
	return hash;
}

uint32_t
record_hash(const rd_kafka_message_t *m)
{
	uint64_t hash;

	if (m->key_len == 0)
		return 0;
	hash = record_fnv(m->key, m->key_len);
	return (uint32_t)(hash ^ hash >> 32) | 1;
}

/* ---- texts for a line ------------------------------------------------------- */

static size_t
record_room(unsigned char c)
{
	return c <= ' ' || c == 0x7f || c == '%' ? 3 : 1;
}

/* How many bytes of the text fit into the room. */
static size_t
record_fits(const char *text, size_t room)
{
	size_t n = 0, used = 0;

	while (text[n] != '\0' && (used += record_room((unsigned char)text[n])) <= room)
		n++;
	/* Not in the middle of a character. */
	if (text[n] != '\0')
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	return n;
}

static bool
record_is_text(const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)key[i] < ' ' || key[i] == 0x7f)
			return false;
	return len <= KEY_TEXT_MAX && key[0] != ' ' && key[len - 1] != ' ';
}

/*
 * The key as a text.  Others may use any bytes: a short one is written as hex digits, and of a long
 * one there is only a hash, so that equal keys stay equal.
 */
static void
record_key(const rd_kafka_message_t *m, char key[KEY_TEXT_MAX + 1])
{
	const unsigned char *p = m->key;

	if (record_is_text(m->key, m->key_len)) {
		memcpy(key, m->key, m->key_len);
		key[m->key_len] = '\0';
		return;
	}
	if (m->key_len > 64) {
		(void)snprintf(key, KEY_TEXT_MAX + 1, "hash-%016llx",
		    (unsigned long long)record_fnv(m->key, m->key_len));
		return;
	}
	(void)snprintf(key, KEY_TEXT_MAX + 1, "0x");
	for (size_t i = 0; i < m->key_len; i++)
		(void)snprintf(key + 2 + 2 * i, 3, "%02x", p[i]);
}

/* ---- a message ------------------------------------------------------------------ */

static void
record_map(const rd_kafka_message_t *m, struct mapped *map)
{
	rd_kafka_headers_t *headers = record_headers(m);
	const char *name;
	const void *value;
	size_t len;

	if (headers == NULL)
		return;
	for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &len) ==
	    RD_KAFKA_RESP_ERR_NO_ERROR; i++)
		map_in(map, name, value != NULL ? value : "", len);
	if (map->reason != NULL)
		map->reason[record_fits(map->reason, ROOM_REASON)] = '\0';
	if (map->via != NULL)
		map->via[record_fits(map->via, ROOM_VIA)] = '\0';
}

void
record_message(const rd_kafka_message_t *m, void (*fn)(void *, const struct message *), void *arg)
{
	struct mapped map = { 0 };
	struct message message = MESSAGE_NONE;
	char id[RECORD_ID_MAX], key[KEY_TEXT_MAX + 1];

	record_map(m, &map);
	map_message(&map, &message);
	if (message.id == NULL || message.id[0] == '\0' ||
	    message.id[record_fits(message.id, ROOM_ID)] != '\0') {
		record_id(m, id);
		message.id = id;
		message.derived = true;
	}
	if (m->key_len > 0) {
		record_key(m, key);
		message.key = key;
	} else if (message.key != NULL && message.key[record_fits(message.key, ROOM_KEY)] != '\0')
		message.key = NULL;
	if (message.enqueued == 0)
		message.enqueued = record_time(m) * 1000;
	message.body = m->payload;
	message.bodylen = m->len;
	fn(arg, &message);
	map_free(&map);
}
