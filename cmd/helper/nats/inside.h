/*
 * inside.h: what the files of mq-engine-nats share.
 *
 * libnats has threads of its own.  Nothing but inbox.c runs in them: it puts what they bring into a
 * list behind a lock and wakes the loop, and all else happens in the one thread of the helper.
 *
 * A queue is a stream of the same name with the durable pull consumer "mq".  Every request to
 * JetStream, a push, an acknowledgement or a question, is a message with a reply subject below one
 * inbox, so that there is one way to wait for answers, and one place that knows about time limits
 * (ask.c).
 */
#ifndef CMD_HELPER_NATS_INSIDE_H
#define CMD_HELPER_NATS_INSIDE_H

#include <jansson.h>
#include <nats/nats.h>
#include <pthread.h>

#include "helper/core/helper.h"
#include "helper/net/net.h"

#define CONSUMER "mq"
#define DEAD_SUFFIX "_mq-dead"
/* Where the numbers of failed attempts are: one subject ATTEMPTS.QUEUE.SEQUENCE for each. */
#define ATTEMPTS "mq_attempts"
/* Bytes of a queue's name: that of a stream may have 255, with DEAD_SUFFIX. */
#define NAME_LONGEST 240
#define SUBJECT_MAX 400
/* A stream that is made here knows the ids of so many seconds: what NATS itself takes. */
#define WINDOW_S 120
/* Bytes that a body leaves free below max_payload, for the headers that mq adds itself. */
#define HEAD_ROOM 2048
/* What a dead letter may need more than the message did. */
#define DEAD_ROOM 512

struct nats;
struct pull;

/* ---- inbox.c: from the threads of libnats to the loop ---------------------- */

enum event_kind { EVENT_ANSWER, EVENT_PULLED, EVENT_DRAINED, EVENT_CLOSED, EVENT_ERROR };
struct event {
	struct event *next;
	enum event_kind kind;
	natsMsg *msg;
	struct pull *pull;
	char text[300];
};
struct inbox {
	pthread_mutex_t lock;
	int fd;			/* an eventfd */
	struct event *first, **last;
};
bool inbox_open(struct inbox *in);
void inbox_close(struct inbox *in);
/* The next event, or NULL.  The caller frees it with event_free. */
struct event *inbox_next(struct inbox *in);
/* The next event that is about this reply subject or the subject asked, or that ends everything. */
struct event *inbox_find(struct inbox *in, const char *reply, const char *subject);
/* Wait for something new, at most until 'deadline' of clock_mono. */
void inbox_wait(struct inbox *in, usec_t deadline);
void event_free(struct event *e);
/* Whether the event is the server's word that this subject is not allowed. */
bool event_refuses(const struct event *e, const char *subject);
/* For libnats. */
void inbox_answer(natsConnection *c, natsSubscription *s, natsMsg *m, void *inbox);
void inbox_pulled(natsConnection *c, natsSubscription *s, natsMsg *m, void *pull);
void inbox_drained(void *pull);
void inbox_closed(natsConnection *c, void *inbox);
void inbox_error(natsConnection *c, natsSubscription *s, natsStatus st, void *inbox);

/* ---- ask.c: requests and their answers ------------------------------------ */

enum heard {
	HEARD_ANSWER,		/* 'json' and 'msg' have it; it may tell an error */
	HEARD_NOBODY,		/* nothing at the server listens there */
	HEARD_REFUSED,		/* the user may not publish there */
	HEARD_NOTHING,		/* the time was over */
	HEARD_LOST,		/* the connection was lost */
	HEARD_UNSENT		/* it was lost before */
};
struct answer {
	enum heard heard;
	natsMsg *msg;
	json_t *json;	/* NULL: the answer is no JSON */
};
struct ask {
	void (*done)(struct nats *n, struct ask *a, const struct answer *r);
	char tag[FRAME_TAG_MAX];
	void *arg;
	/* ask.c's own. */
	struct ask *before, *after;
	usec_t deadline;
	char subject[SUBJECT_MAX];
	char reply[96];
	size_t slot;
};
struct asks {
	struct ask **slot;
	size_t nslots, nfree;
	size_t *free;
	struct ask *first, *last;	/* in the order of their deadlines */
	unsigned turn;
};
/*
 * Begin a request: a->reply is the reply subject of the message that ask_send sends.  NULL: there
 * is no memory, and the request was answered.
 */
struct ask *ask_begin(struct nats *n, const char *tag, const char *subject,
    void (*done)(struct nats *n, struct ask *a, const struct answer *r), void *arg);
/* Send it, and free the message; a->done will be called once. */
void ask_send(struct nats *n, struct ask *a, natsMsg *m);
/* Both, with a text. */
void ask_text(struct nats *n, const char *tag, const char *subject, const char *text,
    void (*done)(struct nats *n, struct ask *a, const struct answer *r), void *arg);
/* Ask, and wait for the answer.  Free it with answer_free. */
void ask_now(struct nats *n, const char *subject, const char *text, struct answer *r);
/* It cannot be sent after all: answer with the trouble. */
void ask_drop(struct nats *n, struct ask *a, const struct trouble *t);
/* An answer that came. */
void ask_answered(struct nats *n, natsMsg *m);
/* The server does not allow a subject. */
void ask_refused(struct nats *n, const struct event *e);
/* Give up what waits for too long, or all. */
void ask_late(struct nats *n, usec_t now);
void ask_lost(struct nats *n);
bool ask_is_open(const struct nats *n);
void ask_free(struct nats *n);
/* When the first one is late, or USEC_MAX. */
usec_t ask_deadline(const struct nats *n);
void answer_free(struct answer *r);

/* ---- answer.c: what an answer means --------------------------------------- */

bool answer_good(const struct answer *r);
/* The code of the error that JetStream told, or 0. */
int answer_code(const struct answer *r);
/* 'unsure' is the class if it is not known whether it was done. */
void answer_trouble(const struct nats *n, const struct answer *r, enum class unsure,
    const char *what, struct trouble *t);
/* Tell it; and if the time was over, end the helper. */
void answer_err(struct nats *n, const char *tag, const struct answer *r, enum class unsure,
    const char *what);
/* Numbers and texts of JSON by a path such as "state.messages". */
int64_t json_number(const json_t *j, const char *path);
const char *json_text(const json_t *j, const char *path);
const json_t *json_at(const json_t *j, const char *path);

/* ---- link.c: the connection ------------------------------------------------ */

struct nats {
	struct helper *h;
	const struct settings *set;
	natsOptions *options;
	natsConnection *conn;
	natsSubscription *answers;
	natsInbox *prefix;
	struct inbox inbox;
	struct asks asks;
	struct stream *streams;
	void *held;		/* tokens that mq has and that end with this process */
	int64_t max_payload;
	bool create;		/* streams and consumers may be made */
	bool attempts;		/* there is a stream for them */
	usec_t wake;		/* when 'work' has to be called */
	bool closed;
	char why[300];
};
bool link_open(struct helper *h, const struct settings *set);
void link_close(struct nats *n);
/* Note what an event tells about the connection, and free it. */
void link_heard(struct nats *n, struct event *e);

/* ---- greet.c: what the server says first -------------------------------------- */

/* Connect, and see what the server is.  'version' is what to call it.  False: it was answered. */
bool greet(struct helper *h, const struct settings *set, const struct address *a, bool tls,
    char *version, size_t size);

/* ---- login.c: the credentials ---------------------------------------------- */

/* Give libnats what the file of credentials has for this host. */
bool login_load(const struct settings *set, const struct address *a, natsOptions *options,
    struct trouble *t);

/* ---- stream.c: what is known of queues ------------------------------------- */

struct stream {
	struct stream *next;
	char *name;
	int64_t max_size;	/* of a message; -1: no limit of its own */
	usec_t window;		/* so long it remembers ids */
	bool known;		/* these two: false if this user may not ask */
	bool consumer;		/* it is there, and it is good */
	int64_t ack_wait_ms;
};
/* Whether NATS can have a queue of this name; if not, it was answered. */
bool stream_name_ok(struct nats *n, const char *tag, const char *queue);
/* The stream of a queue, which is made if that is allowed.  NULL: see 't'. */
struct stream *stream_get(struct nats *n, const char *queue, struct trouble *t);
/* Likewise its consumer. */
bool stream_consumer(struct nats *n, struct stream *s, int64_t lease_ms, struct trouble *t);
/* The stream for dead letters, or for attempts. */
bool stream_dead(struct nats *n, const char *queue, struct trouble *t);
bool stream_attempts(struct nats *n, struct trouble *t);
/* All that belongs to a queue. */
struct stream *stream_make(struct nats *n, const char *queue, struct trouble *t);
/* The ack_wait of its consumer, or 0 if it is not known. */
int64_t stream_lease(const struct nats *n, const char *queue);
/* Ask anew before the next use. */
void stream_forget(struct nats *n, const char *queue);
void stream_free(struct nats *n);
/* Whether a description of a stream is that of a queue. */
bool stream_is_queue(const json_t *config);

/* ---- copy.c: messages of mq and of NATS ------------------------------------- */

/* Make the message; 'once' is its Nats-Msg-Id.  False: see 't'. */
bool copy_out(struct nats *n, const struct message *m, const char *subject, const char *reply,
    const char *once, natsMsg **out, struct trouble *t);
/* Take one apart: m->body is that of 'msg'. */
void copy_in(natsMsg *msg, struct mapped *map, struct message *m);

/* A message that was asked for by its sequence number. */
struct stored {
	uint64_t seq;
	natsMsg *msg;
	struct mapped map;
	struct message m;
	char id[NAME_LONGEST + 32];
};
/* A time of JetStream. */
usec_t stored_time(const char *text);
bool stored_read(const struct answer *r, const char *stream, struct stored *s);
void stored_free(struct stored *s);

/* What a token tells. */
struct token {
	char queue[256];
	uint64_t deliveries, seq;
	int64_t stored_ns;
};
bool token_parse(const char *text, struct token *t);

/* ---- push.c, pull.c, deliver.c, settle.c, dead.c, look.c: the operations ------- */

void push_message(struct helper *h, const char *tag, const struct message *m);

void pull_take(struct helper *h, struct taking *t);
void pull_forget(struct helper *h, struct taking *t);
void pull_event(struct nats *n, struct event *e);
/* Ask for more where it is wanted.  Lowers *wake to when that has to be called again. */
void pull_go_on(struct nats *n, usec_t now, usec_t *wake);
/* Go on with ending all of them.  True: they have ended. */
bool pull_close(struct nats *n);
struct inbox *pull_inbox(const struct pull *p);
bool pull_is_ending(const struct pull *p);
/* So many deliveries more are under way. */
void pull_count(struct pull *p, int n);
/* This message is to be given back at the end. */
void pull_keep(struct pull *p, natsMsg *msg);

/* Give a message to mq, which may take some answers.  It is freed then. */
void deliver_begin(struct nats *n, struct taking *t, natsMsg *msg, const struct token *token);

void settle_ack(struct helper *h, const char *tag, const char *token);
void settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason);
void settle_extend(struct helper *h, const char *tag, const char *token, int64_t lease_ms);
/* Send it, and wait for no answer. */
void settle_send(struct nats *n, const char *token, const char *text);
/* "-NAK" with a delay. */
void settle_delay_text(int64_t delay_ms, char buf[64]);
/* Acknowledge for a request with a tag, and answer it. */
void settle_acknowledge(struct nats *n, const char *tag, const char *token);
/* Remember that mq has it, give all such back, or not remember it any more. */
void settle_hold(struct nats *n, const char *token);
void settle_release(struct nats *n, const char *token);
void settle_release_all(struct nats *n);

void dead_bury(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason);
void dead_retry(struct helper *h, const char *tag, const char *queue, const char *id);

void look_stat(struct helper *h, const char *tag, const char *queue);
void look_list(struct helper *h, const char *tag, const char *queue, const char *state,
    int64_t max, int64_t bytes);
void look_queues(struct helper *h, const char *tag);
void look_make(struct helper *h, const char *tag, const char *queue);
void look_check(struct helper *h, const char *tag, const char *queue);
/* Ask for the first message from this sequence number on. */
void look_at(struct nats *n, const char *tag, const char *stream, const char *subject, uint64_t seq,
    void (*done)(struct nats *n, struct ask *a, const struct answer *r), void *arg);

#endif
