/*
 * http.c: requests that run side by side in the loop of a helper.
 */
#include <sys/select.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "helper/http/inside.h"

/* ---- all calls ---------------------------------------------------------------- */

struct http *
http_open(struct helper *h, const struct http_user *user)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (http->multi = curl_multi_init()) == NULL) {
		free(http);
		return NULL;
	}
	http->helper = h;
	http->user = user;
	(void)curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, 16L);
	return http;
}

void
http_close(struct http *http)
{
	http->closing = true;
	http->ready = false;
	while (http->calls != NULL)
		call_stop(http->calls, http->calls->tries > 0 ? CLASS_UNKNOWN : CLASS_AGAIN,
		    "the connection was given up");
	(void)curl_multi_cleanup(http->multi);
	curl_slist_free_all(http->connect_to);
	curl_global_cleanup();
	free(http);
}

bool
http_quiet(void *http)
{
	return ((struct http *)http)->calls == NULL;
}

void
http_ready(struct http *http)
{
	http->ready = true;
}

void
http_connect_to(struct http *http, const char *from, const char *to)
{
	char text[600];

	(void)snprintf(text, sizeof(text), "%s:%s", from, to);
	http->connect_to = curl_slist_append(http->connect_to, text);
}

struct http_call *
http_send(struct http *http, const struct http_request *request)
{
	struct http_call *c = calloc(1, sizeof(*c));
	int64_t limit = request->limit_ms;

	if (c == NULL || request->url == NULL || http->closing) {
		struct http_answer a = {
		    .c = CLASS_AGAIN, .text = "no memory, or no connection any more"};
		free(c);
		free(request->url);
		free(request->body);
		if (!http->closing)
			helper_down(http->helper, "no memory");
		request->done(request->arg, &a);
		return NULL;
	}
	if (limit <= 0)
		limit = helper_settings(http->helper)->timeout_ms;
	c->http = http;
	c->r = *request;
	c->deadline = clock_mono() + limit * 1000;
	/* It begins in http_work, so that 'done' is never called from here. */
	c->again = 1;
	c->next = http->calls;
	http->calls = c;
	return c;
}

void
http_cancel(struct http_call *c)
{
	call_drop(c);
}

/* Begin what is due.  A 'done' may add and end calls, so the list is looked at anew after each. */
static void
http_due(struct http *http)
{
	char text[HTTP_TEXT_MAX];
	struct http_call *c = http->calls;

	while (c != NULL) {
		if (c->again != 0 && c->again <= clock_mono() &&
		    !call_start(c, text, sizeof(text))) {
			call_stop(c, CLASS_CONF, text);
			c = http->calls;
			continue;
		}
		c = c->next;
	}
}

void
http_work(struct http *http)
{
	CURLMsg *m;
	int n;

	http_due(http);
	(void)curl_multi_perform(http->multi, &n);
	while ((m = curl_multi_info_read(http->multi, &n)) != NULL) {
		char *c = NULL;
		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
		call_finish((struct http_call *)(void *)c, m->data.result);
	}
	http_due(http);
}

/* When the next try is due, or libcurl wants to be called. */
static void
http_next(struct http *http, int fds, int *timeout_ms)
{
	usec_t now = clock_mono();
	long ms = -1;

	(void)curl_multi_timeout(http->multi, &ms);
	for (const struct http_call *c = http->calls; c != NULL; c = c->next) {
		int64_t wait = (c->again - now) / 1000 + 1;
		if (c->again != 0 && (ms < 0 || wait < ms))
			ms = wait < 0 ? 0 : (long)wait;
		/* libcurl has nothing to wait for while it looks up a name. */
		if (c->again == 0 && fds == 0 && (ms < 0 || ms > 100))
			ms = 100;
	}
	if (ms >= 0 && (*timeout_ms < 0 || ms < *timeout_ms))
		*timeout_ms = (int)ms;
}

int
http_watch(struct http *http, struct pollfd *p, int max, int *timeout_ms)
{
	fd_set in, out, bad;
	int last = -1, n = 0;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&bad);
	(void)curl_multi_fdset(http->multi, &in, &out, &bad, &last);
	for (int fd = 0; fd <= last && n < max; fd++) {
		short events =
		    (short)((FD_ISSET(fd, &in) ? POLLIN : 0) | (FD_ISSET(fd, &out) ? POLLOUT : 0) |
			    (FD_ISSET(fd, &bad) ? POLLPRI : 0));
		if (events != 0)
			p[n++] = (struct pollfd){ .fd = fd, .events = events };
	}
	http_next(http, n, timeout_ms);
	return n;
}

bool
http_wait(struct http *http, bool (*over)(void *), void *arg, int64_t limit_ms)
{
	usec_t deadline = clock_mono() + limit_ms * 1000;
	struct pollfd p[64];

	for (;;) {
		int64_t left = (deadline - clock_mono()) / 1000;
		int timeout;
		int n;
		http_work(http);
		if (over(arg) || left <= 0)
			return over(arg);
		timeout = (int)left;
		n = http_watch(http, p, 64, &timeout);
		(void)poll(p, (nfds_t)n, timeout);
	}
}

/* ---- asking and waiting ---------------------------------------------------- */

struct asked {
	struct http_answer *a;
	bool over;
};

static void
asked_done(void *arg, const struct http_answer *a)
{
	struct asked *q = arg;

	*q->a = *a;
	json_incref(q->a->json);
	q->over = true;
}

static bool
asked_over(void *arg)
{
	return ((struct asked *)arg)->over;
}

void
http_ask(struct http *http, const struct http_request *request, struct http_answer *a)
{
	struct http_request r = *request;
	struct asked q = { .a = a };
	struct http_call *c;
	int64_t limit = r.limit_ms > 0 ? r.limit_ms : helper_settings(http->helper)->timeout_ms;

	r.done = asked_done;
	r.arg = &q;
	if ((c = http_send(http, &r)) == NULL || http_wait(http, asked_over, &q, limit + 1000))
		return;
	http_cancel(c);
	*a = (struct http_answer){
	    .c = CLASS_UNKNOWN, .timed_out = true, .text = "no answer in time"};
}
