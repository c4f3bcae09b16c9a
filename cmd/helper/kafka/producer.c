/*
 * producer.c: records that are sent, and the reports of their delivery.
 *
 * The producer is idempotent: what librdkafka sends again after a broken connection is stored once,
 * and in order.  What it cannot tell the outcome of is "unknown".
 *
 * A batch that is larger than its topic allows is refused as a whole, so topics with other limits
 * than the usual one have producers of their own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/kafka/kafka.h"

#define LIMIT_MIN 1000		/* the least that it can be told */
#define LIMIT_MAX 1000000000
#define LIMIT_USUAL 1048588

/* ---- reports ---------------------------------------------------------------- */

static void
producer_trouble(struct kafka *k, const rd_kafka_message_t *m, struct trouble *t)
{
	const char *topic = rd_kafka_topic_name(m->rkt);

	(void)trouble_of(t, m->err, "topic %s", topic);
	if (rd_kafka_message_status(m) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED)
		t->c = CLASS_UNKNOWN;
	else if (t->c == CLASS_GONE || t->c == CLASS_LARGE)
		topic_forget(k, topic);
}

static void
producer_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *arg)
{
	struct client *cl = arg;
	struct sent *s = m->_private;
	struct trouble t;

	(void)rk;
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		producer_trouble(cl->k, m, &t);
	s->done(cl->k, s, m->err != RD_KAFKA_RESP_ERR_NO_ERROR ? &t : NULL);
	free(s);
}

/* ---- producers -------------------------------------------------------------- */

bool
producer_conf(struct kafka *k, rd_kafka_conf_t *conf, int64_t limit, struct trouble *t)
{
	return client_set(conf, "enable.idempotence", "true", t) &&
	    client_set(conf, "partitioner", "murmur2_random", t) &&
	    client_set(conf, "linger.ms", "0", t) &&
	    client_set_number(conf, "message.timeout.ms", k->set->timeout_ms, t) &&
	    /* Of a batch, too. */
	    client_set_number(conf, "message.max.bytes", limit, t);
}

static bool
producer_start(struct kafka *k, struct producer *p, struct trouble *t)
{
	rd_kafka_conf_t *conf = client_conf(k, &p->client, t);

	if (conf == NULL)
		return false;
	rd_kafka_conf_set_dr_msg_cb(conf, producer_report);
	if (!producer_conf(k, conf, p->limit, t)) {
		rd_kafka_conf_destroy(conf);
		return false;
	}
	if (!client_new(&p->client, RD_KAFKA_PRODUCER, conf, t))
		return false;
	client_wake_main(&p->client);
	return true;
}

/* The producer for batches of this size. */
static struct producer *
producer_get(struct kafka *k, int64_t limit, struct trouble *t)
{
	struct producer **p = &k->producers;

	limit = limit < LIMIT_MIN ? LIMIT_MIN : limit > LIMIT_MAX ? LIMIT_MAX : limit;
	while (*p != NULL && (*p)->limit != limit)
		p = &(*p)->next;
	if (*p != NULL)
		return *p;
	if ((*p = calloc(1, sizeof(**p))) == NULL) {
		(void)trouble_set(t, CLASS_AGAIN, "no memory");
		return NULL;
	}
	(*p)->limit = limit;
	if (!producer_start(k, *p, t)) {
		free(*p);
		*p = NULL;
	}
	return *p;
}

bool
producer_open(struct kafka *k, struct trouble *t)
{
	return producer_get(k, LIMIT_USUAL, t) != NULL;
}

/* ---- sending ---------------------------------------------------------------- */

static int64_t
producer_varint(int64_t n)
{
	uint64_t u = (uint64_t)n << 1;
	int64_t len = 1;

	while ((u >>= 7) != 0)
		len++;
	return len;
}

/* So many bytes, with their length. */
static int64_t
producer_bytes(size_t len)
{
	return producer_varint((int64_t)len) + (int64_t)len;
}

/* The bytes of a batch that has only this record. */
static int64_t
producer_size(const struct record *r)
{
	int64_t size = 3 + producer_bytes(r->keylen) + producer_bytes(r->valuelen);
	const char *name;
	const void *value;
	size_t n, len;

	for (n = 0; rd_kafka_header_get_all(r->headers, n, &name, &value, &len) ==
	    RD_KAFKA_RESP_ERR_NO_ERROR; n++)
		size += producer_bytes(strlen(name)) + producer_bytes(len);
	size += producer_varint((int64_t)n);
	return 61 + producer_varint(size) + size;
}

struct topic *
producer_topic(struct kafka *k, const struct record *r, struct trouble *t)
{
	struct topic *topic = topic_get(k, r->topic, k->set->create, t);
	int64_t size = producer_size(r);

	if (topic == NULL || size <= topic->limit)
		return topic;
	(void)trouble_set(t, CLASS_LARGE, "%lld bytes with headers; topic %s takes %lld "
	    "(max.message.bytes)", (long long)size, r->topic, (long long)topic->limit);
	return NULL;
}

bool
producer_put(struct client *cl, struct record *r, void *opaque, struct trouble *t)
{
	void *value = (void *)(uintptr_t)r->value;
	rd_kafka_resp_err_t err = rd_kafka_producev(cl->rk, RD_KAFKA_V_TOPIC(r->topic),
	    RD_KAFKA_V_PARTITION(r->partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
	    RD_KAFKA_V_KEY(r->key, r->keylen), RD_KAFKA_V_VALUE(value, r->valuelen),
	    RD_KAFKA_V_HEADERS(r->headers), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);

	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return true;
	rd_kafka_headers_destroy(r->headers);
	return trouble_of(t, err, "topic %s", r->topic);
}

bool
producer_send(struct kafka *k, struct record *r, struct sent *s, struct trouble *t)
{
	struct topic *topic = producer_topic(k, r, t);

	if (topic != NULL && topic->producer == NULL)
		topic->producer = producer_get(k, topic->limit, t);
	if (topic == NULL || topic->producer == NULL) {
		rd_kafka_headers_destroy(r->headers);
		free(s);
		return false;
	}
	if (producer_put(&topic->producer->client, r, s, t))
		return true;
	free(s);
	return false;
}

/* ---- all of them ------------------------------------------------------------ */

void
producer_poll(struct kafka *k)
{
	for (struct producer *p = k->producers; p != NULL; p = p->next)
		(void)rd_kafka_poll(p->client.rk, 0);
	transact_work(k);
}

void
producer_flush(struct kafka *k)
{
	transact_work(k);
	for (struct producer *p = k->producers; p != NULL; p = p->next)
		(void)rd_kafka_flush(p->client.rk, (int)k->set->timeout_ms);
}

void
producer_purge(struct kafka *k)
{
	const int all = RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT;

	transact_purge(k);
	for (struct producer *p = k->producers; p != NULL; p = p->next) {
		(void)rd_kafka_purge(p->client.rk, all);
		(void)rd_kafka_flush(p->client.rk, 1000);
	}
}

void
producer_close(struct kafka *k)
{
	struct producer *p;

	producer_purge(k);
	transact_close(k);
	while ((p = k->producers) != NULL) {
		k->producers = p->next;
		if (p->client.rk != NULL)
			rd_kafka_destroy(p->client.rk);
		free(p);
	}
}
