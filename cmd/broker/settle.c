/*
 * settle.c: mq ack, nack and extend on an engine.
 */
#include <inttypes.h>
#include <string.h>

#include "shared/cmd.h"
#include "broker/broker.h"

struct settling {
	struct broker *b;
	struct policy policy;
	usec_t delay;		/* of nack; -1: the back-off of the policy */
	const char *reason;
	bool dead, no_count;
	usec_t lease;		/* of extend */
	enum status away;	/* the engine could not be opened: each handle fails alike */
	struct error why;
	/* Whether the engine can do what was asked for; asked when it is open. */
	enum status (*fits)(struct settling *s);
};

/* ---- the engine ------------------------------------------------------------- */

static enum status
settle_open(struct settling *s, struct error *err)
{
	struct broker *b = s->b;

	if (b->e != NULL)
		return ST_OK;
	if (s->away == ST_OK) {
		s->away = broker_open(b, &(struct engine_options){ .lease = s->policy.lease });
		if (s->away == ST_OK && s->fits != NULL)
			s->away = s->fits(s);
		s->why = b->r->err;
		error_clear(&b->r->err);
	}
	if (s->away != ST_OK)
		*err = s->why;
	return s->away;
}

/* The answer to what was asked.  If the engine was lost, it is opened anew for the next handle. */
static enum status
settle_answer(struct settling *s, struct event_of_engine *ev, struct error *err)
{
	struct broker *b = s->b;
	enum status st = engine_answer(b->e, ev, err);

	if (st == ST_UNSURE) {
		engine_close(b->e);
		b->e = NULL;
	}
	return st;
}

static enum status
settle_begin(struct settling *s, const char *handle, int64_t *attempts, const char **token,
    struct error *err)
{
	enum status st = broker_handle_parse(s->b, handle, attempts, token, err);

	return st == ST_OK ? settle_open(s, err) : st;
}

/* As claims have to be ended whatever mq.conf says, what can be read of it counts. */
static enum status
settle_policy(struct settling *s)
{
	struct run *r = s->b->r;
	struct error why = { 0 };
	enum status st;

	if ((st = run_settings(r, false)) != ST_OK)
		return st;
	conf_policy_lenient(&r->files, r->operand[0], -1, &s->policy, &why);
	if (why.status != ST_OK)
		run_note(r, "%s", why.text);
	return broker_queue(s->b);
}

/* ---- ack -------------------------------------------------------------------- */

static enum status
settle_ack(void *arg, const char *handle, struct error *err)
{
	struct settling *s = arg;
	struct event_of_engine ev;
	const char *token;
	int64_t attempts;
	enum status st;

	if ((st = settle_begin(s, handle, &attempts, &token, err)) != ST_OK)
		return st;
	engine_ack(s->b->e, token, NULL);
	return settle_answer(s, &ev, err);
}

enum status
broker_ack(struct broker *b)
{
	struct settling s = { .b = b };
	enum status st;

	if ((st = run_operands(b->r, 2, -1)) != ST_OK || (st = settle_policy(&s)) != ST_OK)
		return st;
	return run_each(b->r, 1, settle_ack, &s);
}

/* ---- nack ------------------------------------------------------------------- */

static enum status
nack_option(struct settling *s, const char *name, const char *arg)
{
	if (strcmp(name, "delay") == 0)
		return arg_duration(s->b->r, "--delay", arg, &s->delay);
	if (strcmp(name, "reason") == 0)
		s->reason = arg;
	else if (strcmp(name, "dead") == 0)
		s->dead = true;
	else
		s->no_count = true;
	return ST_OK;
}

/* Whether a failed attempt can be what the policy says that it is. */
static enum status
nack_counts(struct settling *s)
{
	struct broker *b = s->b;

	if (s->policy.attempts > 1 && !engine_can(b->e, "attempts") &&
	    !engine_can(b->e, "deliveries"))
		return refuse_cannot(b, "it cannot count the attempts of a message", "nack --dead "
		    "or --no-count, or relay the messages to a local queue");
	if (s->policy.attempts > 1 && s->delay == -1 && policy_backoff(&s->policy, 1) > 0 &&
	    !engine_can(b->e, "nack-delay"))
		return refuse_cannot(b, "it cannot delay a message that failed", "nack --delay 0, "
		    "or 'backoff = 0s' in mq.conf");
	return ST_OK;
}

static enum status
nack_fits(struct settling *s)
{
	struct broker *b = s->b;
	int64_t most = engine_cap_number(b->e, "nack-delay", 0);
	enum status st = ST_OK;

	if (s->dead && (st = refuse_unless(b, "dead")) != ST_OK)
		return st;
	if (s->delay > 0 && (st = refuse_unless(b, "nack-delay")) != ST_OK)
		return st;
	if (!s->dead && !s->no_count && (st = nack_counts(s)) != ST_OK)
		return st;
	if (most > 0 && s->delay > most * 1000)
		return error_set(&b->r->err, ST_USAGE, 0,
		    "%s: a message can be given back for %" PRId64 " s at most; relay it to a "
		    "local queue for more", engine_name(b->e), most / 1000);
	return ST_OK;
}

/* The delay that was asked for, or that of the policy, as far as the engine can do it. */
static usec_t
nack_delay(const struct settling *s, int64_t attempts)
{
	const struct engine *e = s->b->e;
	int64_t most = engine_cap_number(e, "nack-delay", 0) * 1000;
	usec_t d = s->delay;

	if (!engine_can(e, "nack-delay"))
		return 0;
	if (d == -1 && s->no_count)
		return 0;
	if (d == -1)
		d = policy_jitter(&s->policy, policy_backoff(&s->policy, (int)attempts));
	return most > 0 && d > most ? most : d;
}

static enum status
settle_nack(void *arg, const char *handle, struct error *err)
{
	struct settling *s = arg;
	struct event_of_engine ev;
	const char *token, *text = s->reason != NULL ? s->reason : "nack";
	int64_t attempts;
	enum status st;
	bool last;

	if ((st = settle_begin(s, handle, &attempts, &token, err)) != ST_OK)
		return st;
	attempts++;
	last = s->dead || (!s->no_count && attempts >= s->policy.attempts);
	if (last && !engine_can(s->b->e, "dead"))
		return error_set(err, ST_USAGE, 0,
		    "%s: this was attempt %" PRId64 " of %" PRId64 ", and it has no place for "
		    "dead letters; nack --no-count, or ack", engine_name(s->b->e), attempts,
		    s->policy.attempts);
	if (last)
		engine_dead(s->b->e, token, attempts, text, NULL);
	else
		engine_nack(s->b->e, token, nack_delay(s, attempts), s->no_count ? -1 : attempts,
		    text, NULL);
	if ((st = settle_answer(s, &ev, err)) == ST_OK)
		run_verbose(s->b->r, last ? "it is a dead letter now" : "it was given back");
	return st;
}

enum status
broker_nack(struct broker *b)
{
	struct settling s = { .b = b, .delay = -1, .fits = nack_fits };
	enum status st = ST_OK;
	const char *name, *arg;

	while (st == ST_OK && (name = broker_option(b->r, &arg)) != NULL)
		st = nack_option(&s, name, arg);
	if (st == ST_OK && s.dead && (s.no_count || s.delay >= 0))
		return run_usage(b->r, "--dead goes neither with --no-count nor with --delay");
	if (st != ST_OK || (st = run_operands(b->r, 2, -1)) != ST_OK ||
	    (st = settle_policy(&s)) != ST_OK)
		return st;
	return run_each(b->r, 1, settle_nack, &s);
}

/* ---- extend ----------------------------------------------------------------- */

static enum status
extend_fits(struct settling *s)
{
	struct broker *b = s->b;
	int64_t most = engine_cap_number(b->e, "extend", 0) * 1000;
	enum status st = refuse_unless(b, "extend");

	if (st != ST_OK)
		return st;
	if (s->lease == 0)
		s->lease = most > 0 && s->policy.lease > most ? most : s->policy.lease;
	if (most > 0 && s->lease > most)
		return error_set(&b->r->err, ST_USAGE, 0,
		    "%s: a lease can be extended by %" PRId64 " s at most; extend it again "
		    "before that is over", engine_name(b->e), (int64_t)(most / USEC));
	return ST_OK;
}

/* The token may be another one from now on, so the handle is printed in any case. */
static enum status
settle_extend(void *arg, const char *handle, struct error *err)
{
	struct settling *s = arg;
	struct event_of_engine ev;
	char text[BROKER_HANDLE_MAX];
	const char *token;
	int64_t attempts;
	enum status st;

	if ((st = settle_begin(s, handle, &attempts, &token, err)) != ST_OK)
		return st;
	engine_extend(s->b->e, token, s->lease, NULL);
	if ((st = settle_answer(s, &ev, err)) != ST_OK)
		return st;
	broker_handle_print(s->b, attempts, ev.frame.n > 2 ? ev.frame.word[2] : token, text);
	if (!s->b->r->quiet)
		(void)printf("%s\n", text);
	return ST_OK;
}

enum status
broker_extend(struct broker *b)
{
	struct settling s = { .b = b, .fits = extend_fits };
	struct run *r = b->r;
	enum status st;

	if ((st = run_operands(r, 2, 3)) != ST_OK)
		return st;
	if (r->noperands == 3) {
		if ((st = arg_duration(r, "DUR", r->operand[2], &s.lease)) != ST_OK)
			return st;
		if (s.lease == 0)
			return run_usage(r, "a lease of no length is none: nack gives the message "
			    "back");
		r->noperands = 2;	/* the rest is the handle, or "-" for many */
	}
	if ((st = settle_policy(&s)) != ST_OK)
		return st;
	return run_each(r, 1, settle_extend, &s);
}
