/*
 * spool.c: the supply of a worker whose queues are in a spool.
 */
#include <poll.h>

#include "base/name.h"
#include "spool/policy.h"
#include "spool/record.h"
#include "spool/spool.h"
#include "view/view.h"
#include "life/life.h"
#include "topic/topic.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "worker/sources.h"
#include "worker/supply.h"
#include "worker/work.h"

static enum status
spool_source_open(struct work *w, struct source *s, const char *name)
{
	enum status st = run_queue_consume(w->r, name, &s->q);

	if (st == ST_OK)
		s->policy = queue_policy(s->q);
	return st;
}

static void
spool_source_close(struct source *s)
{
	waiter_close(s->waiter);
	queue_close(s->q);
}

static enum status
spool_command(struct source *s, const char **text, struct error *err)
{
	return queue_handler(s->q, text, err);
}

static enum status
spool_start(struct work *w, struct error *err)
{
	enum status st = ST_OK;

	for (struct source *s = w->source; st == ST_OK && s < w->source + w->nsources; s++)
		st = waiter_open(s->q, w->drain == DRAIN_ALL, &s->waiter, err);
	return st;
}

static void
spool_finish(struct work *w)
{
	(void)w;
}

static enum status
spool_refresh(struct source *s, struct error *err)
{
	return queue_reload(s->q, err);
}

static void
spool_news(struct work *w, struct source *s)
{
	run_policy_news(w->r, s->q);
	if (spool_log_error(w->r->spool)->status != ST_OK)
		run_log_trouble(w->r);
}

/* ---- looking for messages --------------------------------------------- */

static nfds_t
spool_watch(struct work *w, struct pollfd *p, bool room)
{
	for (int i = 0; i < w->nsources; i++)
		p[i] = (struct pollfd){ .fd = room ? waiter_fd(w->source[i].waiter) : -1,
		    .events = POLLIN };
	return (nfds_t)w->nsources;
}

static void
spool_heard(struct work *w, const struct pollfd *p)
{
	for (int i = 0; i < w->nsources; i++)
		if (p[i].revents != 0) {
			waiter_drain(w->source[i].waiter);
			source_heard(&w->source[i]);
		}
}

static void
spool_hear(struct work *w)
{
	if (w->nsources == 1)
		return;	/* no other queue may come first */
	for (int i = 0; i < w->nsources; i++)
		w->arrivals[i] = (struct pollfd){ .fd = w->source[i].hope == SOURCE_OPEN ? -1 :
		    waiter_fd(w->source[i].waiter), .events = POLLIN };
	if (poll(w->arrivals, (nfds_t)w->nsources, 0) > 0)
		spool_heard(w, w->arrivals);
}

static enum status
spool_turn(struct work *w, struct error *err)
{
	(void)w;
	(void)err;
	return ST_OK;
}

static enum status
spool_arm(struct source *s, struct error *err)
{
	return waiter_arm(s->waiter, err);
}

static usec_t
spool_poll(const struct source *s)
{
	return waiter_poll(s->waiter);
}

static enum status
spool_next(struct work *w, struct source *s, struct claim *c, usec_t *wake, struct passed *over,
    struct error *err)
{
	return claim_or_fetch(s->q, &w->claim, clock_now(), c, wake, over, err);
}

static enum status
spool_drained(struct work *w, struct source *s, bool *yes, struct error *err)
{
	enum status st;
	uint64_t n;

	if (w->drain == DRAIN_READY)
		return ST_OK;
	/* Messages that cannot be had were reported; waiting for them would not help. */
	st = queue_backlog(s->q, s->passed, &n, err);
	*yes = n <= s->passed;
	return st;
}

static uint64_t
spool_ready(struct source *s)
{
	struct error ignored = { 0 };
	struct tally t;

	return queue_tally(s->q, STATE_BIT(STATE_READY), &t, &ignored) == ST_OK ?
	    t.count[STATE_READY] : 0;
}

/* ---- claims ----------------------------------------------------------- */

static enum status
spool_ack(struct source *s, struct claim *c, usec_t now, struct error *err)
{
	return claim_ack(s->q, c, now, err);
}

static enum status
spool_fail(struct source *s, struct claim *c, const struct failure *why, usec_t now, enum state *to,
    struct error *err)
{
	return claim_fail(s->q, c, why, now, to, err);
}

static enum status
spool_release(struct source *s, struct claim *c, usec_t delay, usec_t now, struct error *err)
{
	return claim_release(s->q, c, delay, now, err);
}

static enum status
spool_extend(struct source *s, struct claim *c, usec_t lease, usec_t now, struct error *err)
{
	return claim_extend(s->q, c, lease, now, err);
}

static enum status
spool_body(struct source *s, const struct claim *c, int *fd, struct error *err)
{
	return claim_body(s->q, c, fd, err);
}

static enum status
spool_json(struct source *s, FILE *f, const struct claim *c, struct error *err)
{
	return json_open(f, s->q, &c->at, err);
}

static enum status
spool_hurry(struct source *s, const struct msgid *id, struct error *err)
{
	struct place p;
	enum status st = scan_find(s->q, STATE_BIT(STATE_DELAYED), id, &p, err);

	return st == ST_OK ? move_retry(s->q, &p, s->q, true, clock_now(), err) : st;
}

const struct supply supply_spool = { .open = spool_source_open, .close = spool_source_close,
	.command = spool_command, .start = spool_start, .finish = spool_finish,
	.refresh = spool_refresh, .news = spool_news, .watch = spool_watch, .heard = spool_heard,
	.hear = spool_hear, .turn = spool_turn, .arm = spool_arm, .poll = spool_poll,
	.next = spool_next, .drained = spool_drained, .ready = spool_ready, .ack = spool_ack,
	.fail = spool_fail, .release = spool_release, .extend = spool_extend, .body = spool_body,
	.json = spool_json, .hurry = spool_hurry };
