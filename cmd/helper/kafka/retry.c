/*
 * retry.c: dead letters that are made ready again.
 *
 * Those that the group of the topic QUEUE.mq-dead has not committed are published to the queue, and
 * committed when all that are before them are confirmed.  This goes on beside other requests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/kafka/kafka.h"

#define RETRY_WINDOW 200	/* copies that are not confirmed */

struct retry {
	struct retry *next;
	char tag[FRAME_TAG_MAX];
	char queue[TOPIC_NAME_MAX + 1];
	struct scan scan;
	int64_t *failed;	/* of each partition: the first that was not confirmed; -1: none */
	int64_t n;		/* confirmed */
	int open;
	int64_t deadline;	/* ms: something has to happen until then */
	struct trouble why;	/* no text: all went well */
};

static void
retry_free(struct kafka *k, struct retry *r)
{
	struct retry **at = &k->retries;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	scan_close(&r->scan);
	free(r->failed);
	free(r);
}

/* ---- copies --------------------------------------------------------------------- */

static void
retry_fail(struct retry *r, int32_t partition, int64_t offset, const struct trouble *t)
{
	if (r->failed[partition] == -1 || offset < r->failed[partition])
		r->failed[partition] = offset;
	if (r->why.text[0] == '\0')
		r->why = *t;
}

static void
retry_copied(struct kafka *k, struct sent *s, const struct trouble *t)
{
	struct retry *r = s->retry;

	r->open--;
	r->deadline = consumer_now() + k->set->timeout_ms;
	if (t != NULL)
		retry_fail(r, (int32_t)s->serial, s->offset, t);
	else
		r->n++;
}

/* It has all its attempts again. */
static void
retry_copy(struct kafka *k, struct retry *r, const rd_kafka_message_t *m)
{
	const struct change c = { .topic = r->queue, .partition = RD_KAFKA_PARTITION_UA };
	struct sent *s = calloc(1, sizeof(*s));
	struct trouble t = { .c = CLASS_AGAIN, .text = "no memory" };

	if (s != NULL) {
		s->done = retry_copied;
		s->retry = r;
		s->serial = (uint64_t)m->partition;
		s->offset = m->offset;
		r->open++;
		if (copy_send(k, m, &c, s, &t))
			return;
		r->open--;
	}
	retry_fail(r, m->partition, m->offset, &t);
}

/* ---- the end -------------------------------------------------------------------- */

static rd_kafka_resp_err_t
retry_commit(struct retry *r)
{
	rd_kafka_topic_partition_list_t *list = r->scan.from;

	for (int i = 0; i < list->cnt; i++)
		if (r->failed[i] != -1)
			list->elems[i].offset = r->failed[i];
	return rd_kafka_commit(r->scan.client.rk, list, 0);
}

static void
retry_end(struct kafka *k, struct retry *r)
{
	rd_kafka_resp_err_t err = retry_commit(r);

	if (err != RD_KAFKA_RESP_ERR_NO_ERROR && r->why.text[0] == '\0')
		(void)trouble_of(&r->why, err, "they are published, but it could not be noted");
	if (r->why.text[0] != '\0')
		helper_err(k->h, r->tag, r->why.c, "after %lld dead letters: %s", (long long)r->n,
		    r->why.text);
	else {
		helper_ok_begin(k->h, r->tag);
		helper_field(k->h, "n", r->n);
		helper_ok_end(k->h);
	}
	retry_free(k, r);
}

static void
retry_step(struct kafka *k, struct retry *r)
{
	struct trouble t = { .c = CLASS_AGAIN, .text = "" };
	rd_kafka_message_t *m;

	while (r->why.text[0] == '\0' && r->open < RETRY_WINDOW &&
	    (m = scan_next(&r->scan, 0, &t)) != NULL) {
		r->deadline = consumer_now() + k->set->timeout_ms;
		retry_copy(k, r, m);
		rd_kafka_message_destroy(m);
	}
	if (t.text[0] != '\0' && r->why.text[0] == '\0')
		r->why = t;
	if (r->why.text[0] == '\0' && consumer_now() > r->deadline)
		(void)trouble_set(&r->why, CLASS_AGAIN, "nothing came for %lld ms",
		    (long long)k->set->timeout_ms);
	if (r->open == 0 && (r->why.text[0] != '\0' || scan_left(&r->scan) == 0))
		retry_end(k, r);
}

void
retry_work(struct kafka *k)
{
	struct retry *next;

	for (struct retry *r = k->retries; r != NULL; r = next) {
		next = r->next;
		retry_step(k, r);
	}
}

void
retry_close(struct kafka *k)
{
	while (k->retries != NULL)
		retry_free(k, k->retries);
}

/* ---- the request ---------------------------------------------------------------- */

static bool
retry_open(struct kafka *k, struct retry *r, struct trouble *t)
{
	char dead[TOPIC_NAME_MAX + 1], group[TOPIC_NAME_MAX + 8];
	struct topic *topic;

	if (!topic_dead(r->queue, dead, t) || (topic = topic_get(k, dead, false, t)) == NULL)
		return false;
	(void)snprintf(group, sizeof(group), "mq.%s", topic->name);
	if (!scan_open(&r->scan, k, topic, group, t))
		return false;
	if ((r->failed = calloc((size_t)topic->partitions + 1, sizeof(*r->failed))) == NULL)
		return trouble_set(t, CLASS_AGAIN, "no memory");
	for (int i = 0; i < topic->partitions; i++)
		r->failed[i] = -1;
	client_wake(k, r->scan.queue);
	return true;
}

static struct retry *
retry_new(struct kafka *k, const char *tag, const char *queue)
{
	struct retry *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	(void)snprintf(r->tag, sizeof(r->tag), "%s", tag);
	(void)snprintf(r->queue, sizeof(r->queue), "%s", queue);
	r->deadline = consumer_now() + k->set->timeout_ms;
	r->next = k->retries;
	k->retries = r;
	return r;
}

void
kafka_retry(struct helper *h, const char *tag, const char *queue, const char *id)
{
	struct kafka *k = helper_data(h);
	struct retry *r;
	struct trouble t;

	if (id != NULL) {
		helper_err(h, tag, CLASS_CANNOT, "none can be taken out of the middle of a topic: "
		    "retry all");
		return;
	}
	if (topic_get(k, queue, false, &t) == NULL) {
		helper_err(h, tag, t.c, "%s", t.text);
		return;
	}
	if ((r = retry_new(k, tag, queue)) == NULL) {
		helper_err(h, tag, CLASS_AGAIN, "no memory");
		return;
	}
	if (retry_open(k, r, &t)) {
		retry_step(k, r);
		return;
	}
	retry_free(k, r);
	if (t.c != CLASS_GONE) {
		helper_err(h, tag, t.c, "%s", t.text);
		return;
	}
	helper_ok_begin(h, tag);
	helper_field(h, "n", 0);
	helper_ok_end(h);
}
