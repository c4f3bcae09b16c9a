/*
 * sqs.h: the helper for Amazon SQS.
 */
#ifndef CMD_HELPER_SQS_SQS_H
#define CMD_HELPER_SQS_SQS_H

#include "helper/http/http.h"

#define SQS_SIZE_MAX (1 << 20)	/* bytes of a message with its attributes */
/* Any body of this size fits, also if it has to be sent as base64, and its id with it. */
#define SQS_BODY_MAX 785408
#define SQS_BATCH 10
/* Bytes of a request: every queue takes 256 KiB, and newer ones what they take as one message. */
#define SQS_BATCH_BYTES(q) ((size_t)((q)->max_size > 262144 ? (q)->max_size : 262144))
#define SQS_WAIT_MAX 5		/* s that a look may take */
#define SQS_DELAY_MAX 900	/* s */
#define SQS_LEASE_MAX 43200	/* s, from the first moment of a claim */
#define SQS_RETENTION 345600	/* s; what a queue has if nobody chose */
#define SQS_RETENTION_MAX 1209600

struct queue {
	struct queue *next;
	char *name;
	char *url;		/* what SQS calls it */
	bool stale;		/* it may not be there any more: ask again */
	bool fifo;
	int64_t max_size;
	int64_t retention;	/* s */
	struct outbox pushes, deletes, changes;
};

struct login {
	char *access, *secret, *session;	/* session: NULL if there is none */
	char path[512];		/* the file that they are from; "" if from none */
	time_t changed;		/* when that was written */
};

struct sqs {
	struct helper *h;
	struct http *http;
	struct url url;
	char endpoint[600];
	char region[64];
	char account[32];	/* "": the one that the credentials belong to */
	struct login login;
	struct queue *queues;
	struct claims claims;
	bool closing;
};

/* ---- login.c --------------------------------------------------------------- */

/* Understand the address. */
bool login_address(struct sqs *s, const struct settings *set, struct trouble *f);
/* Find the credentials. */
bool login_read(struct sqs *s, const struct settings *set, struct trouble *f);
/* Sign a request: see struct http_user. */
bool login_sign(struct helper *h, CURL *easy, struct curl_slist **headers, char *text, size_t len);
void login_free(struct login *l);

/* ---- api.c ------------------------------------------------------------------ */

/* What an answer that is not good means. */
void api_failure(const struct http_answer *a, struct trouble *f);
/* The same for one entry of a batch. */
void api_entry_failure(const json_t *entry, struct trouble *f);
/* Whether SQS says that it is asked too much: see struct http_user. */
bool api_throttled(const struct http_answer *a);
/* Ask for an action and wait; 'args' is freed.  NULL: it failed.  Free the answer. */
json_t *api_ask(struct sqs *s, const char *action, json_t *args, struct trouble *f);
/*
 * Ask for an action; 'done' is called later.  'args' is freed.  NULL: there is no memory, or no
 * connection any more, and 'done' was called.
 */
struct http_call *api_send(struct sqs *s, const char *action, json_t *args, bool once,
    int64_t limit_ms, void (*done)(void *arg, const struct http_answer *a), void *arg);
/* The answer to the entry 'n' of a batch: 1 good, 0 it failed, -1 there is none. */
int api_entry(const json_t *answer, size_t n, const json_t **entry);
/* Put the items into a request for a batch, each with its number as its Id. */
json_t *api_batch(const char *url, const struct item *items);

/* ---- queue.c ---------------------------------------------------------------- */

/* The queue of that name.  'create': it is made if it is not there.  NULL: there is none. */
struct queue *queue_get(struct sqs *s, const char *name, bool create, struct trouble *f);
/* SQS says that the queue is not there any more. */
void queue_forget(struct queue *q);
/* The name of the queue for dead letters. */
bool queue_dead_name(const char *name, char *buf, size_t len);
void queue_make(struct helper *h, const char *tag, const char *name);
void queue_check(struct helper *h, const char *tag, const char *name);
void queue_stat(struct helper *h, const char *tag, const char *name);
void queue_list(struct helper *h, const char *tag);
void queue_free_all(struct sqs *s);

/* ---- entry.c ---------------------------------------------------------------- */

/*
 * A message as an entry of a batch.  'fresh': SQS is not to take it for one that it has seen.
 * NULL: SQS cannot hold it.
 */
struct item *entry_out(const struct queue *q, const char *tag, const struct message *m, bool fresh,
    struct trouble *f);
/* A message that came. */
struct entry {
	struct message m;
	struct mapped map;
	void *body;		/* decoded; NULL: the body is in the JSON */
	const char *group;	/* of a FIFO queue; NULL: it has none */
	const char *receipt;
};
/* False: it was damaged on the way.  Free it in any case. */
bool entry_in(const json_t *json, struct entry *e);
void entry_free(struct entry *e);

/* ---- push.c ----------------------------------------------------------------- */

void push_one(struct helper *h, const char *tag, const struct message *m);
/* Send what waits. */
void push_flush(struct sqs *s, struct queue *q);

/* ---- settle.c --------------------------------------------------------------- */

void settle_ack(struct helper *h, const char *tag, const char *token);
void settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason);
void settle_extend(struct helper *h, const char *tag, const char *token, int64_t lease_ms);
/* Give a message back at once, without an answer to anybody. */
void settle_back(struct sqs *s, struct queue *q, const char *receipt, int64_t delay_s);
/* Give all of these claims back, and free them. */
void settle_back_all(struct sqs *s, struct claim *c, int64_t delay_s);
/* Send what waits. */
void settle_flush(struct sqs *s, struct queue *q);
/* The queue of a token, and its receipt.  NULL: it is none; the request was answered. */
struct queue *settle_queue(struct helper *h, const char *tag, const char *token,
    const char **receipt);

/* ---- dead.c ----------------------------------------------------------------- */

void dead_bury(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason);
void dead_retry(struct helper *h, const char *tag, const char *name, const char *id);

/* ---- take.c ----------------------------------------------------------------- */

void take_more(struct helper *h, struct taking *t);
void take_forget(struct helper *h, struct taking *t);
/* Arguments for receiving messages. */
json_t *take_args(const struct queue *q, int64_t n, int wait, int64_t lease_s);

#endif
