/*
 * assign.c: partitions that a group gives to this consumer, and takes away.
 *
 * Where to begin is never left to librdkafka: what a group has not seen is told, not passed over.
 * If the committed offset is not in the partition any more, records were deleted before they were
 * taken, or the topic is another one of the same name.  The latter may also be long enough to have
 * that offset, so the record before it is read, too, and must have the time that was committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/kafka/kafka.h"

static void
assign_gap(struct consumer *c, const rd_kafka_topic_partition_t *o, int64_t low, int64_t high)
{
	const char *topic = c->queue, *group = c->group;

	if (o->offset < low)
		consumer_fail(c, CLASS_GONE, "topic %s, partition %d: %lld records were deleted "
		    "(retention) before the group %s took them: it stands at %lld, and the "
		    "oldest is %lld; to go on there: %s", topic, o->partition,
		    (long long)(low - o->offset), group, (long long)o->offset, (long long)low,
		    RESET_TEXT);
	else
		consumer_fail(c, CLASS_GONE, "topic %s, partition %d: the group %s stands at %lld, "
		    "but it ends at %lld: the topic was made anew, or has lost records; to begin "
		    "with its oldest: %s", topic, o->partition, group, (long long)o->offset,
		    (long long)high, RESET_TEXT);
}

/* Where the partition is to be read from. */
static bool
assign_begin(struct consumer *c, struct part *p, rd_kafka_topic_partition_t *o)
{
	int64_t low, high, time = commit_time(o);
	rd_kafka_resp_err_t err;

	err = o->err != RD_KAFKA_RESP_ERR_NO_ERROR ? o->err : rd_kafka_query_watermark_offsets(
	    c->client.rk, c->queue, o->partition, &low, &high, (int)c->client.k->set->timeout_ms);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		consumer_fail(c, trouble_class(err), "%s", rd_kafka_err2str(err));
		return false;
	}
	if (o->offset < 0) {
		if (low > 0)
			(void)fprintf(stderr, "group %s has no offset in %s, partition %d: it "
			    "begins with the oldest record, %lld\n", c->group, c->queue,
			    o->partition, (long long)low);
		o->offset = RD_KAFKA_OFFSET_BEGINNING;
		return true;
	}
	if (o->offset < low || o->offset > high) {
		assign_gap(c, o, low, high);
		return false;
	}
	p->settled = p->committed = o->offset;
	if (time >= 0 && o->offset > low) {
		p->witness = --o->offset;
		p->witness_time = time;
	}
	return true;
}

/* Let the records of the partition come into the queue of the consumer's own. */
static void
assign_queue(struct consumer *c, int32_t id)
{
	rd_kafka_queue_t *q = rd_kafka_queue_get_partition(c->client.rk, c->queue, id);

	if (q == NULL)
		return;
	rd_kafka_queue_forward(q, c->records);
	rd_kafka_queue_destroy(q);
}

static void
assign_new(struct consumer *c, rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_resp_err_t err;
	struct part *p;

	err = rd_kafka_committed(c->client.rk, list, (int)c->client.k->set->timeout_ms);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		consumer_fail(c, trouble_class(err), "%s", rd_kafka_err2str(err));
		return;
	}
	for (int i = 0; i < list->cnt && !c->failed; i++) {
		rd_kafka_topic_partition_t *o = &list->elems[i];
		if ((p = part_new(c, o->partition)) == NULL)
			consumer_fail(c, CLASS_AGAIN, "no memory");
		else if (assign_begin(c, p, o))
			assign_queue(c, o->partition);
		free(o->metadata);
		o->metadata = NULL;
		o->metadata_size = 0;
	}
}

static void
assign_gone(struct consumer *c, const rd_kafka_topic_partition_list_t *list)
{
	struct part *p;

	if (!rd_kafka_assignment_lost(c->client.rk))
		commit_last(c);
	for (int i = 0; i < list->cnt; i++)
		if ((p = part_find(c, list->elems[i].partition)) != NULL)
			part_free(p);
}

void
assign_changed(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *list,
    void *arg)
{
	struct client *cl = arg;
	struct consumer *c = cl->consumer;
	rd_kafka_error_t *e;

	if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		assign_new(c, list);
		c->joined = true;
		e = rd_kafka_incremental_assign(rk, list);
	} else {
		assign_gone(c, list);
		e = rd_kafka_incremental_unassign(rk, list);
	}
	if (e != NULL) {
		consumer_fail(c, trouble_class(rd_kafka_error_code(e)), "%s",
		    rd_kafka_error_string(e));
		rd_kafka_error_destroy(e);
	}
}
