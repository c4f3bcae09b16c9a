/*
 * take.h: what take.c, consume.c, settle.c and claim.c share: sources and what was taken from them.
 *
 * A queue that is taken from has a channel, which stays open while the helper runs.  A consumer may
 * have 'prefetch' messages that are not settled; how many that is cannot be changed.  So there is
 * a new consumer whenever mq wants more, and none when it wants no more: a message that is settled
 * would let the server deliver another one.  What an earlier consumer got stays with the channel
 * and lets nothing new come.
 */
#ifndef HELPER_AMQP_TAKE_H
#define HELPER_AMQP_TAKE_H

#include "helper/amqp/amqp.h"

/* A message that mq holds. */
struct delivery {
	struct delivery *next;
	struct source *source;
	uint64_t tag;
	bool active;		/* it is of the present consumer */
	bool settling;		/* a copy is on its way; it is freed when that is over */
	bool lost;		/* the channel was closed meanwhile */
	int64_t attempts, deliveries;
	usec_t since, until;	/* when it was taken, and when the lease is over */
	amqp_message_t m;
};

/* An ack, or with 'requeue' a nack, that is to be sent or was. */
struct settled {
	struct settled *next;
	char tag[FRAME_TAG_MAX];	/* "": nobody waits for it */
	uint64_t delivery;
	bool active, requeue;
	uint64_t barrier;	/* it was seen when so many barriers are back */
	usec_t deadline;	/* by when that has to be */
};

struct source {
	struct source *next;
	char *queue;
	amqp_channel_t ch;
	unsigned generation;	/* of the channel, as numbers of messages begin anew with it */
	bool consuming;
	unsigned serial;	/* of the consumer, for its name */
	int64_t prefetch, active;
	usec_t look, heard;	/* when to see whether the queue is empty; when something came */
	uint64_t sent, seen;	/* barriers */
	struct delivery *held;
	struct settled *first, *last;	/* to be sent */
	struct settled *waiting;	/* sent, and not seen for certain */
};

/* ---- take.c ---------------------------------------------------------------- */

struct source *source_on(const struct amqp *a, amqp_channel_t ch);
/* What mq wants from this source; NULL: nothing. */
struct taking *source_taking(const struct amqp *a, const struct source *s);

/* ---- consume.c ------------------------------------------------------------- */

/* Have a consumer that lets come what mq wants, and send what is settled. */
void consume_balance(struct amqp *a, struct source *s);
/* The consumer's name, as it is in each delivery. */
void consume_tag(const struct source *s, char out[32]);
/* Settle a message: mq does not hold it any more. */
void consume_settle(struct source *s, struct delivery *d, const char *tag, bool requeue);
void delivery_free(struct delivery *d);
/* Take it out of the list of those that are held. */
void delivery_unlink(struct delivery *d);

#endif
