/*
 * table.c: mq engine: what engines there are, and what one of them can do, in words.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cmd.h"
#include "shared/out.h"
#include "engine/start.h"
#include "broker/broker.h"

void
table_engines(void)
{
	char address[40], path[PATH_MAX], helper[48];

	(void)printf("%-13s %-24s %-20s %s\n", "ADDRESS", "ENGINE", "HELPER", "INSTALLED");
	for (const struct scheme *s = schemes; s->scheme != NULL; s++) {
		(void)snprintf(address, sizeof(address), "%s://", s->scheme);
		(void)snprintf(helper, sizeof(helper), "mq-engine-%s", s->helper);
		(void)printf("%-13s %-24s %-20s %s\n", address, s->engine, helper,
		    process_find(helper, path) ? "yes" : "no");
	}
}

/* ---- lines --------------------------------------------------------------------- */

static void
table_line(const char *what, const char *text)
{
	(void)printf("%-17s ", what);
	out_vis(stdout, text, strlen(text));
	(void)fputc('\n', stdout);
}

/* "yes, WHAT UP TO", or "no". */
static void
table_span(struct broker *b, const char *what, const char *cap, usec_t unit, const char *up_to,
    const char *always)
{
	int64_t n = engine_cap_number(b->e, cap, 0);
	char text[200], span[DURATION_MAX];

	if (!engine_can(b->e, cap)) {
		table_line(what, "no");
		return;
	}
	duration_format(n * unit, span);
	(void)snprintf(text, sizeof(text), n > 0 ? "yes, %s %s" : "yes%s%s", n > 0 ? up_to : ", ",
	    n > 0 ? span : always);
	table_line(what, text);
}

static void
table_yes(struct broker *b, const char *what, const char *cap, const char *yes, const char *no)
{
	table_line(what, engine_can(b->e, cap) ? yes : no);
}

static void
table_size(const char *what, const char *before, int64_t n, const char *behind)
{
	char text[200], size[8];

	(void)humanize_number(size, 6, n, "", HN_AUTOSCALE, HN_NOSPACE | HN_DECIMAL);
	(void)snprintf(text, sizeof(text), "%s%" PRId64 " bytes (%s)%s", before, n, size, behind);
	table_line(what, text);
}

/* ---- parts --------------------------------------------------------------------- */

static void
table_promises(struct broker *b)
{
	const char *durable = engine_cap(b->e, "durable");
	int64_t kept = engine_cap_number(b->e, "retention", 0);
	char text[200], span[DURATION_MAX];

	table_line("durable", durable == NULL || strcmp(durable, "unknown") == 0 ?
	    "nobody can tell whether what was confirmed survives a power failure" :
	    strcmp(durable, "yes") == 0 ? "yes: what was confirmed survives a power failure" :
	    "no: what was confirmed may be lost in a power failure");
	if (kept > 0) {
		duration_format(kept * USEC, span);
		(void)snprintf(text, sizeof(text), "%s: what nobody took for so long is deleted "
		    "by the engine", span);
		table_line("kept", text);
	} else
		table_line("kept", "until somebody takes it");
}

static void
table_limits(struct broker *b)
{
	int64_t max = engine_cap_number(b->e, "max-body", 0), min = engine_cap_number(b->e,
	    "min-body", 0), n = engine_cap_number(b->e, "headers", -1);
	char text[60];

	if (max > 0)
		table_size("body", "up to ", max, min > 0 ? ", not empty" : "");
	else
		table_line("body", min > 0 ? "any but an empty one" : "any");
	(void)snprintf(text, sizeof(text), "up to %" PRId64, n);
	table_line("headers", n == -1 ? "any number" : text);
}

static void
table_push(struct broker *b)
{
	table_yes(b, "push", "push", "yes", "no");
	table_line("push --atomic", "no: one message after the other");
	table_span(b, "push -d", "delay", 1000, "up to", "however long");
	table_yes(b, "push -p", "priority", "yes", "no");
	table_yes(b, "push -x", "expiry", "yes", "no");
	table_yes(b, "push -k", "key", "yes, one message of a key at a time, in order",
	    engine_can(b->e, "order") ? "no, but messages are stored in the order of their pushes" :
	    "no");
	table_yes(b, "the same id", "dedup", "is stored once, while the engine remembers it",
	    "is stored twice; consumers find it in each message");
	if (engine_can(b->e, "transactions"))
		table_line("relay out", "stored once each, with 'transactions = yes' in mq.conf");
	table_span(b, "push --id", "once", USEC, "remembered for", "remembered for ever");
}

static void
table_take(struct broker *b)
{
	const char *token = engine_cap(b->e, "token");
	bool take = engine_can(b->e, "take"), any = token != NULL && strcmp(token, "any") == 0,
	    alone = engine_can(b->e, "partitions");

	table_line("pop", !take ? "no" : alone ? "with -w, or -n N" : "yes");
	table_yes(b, "work, relay", "take", alone ? "yes; consumers share out partitions, and not "
	    "messages" : "yes", "no");
	table_line("claim", !take || !any ? "no: a claim ends with the process that took it" :
	    "yes");
	table_yes(b, "a lost claim", "fenced", "is told (69)", "is not told: ack ends with 0");
	table_yes(b, "a lost connection", "stay", "leaves its claims: handlers of mq work go on",
	    "ends its claims: handlers of mq work are stopped");
	table_span(b, "lease", "lease", 1000, "up to", "as long as one likes");
	table_span(b, "extend", "extend", 1000, "up to", "as one likes");
	table_span(b, "nack --delay", "nack-delay", 1000, "up to", "as one likes");
	table_yes(b, "attempts", "attempts", "are kept with the message",
	    engine_can(b->e, "deliveries") ? "are the engine's deliveries" : "are not counted");
}

static void
table_look(struct broker *b)
{
	const char *list = engine_cap(b->e, "list"), *stat = engine_cap(b->e, "stat");
	char text[200];

	table_yes(b, "dead letters", "dead", "yes, with the reason", "no");
	table_line("retry", engine_can(b->e, "retry-one") ? "--all, or by id" :
	    engine_can(b->e, "retry") ? "--all" : "no");
	(void)snprintf(text, sizeof(text), "%s%s", stat != NULL ? stat : "no",
	    stat != NULL && engine_can(b->e, "approx") ? "; these are estimates" : "");
	table_line("stat", text);
	table_line("ls, peek", list != NULL ? list : "no: looking at a message would take it");
	table_yes(b, "ls", "queues", "lists the queues", "cannot list the queues");
	table_yes(b, "new queues", "make",
	    "are made by init, and by push unless mq.conf says autocreate = no",
	    "are not made by init");
}

static void
table_print(struct broker *b)
{
	const char *server = engine_cap(b->e, "server");

	table_line("address", b->address.what);
	table_line("helper", b->address.helper);
	table_line("server", server != NULL ? server : "it does not tell");
	table_promises(b);
	table_limits(b);
	table_push(b);
	table_take(b);
	table_look(b);
}

enum status
table_engine(struct run *r, const char *url)
{
	struct broker b = { .r = r };
	enum status st;

	if (!address_is(url))
		return run_usage(r, "'%s' is no address of an engine: SCHEME://... or @NAME", url);
	run_stoppable();
	if ((st = address_read(r, url, &b.address)) == ST_OK &&
	    (st = broker_open(&b, &(struct engine_options){ 0 })) == ST_OK)
		table_print(&b);
	engine_close(b.e);
	address_free(&b.address);
	return st;
}
