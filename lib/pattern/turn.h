/*
 * turn.h: whose turn a key has.
 */
#ifndef PATTERN_TURN_H
#define PATTERN_TURN_H

#include "base/base.h"
#include "base/name.h"

struct listing;
struct queue;

/* Whose turn it is, and where it was seen last, if that is worth knowing. */
struct turn {
	char entry[NAME_MAX_LEN + 1];
	struct msgid id;
	int state;	/* -1: not told */
	char bucket[BUCKET_MAX];
};
/* Whose it is.  ST_NONE: nobody's. */
enum status turn_read(struct queue *q, const char *order, struct turn *t,
    struct error *err) MUST_CHECK;
/* Give the turn to a message if it is nobody's.  ST_EXISTS: it is somebody's. */
enum status turn_take(struct queue *q, const char *order, const struct msgid *id,
    struct error *err) MUST_CHECK;
/* It passes from one to another, or (NULL) to nobody.  ST_GONE: it was not that one's any more. */
enum status turn_pass(struct queue *q, const char *order, const struct turn *from, const char *to,
    struct error *err) MUST_CHECK;
/* Remember in the entry where its message is. */
enum status turn_note(struct queue *q, const struct turn *t, const struct place *p,
    struct error *err) MUST_CHECK;
/* As durable as the moves of messages are. */
void turn_sync(struct queue *q, const char *order);
/* The names in turns/, as fs_list; and whether a name is that of an entry in one of them. */
bool turn_ok(const char *entry);

#endif
