/*
 * login.c: the address, the credentials, TLS, and logging in.
 */
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if __has_include(<rabbitmq-c/ssl_socket.h>)
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

#include "helper/amqp/amqp.h"

#define HEARTBEAT 30		/* seconds */
#define FRAME_MAX 131072	/* bytes, which all headers of a message must fit in */

/* ---- settings ----------------------------------------------------------------- */

/* The virtual host "/" is what most servers have; it is meant by an address that names none. */
static void
login_vhost(struct amqp *a)
{
	const char *rest = a->address.rest;

	(void)snprintf(a->vhost, sizeof(a->vhost), "%s", rest[0] == '\0' ? "/" : rest);
}

static bool
login_own(struct amqp *a, struct trouble *f)
{
	const char *user = credentials_value(&a->credentials, "login");
	const char *password = credentials_value(&a->credentials, "password");

	if (password == NULL)
		return trouble_set(f, CLASS_CONF, "login: %s has no password for %s",
		    a->set->credentials, a->address.host);
	if (user != NULL && a->address.user[0] != '\0' && strcmp(user, a->address.user) != 0)
		return trouble_set(f, CLASS_CONF,
		    "login: the address names the user '%s', but %s has '%s' "
		    "for %s",
		    a->address.user, a->set->credentials, user, a->address.host);
	a->user = user != NULL ? user : a->address.user;
	a->password = password;
	return a->user[0] != '\0' || trouble_set(f, CLASS_CONF, "login: neither the address nor %s "
	    "names a user", a->set->credentials);
}

/* A server lets guest in from its own machine only. */
static bool
login_credentials(struct amqp *a, struct trouble *f)
{
	struct error err = { 0 };
	enum status st;

	a->external = a->tls && a->set->cert != NULL && a->set->credentials == NULL;
	a->user = a->password = "guest";
	if (a->external)
		return true;
	if (a->set->credentials == NULL)
		return address_is_local(&a->address) ||
		       trouble_set(f, CLASS_CONF,
			   "login: no credentials: "
			   "name a file with the line 'machine %s login USER password PASSWORD' by "
			   "'credentials'",
			   a->address.host);
	st = credentials_read(
	    &a->credentials, a->set->credentials, a->address.host, a->address.port, &err);
	if (st == ST_NONE)
		return trouble_set(f, CLASS_CONF, "login: %s has nothing for %s",
		    a->set->credentials, a->address.host);
	return st == ST_OK ? login_own(a, f) : trouble_set(f, CLASS_CONF, "login: %s", err.text);
}

bool
login_settings(struct amqp *a, struct trouble *f)
{
	struct error err = { 0 };

	a->tls = strncmp(a->set->url, "amqps:", 6) == 0;
	if (!a->tls && strncmp(a->set->url, "amqp:", 5) != 0)
		return trouble_set(
		    f, CLASS_CONF, "the address is not amqp://HOST[:PORT]/VHOST, nor amqps://");
	if (address_parse(a->set->url, a->tls ? "5671" : "5672", &a->address, &err) != ST_OK)
		return trouble_set(f, CLASS_CONF, "%s", err.text);
	login_vhost(a);
	if (!a->tls && !a->set->insecure && !address_is_local(&a->address))
		return trouble_set(f, CLASS_CONF, "plain text to %s: use amqps://, or allow it by "
		    "'insecure = yes'", a->address.host);
	return login_credentials(a, f);
}

/* ---- TLS ---------------------------------------------------------------------- */

static char login_distrust[200];	/* why a certificate was not accepted */

static int
login_verify(int good, X509_STORE_CTX *x)
{
	if (good == 0)
		(void)snprintf(login_distrust, sizeof(login_distrust), "%s",
		    X509_verify_cert_error_string(X509_STORE_CTX_get_error(x)));
	return good;
}

/* librabbitmq compares names, but no IP addresses, so OpenSSL does that. */
static void
login_name(SSL_CTX *ctx, const char *name)
{
	X509_VERIFY_PARAM *p = SSL_CTX_get0_param(ctx);
	unsigned char ip[16];

	if (inet_pton(AF_INET, name, ip) == 1 || inet_pton(AF_INET6, name, ip) == 1)
		(void)X509_VERIFY_PARAM_set1_ip_asc(p, name);
	else
		(void)X509_VERIFY_PARAM_set1_host(p, name, 0);
}

static bool
login_certificates(struct amqp *a, amqp_socket_t *s, SSL_CTX *ctx, struct trouble *f)
{
	const struct settings *set = a->set;

	if (set->ca != NULL && amqp_ssl_socket_set_cacert(s, set->ca) != AMQP_STATUS_OK)
		return trouble_set(
		    f, CLASS_CONF, "tls: %s has no certificates that can be read", set->ca);
	if (set->ca == NULL && SSL_CTX_set_default_verify_paths(ctx) != 1)
		return trouble_set(
		    f, CLASS_CONF, "tls: the certificates of the system cannot be read");
	if (set->cert != NULL && amqp_ssl_socket_set_key(s, set->cert, set->key != NULL ? set->key :
	    set->cert) != AMQP_STATUS_OK)
		return trouble_set(f, CLASS_CONF, "tls: %s and its key cannot be used", set->cert);
	return true;
}

static amqp_socket_t *
login_tls(struct amqp *a, struct link *l, struct trouble *f)
{
	amqp_socket_t *s = amqp_ssl_socket_new(l->c);
	SSL_CTX *ctx;

	if (s == NULL) {
		(void)trouble_set(f, CLASS_CONF, "tls: OpenSSL does not start");
		return NULL;
	}
	ctx = amqp_ssl_socket_get_context(s);
	(void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	amqp_ssl_socket_set_verify_peer(s, a->set->verify);
	amqp_ssl_socket_set_verify_hostname(s, false);
	SSL_CTX_set_verify(ctx, a->set->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, login_verify);
	if (a->set->verify)
		login_name(ctx, a->set->tls_name != NULL ? a->set->tls_name : a->address.host);
	login_distrust[0] = '\0';
	return login_certificates(a, s, ctx, f) ? s : NULL;
}

/* ---- connect ------------------------------------------------------------------ */

static bool
login_unconnected(struct amqp *a, int status, struct trouble *f)
{
	const char *host = a->address.host, *port = a->address.port;

	if (status == AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED)
		return trouble_set(f, CLASS_AGAIN, "resolve: the name %s is not known", host);
	if (login_distrust[0] != '\0')
		return trouble_set(f, CLASS_CONF,
		    "tls: the certificate of %s is not trusted: %s (%s)", host, login_distrust,
		    a->set->ca != NULL ? a->set->ca : "certificates of the system");
	if (status <= AMQP_STATUS_SSL_ERROR && status > _AMQP_STATUS_SSL_NEXT_VALUE)
		return trouble_set(f, CLASS_CONF, "tls: %s port %s: %s", host, port,
		    amqp_error_string2(status));
	if (status == AMQP_STATUS_TIMEOUT)
		return trouble_set(f, CLASS_AGAIN,
		    "connect: no answer from %s port %s within %lld ms", host, port,
		    (long long)a->set->timeout_ms);
	return trouble_set(f, CLASS_AGAIN, "connect: %s port %s: %s", host, port,
	    amqp_error_string2(status));
}

static bool
login_connect(struct amqp *a, struct link *l, bool tell, struct trouble *f)
{
	struct timeval limit = { .tv_sec = a->set->timeout_ms / 1000,
	    .tv_usec = a->set->timeout_ms % 1000 * 1000 };
	amqp_socket_t *s = a->tls ? login_tls(a, l, f) : amqp_tcp_socket_new(l->c);
	int status;

	if (s == NULL)
		return a->tls ? false : trouble_set(f, CLASS_AGAIN, "no memory");
	(void)amqp_set_handshake_timeout(l->c, &limit);
	(void)amqp_set_rpc_timeout(l->c, &limit);
	status = amqp_socket_open_noblock(s, a->address.host, atoi(a->address.port), &limit);
	if (status != AMQP_STATUS_OK)
		return login_unconnected(a, status, f);
	if (tell) {
		helper_step(a->h, "resolve", "%s", a->address.host);
		helper_step(a->h, "connect", "port %s", a->address.port);
		if (a->tls)
			helper_step(a->h, "tls", "%s", a->set->verify ? "the certificate is good" :
			    "the certificate was NOT checked");
	}
	return true;
}

/* ---- log in ------------------------------------------------------------------- */

/* An older server just closes the connection when the password is wrong. */
static bool
login_refused(struct amqp *a, const amqp_rpc_reply_t *r, struct trouble *f)
{
	const amqp_connection_close_t *m = r->reply.decoded;

	if (r->reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
	    r->reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
		bool conf = m->reply_code == 403 || m->reply_code == 530 || m->reply_code == 402;
		return trouble_set(f, conf ? CLASS_CONF : CLASS_AGAIN,
		    "login: user '%s', vhost '%s': %.*s", a->user, a->vhost, (int)m->reply_text.len,
		    (const char *)m->reply_text.bytes);
	}
	if (r->reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
	    r->library_error == AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD)
		return trouble_set(f, CLASS_CONF, "login: the server has no login by %s",
		    a->external ? "certificate (EXTERNAL)" : "password (PLAIN)");
	return trouble_set(f, CLASS_AGAIN, "login: %s port %s: %s", a->address.host,
	    a->address.port,
	    r->reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION ? amqp_error_string2(r->library_error)
							     : "the server ended the connection");
}

/* What the server may tell us only if we say that we understand it. */
static amqp_rpc_reply_t
login_say(struct amqp *a, struct link *l)
{
	amqp_table_entry_t understood[] = { table_true("connection.blocked"),
	    table_true("consumer_cancel_notify"), table_true("basic.nack"),
	    table_true("publisher_confirms") };
	amqp_table_entry_t properties[] = {
	    {.key = amqp_cstring_bytes("capabilities"),
		.value = {.kind = AMQP_FIELD_KIND_TABLE, .value.table = {4, understood}}},
	    table_text("connection_name",
		amqp_cstring_bytes(a->set->client != NULL ? a->set->client : "mq"))};
	amqp_table_t said = { .num_entries = 2, .entries = properties };

	if (a->external)
		return amqp_login_with_properties(l->c, a->vhost, CHANNELS - 1, FRAME_MAX,
		    HEARTBEAT, &said, AMQP_SASL_METHOD_EXTERNAL, a->user);
	return amqp_login_with_properties(l->c, a->vhost, CHANNELS - 1, FRAME_MAX, HEARTBEAT, &said,
	    AMQP_SASL_METHOD_PLAIN, a->user, a->password);
}

bool
login(struct amqp *a, struct link *l, bool tell, struct trouble *f)
{
	amqp_rpc_reply_t r;

	if (!login_connect(a, l, tell, f))
		return false;
	r = login_say(a, l);
	if (r.reply_type != AMQP_RESPONSE_NORMAL)
		return login_refused(a, &r, f);
	if (tell)
		helper_step(a->h, "login", "%s%s, vhost %s", a->external ? "by certificate" : "as ",
		    a->external ? "" : a->user, a->vhost);
	return true;
}
