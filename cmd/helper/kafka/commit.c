/*
 * commit.c: offsets that are committed.
 *
 * One commit of a consumer is under way at a time; what is settled meanwhile goes with the next
 * one.  With each offset goes the time of the last record before it, so that a topic that was made
 * anew is found out (assign.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/kafka/kafka.h"

#define COMMIT_MARK "mq1 "
#define COMMIT_AGAIN 200	/* ms */

int64_t
commit_time(const rd_kafka_topic_partition_t *o)
{
	char text[40];

	if (o->metadata == NULL || o->metadata_size >= sizeof(text))
		return -1;
	memcpy(text, o->metadata, o->metadata_size);
	text[o->metadata_size] = '\0';
	if (strncmp(text, COMMIT_MARK, strlen(COMMIT_MARK)) != 0)
		return -1;
	return strtoll(text + strlen(COMMIT_MARK), NULL, 10);
}

/* What there is to be committed.  NULL: nothing. */
static rd_kafka_topic_partition_list_t *
commit_list(struct consumer *c)
{
	rd_kafka_topic_partition_list_t *list = NULL;

	for (struct part *p = c->parts; p != NULL; p = p->next) {
		rd_kafka_topic_partition_t *o;
		char text[40];
		if (p->settled <= p->committed)
			continue;
		if (list == NULL)
			list = rd_kafka_topic_partition_list_new(4);
		o = rd_kafka_topic_partition_list_add(list, c->queue, p->id);
		o->offset = p->committed = p->settled;
		(void)snprintf(text, sizeof(text), COMMIT_MARK "%lld", (long long)p->settled_time);
		/* librdkafka frees it. */
		o->metadata = strdup(text);
		o->metadata_size = o->metadata != NULL ? strlen(text) : 0;
	}
	return list;
}

/* It is to be tried again; acks that have waited too long are answered. */
static void
commit_failed(struct consumer *c, struct part *p, rd_kafka_resp_err_t err)
{
	const int64_t timeout = c->client.k->set->timeout_ms;
	struct trouble t;

	(void)trouble_of(&t, err, "group %s: commit", c->group);
	p->committed = -1;
	c->commit_at = consumer_now() + COMMIT_AGAIN;
	if (t.c == CLASS_LOST)
		part_answer(p, INT64_MAX, &t);
	else if (p->waiting != NULL && consumer_now() - p->waiting->since > timeout) {
		t.c = CLASS_UNKNOWN;
		part_answer(p, p->waiting->offset + 1, &t);
	}
}

static void
commit_result(struct consumer *c, rd_kafka_resp_err_t err,
    const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; list != NULL && i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *o = &list->elems[i];
		rd_kafka_resp_err_t one = o->err != RD_KAFKA_RESP_ERR_NO_ERROR ? o->err : err;
		struct part *p = part_find(c, o->partition);
		if (p == NULL)
			continue;
		if (one == RD_KAFKA_RESP_ERR_NO_ERROR)
			part_answer(p, o->offset, NULL);
		else
			commit_failed(c, p, one);
	}
}

void
commit_done(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *list,
    void *arg)
{
	struct client *cl = arg;

	(void)rk;
	cl->consumer->committing = false;
	commit_result(cl->consumer, err, list);
}

void
commit_start(struct consumer *c)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t err;

	if (c->committing || consumer_now() < c->commit_at || (list = commit_list(c)) == NULL)
		return;
	c->committing = true;
	if ((err = rd_kafka_commit(c->client.rk, list, 1)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
		c->committing = false;
		commit_result(c, err, list);
	}
	rd_kafka_topic_partition_list_destroy(list);
}

static void
commit_last_done(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *list,
    void *arg)
{
	(void)rk;
	commit_result(arg, err, list);
}

void
commit_last(struct consumer *c)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_queue_t *q;

	/* What is under way may have failed, so it goes with this one once more. */
	for (struct part *p = c->parts; p != NULL; p = p->next)
		if (c->committing && p->committed == p->settled)
			p->committed = -1;
	if ((list = commit_list(c)) == NULL)
		return;
	q = rd_kafka_queue_new(c->client.rk);
	if (rd_kafka_commit_queue(c->client.rk, list, q, commit_last_done, c) ==
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		(void)rd_kafka_queue_poll_callback(q, (int)c->client.k->set->timeout_ms);
	rd_kafka_queue_destroy(q);
	rd_kafka_topic_partition_list_destroy(list);
}
