/*
 * store.h: the state of the helper whose engine is another spool, for the files of this folder.
 */
#ifndef CMD_HELPER_MQ_STORE_H
#define CMD_HELPER_MQ_STORE_H

#include "mq.h"
#include "helper/core/helper.h"

/* A queue that was opened.  It stays open, since claims and a batch may use it. */
struct opened {
	struct opened *next;
	struct queue *q;
	bool gone;		/* it was removed; one of the same name is another queue */
};

/* A claim that ends with this process, at the latest. */
struct holding {
	struct holding *next;
	struct queue *q;
	struct claim claim;
};

/* A push that waits for the sync that it shares with others. */
struct waiting {
	char tag[FRAME_TAG_MAX];
	struct msgid id;
};

/* Pushes that came together. */
struct pushing {
	struct queue *q;	/* NULL: nothing waits */
	struct batch *b;
	struct push_options opt;	/* of the message that was written last */
	struct headers headers;
	char *key;
	usec_t now;		/* when the batch began; expiries count from here */
	bool alone;		/* no other message may go with this one */
	struct waiting *waiting;
	size_t n, cap;
	size_t published;
};

struct store {
	struct helper *h;
	struct conf_files files;
	char user_conf[4096];
	struct spool *spool;
	bool create;
	struct opened *queues;
	struct pushing pushing;
	struct holding *held;
	bool told;		/* that messages had to be passed over */
};

/* ---- queues.c -------------------------------------------------------------- */

/* Open a queue, or find it open, with its present policy.  'make': it may be made. */
enum status queues_get(struct store *s, const char *name, bool make, struct queue **q,
    struct error *err) MUST_CHECK;
void queues_close(struct store *s);
/* What mq is told of such an error. */
enum class error_class(const struct error *err);
/* Answer a request: with "ok", or with the error. */
void store_answer(struct store *s, const char *tag, enum status st, const struct error *err);

/* ---- push.c ---------------------------------------------------------------- */

void push_one(struct helper *h, const char *tag, const struct message *m);
/* Publish what waits, and answer it. */
void push_flush(struct store *s);
void push_free(struct store *s);

/* ---- message.c ------------------------------------------------------------- */

/* A message that was read from the spool; the memory that struct message points to. */
struct reading {
	struct headers headers;
	struct mapped mapped;
	char *body;
	char reason[600];
};
/*
 * Read a message that is open as 'fd', with up to 'bytes' bytes of its body.  Call reading_free
 * also if this fails.
 */
enum status reading_message(struct queue *q, const struct place *p, int fd, int64_t bytes,
    struct reading *r, struct message *m, struct error *err) MUST_CHECK;
void reading_free(struct reading *r);

/* ---- take.c ---------------------------------------------------------------- */

void take_change(struct helper *h, struct taking *t);
void take_forget(struct helper *h, struct taking *t);
int take_watch(struct helper *h, struct pollfd *p, int max, int *timeout_ms);
void take_work(struct helper *h);

/* ---- settle.c -------------------------------------------------------------- */

/* The token of a claim: the queue, a colon, and the handle. */
#define STORE_TOKEN_MAX (QUEUE_NAME_MAX + 1 + HANDLE_MAX)
void settle_token(struct queue *q, const struct claim *c, char buf[STORE_TOKEN_MAX]);
void settle_ack(struct helper *h, const char *tag, const char *token);
void settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason);
void settle_dead(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason);
void settle_extend(struct helper *h, const char *tag, const char *token, int64_t lease_ms);
/* Give everything back that ends with this process. */
void settle_release(struct store *s);

/* ---- look.c, retry.c ------------------------------------------------------- */

void look_stat(struct helper *h, const char *tag, const char *queue);
void look_list(struct helper *h, const char *tag, const char *queue, const char *state,
    int64_t max, int64_t bytes);
void look_queues(struct helper *h, const char *tag);
void look_check(struct helper *h, const char *tag, const char *queue);
void look_make(struct helper *h, const char *tag, const char *queue);
void retry_dead(struct helper *h, const char *tag, const char *queue, const char *id);

#endif
