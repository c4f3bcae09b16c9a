/*
 * engine.h: mq's side of the protocol of mq-engine(7): one running helper, what it was asked, and
 * what it says.
 *
 * Requests are queued, and sent while events are read.  Every request gets one event, EV_OK or
 * EV_ERR, whatever happens: if the helper dies, hangs or talks nonsense, it is killed, each
 * request that is open gets EV_ERR with CLASS_UNKNOWN, and then comes one EV_DOWN.
 */
#ifndef CMD_ENGINE_ENGINE_H
#define CMD_ENGINE_ENGINE_H

#include <poll.h>

#include "base/base.h"
#include "engine/address.h"
#include "frame/frame.h"

struct engine;
struct run;

struct engine_options {
	const char *client;	/* who takes, such as the name of a relay; NULL: nobody says */
	usec_t lease;		/* 0: the helper's default */
	int64_t window;		/* pushes that are open at once at most; 0: the default */
	const struct names *doubt;	/* ids of what may have been pushed; NULL: none */
	bool create;		/* a queue that is not there may be made */
	/* Is told of each step of opening, or NULL. */
	void (*step)(void *arg, const char *step, const char *text);
	void *arg;
};

/*
 * Start the helper and open the engine.  ST_CONF: the helper is not installed, or the address or
 * the credentials are wrong; ST_AGAIN: the engine is away, or a signal came.
 */
enum status engine_open(struct run *r, const struct address *a, const struct engine_options *opt,
    struct engine **out, struct error *err) MUST_CHECK;
/*
 * The same for a caller that has a loop of its own and must not wait.  engine_begin starts the
 * helper; then engine_begun is called after each poll (engine_poll) until it returns something else
 * than ST_NONE: ST_OK, it is open; any other status, it is not, and engine_drop is to be called.
 * 'a' has to live until then.
 */
enum status engine_begin(struct run *r, const struct address *a, const struct engine_options *opt,
    struct engine **out, struct error *err) MUST_CHECK;
enum status engine_begun(struct engine *e, struct error *err) MUST_CHECK;
/* End the helper at once, with no word. */
void engine_drop(struct engine *e);
/*
 * Say good-bye, so that the helper gives back what was not settled, and wait for its end as long
 * as one answer may take.
 */
void engine_close(struct engine *e);

/* ---- what the engine can do ----------------------------------------------- */

bool engine_can(const struct engine *e, const char *name);
/* The value of a capability.  NULL: it has none, or is not there. */
const char *engine_cap(const struct engine *e, const char *name);
/* The value as a number, or 'absent'. */
int64_t engine_cap_number(const struct engine *e, const char *name, int64_t absent);
/* Whether the comma-separated value of the capability names the word. */
bool engine_lists(const struct engine *e, const char *name, const char *word);
/* All of them, in the order of the helper; NULL behind the last one. */
const char *const *engine_caps(const struct engine *e);
/* What the helper calls itself, and its version. */
const char *engine_name(const struct engine *e);
/*
 * How many attempts of a message have failed.  Where mq's own count is not kept, each delivery but
 * this one counts.
 */
int64_t engine_attempts(const struct engine *e, const struct message *m);
/*
 * Check that the engine can hold the message, before anything is sent.  ST_BADDATA: it cannot;
 * *c is CLASS_LARGE or CLASS_DATA.  ST_USAGE: it cannot do what an option of the message asks for.
 */
enum status engine_fits(const struct engine *e, const struct message *m, enum class *c,
    struct error *err) MUST_CHECK;

/* ---- requests --------------------------------------------------------------- */

/* 'data' comes back with the answer. */
void engine_push(struct engine *e, const struct message *m, void *data);
/* Let so many more messages come. */
void engine_take(struct engine *e, const char *queue, int64_t n, usec_t lease, bool keep);
void engine_stop(struct engine *e, const char *queue);
void engine_ack(struct engine *e, const char *token, void *data);
/* 'attempts' -1: as many as before. */
void engine_nack(struct engine *e, const char *token, usec_t delay, int64_t attempts,
    const char *reason, void *data);
void engine_dead(struct engine *e, const char *token, int64_t attempts, const char *reason,
    void *data);
void engine_extend(struct engine *e, const char *token, usec_t lease, void *data);
/* A request of words: "stat", "queues", "make", "check", "retry", "list". */
#define engine_ask(e, data, ...) engine_ask_words(e, data, (const char *const[]){__VA_ARGS__, NULL})
void engine_ask_words(struct engine *e, void *data, const char *const *words);
/* Send what the helper's pipe takes now; reading events does that, too. */
void engine_send(struct engine *e);
/* How many requests are open. */
size_t engine_open_requests(const struct engine *e);
/* Bytes that the helper has not read yet. */
size_t engine_unsent(const struct engine *e);

/* ---- events ----------------------------------------------------------------- */

enum event_kind {
	EV_OK,		/* a request is done; 'frame' has the words of the answer from 2 on */
	EV_ERR,		/* it is not: 'class' and 'text' */
	EV_MSG,		/* a message was taken: 'token' and 'message' */
	EV_ITEM,	/* of a list: 'message', 'text' is its state */
	EV_QUEUE,	/* 'text' is the name of a queue */
	EV_IDLE,	/* a look at 'queue' found nothing */
	EV_STOPPED,	/* nothing more comes from 'queue' */
	EV_ENDED,	/* neither does it, for the reason 'class' and 'text' */
	EV_STATE,	/* the engine is "up", "blocked" or "throttled": 'state' and 'text' */
	EV_DOWN		/* the helper is gone: 'class' and 'text'; nothing comes after this */
};

/* What is pointed to is valid until the next call for an event. */
struct event_of_engine {
	enum event_kind kind;
	void *data;
	enum class class;
	const char *text, *token, *queue, *state;
	struct message message;
	struct frame frame;
};

/*
 * The next event, if there is one now.  ST_NONE: there is none, so poll: engine_poll fills in 3
 * descriptors, and returns how long to wait at most (clock_mono; USEC_MAX: for ever).
 */
enum status engine_next(struct engine *e, struct event_of_engine *ev) MUST_CHECK;
#define ENGINE_FDS 3
usec_t engine_poll(const struct engine *e, struct pollfd p[ENGINE_FDS]);
/*
 * Wait for the next event until 'deadline' (clock_mono).  ST_NONE: none came in time.  ST_AGAIN: a
 * signal came (run_stopped).
 */
enum status engine_wait(struct engine *e, usec_t deadline, struct event_of_engine *ev) MUST_CHECK;
/*
 * Wait for the answer to the one request that is open, passing over other events.  The answer's
 * words are in 'ev'.
 */
enum status engine_answer(struct engine *e, struct event_of_engine *ev,
    struct error *err) MUST_CHECK;

#endif
