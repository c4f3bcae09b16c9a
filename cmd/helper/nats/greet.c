/*
 * greet.c: what the server says of itself before anything else.  libnats keeps most of it for
 * itself, and says of each failure only that there is no server, so a connection of our own looks
 * first.
 */
#include <stdio.h>
#include <string.h>

#include "helper/nats/inside.h"

#define GREETING_MAX 65536

/* The line "INFO {...}".  NULL: there is none. */
static json_t *
greet_read(struct net *net, usec_t deadline, struct error *err)
{
	const char *data, *end;
	size_t len;

	for (;;) {
		data = net_data(net, &len);
		if (len > 0 && (end = memchr(data, '\n', len)) != NULL)
			break;
		if (len > GREETING_MAX)
			return NULL;
		if (net_wait(net, deadline, err) != ST_OK)
			return NULL;
	}
	if (strncmp(data, "INFO ", 5) != 0)
		return NULL;
	return json_loadb(data + 5, (size_t)(end - data - 5), 0, NULL);
}

static bool
greet_tls(struct helper *h, const struct address *a, bool tls, const json_t *info)
{
	bool required = json_is_true(json_at(info, "tls_required"));

	if (tls && !required && !json_is_true(json_at(info, "tls_available")))
		helper_fail(h, CLASS_CONF, "tls %s: this server has no TLS", a->host);
	else if (!tls && required)
		helper_fail(h, CLASS_CONF, "tls %s: this server demands TLS: use tls+nats://",
		    a->host);
	else
		return true;
	return false;
}

/* Nothing is sent, so that it may be plain text in any case. */
bool
greet(struct helper *h, const struct settings *set, const struct address *a, bool tls,
    char *version, size_t size)
{
	struct settings plain = *set;
	struct error err = { 0 };
	struct net *net;
	json_t *info;
	bool good;

	plain.insecure = true;
	if ((net = net_open(h, &plain, a, false, &err)) == NULL) {
		helper_fail(h, net_class(err.status), "%s", err.text);
		return false;
	}
	info = greet_read(net, clock_mono() + set->timeout_ms * 1000, &err);
	net_close(net);
	if (info == NULL) {
		helper_fail(h, CLASS_AGAIN, "connect %s port %s: this is no server of NATS%s%s",
		    a->host, a->port, err.text[0] != '\0' ? ": " : "", err.text);
		return false;
	}
	(void)snprintf(version, size, "nats-server-%.40s", json_text(info, "version"));
	good = greet_tls(h, a, tls, info);
	json_decref(info);
	return good;
}
