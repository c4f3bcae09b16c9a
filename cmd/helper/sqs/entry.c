/*
 * entry.c: messages as SQS holds them: a body of plain text, and three attributes of mq.
 *
 * mq-id is the id; mq-headers is the header block with all that mq tells of a message besides; and
 * mq-encoding says what the body is if it is not the text itself: base64, or empty.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/sqs/sqs.h"

#define GROUP_MAX 128	/* bytes of a MessageGroupId and of a MessageDeduplicationId */
#define NO_BODY "(empty)"	/* what SQS holds for an empty body, which it would refuse */

/* ---- out --------------------------------------------------------------------- */

struct out {
	json_t *entry, *attributes;
	size_t size;		/* as SQS counts it */
	char md5[33];
};

static void
out_attribute(struct out *o, const char *name, const char *type, const char *text, size_t textlen,
    size_t len)
{
	const char *member = strcmp(type, "Binary") == 0 ? "BinaryValue" : "StringValue";

	(void)json_object_set_new(
	    o->attributes, name, json_pack("{s:s, s:s%}", "DataType", type, member, text, textlen));
	o->size += strlen(name) + strlen(type) + len;
}

static void
out_body_text(struct out *o, const char *text, size_t len)
{
	(void)json_object_set_new(o->entry, "MessageBody", json_stringn(text, len));
	o->size += len;
	/* Without MD5 the body goes unchecked, as it does where that is forbidden. */
	if (!text_hash("MD5", text, len, o->md5, sizeof(o->md5)))
		o->md5[0] = '\0';
}

static bool
out_body(struct out *o, const struct message *m)
{
	const char *encoding = m->bodylen == 0 ? "empty" : "base64";
	char *text;

	if (m->bodylen > 0 && text_plain(m->body, m->bodylen)) {
		out_body_text(o, m->body, m->bodylen);
		return true;
	}
	if ((text = m->bodylen == 0 ? strdup(NO_BODY) : text_base64(m->body, m->bodylen)) == NULL)
		return false;
	out_body_text(o, text, strlen(text));
	free(text);
	out_attribute(o, "mq-encoding", "String", encoding, strlen(encoding), strlen(encoding));
	return true;
}

static bool
out_headers(struct out *o, const struct message *m)
{
	size_t len = 0, id = m->id != NULL ? strlen(m->id) : 0;
	char *block = map_block(m, &len), *text;

	if (block == NULL)
		return false;
	/* Nothing but "mq-id: ID" and the empty line: the id has an attribute of its own. */
	if (len <= 1 || (id > 0 && len == strlen("mq-id: ") + id + 2)) {
		free(block);
		return true;
	}
	if (text_plain(block, len))
		out_attribute(o, "mq-headers", "String", block, len, len);
	else if ((text = text_base64(block, len)) != NULL) {
		out_attribute(o, "mq-headers", "Binary", text, strlen(text), len);
		free(text);
	}
	free(block);
	return true;
}

/* A group or a deduplication id: the text itself if it can be one, else its hash. */
static void
out_word(struct out *o, const char *member, const char *text)
{
	char hash[80] = "sha256-";
	size_t len = strlen(text);
	bool good = len > 0 && len <= GROUP_MAX;

	for (size_t i = 0; i < len; i++)
		good = good && text[i] > ' ' && text[i] < 0x7f;
	if (!good && text_hash("SHA256", text, len, hash + 7, sizeof(hash) - 7))
		text = hash;
	(void)json_object_set_new(o->entry, member, json_string(text));
}

/* The order and the identity of a message in a FIFO queue. */
static void
out_fifo(struct out *o, const struct message *m, bool fresh)
{
	char random[40];

	(void)snprintf(random, sizeof(random), "mq-%08x%08x%08x", arc4random(), arc4random(),
	    arc4random());
	/* Without a key a message waits for no other one. */
	out_word(o, "MessageGroupId", m->key != NULL && m->key[0] != '\0' ? m->key :
	    m->id != NULL && m->id[0] != '\0' ? m->id : random);
	out_word(o, "MessageDeduplicationId", fresh || m->id == NULL || m->id[0] == '\0' ? random :
	    m->id);
}

static bool
out_refuse(struct trouble *f, enum class c, const char *what, int64_t n, int64_t most,
    const char *whose)
{
	return trouble_set(
	    f, c, "%lld %s; %s takes %lld", (long long)n, what, whose, (long long)most);
}

static bool
out_possible(const struct queue *q, const struct message *m, struct trouble *f)
{
	if (m->once != NULL)
		return trouble_set(f, CLASS_CANNOT, "SQS does not know an --id again");
	if (q->fifo && m->delay_ms > 0)
		return trouble_set(f, CLASS_CANNOT, "a FIFO queue delays no single message");
	if (m->delay_ms > SQS_DELAY_MAX * 1000)
		return out_refuse(
		    f, CLASS_CANNOT, "ms of delay", m->delay_ms, SQS_DELAY_MAX * 1000, "SQS");
	if (m->bodylen > SQS_BODY_MAX)
		return out_refuse(
		    f, CLASS_LARGE, "bytes", (int64_t)m->bodylen, SQS_BODY_MAX, "SQS");
	return m->id == NULL || text_plain(m->id, strlen(m->id)) ||
	    trouble_set(f, CLASS_DATA, "the id is no plain text");
}

static struct item *
out_item(struct out *o, const struct queue *q, const char *tag, const struct message *m)
{
	struct item *i = item_new(tag, json_incref(o->entry), o->size);

	if (i == NULL)
		return NULL;
	memcpy(i->md5, o->md5, sizeof(i->md5));
	if (m->id != NULL && m->id[0] != '\0')
		i->id = strdup(m->id);
	if (q->fifo && m->key != NULL)
		i->key = strdup(m->key);
	return i;
}

struct item *
entry_out(const struct queue *q, const char *tag, const struct message *m, bool fresh,
    struct trouble *f)
{
	struct out o = { 0 };
	struct item *i = NULL;

	if (!out_possible(q, m, f))
		return NULL;
	o.entry = json_object();
	o.attributes = json_object();
	(void)trouble_set(f, CLASS_AGAIN, "no memory");
	if (out_body(&o, m) && out_headers(&o, m)) {
		if (m->id != NULL && m->id[0] != '\0')
			out_attribute(&o, "mq-id", "String", m->id, strlen(m->id), strlen(m->id));
		if (q->fifo)
			out_fifo(&o, m, fresh);
		if (m->delay_ms > 0)
			(void)json_object_set_new(o.entry, "DelaySeconds",
			    json_integer((m->delay_ms + 999) / 1000));
		if (json_object_size(o.attributes) > 0)
			(void)json_object_set(o.entry, "MessageAttributes", o.attributes);
		if ((int64_t)o.size > q->max_size)
			(void)out_refuse(f, CLASS_LARGE, "bytes with its headers", (int64_t)o.size,
			    q->max_size, "this queue");
		else
			i = out_item(&o, q, tag, m);
	}
	json_decref(o.entry);
	json_decref(o.attributes);
	return i;
}

/* ---- in ---------------------------------------------------------------------- */

static void
in_headers(struct entry *e, const json_t *attribute)
{
	const char *text = text_of(attribute, "StringValue"),
		   *binary = text_of(attribute, "BinaryValue");
	size_t len;
	char *block;

	if (text[0] != '\0') {
		(void)map_block_in(&e->map, text, strlen(text));
	} else if ((block = text_unbase64(binary, strlen(binary), &len)) != NULL) {
		(void)map_block_in(&e->map, block, len);
		free(block);
	}
}

static void
in_attributes(struct entry *e, json_t *all, const char **encoding)
{
	const char *name;
	json_t *attribute;

	json_object_foreach(all, name, attribute) {
		const char *text = text_of(attribute, "StringValue");
		if (text[0] == '\0')
			text = text_of(attribute, "BinaryValue");
		if (strcmp(name, "mq-headers") == 0)
			in_headers(e, attribute);
		else if (strcmp(name, "mq-encoding") == 0)
			*encoding = text;
		else
			map_in(&e->map, name, text, strlen(text));
	}
}

/* The body as it was pushed.  False: it is not what its encoding says. */
static bool
in_body(struct entry *e, const json_t *json, const char *encoding)
{
	const json_t *body = json_object_get(json, "Body");

	e->m.body = json_string_value(body);
	e->m.bodylen = json_string_length(body);
	if (strcmp(encoding, "empty") == 0)
		e->m.bodylen = 0;
	if (strcmp(encoding, "base64") != 0)
		return true;
	e->body = text_unbase64(e->m.body, e->m.bodylen, &e->m.bodylen);
	e->m.body = e->body;
	return e->body != NULL;
}

/* Whether the body is the one that SQS got. */
static bool
in_whole(const json_t *json)
{
	const json_t *body = json_object_get(json, "Body");
	const char *md5 = text_of(json, "MD5OfBody");
	char ours[33];

	return body != NULL && (md5[0] == '\0' || !text_hash("MD5", json_string_value(body),
	    json_string_length(body), ours, sizeof(ours)) || strcmp(md5, ours) == 0);
}

bool
entry_in(const json_t *json, struct entry *e)
{
	const json_t *told = json_object_get(json, "Attributes");
	const char *encoding = "", *group = text_of(told, "MessageGroupId");

	*e = (struct entry){ .m = MESSAGE_NONE };
	e->receipt = text_of(json, "ReceiptHandle");
	if (!in_whole(json))
		return false;
	in_attributes(e, json_object_get(json, "MessageAttributes"), &encoding);
	if (!in_body(e, json, encoding) || e->map.broken)
		return false;
	e->m.id = text_of(json, "MessageId");
	e->m.enqueued = strtoll(text_of(told, "SentTimestamp"), NULL, 10) * 1000;
	e->m.deliveries = strtoll(text_of(told, "ApproximateReceiveCount"), NULL, 10);
	e->m.derived = e->map.id == NULL;
	map_message(&e->map, &e->m);
	e->group = group[0] != '\0' ? group : NULL;
	/* The group of a message that others sent is its key. */
	if (e->m.key == NULL && e->m.derived)
		e->m.key = e->group;
	return true;
}

void
entry_free(struct entry *e)
{
	map_free(&e->map);
	free(e->body);
}
