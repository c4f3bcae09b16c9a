/*
 * figures.h: the numbers that mq stat has found out, for the code that prints them.
 */
#ifndef CMD_SHARED_FIGURES_H
#define CMD_SHARED_FIGURES_H

#include "base/base.h"
#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"

struct queue;
struct relay_state;
struct run;

struct numbers {
	char name[QUEUE_NAME_MAX + 1];
	struct tally t;
	struct rates rates;
	int paused;
};

/* Like queue_tally, with ages, but show progress on a terminal. */
enum status count_messages(struct run *r, struct queue *q, unsigned states, usec_t now,
    struct tally *t) MUST_CHECK;

extern const char *const paused_words[];
/* Bytes of all messages that still need attention: all states but done. */
uint64_t numbers_bytes(const struct numbers *n);
/*
 * Seconds until the backlog is gone at the rates of the last minute.  Negative: it is not
 * shrinking, or there is none.
 */
double numbers_drain(const struct numbers *n);

/* statjson.c */
void json_numbers(const struct numbers *n);
/* What there is to tell: queues, and relays. */
struct told {
	const struct numbers *queue;
	size_t queues;
	const struct relay_state *relay;
	size_t relays;
};
/* prometheus_print writes to stdout; prometheus_textfile replaces a file by one rename. */
void prometheus_print(const struct told *t);
enum status prometheus_textfile(struct run *r, const char *path, const struct told *t) MUST_CHECK;

#endif
