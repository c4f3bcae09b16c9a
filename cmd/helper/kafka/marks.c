/*
 * marks.c: hashes of ids, in the metadata of offsets that a transaction commits.
 *
 * The offset itself is the number of the transaction: what it wrote stands in the first partitions,
 * and what stands in others with another number is of an earlier one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "helper/kafka/kafka.h"

#define MARKS_BEGIN "mq1 "

void
mark_of(const char *id, struct mark *m)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint64_t hash = fnv1a(id, strlen(id));

	for (size_t i = 0; i < MARK_LEN; i++, hash >>= 6)
		m->text[i] = digits[hash & 63];
	m->text[MARK_LEN] = '\0';
}

bool
marks_new(struct marks *list, size_t max)
{
	list->max = max;
	return (list->m = calloc(max, sizeof(*list->m))) != NULL;
}

size_t
marks_find(const struct marks *list, const struct mark *m)
{
	size_t i = 0;

	while (i < list->n && strcmp(list->m[i].text, m->text) != 0)
		i++;
	return i;
}

void
marks_remove(struct marks *list, size_t i)
{
	memmove(list->m + i, list->m + i + 1, (--list->n - i) * sizeof(*list->m));
}

void
marks_add(struct marks *list, const struct mark *m)
{
	if (list->n == list->max)
		marks_remove(list, 0);
	list->m[list->n++] = *m;
}

/* One partition's metadata, of the newest transaction. */
static void
marks_take(struct marks *list, const rd_kafka_topic_partition_t *o)
{
	const char *text = o->metadata;
	size_t at = strlen(MARKS_BEGIN);
	struct mark m;

	if (text == NULL || o->metadata_size < at || strncmp(text, MARKS_BEGIN, at) != 0)
		return;
	for (; at + MARK_LEN <= o->metadata_size; at += MARK_LEN) {
		memcpy(m.text, text + at, MARK_LEN);
		m.text[MARK_LEN] = '\0';
		marks_add(list, &m);
	}
}

bool
marks_read(struct kafka *k, const char *group, const struct topic *topic, struct marks *left,
    int64_t *number, struct trouble *t)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new(topic->partitions);
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
	struct scan s = { 0 };
	bool good;

	for (int32_t i = 0; i < topic->partitions; i++)
		(void)rd_kafka_topic_partition_list_add(list, topic->name, i);
	if ((good = scan_client(&s, k, group, t)))
		err = rd_kafka_committed(s.client.rk, list, (int)k->set->timeout_ms);
	scan_close(&s);
	for (int i = 0; err == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++) {
		err = list->elems[i].err;
		if (list->elems[i].offset > *number)
			*number = list->elems[i].offset;
	}
	for (int i = 0; i < list->cnt; i++)
		if (list->elems[i].offset == *number)
			marks_take(left, &list->elems[i]);
	rd_kafka_topic_partition_list_destroy(list);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return trouble_of(t, err, "group %s", group);
	return good;
}

bool
marks_write(rd_kafka_topic_partition_list_t *list, const struct topic *topic, int64_t number,
    size_t n, const struct mark *m)
{
	const size_t prefix = strlen(MARKS_BEGIN);
	rd_kafka_topic_partition_t *o;

	if (n % MARKS_EACH == 0) {
		o = rd_kafka_topic_partition_list_add(list, topic->name,
		    (int32_t)(n / MARKS_EACH));
		o->offset = number;
		/* librdkafka frees it. */
		if ((o->metadata = malloc(prefix + (size_t)MARKS_EACH * MARK_LEN)) != NULL) {
			memcpy(o->metadata, MARKS_BEGIN, prefix);
			o->metadata_size = prefix;
		}
	}
	o = &list->elems[list->cnt - 1];
	if (o->metadata == NULL)
		return false;
	memcpy((char *)o->metadata + o->metadata_size, m->text, MARK_LEN);
	o->metadata_size += MARK_LEN;
	return true;
}
