/*
 * distribute.c: giving the messages of a topic to its subscribers, and reporting what prevented it.
 */
#include "spool/policy.h"
#include "spool/spool.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "topic/topic.h"
#include "shared/cmd.h"
#include "shared/distribute.h"

static void
distribute_tell(void *arg, const char *queue, const struct error *why)
{
	struct run *r = arg;
	struct error theirs = r->err;
	bool told = r->told;

	error_clear(&r->err);
	if (queue == NULL)
		(void)error_set(&r->err, why->status, 0, "%.500s; a later command tries again",
		    why->text);
	else if (why->status == ST_NOTFOUND)
		(void)error_set(&r->err, why->status, 0,
		    "%.300s, though it subscribes: mq unsubscribe, or mq fsck --repair, ends that",
		    why->text);
	else
		(void)error_set(&r->err, why->status, 0,
		    "queue '%s' did not get all yet: %.400s; a later command tries again",
		    queue, why->text);
	run_complain(r);
	/* The verb keeps its own error and its own exit status. */
	r->err = theirs;
	r->told = told;
}

void
run_distribute(struct run *r, struct queue *topic)
{
	struct error err;
	uint64_t given;
	usec_t wake;

	error_clear(&err);
	if (topic_distribute(topic, 0, distribute_tell, r, &given, &wake, &err) != ST_OK)
		distribute_tell(r, NULL, &err);
	/* More is to be done later: tell the waiting processes when. */
	if (wake != USEC_MAX)
		topic_poke(topic);
}

enum status
run_redistribute(struct run *r, struct queue *topic)
{
	enum status st;
	uint64_t n;

	if ((queue_policy(topic)->paused & PAUSED_POP) == 0) {
		if ((st = topic_retry(topic, &r->err)) == ST_OK)
			run_distribute(r, topic);
		return st;
	}
	if ((st = queue_backlog(topic, UINT64_MAX - 1, &n, &r->err)) == ST_OK && n > 0)
		run_note(r, "topic '%s' is paused, and keeps %llu message%s: 'mq resume %s' lets "
		    "them go", queue_name(topic),
		    (unsigned long long)n, n == 1 ? "" : "s", queue_name(topic));
	return st;
}
