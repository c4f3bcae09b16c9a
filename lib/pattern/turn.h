/*
 * turn.h: whose turn a key has.
 */
#ifndef PATTERN_TURN_H
#define PATTERN_TURN_H

#include "base/base.h"
#include "base/name.h"

struct listing;
struct queue;

/* What the functions of this file say. */
enum turn_is {
	TURN_DONE,	/* the turn was read, taken, passed on or noted */
	TURN_NOBODYS,	/* turn_read: nobody has it */
	/* turn_take: somebody has it; turn_pass and turn_note: it is not any more as it was read */
	TURN_ANOTHERS,
	TURN_FAILED	/* the error says why */
};

/* Whose turn it is, and where that message was seen last, if that is worth knowing. */
struct turn {
	char entry[NAME_MAX_LEN + 1];
	struct msgid id;
	int state;	/* -1: not told */
	char bucket[BUCKET_MAX];
};
enum turn_is turn_read(struct queue *q, const char *order, struct turn *t,
    struct error *err) MUST_CHECK;
/* Give the turn to a message if nobody has it. */
enum turn_is turn_take(struct queue *q, const char *order, const struct msgid *id,
    struct error *err) MUST_CHECK;
/* Pass the turn from one message to another, or (NULL) to nobody. */
enum turn_is turn_pass(struct queue *q, const char *order, const struct turn *from, const char *to,
    struct error *err)
    MUST_CHECK;
/* Remember in the entry where its message is. */
enum turn_is turn_note(struct queue *q, const struct turn *t, const struct place *p,
    struct error *err) MUST_CHECK;
/* Make the turn as durable as the moves of messages are. */
void turn_sync(struct queue *q, const char *order);
/* Whether that is the name of an entry. */
bool turn_ok(const char *entry);

#endif
