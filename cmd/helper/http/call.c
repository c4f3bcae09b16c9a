/*
 * call.c: one request, from its first try to its answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/http/inside.h"

#define ANSWER_MAX ((size_t)64 << 20)
#define BACKOFF_MS 100		/* what the first pause is up to; each one doubles it */
#define BACKOFF_MAX_MS 5000

/* ---- one call ------------------------------------------------------------ */

static void
call_free(struct http_call *c)
{
	if (c->easy != NULL) {
		(void)curl_multi_remove_handle(c->http->multi, c->easy);
		curl_easy_cleanup(c->easy);
	}
	curl_slist_free_all(c->headers);
	free(c->r.url);
	free(c->r.body);
	free(c->data);
	free(c);
}

static void
call_unlink(struct http_call *c)
{
	struct http_call **p = &c->http->calls;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
}

static size_t
call_write(char *data, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;

	n *= size;
	if (c->len + n > ANSWER_MAX)
		return 0;
	if (c->len + n > c->cap) {
		size_t cap = (c->len + n) * 2;
		char *more = realloc(c->data, cap);
		if (more == NULL)
			return 0;
		c->data = more;
		c->cap = cap;
	}
	memcpy(c->data + c->len, data, n);
	c->len += n;
	return n;
}

static size_t
call_header(char *data, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;
	size_t len = n * size;

	while (len > 0 && (data[len - 1] == '\r' || data[len - 1] == '\n'))
		len--;
	if (len > 6 && strncasecmp(data, "date: ", 6) == 0 && len - 6 < sizeof(c->date))
		(void)snprintf(c->date, sizeof(c->date), "%.*s", (int)(len - 6), data + 6);
	if (len > 13 && len < 20 && strncasecmp(data, "retry-after: ", 13) == 0 &&
	    data[13] >= '0' && data[13] <= '9')
		c->retry_ms = strtoll(data + 13, NULL, 10) * 1000;
	return n * size;
}

/*
 * Called each time before something is sent.  A second time in one try is libcurl, which found a
 * kept connection closed and wants to send all of it again.
 */
static int
call_begins(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct http_call *c = arg;

	(void)ip;
	(void)local_ip;
	(void)port;
	(void)local_port;
	return c->begun++ > 0 && c->r.once ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static bool
call_handle(struct http_call *c, int64_t left_ms)
{
	CURL *e = c->easy;

	return try_settings(e, helper_settings(c->http->helper)) &&
	    curl_easy_setopt(e, CURLOPT_URL, c->r.url) == CURLE_OK &&
	    (c->r.body == NULL || (curl_easy_setopt(e, CURLOPT_POSTFIELDS, c->r.body) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)strlen(c->r.body)) == CURLE_OK)) &&
	    (c->r.method == NULL ||
	    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, c->r.method) == CURLE_OK) &&
	    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)left_ms) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_CONNECT_TO, c->http->connect_to) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, call_write) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_WRITEDATA, c) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, call_header) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HEADERDATA, c) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, call_begins) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_PREREQDATA, c) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->detail) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_PRIVATE, c) == CURLE_OK;
}

/* Add a header.  What was there is kept if there is no memory. */
static bool
call_add(struct http_call *c, const char *header)
{
	struct curl_slist *more = curl_slist_append(c->headers, header);

	if (more != NULL)
		c->headers = more;
	return more != NULL;
}

bool
call_start(struct http_call *c, char *text, size_t len)
{
	int64_t left = (c->deadline - clock_mono()) / 1000;

	c->again = 0;
	c->begun = 0;
	c->len = 0;
	c->retry_ms = 0;
	c->detail[0] = '\0';
	c->tries++;
	curl_slist_free_all(c->headers);
	c->headers = NULL;
	(void)snprintf(text, len, "no memory");
	if (c->easy == NULL && (c->easy = curl_easy_init()) == NULL)
		return false;
	curl_easy_reset(c->easy);
	return call_add(c, "Expect:") && (c->r.header[0] == '\0' || call_add(c, c->r.header)) &&
	    c->http->user->sign(c->http->helper, c->easy, &c->headers, text, len) &&
	    call_handle(c, left > 1 ? left : 1) &&
	    curl_multi_add_handle(c->http->multi, c->easy) == CURLM_OK;
}

/* ---- how it ends ------------------------------------------------------------ */

static void
call_end(struct http_call *c, struct http_answer *a)
{
	struct http *http = c->http;
	bool lost = a->status == 0 && a->c != CLASS_CONF && !(c->r.patient && a->timed_out);

	call_unlink(c);
	c->r.done(c->r.arg, a);
	json_decref(a->json);
	call_free(c);
	if (lost && http->ready)
		helper_down(http->helper, "%s", a->text);
}

void
call_stop(struct http_call *c, enum class why, const char *text)
{
	struct http_answer a = { .c = why };

	(void)snprintf(a.text, sizeof(a.text), "%s", text);
	call_end(c, &a);
}

/* Tell mq once that the server wants a pause, and once that it goes on. */
static void
http_throttled(struct http *http, const struct http_answer *a, bool now)
{
	if (now == http->throttled || !http->ready)
		return;
	http->throttled = now;
	if (now)
		helper_state(http->helper, STATE_THROTTLED, "the server answers with status %ld",
		    a->status);
	else
		helper_state(http->helper, STATE_UP, "the server is not throttling any more");
}

/* An error of the server that may mean that it has done what it was asked for. */
static bool
call_trouble(const struct http_answer *a)
{
	return a->status >= 500 && a->status != 501 && a->status != 503;
}

/* Whether it is to be tried again, and then when. */
static bool
call_again(struct http_call *c, struct http_answer *a)
{
	int64_t most = BACKOFF_MS, pause;
	bool throttled = a->status == 429 || a->status == 503 || c->http->user->throttled(a);

	http_throttled(c->http, a, throttled);
	a->refused = throttled;
	if (!throttled && (!call_trouble(a) || c->r.once))
		return false;
	for (int i = 1; i < c->tries && most < BACKOFF_MAX_MS; i++)
		most *= 2;
	pause = c->retry_ms > 0 ? c->retry_ms : (int64_t)arc4random_uniform((uint32_t)most) + 1;
	c->again = clock_mono() + pause * 1000;
	return c->again < c->deadline;
}

void
call_finish(struct http_call *c, CURLcode code)
{
	struct http_answer a = { 0 };

	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &a.status);
	(void)curl_multi_remove_handle(c->http->multi, c->easy);
	memcpy(a.date, c->date, sizeof(a.date));
	if (code != CURLE_OK) {
		a.status = 0;
		a.timed_out = code == CURLE_OPERATION_TIMEDOUT;
		try_failed(c->easy, code, c->detail, c->begun > 0, &a);
	} else {
		a.json = c->len == 0 ? NULL : json_loadb(c->data, c->len, JSON_DECODE_ANY, NULL);
		if (call_again(c, &a)) {
			json_decref(a.json);
			return;
		}
	}
	call_end(c, &a);
}

void
call_drop(struct http_call *c)
{
	call_unlink(c);
	call_free(c);
}
