/*
 * batch.h: many messages for one handler.
 */
#ifndef CMD_WORKER_BATCH_H
#define CMD_WORKER_BATCH_H

#include "worker/handler.h"

#define BATCH_MAX 3000	/* their ids fit into a variable of the environment */

/*
 * Write the bodies of the part that is next to where the handler gets them from.  A message
 * that cannot be framed becomes a dead letter.  ST_NONE: none is left.
 */
enum status batch_prepare(struct work *w, struct handler *h, struct error *err) MUST_CHECK;
/* The command with the directory for each "{}"; free it with batch_argv_free.  NULL: no memory. */
char **batch_argv(char *const *argv, const char *dir);
void batch_argv_free(char **argv);
/*
 * A handler is over: end what it has done, and make the next part ready.  n is 0 if there is none.
 */
void batch_settle(struct work *w, struct handler *h);
/* The first half of the part is next, and then the other one. */
void batch_halve(struct handler *h);
/* What is done with leaves the part; if that is all of it, the next one is made ready. */
void batch_next(struct handler *h);

#endif
