/*
 * helper.h: what every helper is built from: a program that reads requests of mq on its stdin, does
 * them in one engine, and answers on its stdout (mq-engine(7)).
 *
 * An engine is one const struct engine.  The core reads frames, checks them, keeps account of what
 * mq wants to take, writes answers, and ends the program.  It is one thread around poll(2): an
 * operation may block only for the time that 'timeout' of the settings says.
 *
 * A helper does not reconnect.  When its connection is lost it calls helper_down, which ends it:
 * what was not answered is unknown then, and mq starts another helper.
 */
#ifndef CMD_HELPER_CORE_HELPER_H
#define CMD_HELPER_CORE_HELPER_H

#include "base/base.h"
#include "base/names.h"
#include "frame/frame.h"

struct helper;
struct pollfd;

/* What mq has set before "open".  A text is NULL if it was not set. */
struct settings {
	const char *url;	/* with its scheme, without a password */
	const char *credentials;	/* the path of a file */
	const char *ca, *cert, *key;	/* the paths of PEM files */
	const char *tls_name;	/* the name that the certificate must have, if not the host's */
	const char *client;	/* who takes: the same name for the same consumer or relay */
	bool verify;		/* check certificates; true if not set */
	bool insecure;		/* plain text to another host is allowed */
	struct names doubt;	/* ids of messages that 'client' may have pushed before */
	bool transactions;	/* what 'client' pushes is to be stored exactly once */
	bool create;		/* queues that are not there may be made */
	int64_t timeout_ms;	/* of connecting, and of every single answer; 10000 if not set */
	int64_t lease_ms;	/* 30000 if not set */
	int64_t window;		/* how many pushes are open at once at most; 200 if not set */
};

/* What mq wants to take from one queue. */
struct taking {
	struct taking *next;
	char *queue;
	int64_t credit;		/* messages that may still be given */
	int64_t lease_ms;
	bool keep;		/* the claims are to outlive this process */
	bool stopped;		/* no more is wanted; settle this, then helper_stopped */
	void *engine;		/* for the engine's own use; freed by it in 'forget' */
};

/*
 * An engine.  An operation that is NULL is answered with "cannot".  Texts and messages are valid
 * only during the call.  Each operation with a tag is answered by one helper_ok or helper_err, at
 * once or later.
 */
struct engine {
	const char *name;	/* the scheme, or the kind of engine */
	/*
	 * Connect, log in, and say with helper_can what the engine can do.  False: helper_fail
	 * was called.
	 */
	bool (*open)(struct helper *h, const struct settings *set);
	void (*push)(struct helper *h, const char *tag, const struct message *m);
	/* More credit was given, or t->stopped was set.  After helper_stopped 't' is gone. */
	void (*take)(struct helper *h, struct taking *t);
	/* Free t->engine. */
	void (*forget)(struct helper *h, struct taking *t);
	void (*ack)(struct helper *h, const char *tag, const char *token);
	/*
	 * Give it back, to be delivered again after the delay.  'attempts' is what the message is
	 * to have then, or -1: as many as before; 'reason' is why the attempt failed, or NULL.
	 */
	void (*nack)(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
	    int64_t attempts, const char *reason);
	void (*dead)(struct helper *h, const char *tag, const char *token, int64_t attempts,
	    const char *reason);
	/* Answer with the new token, if it is another one. */
	void (*extend)(struct helper *h, const char *tag, const char *token, int64_t lease_ms);
	/* Answer with the fields that are known: ready, claimed, delayed, dead, oldest (us). */
	void (*stat)(struct helper *h, const char *tag, const char *queue);
	/*
	 * helper_item for each of up to 'max' messages of the state, bodies cut to 'bytes'; then
	 * ok.
	 */
	void (*list)(struct helper *h, const char *tag, const char *queue, const char *state,
	    int64_t max, int64_t bytes);
	/* helper_queue for each queue, then ok. */
	void (*queues)(struct helper *h, const char *tag);
	/* Make dead letters ready again: the one with this id, or all (NULL); answer n=N. */
	void (*retry)(struct helper *h, const char *tag, const char *queue, const char *id);
	/* Make a queue, unless it is there. */
	void (*make)(struct helper *h, const char *tag, const char *queue);
	/* Whether the queue is there and may be used. */
	void (*check)(struct helper *h, const char *tag, const char *queue);
	/* All requests that came together were given: send what was collected from them. */
	void (*round)(struct helper *h);
	/*
	 * Fill in up to 'max' descriptors to wait for and return how many; lower *timeout_ms (-1:
	 * for ever) if 'work' has to be called sooner without an event.
	 */
	int (*watch)(struct helper *h, struct pollfd *p, int max, int *timeout_ms);
	/* Go on with whatever is under way.  Called after each wait, and after 'round'. */
	void (*work)(struct helper *h);
	/* mq has gone or said "bye": give back what it holds, unless 'keep', and disconnect. */
	void (*close)(struct helper *h);
};

/* The main function of a helper. */
int helper_main(const struct engine *engine, const char *version);

/* ---- trouble.c: why something does not go ------------------------------------ */

struct trouble {
	enum class c;
	char text[600];
	int code;		/* of the protocol, such as AMQP's 404; 0: there is none */
};
/* Fill it in, without a code; always false, for the caller to return. */
bool trouble_set(struct trouble *t, enum class c, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* ---- said while opening ------------------------------------------------- */

/* A step of opening has been done: "resolve", "connect", "tls", "login". */
void helper_step(struct helper *h, const char *step, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The engine can do this.  'value' NULL: no more is to be said. */
void helper_can(struct helper *h, const char *name, const char *value);
void helper_can_number(struct helper *h, const char *name, int64_t n);
/* Opening failed.  Name the step in the text. */
void helper_fail(struct helper *h, enum class c, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* ---- answers --------------------------------------------------------------- */

void helper_ok(struct helper *h, const char *tag);
/* With one more word: an id of the engine, or a token. */
void helper_ok_word(struct helper *h, const char *tag, const char *word);
/* With fields: begin, helper_field..., end. */
void helper_ok_begin(struct helper *h, const char *tag);
void helper_field(struct helper *h, const char *name, int64_t n);
void helper_ok_end(struct helper *h);
void helper_err(struct helper *h, const char *tag, enum class c, const char *fmt,
    ...) PRINTF_LIKE(4, 5);
void helper_item(struct helper *h, const char *tag, const char *state, const struct message *m);
void helper_queue(struct helper *h, const char *tag, const char *queue);

/* ---- taking -------------------------------------------------------------- */

/* All takings, for an engine that goes over them; chained by 'next'. */
struct taking *helper_takings(struct helper *h);
/*
 * Whether mq reads what it was given.  If not, an engine that has more messages gives them later,
 * in 'work', which is called once mq has read some.
 */
bool helper_has_room(const struct helper *h);
/* Give a message to mq.  It costs a credit of 't'. */
void helper_msg(struct helper *h, struct taking *t, const char *token, const struct message *m);
/* A whole look at the queue found nothing. */
void helper_idle(struct helper *h, struct taking *t);
/* All that was fetched for 't' was given to mq or back to the engine; 't' is freed. */
void helper_stopped(struct helper *h, struct taking *t);
/* The queue cannot be taken from; 't' is freed. */
void helper_ended(struct helper *h, struct taking *t, enum class c, const char *fmt,
    ...) PRINTF_LIKE(4, 5);

/* ---- at any time ------------------------------------------------------------ */

enum up { STATE_UP, STATE_BLOCKED, STATE_THROTTLED };
void helper_state(struct helper *h, enum up s, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The connection is lost: say so, and end the program after this round. */
void helper_down(struct helper *h, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Whether helper_down was called. */
bool helper_is_down(const struct helper *h);
const struct settings *helper_settings(const struct helper *h);
/* For the engine's own use. */
void helper_set_data(struct helper *h, void *data);
void *helper_data(const struct helper *h);

/* ---- map.c: what a message has, as names and texts ---------------------- */

/*
 * Call 'fn' for each header of the block, then for each of mq's own fields under the names
 * mq-id, mq-key, mq-priority, mq-expires, mq-enqueued, mq-attempts, mq-reason, mq-via, mq-maybe.
 * 'value' is ended by NUL.  False: 'fn' returned false, or there was no memory.
 */
bool map_out(const struct message *m, bool (*fn)(void *arg, const char *name, const char *value),
    void *arg) MUST_CHECK;
/*
 * The other way: a message is put together from names and values in any order.  Set it to zero,
 * map_in each, then map_message; map_free at the end.  A byte that no
 * name of a header of mq can have becomes _XX, and one that no value can have becomes '?'.
 */
struct mapped {
	char *head;
	size_t headlen, headcap;
	char *id, *key, *reason, *via;
	int priority;
	usec_t expires, enqueued;
	int64_t attempts;
	bool seen_priority, maybe, broken;
};
void map_in(struct mapped *p, const char *name, const void *value, size_t len);
/* Fill in all of 'm' that was mapped; the rest is left alone. */
void map_message(struct mapped *p, struct message *m);
void map_free(struct mapped *p);
/*
 * One block that holds everything that is not the body, for engines that have no headers: the lines
 * of map_out and an empty line.  The caller frees it.  map_block_in reads it, and gives false if it
 * is none.
 */
char *map_block(const struct message *m, size_t *len);
bool map_block_in(struct mapped *p, const void *block, size_t len);

#endif
