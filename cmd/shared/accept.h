/*
 * accept.h: what looks at messages before they are accepted.
 */
#ifndef CMD_SHARED_ACCEPT_H
#define CMD_SHARED_ACCEPT_H

#include "base/base.h"

struct batch;
struct headers;
struct queue;
struct run;

/*
 * The body is in fd, behind `head` bytes.  ST_BADDATA: it is refused; else it could not be asked.
 */
enum status accept_ask(struct run *r, struct queue *q, const char *command,
    const struct headers *headers, int fd, int64_t head) MUST_CHECK;
/*
 * ... the message that the batch is about to end; it is taken back if it is refused.  command NULL:
 * nobody is asked.
 */
enum status accept_end(struct run *r, struct queue *q, const char *command,
    const struct headers *headers, struct batch *b) MUST_CHECK;

#endif
