/*
 * push.c: messages of mq that become records, and records that are published once more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/kafka/kafka.h"

/* ---- push ------------------------------------------------------------------- */

static void
push_done(struct kafka *k, struct sent *s, const struct trouble *t)
{
	if (t == NULL)
		helper_ok(k->h, s->tag);
	else
		helper_err(k->h, s->tag, t->c, "%s", t->text);
}

/* The key is that of the record. */
static bool
push_header(void *arg, const char *name, const char *value)
{
	return strcmp(name, "mq-key") == 0 ||
	    rd_kafka_header_add(arg, name, -1, value, -1) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* What a record cannot hold, or what nobody would see to. */
static bool
push_refused(const struct message *m, struct trouble *t)
{
	if (m->delay_ms > 0)
		return !trouble_set(t, CLASS_CANNOT, "Kafka cannot delay: push it to a queue of mq "
		    "with the delay, and relay that");
	if (m->once != NULL)
		return !trouble_set(t, CLASS_CANNOT, "Kafka does not look for what was pushed "
		    "before");
	if (m->key != NULL && strlen(m->key) > KEY_TEXT_MAX)
		return !trouble_set(t, CLASS_DATA, "a key of %zu bytes; at most %d", strlen(m->key),
		    KEY_TEXT_MAX);
	return false;
}

static bool
push_send(struct kafka *k, const char *tag, const struct message *m, struct trouble *t)
{
	struct record r = { .topic = m->queue, .partition = RD_KAFKA_PARTITION_UA, .key = m->key,
	    .keylen = m->key != NULL ? strlen(m->key) : 0, .value = m->body != NULL ? m->body : "",
	    .valuelen = m->bodylen };
	struct sent *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return trouble_set(t, CLASS_AGAIN, "no memory");
	s->done = push_done;
	(void)snprintf(s->tag, sizeof(s->tag), "%s", tag);
	r.headers = rd_kafka_headers_new(16);
	if (!map_out(m, push_header, r.headers)) {
		rd_kafka_headers_destroy(r.headers);
		free(s);
		return trouble_set(t, CLASS_AGAIN, "no memory");
	}
	return transact_wanted(k) ? transact_send(k, m, &r, s, t) :
	    producer_send(k, &r, s, t);
}

void
kafka_push(struct helper *h, const char *tag, const struct message *m)
{
	struct trouble t;

	if (push_refused(m, &t) || !push_send(helper_data(h), tag, m, &t))
		helper_err(h, tag, t.c, "%s", t.text);
}

/* ---- a copy ----------------------------------------------------------------- */

static void
copy_set(rd_kafka_headers_t *headers, const char *name, const char *value)
{
	(void)rd_kafka_header_remove(headers, name);
	if (value != NULL)
		(void)rd_kafka_header_add(headers, name, -1, value, -1);
}

/* All that the original has, and what is to be different. */
static rd_kafka_headers_t *
copy_headers(const rd_kafka_message_t *m, const struct change *c)
{
	rd_kafka_headers_t *old, *headers;
	char text[TIME_MAX], id[RECORD_ID_MAX];

	if (rd_kafka_message_headers(m, &old) == RD_KAFKA_RESP_ERR_NO_ERROR)
		headers = rd_kafka_headers_copy(old);
	else
		headers = rd_kafka_headers_new(4);
	record_id(m, id);
	if (!record_has(m, "mq-id"))
		copy_set(headers, "mq-id", id);
	if (!record_has(m, "mq-enqueued") && record_time(m) > 0) {
		time_format(record_time(m) * 1000, text);
		copy_set(headers, "mq-enqueued", text);
	}
	if (c->attempts >= 0) {
		(void)snprintf(text, sizeof(text), "%lld", (long long)c->attempts);
		copy_set(headers, "mq-attempts", c->attempts > 0 ? text : NULL);
	}
	copy_set(headers, "mq-reason", c->reason);
	return headers;
}

bool
copy_send(struct kafka *k, const rd_kafka_message_t *m, const struct change *c, struct sent *s,
    struct trouble *t)
{
	struct record r = { .topic = c->topic, .partition = c->partition, .key = m->key,
	    .keylen = m->key_len, .value = m->payload, .valuelen = m->len };

	r.headers = copy_headers(m, c);
	return producer_send(k, &r, s, t);
}
