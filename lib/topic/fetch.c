/*
 * fetch.c: a consumer that finds nothing distributes the topics that its queue subscribes to.
 */
#include <string.h>

#include "base/names.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "view/view.h"
#include "life/life.h"
#include "topic/topic.h"

static void
fetch_silent(void *arg, const char *queue, const struct error *err)
{
	(void)arg, (void)queue, (void)err;
}

/*
 * Distribute one round of each topic.  Errors are not reported to a consumer: mq topics and mq push
 * report what keeps a topic from being distributed.
 */
static uint64_t
fetch_topics(struct queue *q, usec_t *wake)
{
	struct error ignored;
	struct names topics;
	struct queue *topic;
	uint64_t given = 0, n;
	usec_t at;

	error_clear(&ignored);
	if (topics_of(q, &topics, &ignored) != ST_OK)
		return 0;
	for (size_t i = 0; i < topics.n; i++) {
		error_clear(&ignored);
		if (strcmp(topics.name[i], q->name) == 0 ||
		    queue_open(q->spool, topics.name[i], &topic, &ignored) != ST_OK)
			continue;
		if (queue_is_topic(topic) && topic_distribute(topic, 1, fetch_silent, NULL, &n, &at,
		    &ignored) == ST_OK) {
			given += n;
			if (at < *wake)
				*wake = at;
		}
		queue_close(topic);
	}
	names_free(&topics);
	return given;
}

enum status
claim_or_fetch(struct queue *q, const struct claim_options *opt, usec_t now, struct claim *c,
    usec_t *wake,
    struct passed *over, struct error *err)
{
	usec_t at = USEC_MAX;
	enum status st;

	/*
	 * A queue may become a topic while a worker has it open: then its subscribers would miss
	 * the messages that the worker takes.
	 */
	if (queue_is_topic(q)) {
		*over = (struct passed){ 0 };
		return error_set(err, ST_USAGE, 0,
		    "queue '%s' was made a topic: what it gets is for its subscribers", q->name);
	}
	if ((st = claim_next(q, opt, now, c, wake, over, err)) != ST_NONE)
		return st;
	if (fetch_topics(q, &at) > 0)
		st = claim_next(q, opt, clock_now(), c, wake, over, err);
	if (at < *wake)
		*wake = at;
	return st;
}
