/*
 * suits.c: whether an engine can do what a worker needs, and what its policy asks for.
 *
 * What would be done in another way than it was asked for is refused at the start.
 */
#include "base/base.h"
#include "worker/link.h"
#include "worker/sources.h"
#include "worker/work.h"

enum status
suits_policy(const struct source *s, struct error *err)
{
	static const char *const keys[] = { "rate", "max_in_flight", "single" };
	const struct policy *p = s->policy;
	const bool set[] = { p->rate > 0, p->max_in_flight > 0, p->single != SINGLE_NO };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (set[i])
			return error_set(err, ST_USAGE, 0,
			    "'%s' in the policy of '%s' is for all its "
			    "consumers together, which no engine can do; -j and --rate are for "
			    "this "
			    "worker",
			    keys[i], s->name);
	return ST_OK;
}

/* What each attempt of a message of this queue needs. */
static enum status
suits_retries(const struct engine *e, const struct source *s, struct error *err)
{
	const char *name = engine_name(e);

	if (s->policy->attempts > 1 && !engine_can(e, "attempts") && !engine_can(e, "deliveries"))
		return error_set(err, ST_USAGE, 0,
		    "%s cannot count the attempts of a message: set "
		    "'attempts = 1' in [queue %s] of mq.conf, or carry the messages to a local "
		    "queue by "
		    "'mq relay' and work on that",
		    name, s->name);
	if (s->policy->attempts > 1 && policy_backoff(s->policy, 1) > 0 &&
	    !engine_can(e, "nack-delay"))
		return error_set(err, ST_USAGE, 0,
		    "%s cannot delay a message that failed: set 'backoff "
		    "= 0s' in [queue %s] of mq.conf, or carry the messages to a local queue by 'mq "
		    "relay' and work on that",
		    name, s->name);
	return ST_OK;
}

/* The lease that was typed, and not that of a policy, which is cut to what is possible. */
static enum status
suits_lease(const struct engine *e, usec_t lease, struct error *err)
{
	int64_t most = engine_cap_number(e, "lease", -1);

	if (lease > 0 && most == -1)
		return error_set(err, ST_USAGE, 0,
		    "--lease: %s has none: a claim lasts as long as the "
		    "connection",
		    engine_name(e));
	if (lease > 0 && most > 0 && lease > most * 1000)
		return error_set(err, ST_USAGE, 0, "--lease: %s has leases of %lld s at most",
		    engine_name(e), (long long)most / 1000);
	return ST_OK;
}

enum status
link_suits(const struct link *l, struct error *err)
{
	const struct work *w = l->w;
	const struct engine *e = l->e;
	enum status st;

	if (!engine_can(e, "take"))
		return error_set(err, ST_USAGE, 0, "%s: no messages can be taken from it",
		    engine_name(e));
	if (!engine_can(e, "dead"))
		return error_set(err, ST_USAGE, 0,
		    "%s has no place for dead letters: carry the messages "
		    "to a local queue by 'mq relay' and work on that",
		    engine_name(e));
	if ((st = suits_lease(e, w->claim.lease, err)) != ST_OK)
		return st;
	for (const struct source *s = w->source; st == ST_OK && s < w->source + w->nsources; s++)
		st = suits_retries(e, s, err);
	return st;
}
