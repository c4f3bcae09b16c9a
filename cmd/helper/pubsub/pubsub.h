/*
 * pubsub.h: the helper for Google Pub/Sub.
 *
 * A queue is a topic for those who push, and a subscription for those who take.  Both have the name
 * of the queue, unless that is TOPIC/SUBSCRIPTION.
 */
#ifndef CMD_HELPER_PUBSUB_PUBSUB_H
#define CMD_HELPER_PUBSUB_PUBSUB_H

#include "helper/http/http.h"

/* A request has 10 MB at most, and bodies are in base64 there. */
#define PUBSUB_REQUEST_MAX 9500000
#define PUBSUB_BODY_MAX 7000000
#define PUBSUB_BATCH 1000
#define PUBSUB_LEASE_MAX 600	/* s at a time */
#define PUBSUB_RETENTION 604800	/* s; what a subscription has if nobody chose */
#define PUBSUB_RETENTION_LONGEST "2678400s"
#define PUBSUB_NAME_MAX 255

/* What the name of a queue stands for. */
struct ends {
	char topic[PUBSUB_NAME_MAX + 1], sub[PUBSUB_NAME_MAX + 1];
};

struct topic {
	struct topic *next;
	char *name;
	usec_t checked;		/* when it was seen to have a subscription; 0: never */
	struct outbox pushes;
};

struct sub {
	struct sub *next;
	char *name;
	bool known;		/* it was looked at */
	int64_t deadline;	/* s, what it gives to each message by itself */
	int64_t retention;	/* s */
	struct outbox acks, changes;
};

struct login {
	char *email, *key_id;
	void *key;		/* EVP_PKEY */
	char *token;		/* with "Authorization: Bearer " before it */
	usec_t renew;		/* when another token is to be made */
};

struct pubsub {
	struct helper *h;
	struct http *http;
	struct url url;
	char base[900];		/* https://HOST/v1/projects/PROJECT */
	char project[128];
	struct login login;
	struct topic *topics;
	struct sub *subs;
	struct claims claims;
	bool closing;
};

/* ---- login.c --------------------------------------------------------------- */

/* Understand the address. */
bool login_address(struct pubsub *s, const struct settings *set, struct trouble *f);
/* Read the file of a service account.  An emulator needs none. */
bool login_read(struct pubsub *s, const struct settings *set, struct trouble *f);
/* Say who asks: see struct http_user. */
bool login_sign(struct helper *h, CURL *easy, struct curl_slist **headers, char *text, size_t len);
void login_free(struct login *l);

/* ---- api.c ------------------------------------------------------------------ */

/* What an answer that is not good means. */
void api_failure(const struct http_answer *a, struct trouble *f);
/* Whether Pub/Sub says that it is asked too much: see struct http_user. */
bool api_throttled(const struct http_answer *a);
/* What the answer says of one ackId: 1 it failed for good, 0 for now, -1 nothing. */
int api_ack_failed(const struct http_answer *a, const char *ack);
bool api_good(const struct http_answer *a);
/*
 * Ask for something and wait.  The path begins behind the project; 'args' is freed, and without it
 * the method is GET.  NULL: it failed.  Free the answer.
 */
json_t *api_ask(struct pubsub *s, const char *method, const char *path, json_t *args,
    struct trouble *f);
/* How a request is sent. */
struct api_how {
	bool once, patient;	/* see struct http_request */
	int64_t limit_ms;
};
/*
 * Ask for something; 'done' is called later.  'args' is freed.  NULL: there is no memory, or no
 * connection any more, and 'done' was called.
 */
struct http_call *api_send(struct pubsub *s, const char *path, json_t *args, struct api_how how,
    void (*done)(void *arg, const struct http_answer *a), void *arg);
/* The path "/KIND/NAMEVERB", which the caller frees. */
char *api_path(const char *kind, const char *name, const char *verb);

/* ---- name.c ----------------------------------------------------------------- */

/* Take the name of a queue apart.  False: it is none that Pub/Sub can have. */
bool name_parse(const char *queue, struct ends *n, struct trouble *f);
/* The names of topic and subscription for its dead letters. */
bool name_dead(const struct ends *n, struct ends *dead, struct trouble *f);
/* The topic, which has a subscription, so that nothing is lost.  NULL: there is none. */
struct topic *name_topic(struct pubsub *s, const struct ends *n, bool create, struct trouble *f);
/* The subscription.  NULL: there is none. */
struct sub *name_sub(struct pubsub *s, const char *name, struct trouble *f);
/* A subscription that a token names, and that need not be looked at. */
struct sub *name_sub_told(struct pubsub *s, const char *name);
void name_make(struct helper *h, const char *tag, const char *queue);
void name_check(struct helper *h, const char *tag, const char *queue);
void name_list(struct helper *h, const char *tag);
void name_free_all(struct pubsub *s);

/* ---- entry.c ---------------------------------------------------------------- */

/* A message as Pub/Sub has it.  NULL: it cannot hold it. */
struct item *entry_out(const char *tag, const struct message *m, struct trouble *f);
/* A message that came. */
struct entry {
	struct message m;
	struct mapped map;
	void *body;
	const char *ack;
	const char *lane;	/* its ordering key; NULL: it has none */
};
/* False: there is no memory, or it is damaged.  Free it in any case. */
bool entry_in(const json_t *json, struct entry *e);
void entry_free(struct entry *e);

/* ---- push.c ----------------------------------------------------------------- */

void push_one(struct helper *h, const char *tag, const struct message *m);
/* Send what waits. */
void push_flush(struct pubsub *s, struct topic *t);
/* The arguments of a request that publishes these. */
json_t *push_args(const struct item *items);

/* ---- settle.c --------------------------------------------------------------- */

void settle_ack(struct helper *h, const char *tag, const char *token);
void settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason);
void settle_extend(struct helper *h, const char *tag, const char *token, int64_t lease_ms);
/* Let the lease of a message begin anew, without an answer to anybody; 0: give it back. */
void settle_lease(struct sub *u, const char *ack, int64_t seconds);
/* Give all of these claims back, and free them. */
void settle_back_all(struct pubsub *s, struct claim *c, int64_t delay_s);
/* Send what waits. */
void settle_flush(struct pubsub *s, struct sub *u);
/* The subscription of a token, and the ackId.  NULL: it is none; the request was answered. */
struct sub *settle_sub(struct helper *h, const char *tag, const char *token, const char **ack);

/* ---- dead.c ----------------------------------------------------------------- */

void dead_bury(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason);
void dead_retry(struct helper *h, const char *tag, const char *queue, const char *id);

/* ---- take.c ----------------------------------------------------------------- */

void take_more(struct helper *h, struct taking *t);
/* Close what is open for it. */
void take_end(struct taking *t);
void take_forget(struct helper *h, struct taking *t);
/* Say 'idle' where it is due. */
void take_idles(struct pubsub *s);
/* Lower *timeout_ms to when the next 'idle' is due. */
void take_watch(struct pubsub *s, int *timeout_ms);

#endif
