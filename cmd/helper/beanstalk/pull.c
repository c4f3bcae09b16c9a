/*
 * pull.c: jobs are reserved.  While there are any they are fetched one behind the other without
 * waiting; when there are none, a connection that holds nothing waits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/beanstalk/inside.h"

#define WAIT_S 1
#define AHEAD_MAX 64	/* requests that are sent ahead */
/* How long to wait before the next look if every connection holds something. */
#define PAUSE_MS 200

struct pull {
	struct beanstalk *b;
	struct taking *t;
	struct link *link;	/* which fetches, or waits */
	int64_t asked;		/* requests without an answer */
	int64_t reading;	/* jobs that were reserved, and are not mq's yet */
	bool empty;		/* the last answer was that there is nothing: wait */
	bool waiting;
	bool looked;		/* for the first time */
	usec_t pause;
};

/* ---- jobs ------------------------------------------------------------------------ */

static void
pull_give(struct beanstalk *b, struct taking *t, struct job *j)
{
	struct message m = MESSAGE_NONE;
	struct mapped map = { 0 };
	char id[80];

	m.id = "";
	m.priority = job_priority(j->pri);
	job_read(j, &map, &m);
	m.deliveries = j->reserves;
	if (m.enqueued == 0)
		m.enqueued = clock_now() - j->age * USEC;
	if (m.id[0] == '\0') {
		job_id(b, j, id);
		m.id = id;
		m.derived = true;
	}
	helper_msg(b->h, t, j->token, &m);
	map_free(&map);
}

static void
pull_released(struct beanstalk *b, struct expect *e, const struct reply *r)
{
	(void)b;
	(void)e;
	(void)r;
}

/* What the server knows of the job: now it is mq's, or goes back if mq wants no more. */
static void
pull_described(struct beanstalk *b, struct expect *e, const struct reply *r)
{
	struct job *j = e->arg;
	struct pull *p = j->pull;
	char state[20];

	p->reading--;
	/* After standing still for a while the claim may have ended before it was looked at. */
	if (r == NULL || !reply_is(r->line, "OK") ||
	    !stats_text(r->data, r->len, "state", state, sizeof(state)) ||
	    strcmp(state, "reserved") != 0) {
		settle_drop(j);
		return;
	}
	j->pri = stats_number(r->data, r->len, "pri");
	j->ttr = stats_number(r->data, r->len, "ttr");
	j->age = stats_number(r->data, r->len, "age");
	j->reserves = stats_number(r->data, r->len, "reserves");
	j->touch = clock_mono() + j->ttr * USEC / 2;
	if (p->t->stopped) {
		(void)link_send(b, j->link, "", pull_released, NULL, "release %llu %lld 0", j->id,
		    (long long)j->pri);
		settle_drop(j);
		return;
	}
	j->pull = NULL;
	pull_give(b, p->t, j);
}

static bool
pull_job(struct beanstalk *b, struct pull *p, const struct reply *r)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL || (j->data = malloc(r->len + 1)) == NULL) {
		free(j);
		tube_down(b, "out of memory");
		return false;
	}
	memcpy(j->data, r->data, r->len);
	j->len = r->len;
	j->id = strtoull(r->rest, NULL, 10);
	(void)snprintf(j->token, sizeof(j->token), "%llu-%u", j->id, ++b->claims);
	j->link = p->link;
	j->pull = p;
	j->touch = USEC_MAX;
	j->next = p->link->jobs;
	p->link->jobs = j;
	p->reading++;
	(void)link_send(b, p->link, "", pull_described, j, "stats-job %llu", j->id);
	return true;
}

/* ---- fetching ----------------------------------------------------------------------- */

static void
pull_reserved(struct beanstalk *b, struct expect *e, const struct reply *r)
{
	struct pull *p = e->arg;

	p->asked--;
	p->waiting = false;
	if (r == NULL)
		return;
	if (reply_is(r->line, "RESERVED")) {
		p->empty = false;
		(void)pull_job(b, p, r);
	} else if (reply_is(r->line, "TIMED_OUT") || reply_is(r->line, "DEADLINE_SOON")) {
		/* Jobs whose time is over soon are touched in each round. */
		p->empty = true;
		if (p->asked == 0 && p->reading == 0 && p->t->credit > 0)
			helper_idle(b->h, p->t);
	} else
		tube_down(b, r->line);
}

static int64_t
pull_wanted(const struct pull *p)
{
	return p->t->credit - p->asked - p->reading;
}

static void
pull_fetch(struct beanstalk *b, struct pull *p)
{
	while (pull_wanted(p) > 0 && p->asked < AHEAD_MAX) {
		p->asked++;
		p->looked = true;
		(void)link_send(b, p->link, "", pull_reserved, p, "reserve-with-timeout 0");
	}
}

/* A connection for this tube that holds nothing, or a new one.  False: there may not be more. */
static bool
pull_idle_link(struct beanstalk *b, struct pull *p)
{
	struct error err = { 0 };
	struct link *l;
	int n = 0, all = 0;

	if (p->link != NULL && p->link->jobs == NULL)
		return true;
	for (l = b->links; l != NULL; l = l->next) {
		all++;
		if (strcmp(l->tube, p->t->queue) != 0)
			continue;
		n++;
		if (l->jobs == NULL && l->pull == NULL)
			break;
	}
	if (l == NULL && (n >= LINKS_MAX || all >= LINKS_ALL))
		return false;
	if (l == NULL && (l = link_new(b, p->t->queue, &err)) == NULL) {
		tube_down(b, err.text);
		return false;
	}
	if (p->link != NULL)
		p->link->pull = NULL;
	p->link = l;
	l->pull = p;
	return true;
}

static void
pull_wait(struct beanstalk *b, struct pull *p, usec_t now)
{
	struct expect *e;

	if (!pull_idle_link(b, p)) {
		p->pause = now + PAUSE_MS * 1000;
		p->empty = false;
		return;
	}
	p->asked++;
	p->waiting = true;
	e = link_send(b, p->link, "", pull_reserved, p, "reserve-with-timeout %d", WAIT_S);
	if (e != NULL)
		e->deadline += WAIT_S * USEC;
}

/* ---- begin and end ------------------------------------------------------------------ */

static void
pull_begin(struct beanstalk *b, struct taking *t)
{
	struct pull *p;

	if (t->keep)
		helper_ended(b->h, t, CLASS_CANNOT, "a claim of beanstalkd ends with its "
		    "connection; use "
		    "'work' or 'pop', or relay to a local queue");
	else if (!tube_name_ok(b, NULL, t->queue))
		helper_ended(b->h, t, CLASS_CANNOT, "a tube cannot be called '%.100s'", t->queue);
	else if ((p = calloc(1, sizeof(*p))) == NULL)
		helper_ended(b->h, t, CLASS_AGAIN, "out of memory");
	else {
		p->b = b;
		p->t = t;
		t->engine = p;
	}
}

void
pull_take(struct helper *h, struct taking *t)
{
	if (t->engine == NULL && t->stopped)
		helper_stopped(h, t);
	else if (t->engine == NULL)
		pull_begin(helper_data(h), t);
}

void
pull_forget(struct helper *h, struct taking *t)
{
	(void)h;
	free(t->engine);
}

/* A connection that waits is closed, since it holds nothing and would keep others waiting. */
static void
pull_stop(struct beanstalk *b, struct pull *p)
{
	struct link *l = p->link;

	if (p->waiting) {
		p->link = NULL;
		link_free(b, l);
	}
	if (p->asked > 0 || p->reading > 0)
		return;
	if (p->link != NULL)
		p->link->pull = NULL;
	helper_stopped(b->h, p->t);
}

static void
pull_step(struct beanstalk *b, struct pull *p, usec_t now, usec_t *wake)
{
	if (p->t->stopped) {
		pull_stop(b, p);
		return;
	}
	if (pull_wanted(p) <= 0 || p->waiting)
		return;
	if (now < p->pause)
		wake_at(wake, p->pause);
	else if (p->link == NULL && !pull_idle_link(b, p))
		p->pause = now + PAUSE_MS * 1000;
	else if (!p->empty || !p->looked)
		pull_fetch(b, p);
	else if (p->asked == 0 && p->reading == 0)
		pull_wait(b, p, now);
}

void
pull_go_on(struct beanstalk *b, usec_t now, usec_t *wake)
{
	struct taking *t, *next;

	for (t = helper_takings(b->h); t != NULL && !helper_is_down(b->h); t = next) {
		next = t->next;
		if (t->engine != NULL)
			pull_step(b, t->engine, now, wake);
	}
}
