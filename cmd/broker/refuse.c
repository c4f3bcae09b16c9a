/*
 * refuse.c: what cannot be had from an engine: why, and what to do instead.
 */
#include <string.h>

#include "shared/cmd.h"
#include "broker/broker.h"

#define RELAY "'mq relay' brings the messages into a local queue, and there it can be done"

/* ---- verbs -------------------------------------------------------------- */

struct refusal { const char *name, *why; };

static const struct refusal refused_verbs[] = {
	{ "config", "an engine has no queue.conf: [queue NAME] of mq.conf says lease, attempts and "
	    "backoff" },
	{ "relay", "-s is the spool of the local queue, and the engine is one of the operands: mq "
	    "relay QUEUE URL/QUEUE" },
	{ "show", "'mq peek -i' shows messages, where the engine can" },
	{ "top", "'mq stat' tells what the engine knows" },
	{ "check", "'mq stat --json' tells what the engine knows, and 'mq engine --check' whether "
	    "it can be used" },
	{ "import", "import into a local queue, and 'mq relay' brings the messages to the engine" },
	{ "watch", "an engine tells no events; 'mq stat' tells what it knows, and 'mq work' and "
	    "'mq pop -w' wait for messages" },
	{ "wait", "an engine tells no events; 'mq stat' tells what it knows, and 'mq work' and "
	    "'mq pop -w' wait for messages" },
	{ "request",
	    "an answer has to come back here: request from a local queue, and relay that" },
	{ "reply", "an answer has to go back: the request's queue is a local one" },
	{ "subscribe", "an engine distributes by means of its own" },
	{ "unsubscribe", "an engine distributes by means of its own" },
	{ "topics", "an engine distributes by means of its own" },
	{ "pause", "an engine is paused by its own tools" },
	{ "resume", "an engine is paused by its own tools" },
	{ "fsck", "an engine's files are its own affair; 'mq engine --check' tries to reach it" },
	{ NULL, NULL }
};

enum status
refuse_verb(struct run *r)
{
	const struct refusal *f = refused_verbs;

	while (f->name != NULL && strcmp(f->name, r->cmd->name) != 0)
		f++;
	return error_set(&r->err, ST_USAGE, 0, "not on an engine: %s", f->name != NULL ? f->why :
	    RELAY);
}

/* ---- options -------------------------------------------------------------- */

static const struct refusal refused_options[] = {
	{ "atomic", "an engine stores one message after the other; push to a local queue, and "
	    "relay that" },
	{ "chunks", "this is for an mq on another host" },
	{ "cloudevents", "--json tells all; " RELAY },
	{ "sort", "pipe it through sort(1)" },
	{ "prometheus", "engines have exporters of their own; 'mq stat --relays' and --prometheus "
	    "of a local spool tell of relays" },
	{ "textfile", "engines have exporters of their own" },
	{ "rates", "an engine's monitoring tells rates" },
	{ "ages", "an engine does not tell how old all its messages are" },
	{ "relays", "relays belong to the local spool: leave out -s" },
	{ "rate", "an engine retries all at once" },
	{ "keep-attempts", "an engine begins to count anew" },
	{ "to-origin", "an engine's dead letters came from this queue" },
	{ "dry-run", "'mq dead' lists them" },
	{ "force", "an engine protects its claims" },
	{ NULL, NULL }
};

enum status
refuse_option(struct run *r, const char *option)
{
	const struct refusal *f = refused_options;

	while (f->name != NULL && (option == NULL || strcmp(f->name, option) != 0))
		f++;
	return error_set(&r->err, ST_USAGE, 0, "--%s: not on an engine: %s", option != NULL ?
	    option : "?", f->name != NULL ? f->why :
	    "it cannot select messages; 'mq ls --json' lists them for jq(1), and " RELAY);
}

/* ---- capabilities --------------------------------------------------------- */

static const struct { const char *name, *why, *instead; } refused_caps[] = {
	{ "push", "nothing can be pushed", "another queue, or another engine" },
	{ "take", "nothing can be taken", "another queue, or another engine" },
	{ "delay", "a message cannot be delayed", "push it to a local queue with -d, and relay "
	    "that" },
	{ "priority", "its messages have no priority", "push them to a local queue with -p, and "
	    "relay that" },
	{ "expiry", "its messages do not expire", "push them to a local queue with -x, and relay "
	    "that" },
	{ "key", "it does not hold back messages of one key", "push them to a local queue with "
	    "-k, and relay the messages into another one" },
	{ "once", "it does not know an --id again", "relay, whose receiving side does" },
	{ "extend", "a claim lasts as long as its lease or its connection", "claim with a longer "
	    "--lease" },
	{ "dead", "it has no place for dead letters", "nack without --dead, or relay the messages "
	    "to a local queue" },
	{ "nack-delay", "what is given back comes again at once", "nack without --delay" },
	{ "make", "it has no way to make a queue", "the engine's own tools do that" },
	{ "queues", "its queues cannot be listed",
	    "name the QUEUE, or ask the engine's own tools" },
	{ "stat", "it tells no numbers", "ask the engine's own tools" },
	{ "list", "a message cannot be looked at without being taken", "'mq relay' to a local "
	    "queue, or 'mq stat'" },
	{ "retry", "its dead letters cannot be made ready", "relay them to a local queue" },
	{ "retry-one", "its dead letters cannot be made ready one by one", "mq retry QUEUE --all" },
	{ NULL, NULL, NULL }
};

enum status
refuse_cannot(struct broker *b, const char *why, const char *instead)
{
	return error_set(&b->r->err, ST_USAGE, 0, "%s: %s; %s", engine_name(b->e), why, instead);
}

enum status
refuse_unless(struct broker *b, const char *capability)
{
	if (engine_can(b->e, capability))
		return ST_OK;
	for (size_t i = 0; refused_caps[i].name != NULL; i++)
		if (strcmp(refused_caps[i].name, capability) == 0)
			return refuse_cannot(b, refused_caps[i].why, refused_caps[i].instead);
	return refuse_cannot(b, capability, "see mq engine");
}
