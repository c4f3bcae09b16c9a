/*
 * kafkatool.c: for kafka.bats: librdkafka's mock cluster, and what no other program does to a broker.
 *
 *	kafkatool mock FIFO		serve, print the address, and do what lines of the FIFO say:
 *					"errors API [CODE[xN]...]" (no others), "down", "up", "rtt MS"
 *	kafkatool create BROKERS TOPIC PARTITIONS [NAME=VALUE...]
 *	kafkatool alter BROKERS TOPIC NAME=VALUE
 *	kafkatool delete BROKERS TOPIC
 *	kafkatool cut BROKERS TOPIC PARTITION OFFSET	delete the records before the offset
 *	kafkatool commit BROKERS TOPIC PARTITION OFFSET TEXT	for the group mq.TOPIC
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#define WAIT 15000

static char why[300];

static rd_kafka_t *
client(const char *brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *rk;

	(void)rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why));
	(void)rd_kafka_conf_set(conf, "log_level", "2", why, sizeof(why));
	if ((rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why))) == NULL)
		errx(1, "%s", why);
	return rk;
}

/* ---- the mock ------------------------------------------------------------------- */

static void
mock_errors(rd_kafka_mock_cluster_t *mock, char *text)
{
	char *save = NULL, *word = strtok_r(text, " ", &save);
	int16_t api = (int16_t)atoi(word);
	static rd_kafka_resp_err_t codes[4096];
	size_t n = 0;

	while ((word = strtok_r(NULL, " ", &save)) != NULL) {
		char *times = strchr(word, 'x');
		for (int i = times != NULL ? atoi(times + 1) : 1; i > 0 && n < 4096; i--)
			codes[n++] = (rd_kafka_resp_err_t)atoi(word);
	}
	rd_kafka_mock_clear_request_errors(mock, api);
	rd_kafka_mock_push_request_errors_array(mock, api, n, codes);
}

static int
mock_serve(const char *fifo)
{
	rd_kafka_mock_cluster_t *mock = rd_kafka_mock_cluster_new(client("unused"), 1);
	int fd = open(fifo, O_RDWR);
	char line[1000], copy[1000];
	FILE *f;

	if (mock == NULL || fd == -1 || (f = fdopen(fd, "r")) == NULL)
		err(1, "mock");
	printf("%s\n", rd_kafka_mock_cluster_bootstraps(mock));
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "errors ", 7) == 0)
			mock_errors(mock, strcpy(copy, line + 7));
		else if (strcmp(line, "down") == 0)
			(void)rd_kafka_mock_broker_set_down(mock, 1);
		else if (strcmp(line, "up") == 0)
			(void)rd_kafka_mock_broker_set_up(mock, 1);
		else if (strncmp(line, "rtt ", 4) == 0)
			(void)rd_kafka_mock_broker_set_rtt(mock, 1, atoi(line + 4));
		printf("done %s\n", line);
		(void)fflush(stdout);
	}
	return 0;
}

/* ---- a broker ------------------------------------------------------------------- */

static void
must(rd_kafka_event_t *ev)
{
	if (ev == NULL)
		errx(1, "no answer");
	if (rd_kafka_event_error(ev) != RD_KAFKA_RESP_ERR_NO_ERROR)
		errx(1, "%s", rd_kafka_event_error_string(ev));
}

static void
must_topics(const rd_kafka_topic_result_t **results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rd_kafka_topic_result_error(results[i]) != RD_KAFKA_RESP_ERR_NO_ERROR)
			errx(1, "%s", rd_kafka_err2str(rd_kafka_topic_result_error(results[i])));
}

static int
create(int argc, char **argv)
{
	rd_kafka_t *rk = client(argv[2]);
	rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(argv[3], atoi(argv[4]), 1, why, sizeof(why));
	rd_kafka_event_t *ev;
	size_t n;

	for (int i = 5; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		*value++ = '\0';
		(void)rd_kafka_NewTopic_set_config(topic, argv[i], value);
	}
	rd_kafka_CreateTopics(rk, &topic, 1, NULL, q);
	must(ev = rd_kafka_queue_poll(q, WAIT));
	must_topics(rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(ev), &n), n);
	return 0;
}

static int
alter(char **argv)
{
	rd_kafka_t *rk = client(argv[2]);
	rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
	rd_kafka_ConfigResource_t *topic = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, argv[3]);
	const rd_kafka_ConfigResource_t **got;
	char *value = strchr(argv[4], '=');
	rd_kafka_event_t *ev;
	size_t n;

	*value++ = '\0';
	(void)rd_kafka_ConfigResource_set_config(topic, argv[4], value);
	rd_kafka_AlterConfigs(rk, &topic, 1, NULL, q);
	must(ev = rd_kafka_queue_poll(q, WAIT));
	got = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(ev), &n);
	if (n != 1 || rd_kafka_ConfigResource_error(got[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
		errx(1, "alter: %s", n == 1 ? rd_kafka_ConfigResource_error_string(got[0]) : "no answer");
	return 0;
}

static int
delete(char **argv)
{
	rd_kafka_t *rk = client(argv[2]);
	rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
	rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(argv[3]);
	rd_kafka_event_t *ev;
	size_t n;

	rd_kafka_DeleteTopics(rk, &topic, 1, NULL, q);
	must(ev = rd_kafka_queue_poll(q, WAIT));
	must_topics(rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(ev), &n), n);
	return 0;
}

static int
cut(char **argv)
{
	rd_kafka_t *rk = client(argv[2]);
	rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_DeleteRecords_t *what;

	rd_kafka_topic_partition_list_add(list, argv[3], atoi(argv[4]))->offset = atoll(argv[5]);
	what = rd_kafka_DeleteRecords_new(list);
	rd_kafka_DeleteRecords(rk, &what, 1, NULL, q);
	must(rd_kafka_queue_poll(q, WAIT));
	return 0;
}

static int
commit(char **argv)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *o;
	rd_kafka_resp_err_t code;
	rd_kafka_t *rk;
	char group[300];

	(void)snprintf(group, sizeof(group), "mq.%s", argv[3]);
	(void)rd_kafka_conf_set(conf, "bootstrap.servers", argv[2], why, sizeof(why));
	(void)rd_kafka_conf_set(conf, "group.id", group, why, sizeof(why));
	if ((rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why))) == NULL)
		errx(1, "%s", why);
	o = rd_kafka_topic_partition_list_add(list, argv[3], atoi(argv[4]));
	o->offset = atoll(argv[5]);
	o->metadata = strdup(argv[6]);
	o->metadata_size = strlen(argv[6]);
	if ((code = rd_kafka_commit(rk, list, 0)) != RD_KAFKA_RESP_ERR_NO_ERROR)
		errx(1, "%s", rd_kafka_err2str(code));
	return 0;
}

int
main(int argc, char **argv)
{
	/* Whoever started it may have been killed. */
	(void)alarm(900);
	if (argc == 3 && strcmp(argv[1], "mock") == 0)
		return mock_serve(argv[2]);
	if (argc >= 5 && strcmp(argv[1], "create") == 0)
		return create(argc, argv);
	if (argc == 5 && strcmp(argv[1], "alter") == 0)
		return alter(argv);
	if (argc == 4 && strcmp(argv[1], "delete") == 0)
		return delete(argv);
	if (argc == 6 && strcmp(argv[1], "cut") == 0)
		return cut(argv);
	if (argc == 7 && strcmp(argv[1], "commit") == 0)
		return commit(argv);
	errx(64, "mock FIFO | create BROKERS TOPIC PARTITIONS [NAME=VALUE...] | "
	    "alter BROKERS TOPIC NAME=VALUE | delete BROKERS TOPIC | "
	    "cut BROKERS TOPIC PARTITION OFFSET | commit BROKERS TOPIC PARTITION OFFSET TEXT");
}
