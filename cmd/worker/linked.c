/*
 * linked.c: the supply of a worker whose queues are those of an engine.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "shared/cmd.h"
#include "worker/link.h"
#include "worker/sources.h"
#include "worker/supply.h"
#include "worker/work.h"

/* How often the policies are read again at least. */
#define POLL (5 * USEC)

/* ---- opening --------------------------------------------------------------- */

/* The address of the engine, and what cannot be had from any. */
static enum status
linked_link(struct work *w)
{
	struct run *r = w->r;
	enum status st;

	if (w->reply)
		return run_usage(r,
		    "--reply: an answer goes to a spool: carry the messages there by 'mq "
		    "relay', and work on that");
	if (w->drain == DRAIN_ALL)
		return run_usage(r,
		    "--drain=all: nobody can tell for sure what an engine has delayed or "
		    "given to others; use --drain");
	if ((st = run_settings(r, false)) != ST_OK || (st = run_conf(r)) != ST_OK)
		return st;
	if ((w->link = calloc(1, sizeof(*w->link))) == NULL)
		return error_sys(&r->err, ENOMEM, "work");
	w->link->w = w;
	return address_read(r, run_asked_spool(), &w->link->address);
}

static enum status
linked_name(struct run *r, const char *name)
{
	for (const char *p = name; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p) || *p == ' ')
			return run_usage(r, "'%s' is not a queue name: it has blanks or control "
			    "characters", name);
	if (name[0] == '\0' || strlen(name) > QUEUE_NAME_MAX)
		return run_usage(r,
		    "'%s': the name of a queue has 1 to %d characters; 'queue = PATTERN "
		    "TARGET' in [engine NAME] of mq.conf gives it a short one",
		    name, QUEUE_NAME_MAX);
	return ST_OK;
}

static enum status
linked_source_open(struct work *w, struct source *s, const char *name)
{
	struct run *r = w->r;
	enum status st;

	if (w->link == NULL && (st = linked_link(w)) != ST_OK)
		return st;
	if ((st = linked_name(r, name)) != ST_OK)
		return st;
	if ((s->intake = calloc(1, sizeof(*s->intake))) == NULL)
		return error_sys(&r->err, ENOMEM, "work");
	s->intake->last = &s->intake->first;
	s->policy = &s->intake->policy;
	s->link = w->link;
	if ((st = address_target(r, &w->link->address, name, s->intake->target)) != ST_OK)
		return st;
	for (const struct source *o = w->source; o < s; o++)
		if (strcmp(o->intake->target, s->intake->target) == 0)
			return run_usage(
			    r, "'%s' and '%s' are one queue of the engine", o->name, name);
	return conf_policy(&r->files, name, -1, &s->intake->policy, &r->err);
}

static void
linked_source_close(struct source *s)
{
	free(s->intake);
}

static enum status
linked_command(struct source *s, const char **text, struct error *err)
{
	return policy_handler(&s->intake->policy, s->name, text, err);
}

static enum status
linked_start(struct work *w, struct error *err)
{
	enum status st = ST_OK;

	for (struct source *s = w->source; st == ST_OK && s < w->source + w->nsources; s++) {
		if (s->stride > 0)
			return error_set(err, ST_USAGE, 0,
			    "no weights for the queues of an engine, which "
			    "sends what it has: let a worker of its own work on '%s'",
			    s->name);
		st = suits_policy(s, err);
	}
	deadline_init(&w->deadlines, &w->link->due, DUE_SUPPLY, NULL);
	/* A batch takes what comes in a moment, as messages come one by one. */
	if (w->mode == MODE_BATCH && w->batch_wait == 0)
		w->batch_wait = USEC / 10;
	return st;
}

static void
linked_finish(struct work *w)
{
	if (w->link == NULL)
		return;
	link_finish(w->link);
	while (w->link->parcels != NULL)
		parcel_forget(w->link, w->link->parcels);
	address_free(&w->link->address);
	free(w->link);
	w->link = NULL;
}

/* ---- the policy ------------------------------------------------------------ */

static enum status
linked_refresh(struct source *s, struct error *err)
{
	struct intake *k = s->intake;
	struct policy p;

	(void)err;
	error_clear(&k->trouble);
	if (conf_policy(&s->link->w->r->files, s->name, -1, &p, &k->trouble) == ST_OK)
		k->policy = p;
	return ST_OK;
}

static void
linked_news(struct work *w, struct source *s)
{
	struct intake *k = s->intake;

	if (k->told == (k->trouble.status != ST_OK))
		return;
	k->told = !k->told;
	if (k->told)
		run_note(
		    w->r, "queue %s: %s; the last good policy holds", s->name, k->trouble.text);
	else
		run_note(w->r, "queue %s: the policy can be read again", s->name);
}

/* ---- looking for messages -------------------------------------------------- */

static nfds_t
linked_watch(struct work *w, struct pollfd *p, bool room)
{
	(void)room;
	return link_watch(w->link, p);
}

static void
linked_heard(struct work *w, const struct pollfd *p)
{
	(void)p;
	link_hear(w->link);
}

static void
linked_hear(struct work *w)
{
	link_hear(w->link);
}

static enum status
linked_turn(struct work *w, struct error *err)
{
	enum status st = link_turn(w->link, err);

	settling_turn(w->link);
	intake_turn(w->link);
	return st;
}

static enum status
linked_arm(struct source *s, struct error *err)
{
	(void)s;
	(void)err;
	return ST_OK;
}

static usec_t
linked_interval(const struct source *s)
{
	(void)s;
	return POLL;
}

static enum status
linked_claim(struct work *w, struct source *s, struct claim *c, usec_t *wake, struct passed *over,
    struct error *err)
{
	*wake = USEC_MAX;
	return intake_next(w->link, s, c, over, err);
}

static enum status
linked_drained(struct work *w, struct source *s, bool *yes, struct error *err)
{
	*yes = w->link->ready && intake_drained(w->link, s);
	if (w->link->away[0] == '\0')
		return ST_OK;
	return error_set(err, ST_AGAIN, 0, "%s", w->link->away);
}

static uint64_t
linked_ready(struct source *s)
{
	(void)s;
	return 0;
}

const struct supply supply_engine = { .open = linked_source_open, .close = linked_source_close,
	.command = linked_command, .start = linked_start, .finish = linked_finish,
	.refresh = linked_refresh, .news = linked_news, .watch = linked_watch,
	.heard = linked_heard, .hear = linked_hear, .turn = linked_turn, .arm = linked_arm,
	.poll = linked_interval, .next = linked_claim, .drained = linked_drained,
	.ready = linked_ready, .ack = hold_ack, .fail = hold_fail, .release = hold_release,
	.extend = hold_extend, .body = hold_body, .json = hold_json,
	.hurry = hold_hurry };
