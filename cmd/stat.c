/*
 * stat.c: mq stat: how much is where, and how fast it moves.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

enum { JSON = OPT_LONG, PROMETHEUS };

static const struct opt opts[] = {
	{ JSON, "json", NULL, false, "one JSON object a queue" },
	{ PROMETHEUS, "prometheus", NULL, false, "the text format of Prometheus" },
	OPT_END
};

struct numbers {
	char name[QUEUE_NAME_MAX + 1];
	struct tally t;
	struct rates rates;
	int paused;
};

static const char *const paused_words[] = { "no", "pop", "push", "all" };

enum status
count_messages(struct run *r, struct queue *q, unsigned states, usec_t now, struct tally *t)
{
	struct progress progress;
	uint64_t seen = 0;
	struct scan *scan;
	struct place p;
	enum status st;

	memset(t, 0, sizeof(*t));
	t->now = now;
	progress_start(&progress, r);
	if ((st = scan_open(q, states, &scan, &r->err)) != ST_OK)
		return st;
	while ((st = scan_next(scan, &p, &r->err)) == ST_OK) {
		tally_add(t, &p);
		seen++;
		if (progress_due(&progress))
			progress_draw(&progress, "%s: %" PRIu64 " counted, %.0f/s", queue_name(q), seen,
			    progress_rate(&progress, seen));
	}
	progress_clear(&progress);
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}

static enum status
gather(struct run *r, const char *name, usec_t now, struct numbers *n)
{
	struct queue *q;
	enum status st;

	if ((st = run_open(r, name, &q)) != ST_OK)
		return st;
	(void)strlcpy(n->name, name, sizeof(n->name));
	st = count_messages(r, q, STATES_ALL, now, &n->t);
	queue_rates(q, now, &n->rates);
	n->paused = queue_policy(q)->paused;
	queue_close(q);
	return st;
}

/* Of what still has to be done something about: done/ is an archive. */
static uint64_t
bytes(const struct tally *t)
{
	uint64_t sum = 0;

	for (int s = 0; s < NSTATES; s++)
		if (s != STATE_DONE)
			sum += t->bytes[s];
	return sum;
}

static usec_t
oldest(const struct tally *t)
{
	static const enum state backlog[] = { STATE_READY, STATE_DELAYED, STATE_CLAIMED };
	usec_t at = 0;

	for (size_t i = 0; i < 3; i++)
		if (t->oldest[backlog[i]] != 0 && (at == 0 || t->oldest[backlog[i]] < at))
			at = t->oldest[backlog[i]];
	return at;
}

/* ---- a table ---------------------------------------------------------- */

static void
put_table(const struct numbers *n, size_t count, usec_t now)
{
	int width = 5;

	for (size_t i = 0; i < count; i++)
		if ((int)strlen(n[i].name) > width)
			width = (int)strlen(n[i].name);
	(void)printf("%-*s %8s %8s %8s %8s %8s %8s %8s %8s %7s %7s %7s\n", width, "QUEUE", "READY",
	    "DELAYED", "CLAIMED", "HELD", "DEAD", "DONE", "BYTES", "OLDEST", "IN/s", "OUT/s", "FAIL/s");
	for (size_t i = 0; i < count; i++) {
		char size[8], age[DURATION_MAX] = "-";
		usec_t at = oldest(&n[i].t);
		(void)printf("%-*s", width, n[i].name);
		for (int s = 0; s < NSTATES; s++)
			(void)printf(" %8" PRIu64, n[i].t.count[s]);
		(void)humanize_number(size, 5, (int64_t)bytes(&n[i].t), "", HN_AUTOSCALE,
		    HN_NOSPACE | HN_DECIMAL);
		if (at != 0)
			age_format(now - at, age);
		age[strcspn(age, " ")] = '\0';
		(void)printf(" %8s %8s %7.1f %7.1f %7.1f%s%s\n", size, age,
		    n[i].rates.rate[0][COUNT_PUSHED], n[i].rates.rate[0][COUNT_ACKED],
		    n[i].rates.rate[0][COUNT_FAILED], n[i].paused != PAUSED_NO ? " paused: " : "",
		    n[i].paused != PAUSED_NO ? paused_words[n[i].paused] : "");
	}
}

/* ---- JSON ------------------------------------------------------------- */

static void
put_rates(const struct rates *r)
{
	static const struct { const char *name; int what; } of[] = { { "in", COUNT_PUSHED },
	    { "out", COUNT_ACKED }, { "failed", COUNT_FAILED } };

	json_name(stdout, "rates", false);
	(void)fputc('{', stdout);
	for (size_t i = 0; i < 3; i++) {
		json_name(stdout, of[i].name, i == 0);
		(void)printf("[%.4f,%.4f,%.4f]", r->rate[0][of[i].what], r->rate[1][of[i].what],
		    r->rate[2][of[i].what]);
	}
	(void)fputc('}', stdout);
}

static void
put_json(const struct numbers *n)
{
	char at[TIME_MAX];

	(void)printf("{\"queue\":\"%s\"", n->name);
	for (int s = 0; s < NSTATES; s++)
		(void)printf(",\"%s\":%" PRIu64, state_names[s], n->t.count[s]);
	(void)printf(",\"bytes\":%" PRIu64, bytes(&n->t));
	if (oldest(&n->t) != 0) {
		time_format(oldest(&n->t), at);
		(void)printf(",\"oldest\":\"%s\"", at);
	} else
		(void)fputs(",\"oldest\":null", stdout);
	(void)printf(",\"paused\":\"%s\"", paused_words[n->paused]);
	put_rates(&n->rates);
	(void)fputs("}\n", stdout);
}

/* ---- Prometheus ------------------------------------------------------- */

static void
metric(const char *name, const char *type, const char *help)
{
	(void)printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_gauges(const struct numbers *n, size_t count)
{
	metric("mq_queue_messages", "gauge", "Messages in a state.");
	for (size_t i = 0; i < count; i++)
		for (int s = 0; s < NSTATES; s++)
			(void)printf("mq_queue_messages{queue=\"%s\",state=\"%s\"} %" PRIu64 "\n",
			    n[i].name, state_names[s], n[i].t.count[s]);
	metric("mq_queue_bytes", "gauge", "Bytes of the messages in a state.");
	for (size_t i = 0; i < count; i++)
		for (int s = 0; s < NSTATES; s++)
			(void)printf("mq_queue_bytes{queue=\"%s\",state=\"%s\"} %" PRIu64 "\n",
			    n[i].name, state_names[s], n[i].t.bytes[s]);
	metric("mq_queue_oldest_timestamp_seconds", "gauge",
	    "When the oldest message in a state was enqueued.");
	for (size_t i = 0; i < count; i++)
		for (int s = 0; s < NSTATES; s++)
			if (n[i].t.oldest[s] != 0)
				(void)printf("mq_queue_oldest_timestamp_seconds{queue=\"%s\",state=\"%s\"} "
				    "%.6f\n", n[i].name, state_names[s], (double)n[i].t.oldest[s] / USEC);
	metric("mq_queue_paused", "gauge", "Whether the queue refuses claims (pop) or pushes (push).");
	for (size_t i = 0; i < count; i++)
		(void)printf("mq_queue_paused{queue=\"%s\",what=\"pop\"} %d\n"
		    "mq_queue_paused{queue=\"%s\",what=\"push\"} %d\n", n[i].name,
		    (n[i].paused & PAUSED_POP) != 0, n[i].name, (n[i].paused & PAUSED_PUSH) != 0);
}

static void
put_prometheus(const struct numbers *n, size_t count)
{
	put_gauges(n, count);
	for (int k = 0; k < NCOUNTS; k++) {
		char name[64], help[100];
		(void)snprintf(name, sizeof(name), "mq_messages_%s_total", count_names[k]);
		(void)snprintf(help, sizeof(help), "Messages %s since the queue's counters were made.",
		    count_names[k]);
		metric(name, "counter", help);
		for (size_t i = 0; i < count; i++)
			(void)printf("%s{queue=\"%s\"} %" PRIu64 "\n", name, n[i].name,
			    n[i].rates.total[k]);
	}
	metric("mq_build_info", "gauge", "Version of mq; always 1.");
	(void)printf("mq_build_info{version=\"%s\"} 1\n", MQ_VERSION);
}

/* ---- running ---------------------------------------------------------- */

static enum status
all_queues(struct run *r, usec_t now, struct numbers **out, size_t *count)
{
	enum status st, worst = ST_OK;
	struct names names;

	if ((st = run_spool(r, false)) != ST_OK ||
	    (st = spool_queues(r->spool, &names, &r->err)) != ST_OK)
		return st;
	if ((*out = calloc(names.n + 1, sizeof(**out))) == NULL) {
		names_free(&names);
		return error_sys(&r->err, ENOMEM, "stat");
	}
	for (size_t i = 0; i < names.n; i++) {
		enum status one = gather(r, names.name[i], now, &(*out)[*count]);
		if (one == ST_OK)
			++*count;
		else if (one == ST_NOTFOUND)	/* removed meanwhile */
			error_clear(&r->err);
		else	/* no reason to be silent about the others */
			run_trouble(r, one, &worst);
	}
	names_free(&names);
	return worst;
}

static enum status
one_queue(struct run *r, usec_t now, struct numbers **out, size_t *count)
{
	struct queue *q;
	enum status st;

	/* Opened twice: once for its error's sake. */
	if ((st = run_queue(r, r->operand[0], &q)) != ST_OK)
		return st;
	queue_close(q);
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return error_sys(&r->err, ENOMEM, "stat");
	*count = 1;
	return gather(r, r->operand[0], now, *out);
}

static enum status
run_stat(struct run *r)
{
	struct numbers *n = NULL;
	bool json = false, prometheus = false;
	usec_t now = clock_now();
	size_t count = 0;
	const char *arg;
	enum status st;
	int key;

	while ((key = run_option(r, &arg)) != 0) {
		json |= key == JSON;
		prometheus |= key == PROMETHEUS;
	}
	if (json && prometheus)
		return run_usage(r, "--json and --prometheus don't go together");
	if ((st = run_operands(r, 0, 1)) == ST_OK)
		st = r->noperands == 1 ? one_queue(r, now, &n, &count) : all_queues(r, now, &n, &count);
	if ((st == ST_OK || r->told) && prometheus)
		put_prometheus(n, count);
	else if ((st == ST_OK || r->told) && json)
		for (size_t i = 0; i < count; i++)
			put_json(&n[i]);
	else if (st == ST_OK || r->told)
		put_table(n, count, now);
	free(n);
	return st;
}

const struct cmd cmd_stat = {
	.name = "stat",
	.operands = "[QUEUE]",
	.summary = "count messages by state, with sizes, ages and rates",
	.opts = opts,
	.run = run_stat,
	.looks = true,
};
