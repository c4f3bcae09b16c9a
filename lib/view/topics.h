/*
 * topics.h: where a topic keeps its subscriptions, and a queue the names of its topics.
 */
#ifndef VIEW_TOPICS_H
#define VIEW_TOPICS_H

#include "base/base.h"

#define SUBSCRIPTIONS "subscriptions"
#define TOPICS "topics"
#define FILTERS_MAX 65536	/* bytes of a subscription */

#endif
