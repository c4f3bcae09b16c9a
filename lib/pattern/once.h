/*
 * once.h: messages that are pushed under a key, each key once.
 */
#ifndef PATTERN_ONCE_H
#define PATTERN_ONCE_H

#include "base/base.h"
#include "base/name.h"

struct queue;

/* A message that was accepted under its key, and still has to be brought into the queue. */
struct accepted {
	int dir;		/* once/XX; -1: it was brought in */
	char file[NAME_MAX_LEN + 1];
	struct place at;	/* where it stands then; file "": nobody knows */
};
/*
 * Let the file 'from' be the message of a key, under the name '*n'.  If a message was accepted
 * under the key before, '*duplicate' becomes true, '*n' becomes the name of that message, and so
 * does what '*a' tells.  After a failure nothing was accepted, and the file is where it was.
 */
enum status once_accept(struct queue *q, const char *key, int fromfd, const char *from,
    struct msgname *n, usec_t now, struct accepted *a, bool *duplicate,
    struct error *err) MUST_CHECK;
/*
 * Bring accepted messages into the queue; they share their syncs.  ST_UNSURE: they are accepted,
 * but one of them may not be in the queue yet.
 */
enum status once_bring_in(struct queue *q, struct accepted *a, size_t n, usec_t now,
    struct error *err) MUST_CHECK;
/*
 * Tidy up one directory of once/, or, without 'act', only look what there is to do.  Messages of
 * dead producers are brought into the queue if they were accepted, and removed if not.  Markers
 * whose time is over are removed.  'seen' is called for each of these, and for
 * entries that mq did not make; it may be NULL.
 */
enum once_kind { ONCE_UNFINISHED, ONCE_LITTER, ONCE_FOREIGN, ONCE_OVER };
enum status once_tend(struct queue *q, int dir, usec_t now, bool act,
    void (*seen)(void *, enum once_kind, const char *name, bool done), void *arg,
    struct error *err) MUST_CHECK;
/* Tidy up one directory of once/, chosen at random. */
void once_sweep(struct queue *q, usec_t now);

#endif
