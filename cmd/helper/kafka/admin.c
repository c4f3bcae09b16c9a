/*
 * admin.c: settings of brokers and topics, and topics that are made.
 */
#include <stdio.h>
#include <string.h>

#include "helper/kafka/kafka.h"

#define CONTROLLER_WAIT 500	/* ms: metadata that are at hand tell who it is */

static rd_kafka_AdminOptions_t *
admin_options(struct kafka *k, rd_kafka_admin_op_t op)
{
	rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(k->producers->client.rk, op);
	char why[200];
	int ms = (int)k->set->timeout_ms;

	(void)rd_kafka_AdminOptions_set_request_timeout(o, ms, why, sizeof(why));
	if (op == RD_KAFKA_ADMIN_OP_CREATETOPICS)
		(void)rd_kafka_AdminOptions_set_operation_timeout(o, ms, why, sizeof(why));
	else
		/* Any broker can tell, so nothing waits for a controller that may not be there. */
		(void)rd_kafka_AdminOptions_set_broker(o, k->broker, why, sizeof(why));
	return o;
}

/* ---- settings --------------------------------------------------------------- */

static void
admin_entries(rd_kafka_event_t *ev, void (*fn)(void *, const char *, const char *), void *arg)
{
	const rd_kafka_ConfigResource_t **resources;
	const rd_kafka_ConfigEntry_t **entries;
	const char *value;
	size_t n;

	resources = rd_kafka_DescribeConfigs_result_resources(
	    rd_kafka_event_DescribeConfigs_result(ev), &n);
	if (n != 1 || rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	entries = rd_kafka_ConfigResource_configs(resources[0], &n);
	for (size_t i = 0; i < n; i++)
		if ((value = rd_kafka_ConfigEntry_value(entries[i])) != NULL)
			fn(arg, rd_kafka_ConfigEntry_name(entries[i]), value);
}

void
admin_describe(struct kafka *k, rd_kafka_ResourceType_t type, const char *name,
    void (*fn)(void *arg, const char *name, const char *value), void *arg)
{
	rd_kafka_t *rk = k->producers->client.rk;
	rd_kafka_AdminOptions_t *o = admin_options(k, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(type, name);
	rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
	rd_kafka_event_t *ev;

	rd_kafka_DescribeConfigs(rk, &resource, 1, o, q);
	if ((ev = rd_kafka_queue_poll(q, (int)k->set->timeout_ms)) != NULL) {
		if (rd_kafka_event_error(ev) == RD_KAFKA_RESP_ERR_NO_ERROR)
			admin_entries(ev, fn, arg);
		rd_kafka_event_destroy(ev);
	}
	rd_kafka_queue_destroy(q);
	rd_kafka_ConfigResource_destroy(resource);
	rd_kafka_AdminOptions_destroy(o);
}

/* ---- topics ------------------------------------------------------------------- */

/*
 * Some servers that speak the protocol have no controller and make no topics on request, but do so
 * when they are asked about one.
 */
static bool
admin_mention(struct kafka *k, const char *name, struct trouble *t)
{
	struct client cl = { 0 };
	rd_kafka_conf_t *conf = client_conf(k, &cl, t);
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t err;
	rd_kafka_topic_t *rkt;

	if (conf == NULL || !client_set(conf, "allow.auto.create.topics", "true", t) ||
	    !client_new(&cl, RD_KAFKA_PRODUCER, conf, t))
		return false;
	rkt = rd_kafka_topic_new(cl.rk, name, NULL);
	err = rd_kafka_metadata(cl.rk, 0, rkt, &md, (int)k->set->timeout_ms);
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(md);
	rd_kafka_topic_destroy(rkt);
	rd_kafka_destroy(cl.rk);
	return err == RD_KAFKA_RESP_ERR_NO_ERROR || trouble_of(t, err, "make %s", name);
}

static bool
admin_created(rd_kafka_event_t *ev, const char *name, struct trouble *t)
{
	const rd_kafka_topic_result_t **results;
	rd_kafka_resp_err_t err;
	size_t n;

	if ((err = rd_kafka_event_error(ev)) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return trouble_of(t, err, "make %s", name);
	results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(ev), &n);
	if (n != 1)
		return trouble_set(t, CLASS_AGAIN, "make %s: no answer", name);
	err = rd_kafka_topic_result_error(results[0]);
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR || err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		return true;
	return trouble_set(t, trouble_class(err), "make %s: %s", name,
	    rd_kafka_topic_result_error_string(results[0]));
}

/* Dead letters are to stay until somebody deals with them, so that topic has no retention. */
static rd_kafka_NewTopic_t *
admin_topic(const char *name, struct trouble *t)
{
	size_t len = strlen(name), suffix = strlen(DEAD_SUFFIX);
	bool dead = len > suffix && strcmp(name + len - suffix, DEAD_SUFFIX) == 0;
	char why[200];
	rd_kafka_NewTopic_t *topic;

	if ((topic = rd_kafka_NewTopic_new(name, dead ? 1 : -1, -1, why, sizeof(why))) == NULL)
		(void)trouble_set(t, CLASS_CONF, "make %s: %s", name, why);
	else if (dead)
		(void)rd_kafka_NewTopic_set_config(topic, "retention.ms", "-1");
	return topic;
}

bool
admin_create(struct kafka *k, const char *name, struct trouble *t)
{
	rd_kafka_t *rk = k->producers->client.rk;
	rd_kafka_NewTopic_t *topic = admin_topic(name, t);
	rd_kafka_AdminOptions_t *o;
	rd_kafka_event_t *ev;
	rd_kafka_queue_t *q;
	bool good = false;

	if (topic == NULL)
		return false;
	if (rd_kafka_controllerid(rk, CONTROLLER_WAIT) < 0) {
		rd_kafka_NewTopic_destroy(topic);
		return admin_mention(k, name, t);
	}
	o = admin_options(k, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	q = rd_kafka_queue_new(rk);
	rd_kafka_CreateTopics(rk, &topic, 1, o, q);
	if ((ev = rd_kafka_queue_poll(q, (int)k->set->timeout_ms)) == NULL)
		(void)trouble_set(t, CLASS_AGAIN, "make %s: no answer", name);
	else
		good = admin_created(ev, name, t);
	if (ev != NULL)
		rd_kafka_event_destroy(ev);
	rd_kafka_queue_destroy(q);
	rd_kafka_AdminOptions_destroy(o);
	rd_kafka_NewTopic_destroy(topic);
	return good || (t->c == CLASS_CANNOT && admin_mention(k, name, t));
}
