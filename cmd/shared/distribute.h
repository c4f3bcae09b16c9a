/*
 * distribute.h: giving the messages of a topic to its subscribers.
 */
#ifndef CMD_SHARED_DISTRIBUTE_H
#define CMD_SHARED_DISTRIBUTE_H

#include "base/base.h"

struct queue;
struct run;

/*
 * Give the ready messages of a topic to its subscribers, and report why a subscriber did not get
 * them.  This does not change the result of the verb, whose own task is done.
 */
void run_distribute(struct run *r, struct queue *topic);
/*
 * Like run_distribute, but also give queues what they refused a while ago.  If the topic is paused,
 * only report how many messages it keeps.
 */
enum status run_redistribute(struct run *r, struct queue *topic) MUST_CHECK;

#endif
