/*
 * http.h: what the helpers of engines that are reached by HTTP are built from: requests that run
 * side by side in the helper's loop, messages that wait to be sent together, claims, and the files
 * that hold secrets.
 *
 * Every wait has a limit.  A request that must not arrive twice is never sent twice: libcurl would
 * do so by itself when a connection that it had kept turns out to be closed.
 */
#ifndef CMD_HELPER_HTTP_HTTP_H
#define CMD_HELPER_HTTP_HTTP_H

#include <curl/curl.h>
#include <jansson.h>

#include "helper/core/helper.h"

/* ---- http.c: requests -------------------------------------------------------- */

struct http;
struct http_call;

#define HTTP_DATE_MAX 64
#define HTTP_TEXT_MAX 600

/* How a request ended. */
struct http_answer {
	long status;		/* of HTTP; 0: there was no answer, and 'c' and 'text' say why */
	json_t *json;		/* the body, or NULL if that is no JSON */
	enum class c;
	char text[HTTP_TEXT_MAX];
	char date[HTTP_DATE_MAX];	/* what the server's clock says; "" if it does not */
	bool refused;		/* throttled until the time was over, so nothing was done */
	bool timed_out;
};

struct http_request {
	char *url;		/* freed by http_send, as is 'body' */
	char *body;		/* NULL: GET, unless 'method' says something else */
	const char *method;	/* NULL: POST with a body, GET without one */
	char header[160];	/* one more header; "" if there is none */
	bool once; /* it must not arrive twice, so an error of the server is not tried again */
	bool patient;		/* no answer in time does not mean that the server is away */
	int64_t limit_ms;	/* for everything; 0: the time-out of the settings */
	void (*done)(void *arg, const struct http_answer *a);
	void *arg;
};

/* What an engine adds to each request, before each try. */
struct http_user {
	/* Add what proves who asks.  False: it cannot, and the text says why. */
	bool (*sign)(
	    struct helper *h, CURL *easy, struct curl_slist **headers, char *text, size_t len);
	/* Whether the server says that it is asked too much. */
	bool (*throttled)(const struct http_answer *a);
};

/* NULL: there is no memory. */
struct http *http_open(struct helper *h, const struct http_user *user);
/* End all requests: what was not sent is 'again', the rest 'unknown'. */
void http_close(struct http *http);
/* Whether no request is under way; for http_wait. */
bool http_quiet(void *http);
/* Send a request.  Its 'done' is called once, and not from here, unless it is cancelled. */
struct http_call *http_send(struct http *http, const struct http_request *request);
/* Forget a request; the connection is closed. */
void http_cancel(struct http_call *call);
/* For the operations of struct engine. */
int http_watch(struct http *http, struct pollfd *p, int max, int *timeout_ms);
void http_work(struct http *http);
/* Let requests go on until 'over' is true, or until the time is over: false. */
bool http_wait(struct http *http, bool (*over)(void *arg), void *arg, int64_t limit_ms);
/*
 * Send a request and wait for its answer; 'done' and 'arg' are not used.  The caller frees a->json
 * with json_decref.
 */
void http_ask(struct http *http, const struct http_request *request, struct http_answer *a);
/* From now on a lost connection ends the helper. */
void http_ready(struct http *http);
/* Make requests to 'from' (HOST:PORT) go to 'to': see 'tls-name' of the settings. */
void http_connect_to(struct http *http, const char *from, const char *to);

/* ---- try.c: one try of a request, as libcurl needs it ------------------------ */

/* Set what is the same for all requests: TLS, limits, nothing but HTTP and HTTPS. */
bool try_settings(CURL *easy, const struct settings *set);
/* What an error of libcurl means.  'sent': some of the request may have arrived. */
void try_failed(CURL *easy, CURLcode code, const char *detail, bool sent, struct http_answer *a);

/* ---- url.c ------------------------------------------------------------------- */

struct url {
	char host[256], port[8];	/* "": the usual one */
	char path[512];		/* without its first slash */
	bool plain;		/* http */
};
/* Take "HOST[:PORT][/PATH]" apart.  False: it is none. */
bool url_parse(const char *text, struct url *u);
/* Whether the host is this machine, so that nobody else can read what is sent. */
bool url_loopback(const char *host);
/* Write "https://HOST[:PORT]"; with 'tls_name' as the host, if there is one. */
void url_base(const struct url *u, const char *tls_name, char *buf, size_t len);

/* ---- secret.c ---------------------------------------------------------------- */

/*
 * Read a file with a secret, which belongs to this user or to root and gives others no right.
 * NULL: it cannot be used; the text names the file and why.  The caller frees it with secret_free.
 */
char *secret_read(const char *path, char *text, size_t len);
void secret_free(char *secret);

/* ---- outbox.c: what waits to be sent together -------------------------------- */

struct item {
	struct item *next;
	char tag[FRAME_TAG_MAX];
	char *id;		/* of a push; else NULL */
	char *key;		/* NULL: it may overtake and be overtaken */
	json_t *entry;		/* as the engine wants it */
	size_t bytes;
	char md5[33];		/* of the body of a push, if the engine tells it back */
	int what;		/* items of another kind never go into the same request */
	int64_t n;		/* for the engine's own use */
	bool alone;		/* it does not share a request with any other one */
};
struct item *item_new(const char *tag, json_t *entry, size_t bytes);
void item_free(struct item *i);

/*
 * A key whose message is on its way, or failed: what follows waits, or is refused, until that
 * message has come again.
 */
struct barred;
struct outbox {
	struct item *first, **last;
	struct barred *barred;
	int flying;		/* requests without an answer */
};
void outbox_init(struct outbox *o);
/*
 * Add an item.  False: a message of its key failed before and has not come again, so this one would
 * overtake it; the item is left alone.
 */
bool outbox_add(struct outbox *o, struct item *i) MUST_CHECK;
/*
 * Take the first items out that make a request: at most 'count', of at most 'bytes' together, and
 * none whose key is under way.  With 'single' there is at most one of a key in it.
 */
struct item *outbox_next(struct outbox *o, size_t count, size_t bytes, bool single);
/* A request was refused as a whole: put its items back, each to be sent alone. */
void outbox_back(struct outbox *o, struct item *items);
/*
 * An item of a request has its answer.  Not 'good': what waits with its key is given back, to be
 * refused; for 'bar_ms' no other message of the key is taken, unless it has the same id.
 */
struct item *outbox_done(struct outbox *o, const struct item *i, bool good, int64_t bar_ms);
void outbox_free(struct outbox *o);

/* ---- claims.c: what was taken ------------------------------------------------ */

struct claim {
	struct claim *next;
	char *token;		/* as mq knows it */
	char *queue;
	struct taking *taking;	/* while it waits to be given to mq; else NULL */
	char *lane;		/* only one of a lane is given to mq at a time; NULL: any number */
	struct message m;	/* with a copy of all its texts */
	char *copy;
	usec_t since;		/* by CLOCK_MONOTONIC */
	usec_t until;		/* when its lease ends */
	bool keep;
};
struct claims { struct claim *first; };
/* Remember a message and give it to mq, or let it wait for its turn. */
bool claims_add(struct helper *h, struct claims *all, struct taking *t, const char *token,
    const char *lane, const struct message *m, int64_t lease_ms);
/* The claim that mq holds by this token.  NULL: this process did not take it. */
struct claim *claims_find(const struct claims *all, const char *token);
/* How many of a taking wait to be given to mq. */
int64_t claims_waiting(const struct claims *all, const struct taking *t);
/* Take those out that wait behind the claim (NULL: any claim) for the taking (NULL: any). */
struct claim *claims_behind(struct claims *all, const struct claim *c, const struct taking *t);
/* Give mq what has waited for its turn or for credit. */
void claims_turn(struct helper *h, struct claims *all);
/* Take a claim out that is settled, and free it; what waits behind it gets its turn. */
void claims_settled(struct helper *h, struct claims *all, struct claim *c);
/* Take all out that are to be given back at the end. */
struct claim *claims_rest(struct claims *all);
void claim_free(struct claim *c);
void claims_free(struct claims *all);

/* ---- text.c ------------------------------------------------------------------ */

/* A string of a JSON object; "" if there is none. */
const char *text_of(const json_t *object, const char *name);
char *text_base64(const void *data, size_t len);
/* What the base64 stands for; *len bytes and a NUL.  NULL: it is none, or there is no memory. */
void *text_unbase64(const char *text, size_t textlen, size_t *len);
/* Printed as printf(3) would.  NULL: there is no memory. */
char *text_print(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Whether it is UTF-8 with no control characters but TAB, LF and CR, and no noncharacters. */
bool text_plain(const char *data, size_t len);
/* Whether it is UTF-8 that JSON can hold. */
bool text_utf8(const char *data, size_t len);
/* How far the server's clock is from this one, for an error; "" if that is not worth a word. */
void text_skew(const char *date, char *buf, size_t len);
/* The lower-case hex digits of a hash: "md5", "sha256". */
bool text_hash(const char *kind, const void *data, size_t len, char *buf, size_t buflen);

#endif
