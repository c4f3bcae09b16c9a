/*
 * topics.c: mq topics: show who subscribes to what, and distribute messages that still wait.
 */
#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "topic/topic.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/distribute.h"

enum { JSON = OPT_LONG };

static const struct opt opts[] = {
	{ JSON, "json", NULL, false, "one JSON object a line" },
	OPT_END
};

static void
print_json(const char *topic, const char *queue, const struct names *filters)
{
	(void)fputs("{\"topic\":", stdout);
	json_quoted(stdout, topic, strlen(topic));
	(void)fputs(",\"queue\":", stdout);
	if (queue == NULL)
		(void)fputs("null", stdout);
	else
		json_quoted(stdout, queue, strlen(queue));
	(void)fputs(",\"filters\":[", stdout);
	for (size_t i = 0; i < filters->n; i++) {
		if (i > 0)
			(void)fputc(',', stdout);
		json_quoted(stdout, filters->name[i], strlen(filters->name[i]));
	}
	(void)fputs("]}\n", stdout);
}

/* Print one subscription.  If 'queue' is NULL, the topic has no subscribers. */
static void
print_line(const char *topic, const char *queue, const struct names *filters)
{
	(void)printf("%s %s", topic, queue != NULL ? queue : "-");
	for (size_t i = 0; i < filters->n; i++) {
		(void)fputc(' ', stdout);
		out_vis(stdout, filters->name[i], strlen(filters->name[i]));
	}
	(void)fputc('\n', stdout);
}

static enum status
print_topic(struct run *r, struct queue *topic, bool json, enum status *worst)
{
	void (*print)(const char *, const char *, const struct names *) =
	    json ? print_json : print_line;
	struct names subs, filters = { 0 };
	enum status st;

	if ((st = subscriptions_list(topic, &subs, &r->err)) != ST_OK)
		return st;
	if (subs.n == 0)
		print(queue_name(topic), NULL, &filters);
	for (size_t i = 0; i < subs.n; i++) {
		st = subscription_filters(topic, subs.name[i], &filters, &r->err);
		if (st == ST_OK)
			print(queue_name(topic), subs.name[i], &filters);
		else if (st != ST_NOTFOUND)	/* otherwise, the subscription ended just now */
			run_trouble(r, st, worst);
		names_free(&filters);
	}
	names_free(&subs);
	return ST_OK;
}

static enum status
topics_one(struct run *r, const char *name, bool json, bool asked, enum status *worst)
{
	struct queue *q = NULL;
	enum status st = run_queue(r, name, &q);

	/* A spool may hold queues of other users.  This user has no part in them. */
	if (st == ST_DENIED && !asked) {
		run_verbose(r, "%s: passed over", r->err.text);
		return ST_OK;
	}
	if (st == ST_OK && queue_is_topic(q)) {
		if ((st = run_redistribute(r, q)) == ST_OK)
			st = print_topic(r, q, json, worst);
	} else if (st == ST_OK && asked)
		st = error_set(&r->err, ST_NOTFOUND, 0,
		    "queue '%s' is no topic: mq subscribe %s QUEUE makes it one", name, name);
	queue_close(q);
	r->queue[0] = '\0';
	return st;
}

static enum status
run_topics(struct run *r)
{
	enum status st, worst = ST_OK;
	struct names names;
	bool json = false;
	const char *arg;

	while (run_option(r, &arg) != 0)
		json = true;
	if ((st = run_operands(r, 0, 1)) != ST_OK)
		return st;
	if (r->noperands == 1)
		return (st = topics_one(r, r->operand[0], json, true, &worst)) != ST_OK ? st :
		    worst;
	if ((st = run_spool(r, false)) != ST_OK ||
	    (st = spool_list(r->spool, SPOOL_QUEUE, &names, &r->err)) != ST_OK)
		return st;
	for (size_t i = 0; i < names.n; i++)
		if ((st = topics_one(r, names.name[i], json, false, &worst)) != ST_OK &&
		    st != ST_NOTFOUND)
			run_trouble(r, st, &worst);
		else
			error_clear(&r->err);	/* the queue was removed just now */
	names_free(&names);
	return worst;
}

const struct cmd cmd_topics = {
	.name = "topics",
	.operands = "[TOPIC]",
	.summary = "show topics and who subscribes to them",
	.opts = opts,
	.run = run_topics,
	.pipe = PIPE_ENDS,
};
