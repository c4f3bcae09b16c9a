/*
 * inside.h: requests, for the files of this folder alone.
 */
#ifndef CMD_HELPER_HTTP_INSIDE_H
#define CMD_HELPER_HTTP_INSIDE_H

#include "helper/http/http.h"

struct http_call {
	struct http_call *next;
	struct http *http;
	struct http_request r;
	CURL *easy;
	struct curl_slist *headers;
	char *data;		/* the answer */
	size_t len, cap;
	char date[HTTP_DATE_MAX];
	int64_t retry_ms;	/* what the server asks for; 0: nothing */
	int begun;		/* how often this try was sent off */
	int tries;
	usec_t deadline;
	usec_t again;		/* when the next try begins; 0: one is under way */
	char detail[CURL_ERROR_SIZE];
};

struct http {
	struct helper *helper;
	const struct http_user *user;
	CURLM *multi;
	struct http_call *calls;
	struct curl_slist *connect_to;
	bool ready;
	bool throttled;		/* mq was told so */
	bool closing;
};

/* ---- call.c ---------------------------------------------------------------- */

/* Begin a try.  False: it cannot, and the text says why. */
bool call_start(struct http_call *c, char *text, size_t len);
/* A try is over: call 'done' and free the call, or let another try follow. */
void call_finish(struct http_call *c, CURLcode code);
/* The same for a call that does not begin, or does not go on. */
void call_stop(struct http_call *c, enum class why, const char *text);
/* Free a call without calling its 'done'. */
void call_drop(struct http_call *c);

#endif
