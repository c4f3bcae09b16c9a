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

struct producer;

/* Where messages go: a queue, or an engine. */
struct sink {
	enum status (*begin)(struct producer *p);
	enum status (*write)(struct producer *p, const void *data, size_t len);
	/* The message is whole.  It may be kept for a while, until more of them are there. */
	enum status (*end)(struct producer *p);
	/* The next read from 'fd' may block, so what was kept has to go on its way. */
	enum status (*idle)(struct producer *p, int fd);
};
extern const struct sink sink_queue;

struct producer {
	struct run *r;
	const struct sink *to;
	void *engine;		/* what the sink of an engine needs; NULL: it is a queue */
	struct queue *q;	/* NULL: it is an engine */
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
	uint64_t ended;		/* how many messages were read */
	bool told_all;		/* every id so far reached stdout */
	char *buf;		/* PRODUCER_BUFFER bytes */
};
#define PRODUCER_BUFFER (128 << 10)

/* The options that have no letter. */
enum { PUSH_ATOMIC = OPT_LONG, PUSH_WAIT, PUSH_ID, PUSH_EVENTS };

/* ---- typed.c --------------------------------------------------------------- */

/* Take the options and operands. */
enum status producer_typed(struct producer *p) MUST_CHECK;

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
/* Print the id of a message that is queued. */
void producer_tell(struct producer *p, const char *id);
/*
 * Return 'st', but ST_UNSURE if an id could not be printed, whatever else failed.  After other
 * failures, a message whose id was not printed is not queued, and may be pushed again; here that
 * would push it twice.
 */
enum status producer_told(struct producer *p, enum status st) MUST_CHECK;
/* Print the id of the message that was pushed under the same key before. */
enum status producer_duplicate(struct producer *p, const struct msgid *id) MUST_CHECK;

/* ---- feed.c ---------------------------------------------------------------- */

/*
 * Prepare the headers that all messages get: those that were typed and, if the queue takes headers,
 * those that come from the environment.  The headers of an event are made when it is read.
 */
enum status producer_headers(struct producer *p) MUST_CHECK;
/* Cut the whole input into messages, and publish each time a batch is full. */
enum status producer_feed(struct producer *p) MUST_CHECK;
/*
 * Read the rest of the input and drop it, so that the process that writes it is not killed by a
 * pipe that nobody reads.
 */
enum status producer_drain(struct producer *p) MUST_CHECK;

#endif
