/*
 * accept.h: asking the policy's accept command before a message is accepted.
 */
#ifndef CMD_SHARED_ACCEPT_H
#define CMD_SHARED_ACCEPT_H

#include "base/base.h"

struct batch;
struct headers;
struct queue;
struct run;

/*
 * Ask the command about the message that the batch is about to end, unless 'command' is NULL. Then
 * end the message, or cancel it if it is refused.
 */
enum status accept_end(struct run *r, struct queue *q, const char *command,
    const struct headers *headers, struct batch *b) MUST_CHECK;

#endif
