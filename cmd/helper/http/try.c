/*
 * try.c: one try of a request, as libcurl needs it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/http/http.h"

_Static_assert(LIBCURL_VERSION_NUM >= 0x075500, "libcurl 7.85 or newer is needed");

static bool
try_tls(CURL *easy, const struct settings *set)
{
	const char *ca = set->ca != NULL ? set->ca : getenv("SSL_CERT_FILE");
	const char *dir = set->ca != NULL ? NULL : getenv("SSL_CERT_DIR");

	return curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ==
	    CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, set->verify ? 1L : 0L) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, set->verify ? 2L : 0L) == CURLE_OK &&
	    (ca == NULL || curl_easy_setopt(easy, CURLOPT_CAINFO, ca) == CURLE_OK) &&
	    (dir == NULL || curl_easy_setopt(easy, CURLOPT_CAPATH, dir) == CURLE_OK) &&
	    (set->cert == NULL ||
	    curl_easy_setopt(easy, CURLOPT_SSLCERT, set->cert) == CURLE_OK) &&
	    (set->key == NULL || curl_easy_setopt(easy, CURLOPT_SSLKEY, set->key) == CURLE_OK);
}

bool
try_settings(CURL *easy, const struct settings *set)
{
	/* HTTP/1.1 alone: with HTTP/2 one lost connection would take all requests along. */
	return try_tls(easy, set) &&
	    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 10L) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_USERAGENT, "mq/" MQ_VERSION) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)set->timeout_ms) == CURLE_OK;
}

/* The step that failed before anything was sent. */
static const char *
try_step(CURL *easy, CURLcode code, enum class *c)
{
	double connect = 0;

	*c = CLASS_AGAIN;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return "resolve";
	case CURLE_COULDNT_CONNECT:
		return "connect";
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CIPHER:
		*c = CLASS_CONF;
		return "tls";
	default:
		(void)curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME, &connect);
		return connect <= 0 ? "connect" : "tls";
	}
}

void
try_failed(CURL *easy, CURLcode code, const char *detail, bool sent, struct http_answer *a)
{
	const char *step = sent ? NULL : try_step(easy, code, &a->c);
	char *url = NULL;
	char host[256] = "";

	if (detail[0] == '\0')
		detail = curl_easy_strerror(code);
	if (sent)
		a->c = CLASS_UNKNOWN;
	if (code == CURLE_ABORTED_BY_CALLBACK)
		detail = "the connection was closed before an answer came";
	if (code == CURLE_WRITE_ERROR)
		detail = "the answer is too long";
	(void)curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
	if (url != NULL && (url = strstr(url, "://")) != NULL)
		(void)snprintf(host, sizeof(host), "%.*s", (int)strcspn(url + 3, "/?"), url + 3);
	(void)snprintf(a->text, sizeof(a->text), "%s %s: %s", sent ? "request to" : step, host,
	    detail);
}
