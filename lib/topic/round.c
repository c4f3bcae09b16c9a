/*
 * round.c: which subscribers want the messages of a round, and how they get them: each message gets
 * one more name in every queue that wants it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/name.h"
#include "base/envelope.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "spool/queue.h"
#include "view/view.h"
#include "pattern/latest.h"
#include "life/life.h"
#include "topic/topic.h"
#include "topic/link.h"
#include "topic/round.h"

/*
 * How often a queue is listed before a message is given to it again: one listing may miss a message
 * that moves.
 */
#define LOOKS 2

enum want *
round_want(const struct round *r, size_t i, size_t s)
{
	return &r->wanted[i * r->names.n + s];
}

bool
round_failed(const struct round *r, size_t i)
{
	for (size_t s = 0; r->wanted != NULL && s < r->names.n; s++)
		if (!r->subs[s].gone && *round_want(r, i, s) == WANTS)
			return true;
	return r->unsynced;
}

bool
round_routed(const struct round *r, size_t i)
{
	for (size_t s = 0; s < r->names.n; s++)
		if (!r->subs[s].gone && *round_want(r, i, s) != WANTS_NOT)
			return true;
	return false;
}

/* ---- who wants what ---------------------------------------------------- */

static void
round_refused(struct round *r, size_t s, const struct error *why)
{
	struct subscriber *sub = &r->subs[s];

	free(sub->trouble);
	if (asprintf(&sub->trouble, "queue '%s': %s", sub->name, why->text) == -1)
		sub->trouble = NULL;
	r->tell(r->arg, sub->name, why);
}

/*
 * A subscription that cannot be read does not tell what its queue wants.  So all messages are kept
 * for the queue, unless the queue itself is not there.
 */
static void
round_unread(struct round *r, size_t s, enum status st, struct error *why)
{
	struct error ignored;
	struct queue *q = NULL;

	error_clear(&ignored);
	r->subs[s].gone = st == ST_NOTFOUND ||
	    queue_open(r->topic->spool, r->subs[s].name, &q, &ignored) == ST_NOTFOUND;
	queue_close(q);
	if (!r->subs[s].gone)
		round_refused(r, s, why);
	else if (st != ST_NOTFOUND)
		r->tell(r->arg, NULL, why);
	error_clear(why);
}

static enum status
round_subscribers(struct round *r, struct error *err)
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
		if ((st = subscription_filters(r->topic, r->names.name[s], &r->subs[s].filters,
		    err)) != ST_OK)
			round_unread(r, s, st, err);
	}
	return ST_OK;
}

/* Note which queues have got message 'i' in an earlier round, in which another one could not. */
static void
round_had(struct round *r, size_t i)
{
	struct names had;

	record_given(r->topic, &r->c[i].at.name.id, &had);
	for (size_t k = 0; k < had.n; k++)
		for (size_t s = 0; s < r->names.n; s++)
			if (*round_want(r, i, s) == WANTS &&
			    strcmp(had.name[k], r->subs[s].name) == 0)
				*round_want(r, i, s) = HAS;
	names_free(&had);
}

static enum status
round_choose(struct round *r, struct error *err)
{
	const struct msgname *n;
	struct headers h;
	enum status st = ST_OK;

	for (size_t i = 0; st == ST_OK && i < r->n; i++) {
		n = &r->c[i].at.name;
		if ((st = msg_headers(r->c[i].fd, n, &h, err)) != ST_OK)
			break;
		for (size_t s = 0; s < r->names.n; s++)
			if (!r->subs[s].gone && (r->subs[s].trouble != NULL ||
			    filters_match(&r->subs[s].filters, &h)))
				*round_want(r, i, s) = WANTS;
		headers_free(&h);
		r->redo |= n->deliveries > 1;
		if (strcmp(n->reason, REFUSED) == 0)
			round_had(r, i);
	}
	return st;
}

/* ---- giving ------------------------------------------------------------ */

static int
round_by_id(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	return strcmp(x->at.name.id.text, y->at.name.id.text);
}

/*
 * The messages may have been given before, by a process that died or could not give them to all.
 * Note which of them the queue of subscriber 's' has already.
 */
static enum status
round_known(struct round *r, struct queue *q, size_t s, struct error *err)
{
	struct claim key = { .fd = -1 }, *c;
	enum status st = ST_OK;
	struct scan *scan;

	for (int look = 0; st == ST_OK && look < LOOKS; look++) {
		if ((st = scan_open(q, STATES_ALL | SCAN_ENDED, &scan, err)) != ST_OK)
			return st;
		while ((st = scan_next(scan, &key.at, err)) == ST_OK)
			if ((c = bsearch(&key, r->c, r->n, sizeof(*r->c), round_by_id)) != NULL &&
			    *round_want(r, (size_t)(c - r->c), s) == WANTS)
				*round_want(r, (size_t)(c - r->c), s) = HAS;
		scan_close(scan);
		if (st == ST_NONE)
			st = ST_OK;
	}
	return st;
}

static enum status
round_link(struct round *r, struct queue *q, size_t s, struct error *err)
{
	enum status st = ST_OK;
	struct msgname n;
	struct place at;

	if (r->redo && (st = round_known(r, q, s, err)) != ST_OK)
		return st;
	q->careful = r->names.n <= SYNC_EACH;
	for (size_t i = 0; st == ST_OK && i < r->n; i++) {
		if (*round_want(r, i, s) != WANTS)
			continue;
		name_of_subscriber(&r->c[i].at.name, &n);
		st = message_link(r->topic, &r->c[i].at, q, &n, r->now, &at, err);
		if (st == ST_OK) {
			r->given++;
			/* The older one may go now: the message is durable in the topic. */
			latest_published(q, &at, r->now);
		}
		/*
		 * Either the claim was taken back and another process gives the message, or the
		 * queue has it already.
		 */
		if (st == ST_GONE || st == ST_EXISTS)
			st = ST_OK;
	}
	q->careful = false;
	return st == ST_OK ? moves_sync(q, err) : st;
}

static bool
round_any(struct round *r, size_t s)
{
	for (size_t i = 0; i < r->n; i++)
		if (*round_want(r, i, s) == WANTS)
			return true;
	return false;
}

void
round_give(struct round *r, size_t s)
{
	struct error err;
	struct queue *q;
	enum status st;

	if (r->short_of || r->subs[s].trouble != NULL || !round_any(r, s))
		return;
	error_clear(&err);
	if ((st = queue_open(r->topic->spool, r->subs[s].name, &q, &err)) == ST_NOTFOUND) {
		r->subs[s].gone = true;	/* as if it had unsubscribed */
		r->tell(r->arg, r->subs[s].name, &err);
		return;
	}
	if (st == ST_OK) {
		st = round_link(r, q, s, &err);
		queue_close(q);
	}
	if (st != ST_OK && r->n > 1 && error_is_ours(&err))
		r->short_of = true;
	else if (st != ST_OK)
		round_refused(r, s, &err);
	for (size_t i = 0; st == ST_OK && i < r->n; i++)
		if (*round_want(r, i, s) == WANTS)
			*round_want(r, i, s) = HAS;
}

enum status
round_load(struct round *r, struct error *err)
{
	enum status st;

	if (r->n > 1)
		qsort(r->c, r->n, sizeof(*r->c), round_by_id);	/* by id is in order of push */
	if ((st = round_subscribers(r, err)) != ST_OK)
		return st;
	return round_choose(r, err);
}
