/*
 * log.h: the event log.
 */
#ifndef SPOOL_LOG_H
#define SPOOL_LOG_H

#include "base/base.h"
#include "base/name.h"

struct queue;

/*
 * The log is advice, so these functions cannot fail.  'log_error' of the spool keeps the first
 * error.
 */
/* Log that a message came into the state 's', or that it left the queue from the state 's'. */
void log_event(struct queue *q, const char *what, const struct msgname *n, enum state s,
    usec_t now);
/* Log in both queues that a message went from one to the other. */
void log_moved(struct queue *q, struct queue *to, const struct msgname *n, enum state s,
    usec_t now);
void log_close(struct queue *q);

#endif
