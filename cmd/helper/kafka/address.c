/*
 * address.c: kafka://HOST[:PORT],... or kafkas://..., and who logs in there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/core/credentials.h"
#include "helper/kafka/kafka.h"

#define ADDRESS_FORM "the address is to be %s://HOST[:PORT],..."

/* Split "HOST", "HOST:PORT" or "[ADDRESS]:PORT" in place; the port may be empty. */
static void
address_split(char *text, char **host, char **port)
{
	char *colon;

	*host = text;
	if (text[0] == '[' && strchr(text, ']') != NULL) {
		*host = text + 1;
		text = strchr(text, ']');
		*text++ = '\0';
	}
	if ((colon = strchr(text, ':')) == NULL) {
		*port = text + strlen(text);
		return;
	}
	*colon = '\0';
	*port = colon + 1;
}

static bool
address_is_here(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	    strncmp(host, "127.", 4) == 0;
}

static bool
address_good(const char *host, const char *port)
{
	return host[0] != '\0' && strlen(host) < 256 && strpbrk(host, " /?#") == NULL &&
	    strlen(port) <= 5 && strspn(port, "0123456789") == strlen(port);
}

/* Take what the file has for one of the hosts. */
static bool
address_login(struct kafka *k, const char *host, const char *port, struct trouble *t)
{
	struct credentials cr = { 0 };
	struct error err = { 0 };
	enum status st = ST_NONE;
	const char *user, *password, *mechanism;

	if (k->set->credentials == NULL || k->user != NULL)
		return true;
	st = credentials_read(&cr, k->set->credentials, host, port, &err);
	user = credentials_value(&cr, "login");
	password = credentials_value(&cr, "password");
	mechanism = credentials_value(&cr, "mechanism");
	if (st == ST_OK && (user == NULL || password == NULL))
		(void)error_set(&err, st = ST_CONF, 0, "credentials %s: no login and password for "
		    "%s", k->set->credentials, host);
	else if (st == ST_OK) {
		k->user = strdup(user);
		k->password = strdup(password);
		k->mechanism = strdup(mechanism != NULL ? mechanism : "PLAIN");
	}
	credentials_free(&cr);
	if (st == ST_OK || st == ST_NONE)
		return true;
	return trouble_set(t, CLASS_CONF, "%s", err.text);
}

/* Go over the hosts. */
static bool
address_hosts(struct kafka *k, char *list, struct trouble *t)
{
	char *one, *host, *port;

	k->loopback = true;
	while ((one = strsep(&list, ",")) != NULL) {
		address_split(one, &host, &port);
		if (!address_good(host, port))
			return trouble_set(t, CLASS_CONF, ADDRESS_FORM,
			    k->tls ? "kafkas" : "kafka");
		if (!address_is_here(host))
			k->loopback = false;
		if (!address_login(k, host, port[0] != '\0' ? port : "9092", t))
			return false;
	}
	return true;
}

/* What may not be sent in plain text. */
static bool
address_safe(struct kafka *k, struct trouble *t)
{
	if (k->tls || k->loopback)
		return true;
	if (k->user != NULL)
		return trouble_set(t, CLASS_CONF, "a password is sent only over TLS: kafkas://%s",
		    k->brokers);
	if (!k->set->insecure)
		return trouble_set(t, CLASS_CONF, "plain text to another host: use kafkas://%s, or "
		    "say 'insecure = yes' in the section of mq.conf", k->brokers);
	return true;
}

bool
address_parse(struct kafka *k, struct trouble *t)
{
	const char *url = k->set->url, *rest = strstr(url, "://");
	char *list;
	bool good;

	if (rest == NULL)
		return trouble_set(t, CLASS_CONF, ADDRESS_FORM, "kafka");
	if (strchr(rest, '@') != NULL)
		return trouble_set(t, CLASS_CONF, "the address has a user in it: put login and "
		    "password into the file that 'credentials' names");
	k->tls = strncmp(url, "kafkas:", 7) == 0;
	rest += 3;
	if ((k->brokers = strndup(rest, strcspn(rest, "/"))) == NULL ||
	    (list = strdup(k->brokers)) == NULL)
		return trouble_set(t, CLASS_AGAIN, "no memory");
	good = k->brokers[0] != '\0' && strspn(rest + strlen(k->brokers), "/") ==
	    strlen(rest + strlen(k->brokers));
	if (!good)
		(void)trouble_set(t, CLASS_CONF, ADDRESS_FORM, k->tls ? "kafkas" : "kafka");
	good = good && address_hosts(k, list, t) && address_safe(k, t);
	free(list);
	if (good && k->set->tls_name != NULL)
		return trouble_set(t, CLASS_CONF, "tls_name: each broker has a name of its own, so "
		    "none can be given for all");
	return good;
}
