/*
 * queue.c: queues of SQS: found, made, looked at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/sqs/sqs.h"

#define DEAD "-mq-dead"
#define FIFO ".fifo"
#define NAME_LEN 80

/* ---- names ------------------------------------------------------------------- */

static bool
queue_is_fifo(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, FIFO) == 0;
}

static bool
queue_name_good(const char *name, struct trouble *f)
{
	size_t len = strlen(name), word = strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	(void)trouble_set(f, CLASS_GONE, "no queue of SQS can have the name %.100s: up to %d "
	    "letters, digits, - and _, and perhaps %s at the end",
	    name, NAME_LEN, FIFO);
	return len > 0 && len <= NAME_LEN &&
	    (word == len || (word == len - 5 && queue_is_fifo(name)));
}

bool
queue_dead_name(const char *name, char *buf, size_t len)
{
	int stem = (int)strlen(name) - (queue_is_fifo(name) ? 5 : 0);
	int n = snprintf(buf, len, "%.*s" DEAD "%s", stem, name, name + stem);

	return n <= NAME_LEN && (size_t)n < len;
}

/* ---- finding and making ------------------------------------------------------- */

static char *
queue_url(struct sqs *s, const char *name, struct trouble *f)
{
	json_t *args = json_pack("{s:s}", "QueueName", name), *answer;
	char *url = NULL;

	if (s->account[0] != '\0')
		(void)json_object_set_new(args, "QueueOwnerAWSAccountId", json_string(s->account));
	if ((answer = api_ask(s, "GetQueueUrl", args, f)) != NULL)
		url = strdup(text_of(answer, "QueueUrl"));
	json_decref(answer);
	if (url == NULL && f->c == CLASS_GONE)
		(void)snprintf(
		    f->text, sizeof(f->text), "there is no queue %s in %s", name, s->region);
	return url;
}

static char *
queue_create(struct sqs *s, const char *name, struct trouble *f)
{
	char retention[24];
	json_t *attributes, *answer;
	char *url = NULL;

	(void)snprintf(retention, sizeof(retention), "%d", SQS_RETENTION_MAX);
	attributes = json_pack("{s:s}", "MessageRetentionPeriod", retention);
	if (queue_is_fifo(name))
		(void)json_object_set_new(attributes, "FifoQueue", json_string("true"));
	answer = api_ask(s, "CreateQueue", json_pack("{s:s, s:o}", "QueueName", name, "Attributes",
	    attributes), f);
	if (answer != NULL)
		url = strdup(text_of(answer, "QueueUrl"));
	json_decref(answer);
	return url;
}

static int64_t
queue_number(const json_t *attributes, const char *name, int64_t absent)
{
	const char *text = text_of(attributes, name);

	return text[0] != '\0' ? strtoll(text, NULL, 10) : absent;
}

/* Somebody else's limit on deliveries would end a message before its attempts are over. */
static void
queue_redrive(const struct queue *q, const json_t *attributes)
{
	json_t *policy = json_loads(text_of(attributes, "RedrivePolicy"), 0, NULL);
	const json_t *most = json_object_get(policy, "maxReceiveCount");
	long long n = json_is_string(most) ? strtoll(json_string_value(most), NULL, 10) :
	    json_integer_value(most);

	if (policy != NULL)
		(void)fprintf(stderr,
		    "%s: its RedrivePolicy moves a message to SQS's own dead-letter queue "
		    "after %lld deliveries; let that be more than the attempts of mq\n",
		    q->name, n);
	json_decref(policy);
}

/* What the queue allows.  Without the right to ask, it is what a queue has by default. */
static bool
queue_attributes(struct sqs *s, struct queue *q, struct trouble *f)
{
	json_t *answer = api_ask(s, "GetQueueAttributes",
	    json_pack("{s:s, s:[s]}", "QueueUrl", q->url, "AttributeNames", "All"), f);
	const json_t *all = json_object_get(answer, "Attributes");

	if (answer == NULL && f->c != CLASS_PERM)
		return false;
	q->max_size = queue_number(all, "MaximumMessageSize", SQS_SIZE_MAX);
	q->retention = queue_number(all, "MessageRetentionPeriod", SQS_RETENTION);
	queue_redrive(q, all);
	json_decref(answer);
	return true;
}

static struct queue *
queue_new(struct sqs *s, const char *name)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (q == NULL || (q->name = strdup(name)) == NULL) {
		free(q);
		return NULL;
	}
	q->fifo = queue_is_fifo(name);
	outbox_init(&q->pushes);
	outbox_init(&q->deletes);
	outbox_init(&q->changes);
	q->next = s->queues;
	s->queues = q;
	return q;
}

/* The queue if it has been looked at before. */
static struct queue *
queue_known(struct sqs *s, const char *name)
{
	struct queue *q = s->queues;

	while (q != NULL && strcmp(q->name, name) != 0)
		q = q->next;
	return q;
}

struct queue *
queue_get(struct sqs *s, const char *name, bool create, struct trouble *f)
{
	struct queue *q = queue_known(s, name);
	char *url;

	if (q != NULL && !q->stale)
		return q;
	if (!queue_name_good(name, f))
		return NULL;
	if ((url = queue_url(s, name, f)) == NULL && create && f->c == CLASS_GONE)
		url = queue_create(s, name, f);
	if (url == NULL)
		return NULL;
	if (q == NULL && (q = queue_new(s, name)) == NULL) {
		free(url);
		(void)trouble_set(f, CLASS_AGAIN, "no memory");
		return NULL;
	}
	free(q->url);
	q->url = url;
	q->stale = false;
	if (queue_attributes(s, q, f))
		return q;
	queue_forget(q);
	return NULL;
}

void
queue_forget(struct queue *q)
{
	q->stale = true;
}

void
queue_free_all(struct sqs *s)
{
	while (s->queues != NULL) {
		struct queue *q = s->queues;
		s->queues = q->next;
		outbox_free(&q->pushes);
		outbox_free(&q->deletes);
		outbox_free(&q->changes);
		free(q->name);
		free(q->url);
		free(q);
	}
}

/* ---- requests ---------------------------------------------------------------- */

void
queue_make(struct helper *h, const char *tag, const char *name)
{
	struct sqs *s = helper_data(h);
	struct trouble f = { 0 };
	char dead[NAME_LEN + 20];
	size_t len = strlen(name), end = sizeof(DEAD) - 1;
	bool is_dead = (len > end && strcmp(name + len - end, DEAD) == 0) ||
	    strstr(name, DEAD FIFO) != NULL;

	/* A place for dead letters is made along, so that it can be watched from the beginning. */
	if (queue_get(s, name, true, &f) == NULL || (!is_dead &&
	    queue_dead_name(name, dead, sizeof(dead)) && queue_get(s, dead, true, &f) == NULL))
		helper_err(h, tag, f.c, "%s", f.text);
	else
		helper_ok(h, tag);
}

void
queue_check(struct helper *h, const char *tag, const char *name)
{
	struct sqs *s = helper_data(h);
	struct trouble f = { 0 };
	struct queue *q = queue_known(s, name);

	if (q != NULL)
		queue_forget(q);
	if ((q = queue_get(s, name, false, &f)) == NULL) {
		helper_err(h, tag, f.c, "%s", f.text);
		return;
	}
	helper_ok_begin(h, tag);
	helper_field(h, "retention", q->retention);
	helper_ok_end(h);
}

/* How many messages a queue has in the three states of SQS. */
static bool
queue_count(struct sqs *s, const struct queue *q, int64_t n[3], struct trouble *f)
{
	json_t *answer = api_ask(s, "GetQueueAttributes",
	    json_pack("{s:s, s:[s, s, s]}", "QueueUrl", q->url, "AttributeNames",
		"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
		"ApproximateNumberOfMessagesDelayed"),
	    f);
	const json_t *all = json_object_get(answer, "Attributes");

	n[0] = queue_number(all, "ApproximateNumberOfMessages", 0);
	n[1] = queue_number(all, "ApproximateNumberOfMessagesNotVisible", 0);
	n[2] = queue_number(all, "ApproximateNumberOfMessagesDelayed", 0);
	json_decref(answer);
	return answer != NULL;
}

void
queue_stat(struct helper *h, const char *tag, const char *name)
{
	struct sqs *s = helper_data(h);
	struct trouble f = { 0 }, none;
	const struct queue *q = queue_get(s, name, false, &f), *d;
	int64_t n[3], gone[3] = { 0 };
	char dead[NAME_LEN + 20];

	if (q == NULL || !queue_count(s, q, n, &f)) {
		helper_err(h, tag, f.c, "%s", f.text);
		return;
	}
	if (queue_dead_name(name, dead, sizeof(dead)) &&
	    (d = queue_get(s, dead, false, &none)) != NULL)
		(void)queue_count(s, d, gone, &none);
	helper_ok_begin(h, tag);
	helper_field(h, "ready", n[0]);
	helper_field(h, "claimed", n[1]);
	helper_field(h, "delayed", n[2]);
	helper_field(h, "dead", gone[0] + gone[1]);
	helper_ok_end(h);
}

void
queue_list(struct helper *h, const char *tag)
{
	struct sqs *s = helper_data(h);
	struct trouble f = { 0 };
	char *next = NULL;
	json_t *answer;

	do {
		json_t *args = json_pack("{s:i}", "MaxResults", 1000);
		if (next != NULL)
			(void)json_object_set_new(args, "NextToken", json_string(next));
		free(next);
		next = NULL;
		if ((answer = api_ask(s, "ListQueues", args, &f)) == NULL) {
			helper_err(h, tag, f.c, "%s", f.text);
			return;
		}
		const json_t *urls = json_object_get(answer, "QueueUrls");
		for (size_t i = 0; i < json_array_size(urls); i++) {
			const char *url = json_string_value(json_array_get(urls, i));
			const char *name = url != NULL ? strrchr(url, '/') : NULL;
			if (name != NULL)
				helper_queue(h, tag, name + 1);
		}
		if (text_of(answer, "NextToken")[0] != '\0')
			next = strdup(text_of(answer, "NextToken"));
		json_decref(answer);
	} while (next != NULL);
	helper_ok(h, tag);
}
