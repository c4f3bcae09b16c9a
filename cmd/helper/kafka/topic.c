/*
 * topic.c: what is known of topics.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/kafka/kafka.h"

/* What a broker takes if nobody has set message.max.bytes. */
#define LIMIT_DEFAULT 1048588

static bool
topic_name(const char *name, struct trouble *t)
{
	size_t len = 0;

	while (isalnum((unsigned char)name[len]) || (name[len] != '\0' && strchr("._-", name[len])))
		len++;
	if (name[len] == '\0' && len > 0 && len <= TOPIC_NAME_MAX && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0)
		return true;
	return trouble_set(t, CLASS_CONF, "no name of a topic, which has at most %d letters, "
	    "digits, '.', '_' and '-'", TOPIC_NAME_MAX);
}

bool
topic_dead(const char *queue, char name[TOPIC_NAME_MAX + 1], struct trouble *t)
{
	if (strlen(queue) + strlen(DEAD_SUFFIX) > TOPIC_NAME_MAX)
		return trouble_set(t, CLASS_CONF, "%s%s: too long for a topic", queue, DEAD_SUFFIX);
	(void)snprintf(name, TOPIC_NAME_MAX + 1, "%.240s%s", queue, DEAD_SUFFIX);
	return true;
}

/* ---- asking ----------------------------------------------------------------- */

static void
topic_setting(void *arg, const char *name, const char *value)
{
	struct topic *p = arg;

	if (strcmp(name, "max.message.bytes") == 0)
		p->limit = strtoll(value, NULL, 10);
	else if (strcmp(name, "retention.ms") == 0)
		p->retention_ms = strtoll(value, NULL, 10);
	else if (strcmp(name, "min.insync.replicas") == 0)
		p->min_insync = (int)strtol(value, NULL, 10);
	else if (strcmp(name, "cleanup.policy") == 0)
		p->compacted = strstr(value, "compact") != NULL;
}

/* Fill in what the brokers say of it. */
static rd_kafka_resp_err_t
topic_metadata(struct kafka *k, struct topic *p)
{
	rd_kafka_t *rk = k->producers->client.rk;
	rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, p->name, NULL);
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t err;

	if (rkt == NULL)
		return rd_kafka_last_error();
	err = rd_kafka_metadata(rk, 0, rkt, &md, (int)k->set->timeout_ms);
	rd_kafka_topic_destroy(rkt);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return err;
	if (md->topic_cnt != 1)
		err = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	else if ((err = md->topics[0].err) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		p->partitions = md->topics[0].partition_cnt;
		p->replicas = p->partitions > 0 ? md->topics[0].partitions[0].replica_cnt : 0;
		for (int i = 0; i < p->partitions; i++)
			if (md->topics[0].partitions[i].leader == -1)
				err = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
	}
	rd_kafka_metadata_destroy(md);
	return err;
}

/* A topic that has just been made is not everywhere known at once. */
static bool
topic_ask(struct kafka *k, struct topic *p, bool fresh, struct trouble *t)
{
	int64_t end = consumer_now() + k->set->timeout_ms;
	rd_kafka_resp_err_t err;

	while ((err = topic_metadata(k, p)) == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
	    (fresh && err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)) {
		if (consumer_now() >= end)
			break;
		(void)usleep(20000);
	}
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		admin_describe(k, RD_KAFKA_RESOURCE_TOPIC, p->name, topic_setting, p);
		return true;
	}
	if (trouble_class(err) == CLASS_GONE)
		return trouble_set(t, CLASS_GONE, "there is no topic %s", p->name);
	return trouble_of(t, err, "topic %s", p->name);
}

struct topic *
topic_get(struct kafka *k, const char *name, bool create, struct trouble *t)
{
	struct topic *p = k->topics;

	while (p != NULL && strcmp(p->name, name) != 0)
		p = p->next;
	if (p != NULL)
		return p;
	if (!topic_name(name, t))
		return NULL;
	if ((p = calloc(1, sizeof(*p))) == NULL) {
		(void)trouble_set(t, CLASS_AGAIN, "no memory");
		return NULL;
	}
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	p->limit = LIMIT_DEFAULT;
	if (!topic_ask(k, p, false, t) && !(t->c == CLASS_GONE && create &&
	    admin_create(k, name, t) && topic_ask(k, p, true, t))) {
		free(p);
		return NULL;
	}
	/* What is compacted forgets all but the last message of a key. */
	if (p->compacted) {
		(void)trouble_set(t, CLASS_CONF, "topic %s is compacted (cleanup.policy), so "
		    "messages would vanish from it: it is no queue", name);
		free(p);
		return NULL;
	}
	p->next = k->topics;
	return k->topics = p;
}

void
topic_forget(struct kafka *k, const char *name)
{
	for (struct topic **p = &k->topics; *p != NULL; p = &(*p)->next)
		if (strcmp((*p)->name, name) == 0) {
			struct topic *gone = *p;
			*p = gone->next;
			free(gone);
			return;
		}
}

void
topic_free(struct kafka *k)
{
	while (k->topics != NULL)
		topic_forget(k, k->topics->name);
}

/* ---- requests --------------------------------------------------------------- */

static bool
topic_is_queue(const char *name)
{
	size_t len = strlen(name), suffix = strlen(DEAD_SUFFIX);

	return strncmp(name, "__", 2) != 0 &&
	    (len < suffix || strcmp(name + len - suffix, DEAD_SUFFIX) != 0);
}

void
kafka_queues(struct helper *h, const char *tag)
{
	struct kafka *k = helper_data(h);
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t err;

	err = rd_kafka_metadata(k->producers->client.rk, 1, NULL, &md, (int)k->set->timeout_ms);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		helper_err(h, tag, trouble_class(err), "%s", rd_kafka_err2str(err));
		return;
	}
	for (int i = 0; i < md->topic_cnt; i++)
		if (topic_is_queue(md->topics[i].topic))
			helper_queue(h, tag, md->topics[i].topic);
	rd_kafka_metadata_destroy(md);
	helper_ok(h, tag);
}

void
kafka_make(struct helper *h, const char *tag, const char *queue)
{
	struct kafka *k = helper_data(h);
	char dead[TOPIC_NAME_MAX + 1];
	struct trouble t;

	if (topic_dead(queue, dead, &t) && topic_get(k, queue, true, &t) != NULL &&
	    topic_get(k, dead, true, &t) != NULL)
		helper_ok(h, tag);
	else
		helper_err(h, tag, t.c, "%s", t.text);
}

void
kafka_check(struct helper *h, const char *tag, const char *queue)
{
	struct kafka *k = helper_data(h);
	struct trouble t;
	struct topic *p;

	topic_forget(k, queue);
	if ((p = topic_get(k, queue, false, &t)) == NULL) {
		helper_err(h, tag, t.c, "%s", t.text);
		return;
	}
	helper_ok_begin(h, tag);
	helper_field(h, "partitions", p->partitions);
	helper_field(h, "replicas", p->replicas);
	if (p->min_insync > 0)
		helper_field(h, "min-insync", p->min_insync);
	if (p->retention_ms > 0)
		helper_field(h, "retention", p->retention_ms / 1000);
	helper_field(h, "max-bytes", p->limit);
	helper_ok_end(h);
}
