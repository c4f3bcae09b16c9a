/*
 * record.h: failure records.
 */
#ifndef SPOOL_RECORD_H
#define SPOOL_RECORD_H

#include "base/base.h"

struct msgid;
struct names;
struct place;
struct queue;

/* What went wrong, for claim_fail.  Pointers may be NULL. */
struct failure {
	const char *reason;	/* code: "exit-1", "nack" */
	const char *text;	/* one line, or NULL */
	/* the queues of a topic that have the message, all of them, separated by spaces, or NULL */
	const char *given;
	const char *stderr_tail;
	size_t stderr_len;
	usec_t duration;	/* 0: unknown */
	usec_t delay;		/* < 0: the policy's back-off */
	bool permanent;		/* dead now */
};

#define RECORD_TEXT_MAX (256 << 10)
/* The failure record: text, or nothing (NULL, len 0).  The last 64 KiB.  Caller frees *text. */
enum status msg_record(struct queue *q, const struct msgid *id, char **text, size_t *len,
    struct error *err) MUST_CHECK;
/*
 * One block of a failure record (F9.19 of spool-format.md); the pointers go into its text, lines
 * end there with \n.
 */
struct report {
	usec_t at;
	int attempt;			/* 0: not an attempt, an operator's word */
	usec_t duration;		/* -1: not known */
	/* the lengths are 0 where there is none; errors: stderr, each line behind a space */
	const char *reason, *text, *given, *errors;
	size_t reasonlen, textlen, givenlen, errorslen;
};
/*
 * The next block from *at on, which goes behind it; false at the end.  What is no block is passed
 * over.
 */
bool report_next(const char **at, struct report *r);
/*
 * Give it a record that it has not; one that it has stays.  To be made durable by queue_sync_all.
 */
enum status msg_record_put(struct queue *q, const struct msgid *id, const char *text, size_t len,
    struct error *err) MUST_CHECK;
/* Last reason in words: the record's last Text or Reason, else the name's reason.  "" if none. */
void msg_reason(struct queue *q, const struct place *p, char *buf, size_t size);

/* ---- inside lib/ */

/* Append a block to the failure record (advice: fails silently; durable if sync). */
void record_add(struct queue *q, const struct msgid *id, int attempt, const struct failure *why,
    usec_t now, bool sync);
/* The queues that have it, as the last whole line of its record tells; none if there is none. */
void record_given(struct queue *q, const struct msgid *id, struct names *out);
void record_drop(struct queue *q, const struct msgid *id);
void record_move(struct queue *q, const struct msgid *id, struct queue *to);

#endif
