/*
 * tls.c: TLS of OpenSSL over a socket that does not block.
 */
#include <arpa/inet.h>
#include <sys/stat.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "helper/net/inside.h"

/* What OpenSSL says of its last error. */
static const char *
tls_reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	return text != NULL ? text : "unknown error";
}

/* Whether nobody but this user and root can read the key. */
static enum status
tls_key_trust(const char *key, struct error *err)
{
	struct stat st;

	if (stat(key, &st) == -1)
		return error_set(err, ST_CONF, errno, "tls: key %s", key);
	if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 07) != 0)
		return error_set(err, ST_CONF, 0, "tls: key %s: it is another user's, or its mode "
		    "%03o lets others at it", key, (unsigned)(st.st_mode & 0777));
	return ST_OK;
}

static enum status
tls_files(SSL_CTX *ctx, const struct settings *set, struct error *err)
{
	const char *key = set->key != NULL ? set->key : set->cert;

	if (set->ca != NULL ? SSL_CTX_load_verify_locations(ctx, set->ca, NULL) != 1 :
	    SSL_CTX_set_default_verify_paths(ctx) != 1)
		return error_set(err, ST_CONF, 0, "tls: ca %s: %s",
		    set->ca != NULL ? set->ca : "of the system", tls_reason());
	if (set->cert == NULL)
		return ST_OK;
	if (tls_key_trust(key, err) != ST_OK)
		return ST_CONF;
	if (SSL_CTX_use_certificate_chain_file(ctx, set->cert) != 1)
		return error_set(err, ST_CONF, 0, "tls: cert %s: %s", set->cert, tls_reason());
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return error_set(err, ST_CONF, 0, "tls: key %s: %s", key, tls_reason());
	return ST_OK;
}

/* A key with a passphrase would ask the terminal for it. */
static int
tls_no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf, (void)size, (void)writing, (void)arg;
	return 0;
}

static SSL_CTX *
tls_context(const struct settings *set, struct error *err)
{
	SSL_CTX *ctx;

	ERR_clear_error();
	if ((ctx = SSL_CTX_new(TLS_client_method())) == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1) {
		(void)error_set(err, ST_CONF, 0, "tls: %s", tls_reason());
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_default_passwd_cb(ctx, tls_no_passphrase);
	SSL_CTX_set_verify(ctx, set->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	(void)SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (tls_files(ctx, set, err) != ST_OK) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

/* Which name the certificate must have.  Names of hosts go into the handshake, addresses do not. */
static bool
tls_name(SSL *ssl, const char *name)
{
	struct in6_addr any;

	if (inet_pton(AF_INET, name, &any) == 1 || inet_pton(AF_INET6, name, &any) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1;
}

/* What to wait for after a call that returned 'ret'.  0: it failed. */
static short
tls_wants(SSL *ssl, int ret)
{
	switch (SSL_get_error(ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		return POLLIN;
	case SSL_ERROR_WANT_WRITE:
		return POLLOUT;
	default:
		return 0;
	}
}

/* Why the handshake failed: what is wrong with the certificate, or what the other side did. */
static enum status
tls_failed(SSL *ssl, const char *name, int errnum, struct error *err)
{
	long verify = SSL_get_verify_result(ssl);
	unsigned long first = ERR_peek_error();

	if (verify != X509_V_OK)
		return error_set(err, ST_CONF, 0, "tls %s: the certificate cannot be trusted: %s",
		    name, X509_verify_cert_error_string(verify));
	if (first != 0 && ERR_GET_REASON(first) != SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return error_set(err, ST_CONF, 0, "tls %s: %s", name, tls_reason());
	return error_set(err, ST_AGAIN, errnum,
	    "tls %s: the connection was closed in the handshake", name);
}

static enum status
tls_handshake(SSL *ssl, int fd, const char *name, usec_t deadline, struct error *err)
{
	short wants;
	int ret;

	for (;;) {
		ERR_clear_error();
		errno = 0;
		if ((ret = SSL_connect(ssl)) == 1)
			return ST_OK;
		if ((wants = tls_wants(ssl, ret)) == 0)
			return tls_failed(ssl, name, errno, err);
		if (net_poll(fd, wants, deadline) != ST_OK)
			return error_set(err, ST_AGAIN, 0, "tls %s: no answer in time", name);
	}
}

SSL *
tls_open(int fd, const struct settings *set, const struct address *a, usec_t deadline,
    struct error *err)
{
	const char *name = set->tls_name != NULL ? set->tls_name : a->host;
	SSL_CTX *ctx;
	SSL *ssl;

	if ((ctx = tls_context(set, err)) == NULL)
		return NULL;
	ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || !tls_name(ssl, name))
		(void)error_set(err, ST_CONF, 0, "tls %s: %s", name, tls_reason());
	else if (tls_handshake(ssl, fd, name, deadline, err) == ST_OK)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

void
tls_close(SSL *ssl)
{
	if (ssl == NULL)
		return;
	ERR_clear_error();
	(void)SSL_shutdown(ssl);
	SSL_free(ssl);
}

void
tls_describe(SSL *ssl, const struct settings *set, char *buf, size_t size)
{
	char subject[200] = "";
	X509 *cert = SSL_get0_peer_certificate(ssl);

	if (cert != NULL)
		(void)X509_NAME_oneline(X509_get_subject_name(cert), subject, sizeof(subject));
	(void)snprintf(buf, size, "%s %s, %s%s", SSL_get_version(ssl), SSL_get_cipher_name(ssl),
	    subject, set->verify ? "" : ", not verified");
}

static ssize_t
tls_done(SSL *ssl, int ret, size_t n, short *wants)
{
	if (ret == 1)
		return (ssize_t)n;
	if ((*wants = tls_wants(ssl, ret)) != 0)
		errno = EAGAIN;
	else if (SSL_get_error(ssl, ret) == SSL_ERROR_ZERO_RETURN)
		return 0;
	else if (errno == 0 || errno == EAGAIN)
		errno = ECONNRESET;
	return -1;
}

ssize_t
tls_read(SSL *ssl, void *buf, size_t len, short *wants)
{
	size_t n = 0;
	int ret;

	ERR_clear_error();
	errno = 0;
	ret = SSL_read_ex(ssl, buf, len, &n);
	return tls_done(ssl, ret, n, wants);
}

ssize_t
tls_write(SSL *ssl, const void *buf, size_t len, short *wants)
{
	size_t n = 0;
	int ret;

	ERR_clear_error();
	errno = 0;
	ret = SSL_write_ex(ssl, buf, len, &n);
	return tls_done(ssl, ret, n, wants);
}
