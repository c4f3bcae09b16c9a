/*
 * client.c: what all instances of librdkafka have in common: security, time limits, and what they
 * say.
 */
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/kafka/kafka.h"

/* ---- called by librdkafka -------------------------------------------------- */

/* In any thread. */
static void
client_log(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	(void)rk, (void)level;
	(void)fprintf(stderr, "%s: %s\n", fac, text);
}

/* Before 2.6.1 librdkafka sent the nonce of SCRAM in a way that brokers do not take any more. */
static const char *
client_scram(const struct kafka *k)
{
	if (k->mechanism == NULL || strncmp(k->mechanism, "SCRAM", 5) != 0 ||
	    rd_kafka_version() >= 0x02060100)
		return "";
	return "; or it is Kafka 4, where SCRAM needs librdkafka 2.6.1";
}

/* What went wrong with a connection; it is tried again, so it only matters if nothing works. */
static void
client_error(rd_kafka_t *rk, int err, const char *reason, void *arg)
{
	struct client *cl = arg;
	struct kafka *k = cl->k;
	char why[300];

	switch ((rd_kafka_resp_err_t)err) {
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
		k->away = true;
		return;
	case RD_KAFKA_RESP_ERR__RESOLVE:
		(void)trouble_set(&k->said, CLASS_AGAIN, "resolve: %s", reason);
		return;
	case RD_KAFKA_RESP_ERR__SSL:
		(void)trouble_set(&k->said, CLASS_CONF, "tls: %s", reason);
		return;
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
		(void)trouble_set(&k->said, CLASS_CONF, "login: %s%s", reason, client_scram(k));
		return;
	case RD_KAFKA_RESP_ERR__TRANSPORT:
		(void)trouble_set(&k->said, CLASS_AGAIN, "connect: %s", reason);
		return;
	case RD_KAFKA_RESP_ERR__FATAL:
		(void)rd_kafka_fatal_error(rk, why, sizeof(why));
		(void)snprintf(k->fatal, sizeof(k->fatal), "%s", why);
		return;
	default:
		(void)fprintf(stderr, "%s\n", reason);
	}
}

static bool
client_is_here(const struct sockaddr *addr)
{
	const struct sockaddr_in *v4 = (const void *)addr;
	const struct sockaddr_in6 *v6 = (const void *)addr;

	if (addr->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return addr->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/*
 * In any thread.  Brokers tell the addresses of the others, so that of the settings is not the only
 * one that has to be looked at before anything is sent in plain text.
 */
static int
client_dial(int fd, const struct sockaddr *addr, int len, const char *id, void *arg)
{
	const struct client *cl = arg;

	if (!client_is_here(addr) && (cl->k->user != NULL || !cl->k->set->insecure)) {
		(void)fprintf(stderr, "%s is another host: not connected, since nothing goes there "
		    "in plain text\n", id);
		return EACCES;
	}
	return connect(fd, addr, (socklen_t)len) == 0 || errno == EINPROGRESS ? 0 : errno;
}

/* ---- settings --------------------------------------------------------------- */

bool
client_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct trouble *t)
{
	char why[200];

	if (value != NULL &&
	    rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		return trouble_set(t, CLASS_CONF, "%s", why);
	return true;
}

bool
client_set_number(rd_kafka_conf_t *conf, const char *name, int64_t n, struct trouble *t)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	return client_set(conf, name, text, t);
}

/* OpenSSL's words for a file that cannot be read do not name it. */
static bool
client_file(const char *what, const char *path, struct trouble *t)
{
	if (path == NULL || access(path, R_OK) == 0)
		return true;
	return trouble_set(t, CLASS_CONF, "%s %s: %s", what, path, strerror(errno));
}

static bool
client_tls(rd_kafka_conf_t *conf, const struct settings *set, struct trouble *t)
{
	const char *name = set->verify ? "https" : "none", *verify = set->verify ? "true" : "false";

	return client_file("ca", set->ca, t) && client_file("cert", set->cert, t) &&
	    client_file("key", set->key, t) && client_set(conf, "ssl.ca.location", set->ca, t) &&
	    client_set(conf, "ssl.certificate.location", set->cert, t) &&
	    client_set(conf, "ssl.key.location", set->key, t) &&
	    client_set(conf, "ssl.endpoint.identification.algorithm", name, t) &&
	    client_set(conf, "enable.ssl.certificate.verification", verify, t);
}

static bool
client_security(struct kafka *k, rd_kafka_conf_t *conf, struct trouble *t)
{
	const char *protocol = k->tls ? k->user != NULL ? "sasl_ssl" : "ssl" :
	    k->user != NULL ? "sasl_plaintext" : "plaintext";

	if (!client_set(conf, "security.protocol", protocol, t))
		return false;
	if (k->user != NULL && (!client_set(conf, "sasl.mechanism", k->mechanism, t) ||
	    !client_set(conf, "sasl.username", k->user, t) ||
	    !client_set(conf, "sasl.password", k->password, t)))
		return false;
	if (k->tls)
		return client_tls(conf, k->set, t);
	rd_kafka_conf_set_connect_cb(conf, client_dial);
	return true;
}

static bool
client_limits(struct kafka *k, rd_kafka_conf_t *conf, struct trouble *t)
{
	int64_t ms = k->set->timeout_ms;

	if (ms < 1000)
		ms = 1000;
	if (ms > 300000)
		ms = 300000;
	return client_set_number(conf, "socket.timeout.ms", ms, t) &&
	    client_set_number(conf, "socket.connection.setup.timeout.ms", ms, t) &&
	    client_set(conf, "reconnect.backoff.max.ms", "1000", t) &&
	    client_set(conf, "socket.nagle.disable", "true", t) &&
	    client_set(conf, "allow.auto.create.topics", "false", t) &&
	    client_set(conf, "client.id", k->set->client != NULL ? k->set->client : "mq", t) &&
	    client_set(conf, "client.software.name", "mq", t) &&
	    client_set(conf, "log_level", "2", t);	/* errors come by client_error */
}

rd_kafka_conf_t *
client_conf(struct kafka *k, struct client *cl, struct trouble *t)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	cl->k = k;
	rd_kafka_conf_set_opaque(conf, cl);
	rd_kafka_conf_set_log_cb(conf, client_log);
	rd_kafka_conf_set_error_cb(conf, client_error);
	if (client_set(conf, "bootstrap.servers", k->brokers, t) && client_security(k, conf, t) &&
	    client_limits(k, conf, t))
		return conf;
	rd_kafka_conf_destroy(conf);
	return NULL;
}

bool
client_new(struct client *cl, rd_kafka_type_t type, rd_kafka_conf_t *conf, struct trouble *t)
{
	char why[300];

	if ((cl->rk = rd_kafka_new(type, conf, why, sizeof(why))) != NULL)
		return true;
	rd_kafka_conf_destroy(conf);
	return trouble_set(t, CLASS_CONF, "%s", why);
}

void
client_wake(struct kafka *k, rd_kafka_queue_t *q)
{
	rd_kafka_queue_io_event_enable(q, k->pipe[1], "", 1);
}

void
client_wake_main(struct client *cl)
{
	rd_kafka_queue_t *q = rd_kafka_queue_get_main(cl->rk);

	client_wake(cl->k, q);
	rd_kafka_queue_destroy(q);
}

/* ---- connecting --------------------------------------------------------------- */

static void
client_steps(struct kafka *k, const struct rd_kafka_metadata *md)
{
	helper_step(k->h, "connect", "%s, one of %d brokers", md->orig_broker_name, md->broker_cnt);
	if (k->tls)
		helper_step(k->h, "tls", "%s", k->set->verify ? "certificate and name are verified"
		    : "nothing is verified");
	if (k->user != NULL)
		helper_step(k->h, "login", "%s as %s", k->mechanism, k->user);
}

/* What keeps it from connecting for good is told at once, and not when the time is over. */
bool
client_connect(struct kafka *k, struct trouble *t)
{
	rd_kafka_t *rk = k->producers->client.rk;
	int64_t end = consumer_now() + k->set->timeout_ms;
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t err;

	do {
		err = rd_kafka_metadata(rk, 0, NULL, &md, 100);
		if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			client_steps(k, md);
			k->broker = md->broker_cnt > 0 ? md->brokers[0].id : -1;
			rd_kafka_metadata_destroy(md);
			k->away = false;
			return true;
		}
		(void)rd_kafka_poll(rk, 0);
	} while (!k->away && consumer_now() < end);
	if (k->said.text[0] != '\0') {
		*t = k->said;
		return false;
	}
	return trouble_of(t, err, "connect: %s", k->brokers);
}
