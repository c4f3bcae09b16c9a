/*
 * consumer.c: members of groups, one for each queue that is taken from.
 *
 * The records of all partitions go into a queue of our own, and are read from it only while there
 * is credit.  What else librdkafka has to say comes through another queue, which is always read.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/kafka/kafka.h"

#define IDLE_FIRST 250	/* ms: so long nothing has to come until a look has found nothing */
#define IDLE_NEXT 1000
#define LOOK_AGAIN 500	/* ms: librdkafka expects to be polled at times */

int64_t
consumer_now(void)
{
	return clock_mono() / 1000;
}

void
consumer_fail(struct consumer *c, enum class cl, const char *fmt, ...)
{
	va_list ap;

	if (c->failed)
		return;
	c->failed = true;
	c->why.c = cl;
	va_start(ap, fmt);
	(void)vsnprintf(c->why.text, sizeof(c->why.text), fmt, ap);
	va_end(ap);
}

/* ---- joining ------------------------------------------------------------------ */

static bool
consumer_conf(struct consumer *c, rd_kafka_conf_t *conf, struct trouble *t)
{
	rd_kafka_conf_set_rebalance_cb(conf, assign_changed);
	rd_kafka_conf_set_offset_commit_cb(conf, commit_done);
	return client_set(conf, "group.id", c->group, t) &&
	    client_set(conf, "enable.auto.commit", "false", t) &&
	    client_set(conf, "enable.auto.offset.store", "false", t) &&
	    client_set(conf, "auto.offset.reset", "error", t) &&
	    client_set(conf, "enable.partition.eof", "true", t) &&
	    client_set(conf, "partition.assignment.strategy", "cooperative-sticky", t) &&
	    /* So long a consumer that was killed keeps its partitions. */
	    client_set(conf, "session.timeout.ms", "10000", t) &&
	    client_set(conf, "queued.min.messages", "10000", t) &&
	    client_set(conf, "queued.max.messages.kbytes", "16384", t);
}

static bool
consumer_subscribe(struct consumer *c, struct trouble *t)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t err;

	(void)rd_kafka_topic_partition_list_add(list, c->queue, RD_KAFKA_PARTITION_UA);
	err = rd_kafka_subscribe(c->client.rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return err == RD_KAFKA_RESP_ERR_NO_ERROR || trouble_of(t, err, "group %s", c->group);
}

static bool
consumer_start(struct consumer *c, struct kafka *k, struct trouble *t)
{
	rd_kafka_conf_t *conf;

	if (topic_get(k, c->queue, k->set->create, t) == NULL ||
	    (conf = client_conf(k, &c->client, t)) == NULL)
		return false;
	if (!consumer_conf(c, conf, t)) {
		rd_kafka_conf_destroy(conf);
		return false;
	}
	if (!client_new(&c->client, RD_KAFKA_CONSUMER, conf, t))
		return false;
	(void)rd_kafka_poll_set_consumer(c->client.rk);
	c->control = rd_kafka_queue_get_consumer(c->client.rk);
	c->records = rd_kafka_queue_new(c->client.rk);
	client_wake(k, c->control);
	client_wake(k, c->records);
	return consumer_subscribe(c, t);
}

/* ---- leaving ------------------------------------------------------------------ */

static void
consumer_close_start(struct consumer *c)
{
	rd_kafka_error_t *e;

	c->t = NULL;
	if (c->client.rk == NULL)
		return;
	commit_last(c);
	c->closing = rd_kafka_queue_new(c->client.rk);
	if ((e = rd_kafka_consumer_close_queue(c->client.rk, c->closing)) != NULL)
		rd_kafka_error_destroy(e);
}

/* The group is told, so that others need not wait for this one; but not for ever. */
static void
consumer_close_end(struct consumer *c)
{
	struct consumer **at = &c->client.k->consumers;
	int64_t end = consumer_now() + c->client.k->set->timeout_ms;
	rd_kafka_t *rk = c->client.rk;

	while (rk != NULL && !rd_kafka_consumer_closed(rk) && consumer_now() < end)
		(void)rd_kafka_queue_poll_callback(c->closing, 10);
	while (c->parts != NULL)
		part_free(c->parts);
	if (c->closing != NULL)
		rd_kafka_queue_destroy(c->closing);
	if (c->records != NULL)
		rd_kafka_queue_destroy(c->records);
	if (c->control != NULL)
		rd_kafka_queue_destroy(c->control);
	if (rk != NULL)
		rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free(c);
}

static void
consumer_close(struct consumer *c)
{
	consumer_close_start(c);
	consumer_close_end(c);
}

void
consumer_close_all(struct kafka *k)
{
	for (struct consumer *c = k->consumers; c != NULL; c = c->next)
		consumer_close_start(c);
	while (k->consumers != NULL)
		consumer_close_end(k->consumers);
}

/* ---- take and stop ------------------------------------------------------------ */

static struct consumer *
consumer_find(struct kafka *k, const char *queue)
{
	struct consumer *c = k->consumers;

	while (c != NULL && strcmp(c->queue, queue) != 0)
		c = c->next;
	return c;
}

static struct consumer *
consumer_new(struct kafka *k, const char *queue, struct trouble *t)
{
	struct consumer *c;

	if (strlen(queue) > TOPIC_NAME_MAX) {
		(void)trouble_set(t, CLASS_CONF, "the name is too long for a topic");
		return NULL;
	}
	if ((c = calloc(1, sizeof(*c))) == NULL) {
		(void)trouble_set(t, CLASS_AGAIN, "no memory");
		return NULL;
	}
	c->client.k = k;
	c->client.consumer = c;
	(void)snprintf(c->queue, sizeof(c->queue), "%s", queue);
	(void)snprintf(c->group, sizeof(c->group), "mq.%s", queue);
	c->next = k->consumers;
	k->consumers = c;
	if (consumer_start(c, k, t))
		return c;
	consumer_close(c);
	return NULL;
}

/* What mq holds is settled by this member, so only without any it can leave. */
static bool
consumer_holds(const struct consumer *c)
{
	for (const struct part *p = c->parts; p != NULL; p = p->next)
		if (part_open(p) > 0 || p->waiting != NULL)
			return true;
	return false;
}

static void
consumer_stop(struct helper *h, struct consumer *c, struct taking *t)
{
	if (c != NULL) {
		c->t = NULL;
		if (!consumer_holds(c))
			consumer_close(c);
	}
	helper_stopped(h, t);
}

void
kafka_take(struct helper *h, struct taking *t)
{
	struct kafka *k = helper_data(h);
	struct consumer *c = consumer_find(k, t->queue);
	struct trouble trouble;

	if (t->stopped)
		consumer_stop(h, c, t);
	else if (t->keep)
		helper_ended(h, t, CLASS_CANNOT, "a claim on Kafka ends with the process that took "
		    "it");
	else if (c == NULL && (c = consumer_new(k, t->queue, &trouble)) == NULL)
		helper_ended(h, t, trouble.c, "%s", trouble.text);
	else {
		c->t = t;
		c->idle_at = consumer_now() + IDLE_FIRST;
	}
}

/* ---- reading ------------------------------------------------------------------ */

/* Whether the record is the one before the first that is wanted, or tells that all is wrong. */
static bool
consumer_witness(struct consumer *c, struct part *p, const rd_kafka_message_t *m)
{
	int64_t witness = p->witness;

	p->witness = -1;
	if (witness == -1 || m->offset != witness)
		return false;
	if (record_time(m) != p->witness_time)
		consumer_fail(c, CLASS_GONE, "topic %s, partition %d is not the one that the group "
		    "%s took from: its record %lld has another time; to begin with its oldest: %s",
		    c->queue, p->id, c->group, (long long)witness, RESET_TEXT);
	return true;
}

static void
consumer_error(struct consumer *c, const rd_kafka_message_t *m)
{
	struct part *p = part_find(c, m->partition);

	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		if (p != NULL)
			p->eof = true;
	} else if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
		consumer_fail(c, CLASS_GONE, "%s", rd_kafka_message_errstr(m));
	else if (trouble_class(m->err) != CLASS_AGAIN)
		consumer_fail(c, trouble_class(m->err), "%s", rd_kafka_message_errstr(m));
	else
		(void)fprintf(stderr, "%s: %s\n", c->queue, rd_kafka_message_errstr(m));
}

static void
consumer_message(struct consumer *c, rd_kafka_message_t *m)
{
	struct part *p = part_find(c, m->partition);

	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		consumer_error(c, m);
	else if (p != NULL && !consumer_witness(c, p, m)) {
		p->eof = false;
		c->idle_at = consumer_now() + IDLE_FIRST;
		if (part_add(p, m)) {
			part_give(p);
			return;
		}
		consumer_fail(c, CLASS_AGAIN, "no memory");
	}
	rd_kafka_message_destroy(m);
}

/* Without bounds a message that is not settled would let all behind it come again after a crash. */
static bool
consumer_has_room(const struct consumer *c)
{
	for (const struct part *p = c->parts; p != NULL; p = p->next)
		if (p->n >= CLAIMS_MAX)
			return false;
	return true;
}

static void
consumer_read(struct consumer *c)
{
	rd_kafka_message_t *m;

	for (struct part *p = c->parts; p != NULL; p = p->next)
		part_give(p);
	while (!c->failed && c->t != NULL && c->t->credit > 0 && consumer_has_room(c) &&
	    (m = rd_kafka_consume_queue(c->records, 0)) != NULL)
		consumer_message(c, m);
}

/* Whether all there is was given. */
static bool
consumer_is_idle(const struct consumer *c)
{
	if (!c->joined || c->t == NULL || c->t->credit == 0)
		return false;
	for (const struct part *p = c->parts; p != NULL; p = p->next)
		if (!p->eof)
			return false;
	return true;
}

static void
consumer_one(struct consumer *c)
{
	struct helper *h = c->client.k->h;
	rd_kafka_message_t *m;

	while ((m = rd_kafka_consumer_poll(c->client.rk, 0)) != NULL)
		consumer_message(c, m);
	consumer_read(c);
	commit_start(c);
	if (c->failed && c->t != NULL) {
		helper_ended(h, c->t, c->why.c, "%s", c->why.text);
		c->t = NULL;
	} else if (consumer_is_idle(c) && consumer_now() >= c->idle_at) {
		helper_idle(h, c->t);
		c->idle_at = consumer_now() + IDLE_NEXT;
	}
}

void
consumer_work(struct kafka *k)
{
	struct consumer *next;

	for (struct consumer *c = k->consumers; c != NULL; c = next) {
		next = c->next;
		consumer_one(c);
		if (c->t == NULL && !consumer_holds(c))
			consumer_close(c);
	}
}

int
consumer_timeout(struct kafka *k)
{
	int64_t ms = LOOK_AGAIN, now = consumer_now();

	for (struct consumer *c = k->consumers; c != NULL; c = c->next) {
		if (consumer_is_idle(c) && c->idle_at - now < ms)
			ms = c->idle_at - now;
		if (c->commit_at > now && c->commit_at - now < ms)
			ms = c->commit_at - now;
	}
	return k->consumers == NULL ? -1 : ms < 0 ? 0 : (int)ms;
}
