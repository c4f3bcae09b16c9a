/*
 * leave.h: a message leaves its place, because it ends, fails or moves.
 */
#ifndef PATTERN_LEAVE_H
#define PATTERN_LEAVE_H

#include "base/base.h"
#include "base/name.h"

struct queue;

struct leave {
	/* the queue that it goes to, which may be the one that it is in; NULL: it is removed */
	struct queue *to;
	/* the state that it goes to; for a message that is removed, the state that the log names */
	enum state state;
	struct msgname name;	/* its name there */
	const char *event;	/* what the log calls it */
	bool passed;		/* the turn of its key was passed on before */
	bool careful;		/* the caller makes the move durable, by moves_sync */
	struct place at;	/* leave() fills this in: where the message went */
};
/*
 * Move or remove a message.  One rename or unlink takes it from its place, and the process that
 * succeeds in that has won the message.  Only then is changed what depends on it: the turn of its
 * key, the hint of the newest, its record, the log.  ST_GONE: the message is not there any more,
 * and nothing was changed.
 */
enum status leave(struct queue *q, const struct place *p, struct leave *l, usec_t now,
    struct error *err) MUST_CHECK;

/* Whether messages in that state wait to be delivered. */
bool leave_waits(enum state s);

#endif
