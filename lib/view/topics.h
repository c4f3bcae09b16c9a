/*
 * topics.h: where subscriptions and the notes of them lie.
 */
#ifndef VIEW_TOPICS_H
#define VIEW_TOPICS_H

#include "base/base.h"

#define SUBSCRIPTIONS "subscriptions"
#define TOPICS "topics"
#define FILTERS_MAX 65536	/* bytes of a subscription */

#endif
