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
	const char *reason;	/* a code, such as "exit-1" or "nack" */
	const char *text;	/* one line, or NULL */
	/* the queues of a topic that have the message, all of them, separated by spaces, or NULL */
	const char *given;
	const char *stderr_tail;
	size_t stderr_len;
	usec_t duration;	/* 0: unknown */
	usec_t delay;		/* below 0: the back-off of the policy */
	bool permanent;		/* the message is dead now */
	/*
	 * The caller counts attempts itself: 'attempts' is what the message is to have, and it is
	 * not dead unless 'permanent' says so.
	 */
	bool counted;
	int32_t attempts;
};

#define RECORD_TEXT_MAX (256 << 10)
/*
 * Read the failure record of a message.  *text is NULL and *len is 0 if there is none.  The caller
 * frees *text.
 */
enum status msg_record(struct queue *q, const struct msgid *id, char **text, size_t *len,
    struct error *err) MUST_CHECK;
/*
 * One block of a failure record (F9.19 of spool-format.md).  The pointers go into the record's
 * text, where each line ends with \n.
 */
struct report {
	usec_t at;
	int attempt;			/* 0: no attempt, but the word of an operator */
	usec_t duration;		/* -1: not known */
	/*
	 * A part that is missing has length 0.  'errors' is the end of stderr, with each line
	 * indented by one space.
	 */
	const char *reason, *text, *given, *errors;
	size_t reasonlen, textlen, givenlen, errorslen;
};
/*
 * Read the next block at *at, and move *at behind it.  What is no block is passed over.  False:
 * there are no more blocks.
 */
bool report_next(const char **at, struct report *r);
/*
 * Give a message the record 'text' if it has none.  A record that it has stays.  queue_sync_all
 * makes this durable.
 */
enum status msg_record_put(struct queue *q, const struct msgid *id, const char *text, size_t len,
    struct error *err) MUST_CHECK;
/*
 * The last reason in words: the last Text or Reason of the record, else the reason in the name.  ""
 * if there is none.
 */
void msg_reason(struct queue *q, const struct place *p, char *buf, size_t size);

/* ---- inside lib/ */

/*
 * Append a block to the failure record.  The record is advice, so a failure is not reported. 
 * 'sync': make the block durable.
 */
void record_add(struct queue *q, const struct msgid *id, int attempt, const struct failure *why,
    usec_t now, bool sync);
/*
 * The queues that have the message, as the last whole line of its record tells.  The list is empty
 * if there is no such line.
 */
void record_given(struct queue *q, const struct msgid *id, struct names *out);
void record_drop(struct queue *q, const struct msgid *id);
void record_move(struct queue *q, const struct msgid *id, struct queue *to);

#endif
