/*
 * figures.h: what mq stat has found out, for those who print it.
 */
#ifndef CMD_SHARED_FIGURES_H
#define CMD_SHARED_FIGURES_H

#include "base/base.h"
#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"

struct queue;
struct run;

struct numbers {
	char name[QUEUE_NAME_MAX + 1];
	struct tally t;
	struct rates rates;
	int paused;
};

/* As queue_tally, with ages, for somebody who is waiting for it. */
enum status count_messages(struct run *r, struct queue *q, unsigned states, usec_t now,
    struct tally *t) MUST_CHECK;

extern const char *const paused_words[];
/* Bytes of what something has to be done about: all but done. */
uint64_t numbers_bytes(const struct numbers *n);
/*
 * Seconds until the backlog is gone at the rates of the last minute; < 0: it does not fall, or
 * there is none.
 */
double numbers_drain(const struct numbers *n);

/* statjson.c */
void json_numbers(const struct numbers *n);
/* prometheus.c: to stdout; or to a file that is replaced by one rename. */
void prometheus_print(const struct numbers *n, size_t count);
enum status prometheus_textfile(struct run *r, const char *path, const struct numbers *n,
    size_t count) MUST_CHECK;

#endif
