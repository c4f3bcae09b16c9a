/*
 * producer.h: between the files of mq push: what is pushed, and how far it has come.
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
	unsigned own;		/* which headers came by options of their own */
	bool events;		/* the input is CloudEvents; the present one: */
	struct event_input event;
	const char *accept;	/* the policy's; NULL: all are accepted */
	const char *text;	/* -m */
	bool topic;
	int delimiter;		/* '\n', '\0', or -1: the input is one message */
	bool wait, chunked;
	struct chunks chunks;
	usec_t deadline;	/* of the wait, by clock_mono */
	bool in_message;	/* a message was begun and has not ended */
	bool told_all;		/* every id so far reached stdout */
	char *buf;		/* PRODUCER_BUFFER bytes */
};
#define PRODUCER_BUFFER (128 << 10)

/* ---- publish.c ------------------------------------------------------------- */

/* Ask, and with --wait wait, until the queue takes messages.  ST_AGAIN: it does not. */
enum status producer_admitted(struct producer *p) MUST_CHECK;
/*
 * Publish what is pending and print the ids; with --wait a queue that filled up meanwhile is waited
 * for. ST_UNSURE, whatever else failed, where something is queued whose id could not be printed.
 */
enum status producer_publish(struct producer *p) MUST_CHECK;
/* Print the id of the message that was pushed under the same key before. */
enum status producer_duplicate(struct producer *p, const struct msgid *id) MUST_CHECK;

/* ---- feed.c ---------------------------------------------------------------- */

/* Headers that come from the environment, where the queue takes headers. */
enum status producer_trace(struct producer *p) MUST_CHECK;
/* Cut the whole input into messages, and publish those that make a batch full. */
enum status producer_feed(struct producer *p) MUST_CHECK;
/*
 * Read the input and forget it: whoever feeds us is not to be killed by a pipe that nobody reads.
 */
enum status producer_drain(struct producer *p) MUST_CHECK;

#endif
