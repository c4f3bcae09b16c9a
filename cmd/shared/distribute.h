/*
 * distribute.h: what lies in a topic goes to its subscribers.
 */
#ifndef CMD_SHARED_DISTRIBUTE_H
#define CMD_SHARED_DISTRIBUTE_H

#include "base/base.h"

struct queue;
struct run;

/*
 * Give what is ready in a topic to its subscribers, and say what kept it from one.  The verb that
 * brought it there has done what was asked of it all the same.
 */
void run_distribute(struct run *r, struct queue *topic);
/*
 * As run_distribute, also for what a queue refused a while ago.  Of a paused topic only what it
 * keeps is said.
 */
enum status run_redistribute(struct run *r, struct queue *topic) MUST_CHECK;

#endif
