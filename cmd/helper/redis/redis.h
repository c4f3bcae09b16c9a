/*
 * redis.h: the helper of Redis Streams.
 *
 * What a queue consists of is told in lua.c: a script, which alone changes it.  One connection
 * carries all requests, as a pipeline.  Each queue that is taken from has another one, which waits
 * for messages.
 */
#ifndef HELPER_REDIS_REDIS_H
#define HELPER_REDIS_REDIS_H

#include <sys/queue.h>

#include "helper/core/credentials.h"
#include "helper/core/helper.h"
#include "helper/net/net.h"

#define REDIS_QUEUE_MAX 200	/* bytes of the name of a queue */
#define REDIS_BODY_MAX ((int64_t)128 << 20)
#define REDIS_ONCE_S 86400	/* how long keys of 'once' are remembered, as lua.c says */
#define REDIS_DELAY_MAX 3153600000000LL	/* milliseconds: a hundred years */
#define NONCE_LEN 24

struct redis;

/* ---- resp.c: the protocol RESP2 -------------------------------------------- */

struct reply {
	char type;		/* '+', '-', ':', '$', '*', or '_': nothing */
	int64_t n;		/* the number, or how many items */
	const char *text;	/* ended by NUL, which is not counted */
	size_t len;
	struct reply *item;
};

/*
 * How many bytes and replies the first reply of 'data' has.  ST_NONE: it is not complete before
 * there are *size bytes.  ST_BADDATA: it is none, or beyond all bounds.
 */
enum status resp_measure(const char *data, size_t len, size_t *size,
    size_t *replies) MUST_CHECK;
/* Take a reply apart that was measured.  Its texts stay in 'data', which is changed.  Free it. */
struct reply *resp_parse(char *data, size_t replies);
/* The item of an array, or an empty reply if there is none. */
const struct reply *resp_item(const struct reply *r, int64_t i);
/* A number, from whichever type. */
int64_t resp_number(const struct reply *r);

/* ---- client.c: one connection, with its calls ------------------------------- */

#define ARGS_MAX 48

/* A command that is being put together.  Set it to zero before the first use. */
struct args {
	int n;
	struct { const char *data; size_t len; } arg[ARGS_MAX];
	char room[ARGS_MAX * 22];	/* for numbers */
	size_t used;
	char prefix[REDIS_QUEUE_MAX + 16];
};

void args_bytes(struct args *a, const void *data, size_t len);
void args_text(struct args *a, const char *text);
void args_number(struct args *a, int64_t n);

/* A command whose reply is awaited. */
struct call {
	STAILQ_ENTRY(call) link;
	/* NULL: nobody wants the reply, unless there is a tag and it is an error */
	void (*done)(struct redis *r, struct call *c, const struct reply *reply);
	char *tag;		/* NULL: it is not for a request of mq */
	char *text;		/* what 'done' needs, such as the name of a queue */
	void *arg;
	int64_t n, max;
	int64_t start;		/* where it begins in all that was sent */
	char *kept;		/* its arguments, if it may be sent with the text of the script */
	size_t keptlen;
	int keptn;
};
STAILQ_HEAD(calls, call);

struct client {
	struct net *net;
	struct calls calls;
	size_t need;		/* bytes without which no reply is whole */
	usec_t progress;	/* when a reply, or the first call, came */
	usec_t slack;		/* by how much replies may be later, as they were asked to */
};

/*
 * Send a command.  The result belongs to the client, and is for setting what 'done' needs.  NULL:
 * no memory, and the helper ends.
 */
struct call *client_send(struct redis *r, struct client *c, const struct args *a,
    void (*done)(struct redis *, struct call *, const struct reply *), const char *tag);
/* Send, receive, and do what is to be done with replies.  False: the helper ends. */
bool client_work(struct redis *r, struct client *c);
/* Do that until all replies are there.  False: they did not come in time. */
bool client_drain(struct redis *r, struct client *c, usec_t deadline, struct error *err);
void client_watch(const struct redis *r, const struct client *c, struct pollfd *p,
    int *timeout_ms);
/* Answer what is still open, and disconnect. */
void client_close(struct redis *r, struct client *c);
/* The class of an error of the server. */
enum class client_class(const struct reply *reply);
/* Whether the reply is an error.  Then the request is answered. */
bool client_refused(struct redis *r, const struct call *c, const struct reply *reply);

/* ---- login.c ---------------------------------------------------------------- */

/* Connect and log in.  False: see 'class' and 'err'. */
bool login(struct redis *r, struct client *c, bool first, enum class *class, struct error *err);

/* ---- lua.c, script.c -------------------------------------------------------- */

extern const char script_text[];
/* Begin a call of the script: what it is to do, with which queue. */
void script_args(const struct redis *r, struct args *a, const char *queue, const char *what);
/*
 * Send it.  With 'keep' it is sent with the text of the script if the server has forgotten that,
 * which is only known after it was not done.
 */
struct call *script_send(struct redis *r, struct args *a, bool keep,
    void (*done)(struct redis *, struct call *, const struct reply *), const char *tag);
/* The server has forgotten the script.  True: the call was sent anew. */
bool script_again(struct redis *r, struct call *c);
/* The name by which a server knows the script. */
void script_sum(char sum[41]);

/* ---- the operations --------------------------------------------------------- */

/* A claim that is given back when the helper ends. */
struct held {
	TAILQ_ENTRY(held) link;
	char *token;
};

struct redis {
	struct helper *h;
	const struct settings *set;
	struct address address;
	struct credentials credentials;
	const char *user, *password;	/* NULL: none */
	bool tls;
	int64_t db;
	struct client main;
	char sum[41];
	char who[200];		/* the name of the consumer */
	uint64_t nonce, takes;
	int64_t max_body;
	TAILQ_HEAD(all_held, held) held;
	bool closing;
};

/* Whether Redis can have this queue.  False: the tag, if there is one, was answered. */
bool redis_queue_ok(struct redis *r, const char *tag, const char *queue);

/* ---- message.c: 'raw' is [priority, entry, deliveries, how often given back, fields, ...] ---- */

struct fields {
	struct message m;
	struct mapped mapped;
	char derived[64];
};
void fields_read(struct fields *f, const struct reply *raw);
void fields_free(struct fields *f);

void push(struct helper *h, const char *tag, const struct message *m);

void take(struct helper *h, struct taking *t);
void take_forget(struct helper *h, struct taking *t);
int take_watch(struct redis *r, struct pollfd *p, int max, int *timeout_ms);
void take_work(struct redis *r);
/* Give back what the helper holds. */
void take_release(struct redis *r);

void settle_ack(struct helper *h, const char *tag, const char *token);
void settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason);
void settle_dead(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason);
void settle_extend(struct helper *h, const char *tag, const char *token, int64_t lease_ms);
/* Give a claim back uncounted. */
struct call *settle_release(struct redis *r, const char *token,
    void (*done)(struct redis *, struct call *, const struct reply *));

void look_stat(struct helper *h, const char *tag, const char *queue);
void look_list(struct helper *h, const char *tag, const char *queue, const char *state,
    int64_t max, int64_t bytes);
void look_queues(struct helper *h, const char *tag);
void look_make(struct helper *h, const char *tag, const char *queue);
void look_check(struct helper *h, const char *tag, const char *queue);
void retry(struct helper *h, const char *tag, const char *queue, const char *id);

#endif
