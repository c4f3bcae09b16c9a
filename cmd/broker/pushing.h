/*
 * pushing.h: messages on their way to an engine, for push.c, sent.c and again.c.
 */
#ifndef CMD_BROKER_PUSHING_H
#define CMD_BROKER_PUSHING_H

#include "engine/backoff.h"
#include "producer/producer.h"
#include "broker/broker.h"

/* A message that was sent. */
struct parcel {
	struct msgid id;
	uint64_t number;	/* from 1 on, as it was read */
	enum { PARCEL_SENT, PARCEL_AGAIN, PARCEL_DONE, PARCEL_OVER } is;
	char *bytes;		/* with --wait: headers and body, to be sent again */
	struct message m;
};

struct pushing {
	struct producer p;
	struct broker *b;
	struct engine_options options;
	char name[64];		/* of the engine */
	int64_t max;		/* bytes of a body that it holds */
	struct parcel *ring;	/* of 'window'; 'n' of them from 'first' on are under way */
	size_t window, first, n;
	char *body;		/* of the message that is being read */
	size_t len, cap;
	uint64_t confirmed;
	struct error failed;	/* the first message that was refused */
	uint64_t failed_at;
	struct error lost;	/* why nobody knows what became of some */
	uint64_t unknown, unknown_first, unknown_last;
	/* --wait */
	struct backoff pause;
	struct error why;	/* why it has to be */
};

static inline struct parcel *
pushing_at(const struct pushing *s, size_t i)
{
	return &s->ring[(s->first + i) % s->window];
}

/* ---- sent.c ------------------------------------------------------------------ */

void sent_send(struct pushing *s, struct parcel *c, const struct message *m);
/* Keep a copy of the message, to send it again. */
enum status sent_keep(struct pushing *s, struct parcel *c, const struct message *m) MUST_CHECK;
/* Send what is to be sent again, if it is time. */
void sent_again(struct pushing *s);
bool sent_again_any(const struct pushing *s);
/* Note that this message was refused; the first one counts.  Returns 'st'. */
enum status sent_fail(struct pushing *s, uint64_t number, enum status st, const char *text);
/* Note that nobody knows what became of this one. */
void sent_lose(struct pushing *s, uint64_t number, const char *text);
void sent_event(struct pushing *s, const struct event_of_engine *ev);
/* What became of the messages so far. */
enum status sent_status(const struct pushing *s) MUST_CHECK;

/* ---- again.c ----------------------------------------------------------------- */

/*
 * Open the engine, unless it is open, and see that it can do what the options ask for; with --wait,
 * try until it can be opened.
 */
enum status again_connect(struct pushing *s) MUST_CHECK;
/*
 * Wait for something to happen to what is under way, and see to it.  Any failure is that of the
 * whole command.
 */
enum status again_turn(struct pushing *s) MUST_CHECK;

#endif
