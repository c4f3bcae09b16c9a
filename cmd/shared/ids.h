/*
 * ids.h: what people type for an id.
 */
#ifndef CMD_SHARED_IDS_H
#define CMD_SHARED_IDS_H

#include "base/base.h"

struct msgid;
struct queue;
struct run;
struct select;
struct visit;

/*
 * The id that word stands for: all of it, or so much of its beginning or its end that there
 * is one such message in the queue.  ST_NOTFOUND: none, or several (named in the error).
 */
enum status id_resolve(struct run *r, struct queue *q, const char *word,
    struct msgid *id) MUST_CHECK;
/*
 * As select_each, for the messages whose ids are the operands from first on ("-" stands for stdin),
 * each once, however often it is given; without states in the selection, in any.  One that is not
 * there is told, and is worst.
 */
enum status ids_each(struct run *r, struct queue *q, struct select *sel, int first,
    const struct visit *v, enum status *worst) MUST_CHECK;

#endif
