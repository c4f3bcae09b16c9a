/*
 * message.h: showing one message to people.
 */
#ifndef CMD_SHARED_MESSAGE_H
#define CMD_SHARED_MESSAGE_H

#include "base/base.h"

struct place;
struct queue;
struct run;

/*
 * Print what is known of a message that is open in 'fd': its headers and its failures.  'st' says
 * why it could not be opened, or is ST_OK.  With 'broken_too', print as much of a damaged message
 * as there is.  Returns 'st', or what is wrong with the headers.
 */
enum status message_info(struct run *r, struct queue *q, const struct place *p, int fd,
    bool broken_too, enum status st) MUST_CHECK;
/*
 * Print the body.  With 'terminal' control characters are made visible, else bytes stay as they
 * are.
 */
enum status message_body(struct run *r, const struct place *p, int fd, bool terminal) MUST_CHECK;
/* Print what is known of a message and its body, as for a terminal. */
enum status message_show(struct run *r, struct queue *q, const struct place *p) MUST_CHECK;

#endif
