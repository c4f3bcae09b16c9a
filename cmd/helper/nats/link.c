/*
 * link.c: the connection: address, TLS, login, and what this server can do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/nats/inside.h"

/* ---- options ---------------------------------------------------------------- */

static bool
link_is_tls(const struct address *a)
{
	return strcmp(a->scheme, "tls+nats") == 0;
}

static natsStatus
link_tls(const struct settings *set, const struct address *a, natsOptions *o)
{
	natsStatus st = natsOptions_SetSecure(o, true);

	if (st == NATS_OK && set->ca != NULL)
		st = natsOptions_LoadCATrustedCertificates(o, set->ca);
	if (st == NATS_OK && set->cert != NULL && set->key != NULL)
		st = natsOptions_LoadCertificatesChain(o, set->cert, set->key);
	if (st == NATS_OK)
		st = natsOptions_SetExpectedHostname(o, set->tls_name != NULL ?
		    set->tls_name : a->host);
	if (st == NATS_OK && !set->verify)
		st = natsOptions_SkipServerVerification(o, true);
	return st;
}

/* One thread of libnats for all that comes, and never a connection that it makes by itself. */
static natsStatus
link_options(struct nats *n, const struct address *a)
{
	natsOptions *o = n->options;
	const int64_t timeout = n->set->timeout_ms;
	char url[300], name[100];
	natsStatus st;

	(void)snprintf(url, sizeof(url), strchr(a->host, ':') != NULL ? "nats://[%s]:%s" :
	    "nats://%s:%s", a->host, a->port);
	(void)snprintf(name, sizeof(name), "mq %.80s",
	    n->set->client != NULL ? n->set->client : "");
	if ((st = natsOptions_SetURL(o, url)) == NATS_OK &&
	    (st = natsOptions_SetName(o, name)) == NATS_OK &&
	    (st = natsOptions_SetTimeout(o, timeout)) == NATS_OK &&
	    (st = natsOptions_SetWriteDeadline(o, timeout)) == NATS_OK &&
	    (st = natsOptions_SetPingInterval(o, timeout)) == NATS_OK &&
	    (st = natsOptions_SetMaxPingsOut(o, 2)) == NATS_OK &&
	    (st = natsOptions_SetAllowReconnect(o, false)) == NATS_OK &&
	    (st = natsOptions_SetIgnoreDiscoveredServers(o, true)) == NATS_OK &&
	    (st = natsOptions_UseGlobalMessageDelivery(o, true)) == NATS_OK &&
	    (st = natsOptions_SetMaxPendingMsgs(o, INT32_MAX / 1024)) == NATS_OK &&
	    (st = natsOptions_SetErrorHandler(o, inbox_error, &n->inbox)) == NATS_OK &&
	    (st = natsOptions_SetClosedCB(o, inbox_closed, &n->inbox)) == NATS_OK && link_is_tls(a))
		st = link_tls(n->set, a, o);
	return st;
}

/* ---- connect ---------------------------------------------------------------- */

/* The library puts "(FILE:LINE): " before its texts. */
static const char *
link_text(void)
{
	const char *text = nats_GetLastError(NULL), *end;

	if (text == NULL)
		return "";
	end = text[0] == '(' ? strstr(text, "): ") : NULL;
	return end != NULL ? end + 3 : text;
}

static bool
link_fail(struct helper *h, const struct address *a, natsStatus st)
{
	bool tls = st == NATS_SSL_ERROR, login = st == NATS_CONNECTION_AUTH_FAILED;

	helper_fail(h, tls || login ? CLASS_CONF : CLASS_AGAIN, "%s %s port %s: %s: %s",
	    tls ? "tls" : login ? "login" : "connect", a->host, a->port, natsStatus_GetText(st),
	    link_text());
	return false;
}

static bool
link_connect(struct nats *n, const struct address *a)
{
	char subject[SUBJECT_MAX];
	struct trouble t;
	natsStatus st;

	if ((st = natsOptions_Create(&n->options)) != NATS_OK ||
	    (st = link_options(n, a)) != NATS_OK)
		return link_fail(n->h, a, st);
	if (!login_load(n->set, a, n->options, &t)) {
		helper_fail(n->h, t.c, "%s", t.text);
		return false;
	}
	if ((st = natsConnection_Connect(&n->conn, n->options)) != NATS_OK)
		return link_fail(n->h, a, st);
	if (link_is_tls(a))
		helper_step(n->h, "tls", "%s", !n->set->verify ? "not verified" :
		    n->set->ca != NULL ? n->set->ca : "the system's certificates");
	if ((st = natsInbox_Create(&n->prefix)) == NATS_OK) {
		(void)snprintf(subject, sizeof(subject), "%s.*", n->prefix);
		if ((st = natsConnection_Subscribe(&n->answers, n->conn, subject, inbox_answer,
		    &n->inbox)) == NATS_OK)
			st = natsSubscription_SetPendingLimits(n->answers, -1, -1);
	}
	return st == NATS_OK || link_fail(n->h, a, st);
}

/* ---- what it can do ------------------------------------------------------------ */

/* A user who may only publish and take is not allowed to ask, but then JetStream is there. */
static bool
link_jetstream(struct nats *n)
{
	struct answer r;
	struct trouble t;
	bool good;

	ask_now(n, "$JS.API.INFO", "", &r);
	good = answer_good(&r) || r.heard == HEARD_REFUSED;
	if (r.heard == HEARD_NOBODY)
		helper_fail(n->h, CLASS_CONF, "login: this server has no JetStream: start it "
		    "with -js");
	else if (!good) {
		answer_trouble(n, &r, CLASS_AGAIN, "login", &t);
		helper_fail(n->h, t.c, "%s", t.text);
	} else
		helper_step(n->h, "login", "JetStream");
	answer_free(&r);
	return good;
}

static void
link_can(struct nats *n, const char *version)
{
	static const char *const words[] = { "push", "take", "expiry", "order", "dedup",
		"deliveries", "dead", "retry", "retry-one", "approx", "queues", "make", "stay" };
	struct trouble t;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		helper_can(n->h, words[i], NULL);
	helper_can_number(n->h, "max-body", n->max_payload - HEAD_ROOM);
	helper_can_number(n->h, "once", WINDOW_S);
	helper_can(n->h, "token", "any");
	helper_can(n->h, "lease", "0");
	helper_can(n->h, "extend", "0");
	helper_can(n->h, "nack-delay", "0");
	helper_can(n->h, "list", "ready,dead");
	helper_can(n->h, "stat", "ready,claimed,dead,oldest");
	helper_can(n->h, "durable", "unknown");
	helper_can(n->h, "server", version);
	n->create = false;
	n->attempts = stream_attempts(n, &t);
	n->create = n->set->create;
	if (n->attempts || n->create)
		helper_can(n->h, "attempts", NULL);
}

static bool
link_address(struct helper *h, const struct settings *set, struct address *a)
{
	struct error err = { 0 };

	if (address_parse(set->url, "4222", a, &err) != ST_OK) {
		helper_fail(h, CLASS_CONF, "%s", err.text);
		return false;
	}
	if ((!link_is_tls(a) && strcmp(a->scheme, "nats") != 0) || a->rest[0] != '\0') {
		helper_fail(h, CLASS_CONF, "the address has to be nats://HOST[:PORT] or "
		    "tls+nats://HOST[:PORT]");
		return false;
	}
	if (!link_is_tls(a) && !set->insecure && !address_is_local(a)) {
		helper_fail(h, CLASS_CONF, "%s is another host, and nats:// is not encrypted: use "
		    "tls+nats://, or set 'insecure = yes'", a->host);
		return false;
	}
	return true;
}

bool
link_open(struct helper *h, const struct settings *set)
{
	char version[64];
	struct address a;
	struct nats *n;

	if (!link_address(h, set, &a) ||
	    !greet(h, set, &a, link_is_tls(&a), version, sizeof(version)))
		return false;
	if ((n = calloc(1, sizeof(*n))) == NULL || !inbox_open(&n->inbox)) {
		free(n);
		helper_fail(h, CLASS_AGAIN, "out of memory");
		return false;
	}
	n->h = h;
	n->set = set;
	if (!link_connect(n, &a) || !link_jetstream(n)) {
		link_close(n);
		return false;
	}
	helper_set_data(h, n);
	n->max_payload = natsConnection_GetMaxPayload(n->conn);
	link_can(n, version);
	return true;
}

/* ---- end ----------------------------------------------------------------------- */

void
link_heard(struct nats *n, struct event *e)
{
	if (e->kind == EVENT_CLOSED && !n->closed) {
		n->closed = true;
		(void)snprintf(n->why, sizeof(n->why), "%s", e->text);
	}
	event_free(e);
}

/* No thread of the library may touch what is freed here. */
void
link_close(struct nats *n)
{
	natsConnection_Close(n->conn);
	natsSubscription_Destroy(n->answers);
	natsConnection_Destroy(n->conn);
	natsOptions_Destroy(n->options);
	natsInbox_Destroy(n->prefix);
	(void)nats_CloseAndWait(n->set->timeout_ms);
	inbox_close(&n->inbox);
	ask_free(n);
	stream_free(n);
	free(n);
}
