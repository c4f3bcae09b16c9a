/*
 * batch.h: many messages for one handler.
 */
#ifndef CMD_WORKER_BATCH_H
#define CMD_WORKER_BATCH_H

#include "worker/handler.h"

#define BATCH_MAX 3000	/* their ids fit into a variable of the environment */

/*
 * Write the bodies of the next part to the file or directory that the handler will read.  A
 * message that cannot be framed becomes a dead letter.  ST_NONE: no message is left to handle.
 */
enum status batch_prepare(struct work *w, struct handler *h, struct error *err) MUST_CHECK;
/*
 * A copy of 'argv' with 'dir' in place of each "{}".  The caller frees it with batch_argv_free.
 * NULL: there is no memory.
 */
char **batch_argv(char *const *argv, const char *dir);
void batch_argv_free(char **argv);
/*
 * The handler of 'h' has ended: end the claims that it has handled, and make the next part
 * ready.  If there is no other part, 'h->n' is 0 afterwards.
 */
void batch_settle(struct work *w, struct handler *h);
/* Split the part in two: its first half is next, and its second half comes after that. */
void batch_halve(struct handler *h);
/* Take the closed claims out of the part.  If no claim is left in it, make the next part ready. */
void batch_next(struct handler *h);

#endif
