/*
 * main.c: the helper for Kafka: opening, the loop, and the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/kafka/kafka.h"

/* ms that a broker has to be reached again; half of the time limit lies between these */
#define AWAY_WAIT_MIN 1000
#define AWAY_WAIT_MAX 5000
#define CLOSE_WAIT 10	/* seconds, and three times the time limit */

/* ---- what it can do ------------------------------------------------------------- */

/* How long the brokers keep records of topics that say nothing else, in ms. */
static void
kafka_retention(void *arg, const char *name, const char *value)
{
	const struct { const char *name; int64_t ms; } units[] = { { "log.retention.ms", 1 },
	    { "log.retention.minutes", 60000 }, { "log.retention.hours", 3600000 } };
	int64_t *ms = arg;

	/* The finest unit counts. */
	for (int i = 0; i < 3; i++)
		if (strcmp(name, units[i].name) == 0 && (ms[1] == 0 || units[i].ms < ms[1])) {
			ms[0] = strtoll(value, NULL, 10) * units[i].ms;
			ms[1] = units[i].ms;
		}
}

static void
kafka_server(struct kafka *k)
{
	rd_kafka_t *rk = k->producers->client.rk;
	int ms = (int)k->set->timeout_ms;
	char *cluster = rd_kafka_clusterid(rk, ms), broker[16], text[200];
	int64_t retention[2] = { 0, 0 };

	(void)snprintf(text, sizeof(text), "Kafka/%s/librdkafka-%s", cluster != NULL ? cluster :
	    "?", rd_kafka_version_str());
	helper_can(k->h, "server", text);
	if (cluster != NULL)
		rd_kafka_mem_free(rk, cluster);
	(void)snprintf(broker, sizeof(broker), "%d", (int)k->broker);
	admin_describe(k, RD_KAFKA_RESOURCE_BROKER, broker, kafka_retention, retention);
	if (retention[0] > 0)
		helper_can_number(k->h, "retention", retention[0] / 1000);
}

static void
kafka_can(struct kafka *k)
{
	static const char *const words[] = { "push", "take", "key", "expiry", "attempts",
	    "dead", "retry", "approx", "queues", "make", "partitions", "transactions" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		helper_can(k->h, words[i], NULL);
	helper_can(k->h, "token", "process");
	helper_can(k->h, "list", "ready,dead");
	helper_can(k->h, "stat", "ready,dead,oldest");
	helper_can(k->h, "durable", "unknown");
	kafka_server(k);
}

/* ---- opening and closing -------------------------------------------------------- */

static void
kafka_free(struct kafka *k)
{
	char *const texts[] = { k->brokers, k->user, k->mechanism };

	retry_close(k);
	producer_close(k);
	topic_free(k);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	if (k->password != NULL)
		explicit_bzero(k->password, strlen(k->password));
	free(k->password);
	(void)close(k->pipe[0]);
	(void)close(k->pipe[1]);
	free(k);
}

static bool
kafka_open(struct helper *h, const struct settings *set)
{
	struct kafka *k = calloc(1, sizeof(*k));
	struct trouble t;

	if (k == NULL || pipe2(k->pipe, O_CLOEXEC | O_NONBLOCK) == -1) {
		free(k);
		helper_fail(h, CLASS_AGAIN, "%s", strerror(errno));
		return false;
	}
	k->h = h;
	k->set = set;
	helper_set_data(h, k);
	if (address_parse(k, &t) && producer_open(k, &t) && client_connect(k, &t)) {
		kafka_can(k);
		return true;
	}
	helper_fail(h, t.c, "%s", t.text);
	kafka_free(k);
	return false;
}

static void
kafka_close(struct helper *h)
{
	struct kafka *k = helper_data(h);

	/* librdkafka waits without a limit for its threads to end. */
	(void)alarm((unsigned)(3 * k->set->timeout_ms / 1000) + CLOSE_WAIT);
	if (!helper_is_down(h)) {
		producer_flush(k);
		consumer_work(k);
	}
	consumer_close_all(k);
	kafka_free(k);
}

/* ---- the loop ------------------------------------------------------------------- */

static int
kafka_watch(struct helper *h, struct pollfd *p, int max, int *timeout_ms)
{
	struct kafka *k = helper_data(h);
	int ms = consumer_timeout(k);

	if (max < 1)
		return 0;
	p[0] = (struct pollfd){ .fd = k->pipe[0], .events = POLLIN };
	if (k->retries != NULL && (ms == -1 || ms > 500))
		ms = 500;
	if (ms != -1 && (*timeout_ms == -1 || ms < *timeout_ms))
		*timeout_ms = ms;
	return 1;
}

/*
 * That no broker is connected may only mean that they have closed connections on which nothing
 * happened for minutes, or that one has started anew.
 */
static bool
kafka_reached(struct kafka *k)
{
	rd_kafka_t *rk = k->producers->client.rk;
	const struct rd_kafka_metadata *md;
	int64_t wait = k->set->timeout_ms / 2;

	wait = wait < AWAY_WAIT_MIN ? AWAY_WAIT_MIN : wait > AWAY_WAIT_MAX ? AWAY_WAIT_MAX : wait;
	if (rd_kafka_metadata(rk, 0, NULL, &md, (int)wait) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	rd_kafka_metadata_destroy(md);
	k->away = false;
	return true;
}

/*
 * Without any broker librdkafka would go on trying for ever.  Then what was not confirmed is
 * answered, and mq decides when to start anew.
 */
static bool
kafka_lost(struct kafka *k)
{
	if (k->fatal[0] == '\0' && (!k->away || kafka_reached(k)))
		return false;
	producer_purge(k);
	if (k->fatal[0] != '\0')
		helper_down(k->h, "%s", k->fatal);
	else
		helper_down(k->h, "no broker can be reached: %s", k->said.text);
	return true;
}

static void
kafka_work(struct helper *h)
{
	struct kafka *k = helper_data(h);
	char bytes[256];

	while (read(k->pipe[0], bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
		;
	producer_poll(k);
	if (kafka_lost(k))
		return;
	consumer_work(k);
	retry_work(k);
	(void)kafka_lost(k);
}

/* A claim lasts as long as the connection, so there is nothing to extend. */
static const struct engine engine = {
	.name = "kafka",
	.open = kafka_open,
	.push = kafka_push,
	.take = kafka_take,
	.ack = kafka_ack,
	.nack = kafka_nack,
	.dead = kafka_dead,
	.stat = kafka_stat,
	.list = kafka_list,
	.queues = kafka_queues,
	.retry = kafka_retry,
	.make = kafka_make,
	.check = kafka_check,
	.watch = kafka_watch,
	.work = kafka_work,
	.close = kafka_close,
};

int
main(void)
{
	return helper_main(&engine, MQ_VERSION);
}
