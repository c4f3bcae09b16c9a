/*
 * topic.c: how messages in a topic get to the queues that subscribe to it.
 *
 * A push to a topic is durable once the message is in the topic's own ready/.
 * The next process that comes, first of all the push itself, distributes it: it
 * claims messages as a consumer does, gives each of them one more name in every
 * queue that wants it, syncs these names, and acknowledges the message in the topic.
 * If it dies on the way, its locks are released, and the next process does it again, but
 * looks first which queues have the message already.
 *
 * A queue that cannot get a message holds up no other queue: the message stays in the
 * topic for a while.  Its record (record.c) says why, and which queues have it, because
 * they may have handled and removed it before it is tried again.
 *
 * The subscriptions are read after the messages were claimed.  So a new subscriber gets
 * all messages that are claimed later, and those that were claimed before stand in
 * claimed/ or done/ when it looks there (topic_catch_up, in this order).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/name.h"
#include "base/fs.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "view/view.h"
#include "life/life.h"
#include "life/reap.h"
#include "topic/topic.h"
#include "topic/round.h"

/* The messages of one round, at most: each holds a descriptor, for its lock. */
#define ROUND 200
/*
 * The descriptors that a round needs besides: for a queue with its states, a subscription, a
 * record.
 */
#define ROUND_SPARE 40

/*
 * The number of messages that there seem to be descriptors for.  If it is too large,
 * topic_distribute halves it.
 */
static size_t
topic_round_size(const struct queue *topic)
{
	size_t left = fs_descriptors_left(topic->fd);

	left = left > ROUND_SPARE ? (left - ROUND_SPARE) / 2 : 0;
	return left >= ROUND ? ROUND : left == 0 ? 1 : left;
}

static enum status
topic_give(struct round *r, struct error *err)
{
	enum status st;

	if ((st = round_load(r, err)) != ST_OK)
		return st;
	for (size_t s = 0; s < r->names.n; s++)
		round_give(r, s);
	round_sync(r);
	for (size_t i = 0; i < r->n; i++)
		round_settle(r, i);
	return ST_OK;
}

static void
topic_round_free(struct round *r)
{
	for (size_t i = 0; i < r->n; i++)
		claim_close(&r->c[i]);
	for (size_t s = 0; r->subs != NULL && s < r->names.n; s++) {
		names_free(&r->subs[s].filters);
		free(r->subs[s].trouble);
	}
	names_free(&r->names);
	free(r->subs);
	free(r->wanted);
	free(r->c);
}

/* Claim the messages of a round, at most 'max'.  ST_NONE: there is none. */
static enum status
topic_claim(struct round *r, size_t max, usec_t *wake, struct error *err)
{
	struct claim_options opt = { .hold = true };
	struct passed over;
	enum status st = ST_OK;
	usec_t at;

	while (r->n < max && (st = claim_next(r->topic, &opt, clock_now(), &r->c[r->n], &at, &over,
				  err)) == ST_OK)
		r->n++;
	if (st == ST_OK || r->n > 0) {
		/* Whatever kept us from claiming more comes up again in the next round. */
		error_clear(err);
		return ST_OK;
	}
	if (at < *wake)
		*wake = at;
	if (st == ST_AGAIN && (r->topic->policy.paused & PAUSED_POP) != 0) {
		error_clear(err);
		st = ST_NONE;
	}
	return st;
}

static void
topic_give_back(struct round *r)
{
	struct error ignored;

	for (size_t i = 0; i < r->n; i++) {
		error_clear(&ignored);
		if (round_later(r, i, &ignored) != ST_OK)
			/* The lock ends with this process, and another takes the claim back. */
			error_clear(&ignored);
	}
}

/* Run one round.  ST_NONE: there is nothing to distribute. */
static enum status
topic_round(struct round *r, size_t max, usec_t *wake, struct error *err)
{
	enum status st;

	if ((r->c = calloc(max, sizeof(*r->c))) == NULL)
		return queue_fail(r->topic, err, ENOMEM, "distribute");
	if ((st = topic_claim(r, max, wake, err)) != ST_OK || (st = topic_give(r, err)) == ST_OK)
		return st;
	r->short_of = r->n > 1 && error_is_ours(err);
	if (r->short_of) {
		error_clear(err);
		st = ST_OK;
	}
	topic_give_back(r);
	return st;
}

enum status
topic_distribute(struct queue *topic, unsigned rounds, topic_tell *tell, void *arg, uint64_t *given,
    usec_t *wake, struct error *err)
{
	size_t max = topic_round_size(topic);
	enum status st = ST_OK;
	bool stuck = false;

	*given = 0;
	*wake = USEC_MAX;
	topic->topic = true;
	for (unsigned k = 0; st == ST_OK && !stuck && (rounds == 0 || k < rounds);) {
		struct round r = { .topic = topic, .now = clock_now(), .tell = tell, .arg = arg };
		st = topic_round(&r, max, wake, err);
		*given += r.given;
		stuck = r.stuck;
		if (rounds != 0 && r.n == max)
			*wake = r.now;
		if (r.short_of)
			max = r.n > 1 ? r.n / 2 : 1;
		else
			k++;
		topic_round_free(&r);
	}
	return st == ST_NONE ? ST_OK : st;
}

enum status
topic_retry(struct queue *topic, struct error *err)
{
	struct scan *scan;
	struct place p;
	enum status st;

	if ((st = scan_open(topic, STATE_BIT(STATE_DELAYED), &scan, err)) != ST_OK)
		return st;
	while ((st = scan_next(scan, &p, err)) == ST_OK)
		if (strcmp(p.name.reason, REFUSED) == 0 &&
		    (st = reap_return(topic, &p, clock_now(), err)) != ST_OK && st != ST_GONE)
			break;
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}
