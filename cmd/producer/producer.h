/*
 * producer.h: what mq push pushes, and how far it has come.  Shared by the files of mq push.
 */
#ifndef CMD_PRODUCER_PRODUCER_H
#define CMD_PRODUCER_PRODUCER_H

#include "base/base.h"
#include "base/envelope.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "cloudevents/cloudevents.h"
#include "remote/remote.h"

struct producer {
	struct run *r;
	struct queue *q;
	struct batch *b;	/* NULL: not opened yet */
	struct push_options opt;
	struct headers headers;
	unsigned own;		/* the headers that were given by their own options */
	bool events;		/* the input is CloudEvents, and 'event' holds the present one */
	struct event_input event;
	const char *accept;	/* the policy's command; NULL: all messages are accepted */
	const char *text;	/* -m */
	bool topic;
	int delimiter;		/* '\n' or '\0' ends a message; -1: the input is one message */
	bool wait, chunked;
	struct chunks chunks;
	usec_t deadline;	/* when the wait ends, by clock_mono */
	bool in_message;	/* a message was begun and has not ended */
	bool told_all;		/* every id so far reached stdout */
	char *buf;		/* PRODUCER_BUFFER bytes */
};
#define PRODUCER_BUFFER (128 << 10)

/* ---- publish.c ------------------------------------------------------------- */

/*
 * Ask whether the queue takes messages, and with --wait wait until it does.  ST_AGAIN: it does not.
 */
enum status producer_admitted(struct producer *p) MUST_CHECK;
/*
 * Publish what is pending and print the ids.  With --wait, if the queue filled up in the meantime,
 * wait until it takes them.  ST_UNSURE, whatever else failed: a message is queued whose id could
 * not be printed.
 */
enum status producer_publish(struct producer *p) MUST_CHECK;
/* Print the id of the message that was pushed under the same key before. */
enum status producer_duplicate(struct producer *p, const struct msgid *id) MUST_CHECK;

/* ---- feed.c ---------------------------------------------------------------- */

/* Add the headers that come from the environment, if the queue takes headers. */
enum status producer_trace(struct producer *p) MUST_CHECK;
/* Cut the whole input into messages, and publish each time a batch is full. */
enum status producer_feed(struct producer *p) MUST_CHECK;
/*
 * Read the rest of the input and drop it, so that the process that writes it is not killed by a
 * pipe that nobody reads.
 */
enum status producer_drain(struct producer *p) MUST_CHECK;

#endif
