/*
 * entry.c: messages as Pub/Sub holds them.
 *
 * Each header, and each of mq's own fields, is an attribute where Pub/Sub can hold it as one.
 * Where it cannot (a name that comes twice, a value that is too long or no UTF-8, the order of
 * several headers, more than there may be), all of them are in the attribute mq-headers, too, or in
 * mq-headers64 as base64, cut into as many attributes as it takes: mq-headers, mq-headers-2, ...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/pubsub/pubsub.h"

#define ATTRIBUTES_MAX 100
#define NAME_LEN 256
#define VALUE_LEN 1024
#define CHUNKS_MAX 90		/* attributes that the header block may take up */
#define KEY_LEN_MAX 1024

/* ---- out --------------------------------------------------------------------- */

struct out {
	json_t *attributes;
	size_t room;		/* how many attributes may still be added */
	int headers;
	bool whole;		/* all is held by attributes of its own */
	size_t size;
};

static bool
out_add(struct out *o, const char *name, const char *value, size_t len)
{
	o->size += 2 * (strlen(name) + len) + 8;
	return json_object_set_new(o->attributes, name, json_stringn(value, len)) == 0;
}

/* Whether an attribute can hold the header. */
static bool
out_holds(const struct out *o, const char *name, const char *value)
{
	size_t len = strlen(value);

	return o->room > 0 && len > 0 && len <= VALUE_LEN && strlen(name) <= NAME_LEN &&
	    text_utf8(value, len) && strncmp(name, "goog", 4) != 0 &&
	    strncmp(name, "mq-headers", 10) != 0 && json_object_get(o->attributes, name) == NULL;
}

static bool
out_header(void *arg, const char *name, const char *value)
{
	struct out *o = arg;

	if (strncmp(name, "mq-", 3) != 0)
		o->headers++;
	if (!out_holds(o, name, value)) {
		o->whole = false;
		return true;
	}
	o->room--;
	return out_add(o, name, value, strlen(value));
}

/* The end of a piece of at most VALUE_LEN bytes, which does not cut a character in two. */
static size_t
out_piece(const char *text, size_t len)
{
	if (len <= VALUE_LEN)
		return len;
	len = VALUE_LEN;
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static bool
out_block(struct out *o, const char *text, size_t len, const char *name)
{
	char numbered[40];
	size_t n = 1, piece;

	for (; len > 0; n++, text += piece, len -= piece) {
		piece = out_piece(text, len);
		(void)snprintf(numbered, sizeof(numbered), n == 1 ? "%s" : "%s-%zu", name, n);
		if (!out_add(o, numbered, text, piece))
			return false;
	}
	return true;
}

/* The size of the block in attributes, which are kept free for it. */
static size_t
out_pieces(size_t len, bool text)
{
	return (text ? len : (len + 2) / 3 * 4) / (VALUE_LEN - 3) + 1;
}

static bool
out_attributes(struct out *o, const struct message *m, struct trouble *f)
{
	size_t len = 0, pieces;
	char *block = map_block(m, &len), *coded = NULL;
	bool text, good;

	if (block == NULL)
		return false;
	text = text_utf8(block, len);
	if ((pieces = out_pieces(len, text)) > CHUNKS_MAX) {
		(void)trouble_set(f, CLASS_LARGE, "%zu bytes of headers; Pub/Sub takes %d",
		    len, CHUNKS_MAX * (VALUE_LEN - 3) / (text ? 1 : 2));
		free(block);
		return false;
	}
	o->whole = true;
	o->room = ATTRIBUTES_MAX - pieces;
	good = map_out(m, out_header, o);
	/* An object of JSON has no order. */
	if (good && (!o->whole || o->headers > 1)) {
		if (text)
			good = out_block(o, block, len, "mq-headers");
		else
			good = (coded = text_base64(block, len)) != NULL &&
			    out_block(o, coded, strlen(coded), "mq-headers64");
	}
	free(coded);
	free(block);
	return good;
}

static bool
out_possible(const struct message *m, struct trouble *f)
{
	if (m->once != NULL)
		return trouble_set(f, CLASS_CANNOT, "Pub/Sub does not know an --id again");
	if (m->delay_ms > 0)
		return trouble_set(f, CLASS_CANNOT, "Pub/Sub cannot delay a message");
	if (m->bodylen > PUBSUB_BODY_MAX)
		return trouble_set(f, CLASS_LARGE, "%zu bytes; Pub/Sub takes %d", m->bodylen,
		    PUBSUB_BODY_MAX);
	(void)trouble_set(f, CLASS_AGAIN, "no memory");
	return true;
}

/* The ordering key: the key itself if it can be one, else its hash. */
static char *
out_key(const char *key)
{
	char hash[80] = "sha256-";
	size_t len = strlen(key);

	if ((len > KEY_LEN_MAX || !text_utf8(key, len)) &&
	    text_hash("SHA256", key, len, hash + 7, sizeof(hash) - 7))
		key = hash;
	return strdup(key);
}

static struct item *
out_item(const char *tag, const struct message *m, const struct out *o)
{
	json_t *entry = json_object();
	char *data = text_base64(m->body != NULL ? m->body : "", m->bodylen);
	struct item *i;

	if (m->bodylen > 0)
		(void)json_object_set_new(entry, "data", json_string(data));
	(void)json_object_set(entry, "attributes", o->attributes);
	i = item_new(tag, entry, (data != NULL ? strlen(data) : 0) + o->size + 200);
	free(data);
	if (i == NULL)
		return NULL;
	if (m->id != NULL && m->id[0] != '\0')
		i->id = strdup(m->id);
	if (m->key != NULL && m->key[0] != '\0' && (i->key = out_key(m->key)) != NULL)
		(void)json_object_set_new(entry, "orderingKey", json_string(i->key));
	return i;
}

struct item *
entry_out(const char *tag, const struct message *m, struct trouble *f)
{
	struct out o = { 0 };
	struct item *i = NULL;

	if (!out_possible(m, f) || (o.attributes = json_object()) == NULL)
		return NULL;
	if (out_attributes(&o, m, f)) {
		/* Pub/Sub takes no message that has neither a body nor an attribute. */
		if (m->bodylen == 0 && json_object_size(o.attributes) == 0)
			(void)out_add(&o, "mq-empty", "1", 1);
		i = out_item(tag, m, &o);
	}
	json_decref(o.attributes);
	return i;
}

/* ---- in ---------------------------------------------------------------------- */

/* The text that was cut into attributes; NULL: it is not there.  The caller frees it. */
static char *
in_block(const json_t *attributes, const char *name)
{
	char numbered[40], *text = NULL, *more;
	const char *piece = text_of(attributes, name);

	for (size_t n = 2; piece[0] != '\0'; n++) {
		more = text_print("%s%s", text != NULL ? text : "", piece);
		free(text);
		if ((text = more) == NULL)
			return NULL;
		(void)snprintf(numbered, sizeof(numbered), "%s-%zu", name, n);
		piece = text_of(attributes, numbered);
	}
	return text;
}

/* Whether all was in one block. */
static bool
in_whole(struct entry *e, const json_t *attributes)
{
	char *text = in_block(attributes, "mq-headers"), *coded = NULL;
	size_t len = text != NULL ? strlen(text) : 0;
	bool good;

	if (text == NULL && (coded = in_block(attributes, "mq-headers64")) != NULL)
		text = text_unbase64(coded, strlen(coded), &len);
	good = text != NULL && map_block_in(&e->map, text, len);
	free(coded);
	free(text);
	return good;
}

bool
entry_in(const json_t *json, struct entry *e)
{
	json_t *message = json_object_get(json, "message"), *value;
	json_t *attributes = json_object_get(message, "attributes");
	const char *data = text_of(message, "data"), *name;
	struct error err = { 0 };

	*e = (struct entry){ .m = MESSAGE_NONE };
	e->ack = text_of(json, "ackId");
	if ((e->body = text_unbase64(data, strlen(data), &e->m.bodylen)) == NULL)
		return false;
	if (!in_whole(e, attributes))
		json_object_foreach(attributes, name,
		    value) if (strcmp(name, "mq-empty") != 0 && json_is_string(value))
		    map_in(&e->map, name, json_string_value(value), json_string_length(value));
	e->m.body = e->body;
	e->m.id = text_of(message, "messageId");
	if (time_parse(text_of(message, "publishTime"), &e->m.enqueued, &err) != ST_OK)
		e->m.enqueued = 0;
	e->m.deliveries = json_integer_value(json_object_get(json, "deliveryAttempt"));
	e->m.derived = e->map.id == NULL;
	map_message(&e->map, &e->m);
	e->lane =
	    text_of(message, "orderingKey")[0] != '\0' ? text_of(message, "orderingKey") : NULL;
	if (e->m.key == NULL && e->m.derived)
		e->m.key = e->lane;
	return !e->map.broken;
}

void
entry_free(struct entry *e)
{
	map_free(&e->map);
	free(e->body);
}
