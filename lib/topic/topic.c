/*
 * topic.c: what lies in a topic goes to the queues that subscribe to it.
 *
 * A push to a topic is durable once the message is in the topic's own ready/.
 * Whoever comes next, the push itself first, distributes: it claims messages as a
 * consumer does, gives each one more name in every queue that wants it, syncs
 * these, and acknowledges it in the topic.  Who dies on the way loses its locks,
 * and the next one does it again; it looks first who has the message already.
 *
 * A queue that cannot be had is not the others' trouble: the message stays in the
 * topic for a while, and its record (record.c) says why, and who has it, for they
 * may be done with it before it is tried again.
 *
 * The subscriptions are read after the messages were claimed.  So whoever
 * subscribes gets all that is claimed later, and what was claimed before stands in
 * claimed/ or done/ when it looks there (topic_catch_up, in this order).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/name.h"
#include "base/envelope.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "spool/queue.h"
#include "spool/place.h"
#include "spool/log.h"
#include "view/view.h"
#include "pattern/order.h"
#include "pattern/latest.h"
#include "life/life.h"
#include "life/reap.h"
#include "topic/topic.h"
#include "topic/link.h"

/* Messages of one round: each holds a descriptor, for its lock. */
#define ROUND 200
/* More queues than this are synced by one syncfs. */
#define SYNC_EACH 8
/* The reason of a message that not all got, in the name. */
#define REFUSED "refused"
/* Looks for a message before it is given a second time; a listing may miss what moves. */
#define LOOKS 2

struct subscriber {
	const char *name;
	struct names filters;
	bool gone;		/* unsubscribed, or its queue is not there */
	char *trouble;		/* why it can't get anything now, or NULL */
};

enum want { WANTS_NOT, WANTS, HAS };

struct round {
	struct queue *topic;
	usec_t now;
	topic_tell *tell;
	void *arg;
	struct claim *c;
	size_t n;
	struct names names;
	struct subscriber *subs;	/* one for each name */
	enum want *wanted;	/* message i by subscriber s: [i * names.n + s] */
	bool redo;
	bool unsynced;		/* what was given may be lost if the power fails */
	uint64_t given;
};

static enum want *
wants(const struct round *r, size_t i, size_t s)
{
	return &r->wanted[i * r->names.n + s];
}

/* Somebody wants message i and did not get it. */
static bool
failed(const struct round *r, size_t i)
{
	for (size_t s = 0; r->wanted != NULL && s < r->names.n; s++)
		if (!r->subs[s].gone && *wants(r, i, s) == WANTS)
			return true;
	return r->unsynced;
}

static bool
routed(const struct round *r, size_t i)
{
	for (size_t s = 0; s < r->names.n; s++)
		if (!r->subs[s].gone && *wants(r, i, s) != WANTS_NOT)
			return true;
	return false;
}

/* ---- who wants what ---------------------------------------------------- */

static void
refused(struct round *r, size_t s, const struct error *why)
{
	struct subscriber *sub = &r->subs[s];

	free(sub->trouble);
	if (asprintf(&sub->trouble, "queue '%s': %s", sub->name, why->text) == -1)
		sub->trouble = NULL;
	r->tell(r->arg, sub->name, why);
}

/* What one wants that can't be read is not known: it is kept for it, unless its queue is not there either. */
static void
unread(struct round *r, size_t s, enum status st, struct error *why)
{
	struct error ignored;
	struct queue *q = NULL;

	error_clear(&ignored);
	r->subs[s].gone = st == ST_NOTFOUND ||
	    queue_open(r->topic->spool, r->subs[s].name, &q, &ignored) == ST_NOTFOUND;
	queue_close(q);
	if (!r->subs[s].gone)
		refused(r, s, why);
	else if (st != ST_NOTFOUND)
		r->tell(r->arg, NULL, why);
	error_clear(why);
}

static enum status
subscribers_load(struct round *r, struct error *err)
{
	enum status st;

	if ((st = subscriptions_list(r->topic, &r->names, err)) != ST_OK)
		return st;
	r->subs = calloc(r->names.n + 1, sizeof(*r->subs));
	r->wanted = calloc(r->n * r->names.n + 1, sizeof(*r->wanted));
	if (r->subs == NULL || r->wanted == NULL)
		return queue_fail(r->topic, err, ENOMEM, "distribute");
	for (size_t s = 0; s < r->names.n; s++) {
		r->subs[s].name = r->names.name[s];
		if ((st = subscription_filters(r->topic, r->names.name[s], &r->subs[s].filters, err)) != ST_OK)
			unread(r, s, st, err);
	}
	return ST_OK;
}

/* Those that got message i when another could not. */
static void
choose_had(struct round *r, size_t i)
{
	struct names had;

	record_given(r->topic, &r->c[i].at.name.id, &had);
	for (size_t k = 0; k < had.n; k++)
		for (size_t s = 0; s < r->names.n; s++)
			if (*wants(r, i, s) == WANTS && strcmp(had.name[k], r->subs[s].name) == 0)
				*wants(r, i, s) = HAS;
	names_free(&had);
}

static enum status
choose(struct round *r, struct error *err)
{
	const struct msgname *n;
	struct headers h;
	enum status st = ST_OK;

	for (size_t i = 0; st == ST_OK && i < r->n; i++) {
		n = &r->c[i].at.name;
		if ((st = msg_headers(r->c[i].fd, n, &h, err)) != ST_OK)
			break;
		for (size_t s = 0; s < r->names.n; s++)
			if (!r->subs[s].gone && (r->subs[s].trouble != NULL || filters_match(&r->subs[s].filters, &h)))
				*wants(r, i, s) = WANTS;
		headers_free(&h);
		r->redo |= n->deliveries > 1;
		if (strcmp(n->reason, REFUSED) == 0)
			choose_had(r, i);
	}
	return st;
}

/* ---- giving ------------------------------------------------------------ */

static int
by_id(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	return strcmp(x->at.name.id.text, y->at.name.id.text);
}

/* Done before by somebody who died, or in part: take off what the queue has already. */
static enum status
known(struct round *r, struct queue *q, size_t s, struct error *err)
{
	struct claim key = { .fd = -1 }, *c;
	enum status st = ST_OK;
	struct scan *scan;

	for (int look = 0; st == ST_OK && look < LOOKS; look++) {
		if ((st = scan_open(q, STATES_ALL, &scan, err)) != ST_OK)
			return st;
		while ((st = scan_next(scan, &key.at, err)) == ST_OK)
			if ((c = bsearch(&key, r->c, r->n, sizeof(*r->c), by_id)) != NULL &&
			    *wants(r, (size_t)(c - r->c), s) == WANTS)
				*wants(r, (size_t)(c - r->c), s) = HAS;
		scan_close(scan);
		if (st == ST_NONE)
			st = ST_OK;
	}
	return st;
}

static enum status
link_all(struct round *r, struct queue *q, size_t s, struct error *err)
{
	enum status st = ST_OK;
	struct msgname n;
	struct place at;

	if (r->redo && (st = known(r, q, s, err)) != ST_OK)
		return st;
	q->careful = r->names.n <= SYNC_EACH;
	for (size_t i = 0; st == ST_OK && i < r->n; i++) {
		if (*wants(r, i, s) != WANTS)
			continue;
		name_of_subscriber(&r->c[i].at.name, &n);
		st = message_link(r->topic, &r->c[i].at, q, &n, r->now, &at, err);
		if (st == ST_OK) {
			r->given++;
			latest_published(q, &at, r->now);	/* durable it is in the topic */
		}
		if (st == ST_GONE || st == ST_EXISTS)	/* our claim was taken back: it is another's to do; or done before */
			st = ST_OK;
	}
	q->careful = false;
	return st == ST_OK ? moves_sync(q, err) : st;
}

static bool
any(struct round *r, size_t s)
{
	for (size_t i = 0; i < r->n; i++)
		if (*wants(r, i, s) == WANTS)
			return true;
	return false;
}

static void
give(struct round *r, size_t s)
{
	struct error err;
	struct queue *q;
	enum status st;

	if (r->subs[s].trouble != NULL || !any(r, s))
		return;
	error_clear(&err);
	if ((st = queue_open(r->topic->spool, r->subs[s].name, &q, &err)) == ST_NOTFOUND) {
		r->subs[s].gone = true;	/* as if it had unsubscribed */
		r->tell(r->arg, r->subs[s].name, &err);
		return;
	}
	if (st == ST_OK) {
		st = link_all(r, q, s, &err);
		queue_close(q);
	}
	if (st != ST_OK)
		refused(r, s, &err);
	for (size_t i = 0; st == ST_OK && i < r->n; i++)
		if (*wants(r, i, s) == WANTS)
			*wants(r, i, s) = HAS;
}

/* ---- the end of it ----------------------------------------------------- */

static enum status
set_aside(struct queue *topic, struct claim *c, usec_t now, struct error *err)
{
	struct msgname n = c->at.name;
	enum status st;

	name_unclaim(&n);
	n.key = now;
	(void)strlcpy(n.reason, "unrouted", sizeof(n.reason));
	/* It did not fail, so it blocks nobody; and before the move, so that none is left without a turn. */
	(void)order_leave(topic, &n);
	st = place_move(topic, &c->at, topic, STATE_HELD, &n, NULL, err);
	if (st == ST_OK)
		log_event(topic, "held", &n, STATE_HELD, now);
	return st;
}

/* Why message i stays in the topic, and who has it nevertheless. */
static void
put_record(struct round *r, size_t i)
{
	struct failure why = { .reason = REFUSED };
	char *given = NULL;
	size_t len;
	FILE *f;

	if ((f = open_memstream(&given, &len)) == NULL)
		return;
	for (size_t s = 0; s < r->names.n; s++)
		if (*wants(r, i, s) == HAS)
			(void)fprintf(f, "%s%s", ftell(f) > 0 ? " " : "", r->subs[s].name);
		else if (*wants(r, i, s) == WANTS && why.text == NULL)
			why.text = r->subs[s].trouble;
	if (fclose(f) == 0) {
		why.given = given;
		record_add(r->topic, &r->c[i].at.name.id, 0, &why, r->now, given[0] != '\0');
		(void)strlcpy(r->c[i].at.name.reason, REFUSED, sizeof(r->c[i].at.name.reason));
	}
	free(given);
}

/* Not at once, or it would stand at the head for ever, and keep the others from those that can have them. */
static enum status
later(struct round *r, struct claim *c, struct error *err)
{
	const struct policy *p = &r->topic->policy;

	return claim_release(r->topic, c, policy_backoff(p, c->at.name.deliveries), r->now, err);
}

static void
settle(struct round *r, size_t i)
{
	struct error err;
	enum status st;

	error_clear(&err);
	if (failed(r, i)) {
		if (!r->unsynced)
			put_record(r, i);
		st = later(r, &r->c[i], &err);
	} else if (!routed(r, i) && r->topic->policy.unrouted != UNROUTED_DROP)
		st = set_aside(r->topic, &r->c[i], r->now, &err);
	else
		st = claim_ack(r->topic, &r->c[i], r->now, &err);
	/* A claim that was lost is done again by who took it; of others the lock goes with us. */
	if (st != ST_OK && st != ST_LOST && st != ST_GONE)
		r->tell(r->arg, NULL, &err);
}

/* A name that one who died gave may not be on disk yet, wherever it is. */
static void
sync_all(struct round *r)
{
	struct error err;

	error_clear(&err);
	if ((r->names.n <= SYNC_EACH && !r->redo) || queue_sync_all(r->topic, &err) == ST_OK)
		return;
	r->tell(r->arg, NULL, &err);
	r->unsynced = true;
}

static enum status
distribute(struct round *r, struct error *err)
{
	enum status st;

	if (r->n > 1)
		qsort(r->c, r->n, sizeof(*r->c), by_id);	/* ids sort as they were pushed */
	if ((st = subscribers_load(r, err)) != ST_OK || (st = choose(r, err)) != ST_OK)
		return st;
	for (size_t s = 0; s < r->names.n; s++)
		give(r, s);
	sync_all(r);
	for (size_t i = 0; i < r->n; i++)
		settle(r, i);
	return ST_OK;
}

static void
round_free(struct round *r)
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

/* ST_NONE: there is none. */
static enum status
claim_some(struct round *r, usec_t *wake, struct error *err)
{
	struct claim_options opt = { .hold = true };
	struct passed over;
	enum status st = ST_OK;
	usec_t at;

	while (r->n < ROUND && (st = claim_next(r->topic, &opt, clock_now(), &r->c[r->n], &at, &over, err)) == ST_OK)
		r->n++;
	if (st == ST_OK || r->n > 0) {
		/* What kept us from more comes up again. */
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

static enum status
one_round(struct round *r, usec_t *wake, struct error *err)
{
	enum status st;

	if ((r->c = calloc(ROUND, sizeof(*r->c))) == NULL)
		return queue_fail(r->topic, err, ENOMEM, "distribute");
	if ((st = claim_some(r, wake, err)) == ST_OK && (st = distribute(r, err)) != ST_OK)
		for (size_t i = 0; i < r->n; i++) {
			struct error ignored;
			error_clear(&ignored);
			if (later(r, &r->c[i], &ignored) != ST_OK)
				error_clear(&ignored);
		}
	return st;
}

enum status
topic_distribute(struct queue *topic, unsigned rounds, topic_tell *tell, void *arg, uint64_t *given, usec_t *wake,
    struct error *err)
{
	enum status st = ST_OK;
	bool stuck = false;

	*given = 0;
	*wake = USEC_MAX;
	topic->topic = true;
	for (unsigned k = 0; st == ST_OK && !stuck && (rounds == 0 || k < rounds); k++) {
		struct round r = { .topic = topic, .now = clock_now(), .tell = tell, .arg = arg };
		st = one_round(&r, wake, err);
		*given += r.given;
		/* What fails again and again must not keep us here. */
		for (size_t i = 0; i < r.n; i++)
			stuck |= failed(&r, i) && (r.c[i].at.name.deliveries > 1 || policy_backoff(&topic->policy, 1) == 0);
		if (rounds != 0 && r.n == ROUND)
			*wake = r.now;
		round_free(&r);
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

/* ---- a consumer looks to its topics ------------------------------------ */

static void
silent(void *arg, const char *queue, const struct error *err)
{
	(void)arg, (void)queue, (void)err;
}

/* What keeps a topic from being distributed is not the consumer's trouble: mq topics and push tell it. */
static uint64_t
fetch(struct queue *q, usec_t *wake)
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
		if (queue_is_topic(topic) && topic_distribute(topic, 1, silent, NULL, &n, &at, &ignored) == ST_OK) {
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
claim_or_fetch(struct queue *q, const struct claim_options *opt, usec_t now, struct claim *c, usec_t *wake,
    struct passed *over, struct error *err)
{
	usec_t at = USEC_MAX;
	enum status st;

	/* Also while somebody works on it: what it took would be missing to the subscribers. */
	if (queue_is_topic(q)) {
		*over = (struct passed){ 0 };
		return error_set(err, ST_USAGE, 0, "queue '%s' was made a topic: what it gets is for its subscribers", q->name);
	}
	if ((st = claim_next(q, opt, now, c, wake, over, err)) != ST_NONE)
		return st;
	if (fetch(q, &at) > 0)
		st = claim_next(q, opt, clock_now(), c, wake, over, err);
	if (at < *wake)
		*wake = at;
	return st;
}
