/*
 * turn.h: which message has the turn of its key.
 */
#ifndef PATTERN_TURN_H
#define PATTERN_TURN_H

#include "base/base.h"
#include "base/name.h"

struct listing;
struct queue;

/* What the functions of turn.c return. */
enum turn_is {
	TURN_DONE,	/* the turn was read, taken, passed on or noted */
	TURN_NOBODYS,	/* turn_read: nobody has it */
	/*
	 * turn_take: another message has the turn.
	 * turn_pass, turn_note: the turn has changed since it was read.
	 */
	TURN_ANOTHERS,
	TURN_FAILED	/* the error says why */
};

/* Whose turn it is, and where that message was last seen, if the entry tells that. */
struct turn {
	char entry[NAME_MAX_LEN + 1];
	struct msgid id;
	int state;	/* -1: the entry does not tell it */
	char bucket[BUCKET_MAX];
};
enum turn_is turn_read(struct queue *q, const char *order, struct turn *t,
    struct error *err) MUST_CHECK;
/* Give the turn to a message if nobody has it. */
enum turn_is turn_take(struct queue *q, const char *order, const struct msgid *id,
    struct error *err) MUST_CHECK;
/* Pass the turn from one message to the entry 'to', or to nobody if that is NULL. */
enum turn_is turn_pass(struct queue *q, const char *order, const struct turn *from, const char *to,
    struct error *err) MUST_CHECK;
/* Note in the entry of a turn where its message is. */
enum turn_is turn_note(struct queue *q, const struct turn *t, const struct place *p,
    struct error *err) MUST_CHECK;
/* Make the turn as durable as the moves of messages are. */
void turn_sync(struct queue *q, const char *order);
/* Whether the text can be the name of an entry. */
bool turn_ok(const char *entry);

#endif
