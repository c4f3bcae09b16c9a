/*
 * log.h: the event log.
 */
#ifndef SPOOL_LOG_H
#define SPOOL_LOG_H

#include "base/base.h"
#include "base/name.h"

struct queue;

/* Advice: none of these fails.  What went wrong first is in the spool's log_error. */
/* A message came into a state, or went (then s is the one that it left). */
void log_event(struct queue *q, const char *what, const struct msgname *n, enum state s,
    usec_t now);
/* From one queue to another: both tell it. */
void log_moved(struct queue *q, struct queue *to, const struct msgname *n, enum state s,
    usec_t now);
void log_close(struct queue *q);

#endif
