/*
 * ids.h: the ids that people type.
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
 * Find the id that 'word' stands for: the whole id, or enough of its beginning or its end that only
 * one message of the queue has it.  ST_NOTFOUND: no message has it, or several have it, which the
 * error names.
 */
enum status id_resolve(struct run *r, struct queue *q, const char *word,
    struct msgid *id) MUST_CHECK;
/*
 * Like select_each, for the messages whose ids are the operands from 'first' on ("-" stands for
 * stdin).  Each message is visited once, however often its id is given.  A selection without states
 * takes any state.  An unknown id is reported and raises '*worst'.
 */
enum status ids_each(struct run *r, struct queue *q, struct select *sel, int first,
    const struct visit *v, enum status *worst) MUST_CHECK;

#endif
