/*
 * cause.h: what failures of several messages have in common.
 */
#ifndef CMD_SHARED_CAUSE_H
#define CMD_SHARED_CAUSE_H

#include <stddef.h>

struct place;
struct queue;

/* Bytes of a cause, with NUL. */
#define CAUSE_MAX 600

/*
 * Copy a reason with "#" for each number and id in it.  What mq itself says, exit-1 and signal-9,
 * keeps its number.
 */
void cause_alike(const char *reason, char buf[CAUSE_MAX]);
/* The cause of the message's last failure.  "": it has not failed. */
void cause_of(struct queue *q, const struct place *p, char buf[CAUSE_MAX]);

#endif
