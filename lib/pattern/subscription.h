/*
 * subscription.h: which queues get what a topic gets.
 */
#ifndef PATTERN_SUBSCRIPTION_H
#define PATTERN_SUBSCRIPTION_H

#include "base/base.h"

struct queue;

/*
 * Make and remove a subscriber's note of a topic (the marker), and the subscription itself.
 * ST_GONE: there is none to remove.
 */
enum status marker_put(struct queue *q, const char *topic, struct error *err) MUST_CHECK;
enum status marker_drop(struct queue *q, const char *topic, struct error *err) MUST_CHECK;
void marker_touch(struct queue *q, const char *topic);
enum status subscription_drop(struct queue *topic, const char *queue, struct error *err) MUST_CHECK;

#endif
