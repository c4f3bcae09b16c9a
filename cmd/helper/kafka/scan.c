/*
 * scan.c: looking at a topic without taking from it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/kafka/kafka.h"

bool
scan_client(struct scan *s, struct kafka *k, const char *group, struct trouble *t)
{
	rd_kafka_conf_t *conf = client_conf(k, &s->client, t);

	if (conf == NULL)
		return false;
	if (!client_set(conf, "group.id", group, t) ||
	    !client_set(conf, "enable.auto.commit", "false", t) ||
	    !client_set(conf, "enable.auto.offset.store", "false", t) ||
	    !client_set(conf, "auto.offset.reset", "earliest", t) ||
	    !client_set(conf, "queued.min.messages", "1000", t) ||
	    !client_set(conf, "queued.max.messages.kbytes", "8192", t) ||
	    !client_set(conf, "enable.partition.eof", "true", t)) {
		rd_kafka_conf_destroy(conf);
		return false;
	}
	return client_new(&s->client, RD_KAFKA_CONSUMER, conf, t);
}

/* Where a partition begins and ends, and where the group stands. */
static bool
scan_bounds(struct scan *s, int i, struct trouble *t)
{
	rd_kafka_topic_partition_t *o = &s->from->elems[i];
	int64_t low, high;
	rd_kafka_resp_err_t err;

	err = rd_kafka_query_watermark_offsets(s->client.rk, o->topic, o->partition, &low, &high,
	    (int)s->client.k->set->timeout_ms);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return trouble_of(t, err, "topic %s", o->topic);
	/* Whatever is there and not committed, be it by mistake or not, is seen. */
	if (o->offset < low || o->offset > high)
		o->offset = low;
	s->to[i] = high;
	return true;
}

bool
scan_open(struct scan *s, struct kafka *k, const struct topic *topic, const char *group,
    struct trouble *t)
{
	rd_kafka_resp_err_t err;

	if (!scan_client(s, k, group, t))
		return false;
	(void)rd_kafka_poll_set_consumer(s->client.rk);
	s->queue = rd_kafka_queue_get_consumer(s->client.rk);
	s->from = rd_kafka_topic_partition_list_new(topic->partitions);
	if ((s->to = calloc((size_t)topic->partitions + 1, sizeof(*s->to))) == NULL)
		return trouble_set(t, CLASS_AGAIN, "no memory");
	for (int32_t i = 0; i < topic->partitions; i++)
		(void)rd_kafka_topic_partition_list_add(s->from, topic->name, i);
	err = rd_kafka_committed(s->client.rk, s->from, (int)k->set->timeout_ms);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return trouble_of(t, err, "group %s", group);
	for (int i = 0; i < s->from->cnt; i++)
		if (!scan_bounds(s, i, t))
			return false;
	return true;
}

int64_t
scan_left(const struct scan *s)
{
	int64_t n = 0;

	for (int i = 0; i < s->from->cnt; i++)
		if (s->to[i] > s->from->elems[i].offset)
			n += s->to[i] - s->from->elems[i].offset;
	return n;
}

/* Only partitions that have something are read. */
static bool
scan_assign(struct scan *s, struct trouble *t)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(s->from->cnt);
	rd_kafka_resp_err_t err;

	for (int i = 0; i < s->from->cnt; i++) {
		const rd_kafka_topic_partition_t *o = &s->from->elems[i];
		rd_kafka_topic_partition_t *new;
		if (s->to[i] <= o->offset)
			continue;
		new = rd_kafka_topic_partition_list_add(list, o->topic, o->partition);
		new->offset = o->offset;
	}
	err = rd_kafka_assign(s->client.rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	s->reading = true;
	return err == RD_KAFKA_RESP_ERR_NO_ERROR || trouble_of(t, err, "reading");
}

/* Keep account, and tell whether the record is wanted. */
static bool
scan_seen(struct scan *s, const rd_kafka_message_t *m, struct trouble *t)
{
	rd_kafka_topic_partition_t *o;

	if (m->rkt == NULL || m->partition < 0 || m->partition >= s->from->cnt)
		return false;
	o = &s->from->elems[m->partition];
	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		/* The last ones may be marks of transactions, which nobody gets to see. */
		o->offset = s->to[m->partition] > o->offset ? s->to[m->partition] : o->offset;
		return false;
	}
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return trouble_set(t, trouble_class(m->err), "%s", rd_kafka_message_errstr(m));
	if (m->offset >= s->to[m->partition]) {
		o->offset = s->to[m->partition];
		return false;
	}
	o->offset = m->offset + 1;
	return true;
}

rd_kafka_message_t *
scan_next(struct scan *s, int ms, struct trouble *t)
{
	int64_t end = consumer_now() + ms;
	rd_kafka_message_t *m;

	t->text[0] = '\0';
	if (!s->reading && scan_left(s) > 0 && !scan_assign(s, t))
		return NULL;
	while (scan_left(s) > 0) {
		int64_t left = end - consumer_now();
		if ((m = rd_kafka_consumer_poll(s->client.rk, left > 0 ? (int)left : 0)) == NULL)
			return NULL;
		if (scan_seen(s, m, t))
			return m;
		rd_kafka_message_destroy(m);
		if (t->text[0] != '\0')
			return NULL;
	}
	return NULL;
}

void
scan_close(struct scan *s)
{
	if (s->queue != NULL)
		rd_kafka_queue_destroy(s->queue);
	if (s->client.rk != NULL) {
		(void)rd_kafka_assign(s->client.rk, NULL);
		rd_kafka_destroy(s->client.rk);
	}
	if (s->from != NULL)
		rd_kafka_topic_partition_list_destroy(s->from);
	free(s->to);
	*s = (struct scan){ 0 };
}
