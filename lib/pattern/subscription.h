/*
 * subscription.h: which queues get the messages of a topic.
 */
#ifndef PATTERN_SUBSCRIPTION_H
#define PATTERN_SUBSCRIPTION_H

#include "base/base.h"

struct queue;

/*
 * The marker of a topic is a file by which a subscriber knows that it subscribes to the topic.
 * These functions make and remove it.  ST_GONE: there is none to remove.
 */
enum status marker_put(struct queue *q, const char *topic, struct error *err) MUST_CHECK;
enum status marker_drop(struct queue *q, const char *topic, struct error *err) MUST_CHECK;
/* Remove the subscription itself.  ST_GONE: there is none. */
enum status subscription_drop(struct queue *topic, const char *queue, struct error *err) MUST_CHECK;

#endif
