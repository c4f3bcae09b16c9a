/*
 * message.h: one message, for people: what is known of it, and its body.
 */
#ifndef CMD_SHARED_MESSAGE_H
#define CMD_SHARED_MESSAGE_H

#include "base/base.h"

struct place;
struct queue;
struct run;

/*
 * What is known of a message that is open in 'fd', its headers and its failures, to stdout.  'st'
 * says why it could not be opened, or is ST_OK.  With 'broken_too' as much is told of a damaged
 * message as there is.  Returns 'st', or what is wrong with its headers.
 */
enum status message_info(struct run *r, struct queue *q, const struct place *p, int fd,
    bool broken_too, enum status st) MUST_CHECK;
/* Its body: on a terminal control characters are shown and not sent; elsewhere bytes are bytes. */
enum status message_body(struct run *r, const struct place *p, int fd, bool terminal) MUST_CHECK;
/* Both, as on a terminal. */
enum status message_show(struct run *r, struct queue *q, const struct place *p) MUST_CHECK;

#endif
