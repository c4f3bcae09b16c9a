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
 * Ask the command about a message.  Its body is in 'fd', behind 'head' bytes of headers.
 * ST_BADDATA: the command refuses the message.  Any other failure: the command could not be asked.
 */
enum status accept_ask(struct run *r, struct queue *q, const char *command,
    const struct headers *headers, int fd, int64_t head) MUST_CHECK;
/*
 * Ask the command about the message that the batch is about to end, unless 'command' is NULL. Then
 * end the message, or cancel it if it is refused.
 */
enum status accept_end(struct run *r, struct queue *q, const char *command,
    const struct headers *headers, struct batch *b) MUST_CHECK;

#endif
