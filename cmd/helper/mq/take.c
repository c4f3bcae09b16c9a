/*
 * take.c: messages that go out.
 *
 * A taking looks for messages until it finds none; then it sleeps until the waiter of its queue
 * tells that something may have changed, or for a few seconds.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "helper/mq/store.h"

/* Look so often at least: mq is told that there is nothing, and what has lapsed comes back. */
#define LOOK_EVERY (2 * USEC)
/* So many messages go out before requests are read again. */
#define GIVE_MAX 64

/* Where the taking of a queue stands. */
struct look {
	struct queue *q;
	struct waiter *waiter;
	bool armed;		/* the waiter tells what happens from now on */
	bool asleep;
	usec_t wake;		/* when to look, by clock_mono */
};

/* ---- beginning and end ----------------------------------------------------- */

static void
take_end(struct store *s, struct taking *t, const struct error *err)
{
	helper_ended(s->h, t, error_class(err), "%s", err->text);
}

static enum status
take_begin(struct store *s, struct taking *t, struct error *err)
{
	struct look *l = calloc(1, sizeof(*l));
	enum status st;

	if (l == NULL)
		return error_sys(err, ENOMEM, "take");
	t->engine = l;
	if ((st = queues_get(s, t->queue, s->create, &l->q, err)) != ST_OK)
		return st;
	if (queue_is_topic(l->q))
		return error_set(err, ST_USAGE, 0,
		    "'%s' is a topic: its messages go to the queues that subscribe to it",
		    t->queue);
	return waiter_open(l->q, false, &l->waiter, err);
}

/* Nothing is fetched ahead, so there is nothing to give back at a stop. */
void
take_change(struct helper *h, struct taking *t)
{
	struct error err = { 0 };

	if (t->stopped)
		helper_stopped(h, t);
	else if (t->engine != NULL)
		((struct look *)t->engine)->asleep = false;
	else if (take_begin(helper_data(h), t, &err) != ST_OK)
		take_end(helper_data(h), t, &err);
}

void
take_forget(struct helper *h, struct taking *t)
{
	struct look *l = t->engine;

	(void)h;
	if (l != NULL)
		waiter_close(l->waiter);
	free(l);
}

/* ---- one message ----------------------------------------------------------- */

/* Keep a claim that ends with this process. */
static enum status
take_hold(struct store *s, struct queue *q, const struct claim *c, struct error *err)
{
	struct holding *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return error_sys(err, ENOMEM, "message %s", c->at.name.id.text);
	d->q = q;
	d->claim = *c;
	d->next = s->held;
	s->held = d;
	return ST_OK;
}

/* A message that cannot be read must not be the next one for ever: that was an attempt. */
static void
take_unreadable(struct queue *q, struct claim *c, const struct error *why)
{
	struct failure failure = { .reason = "unreadable", .text = why->text, .delay = -1 };
	struct error err = { 0 };
	enum state to;

	(void)fprintf(stderr, "%s\n", why->text);
	if (claim_fail(q, c, &failure, clock_now(), &to, &err) != ST_OK)
		(void)fprintf(stderr, "%s\n", err.text);
	claim_close(c);
}

static void
take_give(struct store *s, struct taking *t, struct claim *c)
{
	struct look *l = t->engine;
	char token[STORE_TOKEN_MAX];
	struct error err = { 0 };
	struct reading r;
	struct message m;
	enum status st;

	if ((st = reading_message(l->q, &c->at, c->fd, FRAME_BODY_MAX, &r, &m, &err)) == ST_OK &&
	    !t->keep)
		st = take_hold(s, l->q, c, &err);
	if (st == ST_OK) {
		settle_token(l->q, c, token);
		helper_msg(s->h, t, token, &m);
		if (t->keep)
			claim_close(c);
	} else
		take_unreadable(l->q, c, &err);
	reading_free(&r);
}

/* ---- looking --------------------------------------------------------------- */

/* Messages that had to be passed over are reported once, and are no reason to end. */
static void
take_passed_over(struct store *s, const struct passed *over)
{
	if (over->n == 0 || s->told)
		return;
	s->told = true;
	(void)fprintf(stderr, "passed over: %s\n", over->first.text);
}

/* Claim the next message.  ST_NONE: there is none for now; look again at *wake. */
static enum status
take_claim(struct store *s, struct taking *t, struct claim *c, usec_t *wake, struct error *err)
{
	/*
	 * A claim that is kept is its holder's alone.  The others end with this process, which only
	 * carries messages on.
	 */
	struct claim_options opt = { .lease = t->lease_ms * 1000, .hold = !t->keep,
	    .room = FRAME_BODY_MAX, .company = t->keep ? COMPANY_NEVER : COMPANY_CARRIED };
	struct look *l = t->engine;
	struct passed over = { .held = HELD_NO };
	enum status st;

	st = claim_or_fetch(l->q, &opt, clock_now(), c, wake, &over, err);
	take_passed_over(s, &over);
	if (st == ST_OK || (st != ST_NONE && over.held == HELD_NO && over.n == 0))
		return st;
	error_clear(err);
	return ST_NONE;
}

static void
take_sleep(struct look *l, usec_t wake)
{
	usec_t mono = clock_mono(), at = wake == USEC_MAX ? LOOK_EVERY : wake - clock_now();

	l->asleep = true;
	at = at < LOOK_EVERY ? at : LOOK_EVERY;
	l->wake = mono + (at > 1000 ? at : 1000);
}

/*
 * Look for messages while there is credit.  Before a look counts as having found nothing, the
 * waiter must be armed, or a message that comes in between would be missed.
 */
static enum status
take_look(struct store *s, struct taking *t, struct error *err)
{
	struct look *l = t->engine;
	usec_t wake = USEC_MAX;
	enum status st = ST_OK;
	struct claim c;

	for (int n = 0; t->credit > 0 && n < GIVE_MAX && helper_has_room(s->h);) {
		if ((st = take_claim(s, t, &c, &wake, err)) == ST_OK) {
			take_give(s, t, &c);
			n++;
			continue;
		}
		if (st != ST_NONE)
			return st;
		if (l->armed) {
			helper_idle(s->h, t);
			take_sleep(l, wake);
			return ST_OK;
		}
		if ((st = waiter_arm(l->waiter, err)) != ST_OK)
			return st;
		l->armed = true;
	}
	return ST_OK;
}

/* Whether there is a reason to look. */
static bool
take_awake(struct look *l)
{
	struct pollfd p = { .fd = waiter_fd(l->waiter), .events = POLLIN };

	if (l->asleep && clock_mono() < l->wake && poll(&p, 1, 0) <= 0)
		return false;
	if (l->asleep) {
		waiter_drain(l->waiter);
		l->asleep = l->armed = false;
	}
	return true;
}

void
take_work(struct helper *h)
{
	struct store *s = helper_data(h);
	struct taking *next;

	for (struct taking *t = helper_takings(h); t != NULL; t = next) {
		struct look *l = t->engine;
		struct error err = { 0 };
		next = t->next;
		if (t->credit <= 0 || !take_awake(l))
			continue;
		if (queue_reload(l->q, &err) != ST_OK || take_look(s, t, &err) != ST_OK)
			take_end(s, t, &err);
	}
}

int
take_watch(struct helper *h, struct pollfd *p, int max, int *timeout_ms)
{
	usec_t now = clock_mono(), least = -1;
	int n = 0;

	for (struct taking *t = helper_takings(h); t != NULL; t = t->next) {
		struct look *l = t->engine;
		usec_t left = l->asleep ? l->wake - now : 0;
		if (t->credit <= 0)
			continue;
		if (l->asleep && n < max)
			p[n++] = (struct pollfd){ .fd = waiter_fd(l->waiter), .events = POLLIN };
		left = left > 0 ? left : 0;
		least = least == -1 || left < least ? left : least;
	}
	if (least != -1 && helper_has_room(h))
		*timeout_ms = (int)((least + 999) / 1000);
	return n;
}
