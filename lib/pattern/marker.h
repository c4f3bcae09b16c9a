/*
 * marker.h: the markers of keys, between the files of once.
 */
#ifndef PATTERN_MARKER_H
#define PATTERN_MARKER_H

#include "base/base.h"
#include "base/name.h"

struct queue;

#define ONCE "once"

/* Where the marker of a key is, or would be. */
struct slot {
	int dir;			/* once/XX */
	char marker[NAME_MAX_LEN + 1];
};
/* ST_NONE: the directory is not there, and was not to be made. */
enum status slot_open(
    struct queue *q, const char *key, bool make, struct slot *s, struct error *err) MUST_CHECK;
/* Lock the keys of one directory: only their holder may remove a marker. */
enum status slot_lock(struct queue *q, int dir, int *fd, struct error *err) MUST_CHECK;

enum marker {
	MARKER_NONE,
	MARKER_NAMES,	/* it names a message */
	MARKER_FOREIGN,	/* it is none that mq made; the error says so */
	MARKER_FAILED	/* it cannot be read; the error says why */
};
/* The message that a marker names, and its name as text. */
enum marker marker_read(int dir, const char *marker, struct msgname *n, char file[NAME_MAX_LEN + 1],
    struct error *err) MUST_CHECK;
/* Whether the time for which the key is remembered is over. */
bool marker_over(const struct queue *q, const struct msgname *n, usec_t now);
/*
 * Put an accepted message where it belongs, unless that was done.  The marker has to be durable
 * before the message is seen; and to have synced the directory that the message left is to have
 * made its rename durable.
 */
enum status marker_bring_in(
    struct queue *q, int dir, const char *file, usec_t now, struct error *err) MUST_CHECK;
/*
 * The time of a marker is over: it goes, if it still names this message.  For the holder of the
 * lock.
 */
enum status marker_expire(struct queue *q, int dir, const char *marker, const char *file,
    usec_t now, struct error *err) MUST_CHECK;

#endif
