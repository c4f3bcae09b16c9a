/*
 * address.c: the address of an engine: a URL, or the name of a section of mq.conf.
 *
 * Nothing secret may stand in it, because command lines, environments and logs are read by others.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "spool/policy.h"
#include "shared/cmd.h"
#include "engine/address.h"
#include "engine/start.h"

#define TIMEOUT_MS 10000

/* 'plain': what is sent can be read on the way. */
const struct scheme schemes[] = {
	{ "amqp", "amqp", "RabbitMQ", true }, { "amqps", "amqp", "RabbitMQ, by TLS", false },
	{ "kafka", "kafka", "Apache Kafka", true },
	{ "kafkas", "kafka", "Apache Kafka, by TLS", false },
	{ "sqs", "sqs", "Amazon SQS", false },
	{ "sqs+http", "sqs", "an emulator of SQS", true },
	{ "sqs+https", "sqs", "an emulator of SQS, by TLS", false },
	{ "pubsub", "pubsub", "Google Pub/Sub", false },
	{ "pubsub+https", "pubsub", "Google Pub/Sub, at this host", false },
	{ "redis", "redis", "Redis Streams", true },
	{ "rediss", "redis", "Redis Streams, by TLS", false },
	{ "nats", "nats", "NATS JetStream", true },
	{ "tls+nats", "nats", "NATS JetStream, by TLS", false },
	{ "beanstalk", "beanstalk", "beanstalkd", true },
	{ "mq", "mq", "another spool", false },
	{ NULL, NULL, NULL, false }
};

/* The length of the scheme before "://"; 0: there is none. */
static size_t
address_scheme(const char *text)
{
	size_t n = 0;

	if (!islower((unsigned char)text[0]))
		return 0;
	while (islower((unsigned char)text[n]) || isdigit((unsigned char)text[n]) ||
	    text[n] == '+' || text[n] == '-')
		n++;
	return strncmp(text + n, "://", 3) == 0 ? n : 0;
}

bool
address_is(const char *text)
{
	return text != NULL && (text[0] == '@' || (address_scheme(text) > 0 &&
	    strncmp(text, "ssh://", 6) != 0));
}

static enum status
address_refuse(struct run *r, const struct address *a, enum status st, const char *why)
{
	return error_set(&r->err, st, 0, "'%s': %s", a->what, why);
}

/* ---- URLs ----------------------------------------------------------------- */

static bool
address_loopback(const char *host, size_t len)
{
	return (len == 9 && strncmp(host, "localhost", 9) == 0) ||
	       (len > 4 && strncmp(host, "127.", 4) == 0) ||
	       (len == 5 && strncmp(host, "[::1]", 5) == 0);
}

/* Whether every host of the list "HOST[:PORT],HOST[:PORT]" is this machine. */
static bool
address_stays_here(const char *hosts, size_t len)
{
	while (len > 0) {
		const char *comma = memchr(hosts, ',', len);
		size_t one = comma != NULL ? (size_t)(comma - hosts) : len, host = one;
		const char *colon = memrchr(hosts, ':', one);
		if (colon != NULL && memchr(colon, ']', one - (size_t)(colon - hosts)) == NULL)
			host = (size_t)(colon - hosts);
		if (!address_loopback(hosts, host))
			return false;
		one += comma != NULL ? 1 : 0;
		hosts += one;
		len -= one;
	}
	return true;
}

/* The scheme that was probably meant, or NULL. */
static const char *
address_near(const char *scheme)
{
	const char *names[32];
	size_t n = 0;

	for (const struct scheme *s = schemes; s->scheme != NULL && n < 32; s++)
		names[n++] = s->scheme;
	return nearest(scheme, names, n);
}

static enum status
address_check(struct run *r, struct address *a)
{
	char path[PATH_MAX];
	const char *near;
	const char *host = a->url + strlen(a->scheme) + 3, *end = host + strcspn(host, "/"), *at;
	const struct scheme *s = schemes;

	for (const char *p = a->url; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p) || *p == ' ')
			return address_refuse(
			    r, a, ST_USAGE, "it has blanks or control characters");
	if ((at = memrchr(host, '@', (size_t)(end - host))) != NULL) {
		if (memchr(host, ':', (size_t)(at - host)) != NULL) {
			/* Nobody is to read it once more, in a log. */
			(void)snprintf(a->what, sizeof(a->what), "%s://...@%.*s", a->scheme,
			    (int)(end - at - 1), at + 1);
			return address_refuse(r, a, ST_USAGE,
			    "no password in an address, where others "
			    "can read it: name a file by 'credentials' in [engine NAME] of "
			    "mq.conf, "
			    "or put it into ~/.config/mq/credentials");
		}
		host = at + 1;
	}
	while (s->scheme != NULL && strcmp(s->scheme, a->scheme) != 0)
		s++;
	(void)snprintf(a->helper, sizeof(a->helper), "mq-engine-%s",
	    s->scheme != NULL ? s->helper : a->scheme);
	if (s->scheme == NULL && !process_find(a->helper, path) &&
	    (near = address_near(a->scheme)) != NULL)
		return error_set(&r->err, ST_CONF, 0, "'%s': no engine '%s'; did you mean %s://?",
		    a->what, a->scheme, near);
	if (s->scheme != NULL && s->plain && !a->insecure &&
	    !address_stays_here(host, (size_t)(end - host)))
		return address_refuse(r, a, ST_CONF,
		    "what is sent to another host could be read and "
		    "changed on the way: use TLS, or say 'insecure = yes' in [engine NAME] of "
		    "mq.conf");
	return ST_OK;
}

static enum status
address_url(struct run *r, const char *url, struct address *a)
{
	size_t n = address_scheme(url);

	if (n == 0 || n >= sizeof(a->scheme))
		return address_refuse(r, a, ST_USAGE, "not SCHEME://...");
	if (strlcpy(a->url, url, sizeof(a->url)) >= sizeof(a->url))
		return address_refuse(r, a, ST_USAGE, "the address is too long");
	memcpy(a->scheme, url, n);
	a->scheme[n] = '\0';
	return address_check(r, a);
}

/* ---- sections --------------------------------------------------------------- */

struct section {
	struct address *a;
	const char *name;
	bool found;
	struct names others;	/* engines that mq.conf has */
	char url[ADDRESS_MAX];
};

static bool
section_yes(const char *value, bool *yes)
{
	*yes = strcmp(value, "yes") == 0;
	return *yes || strcmp(value, "no") == 0;
}

static bool
section_text(char **to, const char *value)
{
	free(*to);
	return (*to = strdup(value)) != NULL;
}

static bool
section_queue(struct names *list, const char *value)
{
	size_t n = strcspn(value, " \t");
	struct error ignored = { 0 };

	return value[n] != '\0' && value[n + strspn(value + n, " \t")] != '\0' &&
	    names_add(list, value, &ignored) == ST_OK;
}

static bool
section_timeout(int64_t *ms, const char *value)
{
	struct error err = { 0 };
	usec_t d;

	if (duration_parse(value, &d, &err) != ST_OK || d < 100000)
		return false;
	*ms = d / 1000;
	return true;
}

static bool
section_take(void *arg, const char *section, const char *key, const char *value)
{
	struct section *s = arg;
	struct error ignored = { 0 };
	struct address *a = s->a;
	const struct { const char *key; char **text; } texts[] = { { "credentials",
	    &a->credentials }, { "ca", &a->ca }, { "cert", &a->cert }, { "key", &a->key },
	    { "tls_name", &a->tls_name } };

	if (strncmp(section, "engine ", 7) != 0)
		return true;
	if (strcmp(section + 7, s->name) != 0)
		return names_add(&s->others, section + 7, &ignored) == ST_OK;
	s->found = true;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(key, texts[i].key) == 0)
			return section_text(texts[i].text, value);
	if (strcmp(key, "url") == 0)
		return strlcpy(s->url, value, sizeof(s->url)) < sizeof(s->url);
	if (strcmp(key, "verify") == 0)
		return section_yes(value, &a->verify);
	if (strcmp(key, "insecure") == 0)
		return section_yes(value, &a->insecure);
	if (strcmp(key, "transactions") == 0)
		return section_yes(value, &a->transactions);
	if (strcmp(key, "timeout") == 0)
		return section_timeout(&a->timeout_ms, value);
	return section_queue(&a->queues, value);
}

static enum status
address_section(struct run *r, const char *name, struct address *a)
{
	struct section s = { .a = a, .name = name };
	const char *near;
	enum status st;

	if ((st = run_settings(r, false)) == ST_OK)
		st = conf_sections(&r->files, section_take, &s, &r->err);
	near = nearest(name, (const char *const *)s.others.name, s.others.n);
	if (st == ST_OK && !s.found)
		st = error_set(&r->err, ST_CONF, 0, "no section [engine %s] in mq.conf%s%s%s", name,
		    near != NULL ? "; did you mean @" : "", near != NULL ? near : "",
		    near != NULL ? "?" : "");
	names_free(&s.others);
	if (st != ST_OK)
		return st;
	if (s.url[0] == '\0')
		return error_set(&r->err, ST_CONF, 0, "[engine %s] of mq.conf has no 'url'", name);
	if (!a->verify)
		run_note(r, "@%s: 'verify = no': whoever is on the way may read and change "
		    "everything", name);
	return address_url(r, s.url, a);
}

/* ---- the address ---------------------------------------------------------- */

enum status
address_read(struct run *r, const char *text, struct address *a)
{
	*a = (struct address){ .verify = true, .timeout_ms = TIMEOUT_MS };
	(void)strlcpy(a->what, text, sizeof(a->what));
	if (text[0] == '@')
		return address_section(r, text + 1, a);
	return address_url(r, text, a);
}

enum status
address_split(struct run *r, const char *text, struct address *a, char target[TARGET_MAX])
{
	const char *slash = strrchr(text, '/');
	char address[ADDRESS_MAX];
	enum status st;

	*a = (struct address){ .verify = true };
	(void)strlcpy(a->what, text, sizeof(a->what));
	if (slash == NULL || slash[1] == '\0' || slash == text || (slash[-1] == '/' &&
	    slash >= text + 2 && slash[-2] == ':'))
		return address_refuse(
		    r, a, ST_USAGE, "no queue: this is to be URL/QUEUE or @NAME/QUEUE");
	if ((size_t)(slash - text) >= sizeof(address))
		return address_refuse(r, a, ST_USAGE, "the address is too long");
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if ((st = address_read(r, address, a)) != ST_OK)
		return st;
	return address_target(r, a, slash + 1, target);
}

enum status
address_target(struct run *r, const struct address *a, const char *queue, char target[TARGET_MAX])
{
	char pattern[TARGET_MAX];

	for (size_t i = 0; i < a->queues.n; i++) {
		const char *line = a->queues.name[i];
		size_t n = strcspn(line, " \t");
		if (n >= sizeof(pattern))
			continue;
		memcpy(pattern, line, n);
		pattern[n] = '\0';
		if (fnmatch(pattern, queue, 0) == 0) {
			queue = line + n + strspn(line + n, " \t");
			break;
		}
	}
	if (strlcpy(target, queue, TARGET_MAX) >= TARGET_MAX)
		return error_set(
		    &r->err, ST_USAGE, 0, "'%.60s...': the name of the queue is too long", queue);
	return ST_OK;
}

void
address_free(struct address *a)
{
	free(a->credentials);
	free(a->ca);
	free(a->cert);
	free(a->key);
	free(a->tls_name);
	names_free(&a->queues);
}
