/*
 * marker.h: the markers of keys, for once.c and tend.c.
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
/* Find the slot of a key.  ST_NONE: its directory is not there, and 'make' is false. */
enum status slot_open(
    struct queue *q, const char *key, bool make, struct slot *s, struct error *err) MUST_CHECK;
/* Lock the keys of one directory.  Only the holder of that lock may remove a marker. */
enum status slot_lock(struct queue *q, int dir, int *fd, struct error *err) MUST_CHECK;

enum marker {
	MARKER_NONE,
	MARKER_NAMES,	/* it names a message */
	MARKER_FOREIGN,	/* mq did not make it; the error says so */
	MARKER_FAILED	/* it cannot be read; the error says why */
};
/* Read a marker: '*n' and 'file' become the name of the message that it names. */
enum marker marker_read(int dir, const char *marker, struct msgname *n, char file[NAME_MAX_LEN + 1],
    struct error *err) MUST_CHECK;
/* Whether the time for which the key is remembered is over. */
bool marker_over(const struct queue *q, const struct msgname *n, usec_t now);
/*
 * Rename an accepted message from the directory 'dir' to where it belongs in the queue, and count
 * it; *at becomes its place.  Before that 'dir' has to be synced, so that the marker is durable
 * before anybody sees the message, and afterwards moves_sync and latest_published have to be
 * called. ST_GONE: it was done before, and 'dir' has to be synced once more.
 */
enum status marker_move_in(struct queue *q, int dir, const char *file, usec_t now, struct place *at,
    struct error *err) MUST_CHECK;
/*
 * Move an accepted message from the directory 'dir' into the queue, unless that was done.  'dir' is
 * synced first, so that the marker is durable before anybody sees the message.  It is synced also
 * if the message has left it, so that the rename of the message is durable.
 */
enum status marker_bring_in(
    struct queue *q, int dir, const char *file, usec_t now, struct error *err) MUST_CHECK;
/*
 * Remove a marker whose time is over, if it still names the message 'file'.  The caller has to hold
 * the lock of the directory.
 */
enum status marker_expire(struct queue *q, int dir, const char *marker, const char *file,
    usec_t now, struct error *err) MUST_CHECK;

#endif
