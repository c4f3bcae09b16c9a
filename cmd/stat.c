/*
 * stat.c: mq stat: how many messages are where, how old they are, and how fast they move.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/name.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/progress.h"
#include "shared/figures.h"
#include "shared/relays.h"

enum { JSON = OPT_LONG, PROMETHEUS, TEXTFILE, RATES, AGES, RELAYS };

static const struct opt opts[] = {
	{ JSON, "json", NULL, false, "one JSON object a queue" },
	{ PROMETHEUS, "prometheus", NULL, false, "the text format of Prometheus" },
	{ TEXTFILE, "textfile", "FILE", false, "replace FILE by that, for a node exporter" },
	{ RATES, "rates", NULL, false, "rates of the last 1, 5 and 15 minutes" },
	{ AGES, "ages", NULL, false, "how many messages are how old, in minutes" },
	{ RELAYS, "relays", NULL, false, "how the relays fare, in place of the queues" },
	OPT_END
};

/* ---- counting --------------------------------------------------------- */

/*
 * Count the messages of one queue.  A part that cannot be read is reported and raises '*worst', and
 * the rest is counted.
 */
static enum status
gather(struct run *r, const char *name, usec_t now, struct numbers *n, enum status *worst)
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
	if (st == ST_OK && n->t.missed.status != ST_OK) {
		r->err = n->t.missed;
		run_trouble(r, r->err.status, worst);
	}
	return st;
}

/* ---- tables ----------------------------------------------------------- */

static int
name_width(const struct numbers *n, size_t count)
{
	int width = 5;

	for (size_t i = 0; i < count; i++)
		if ((int)strlen(n[i].name) > width)
			width = (int)strlen(n[i].name);
	return width;
}

/* In a table, the largest unit of an age is enough. */
static void
short_age(usec_t age, char text[DURATION_MAX])
{
	age_format(age, text);
	text[strcspn(text, " ")] = '\0';
}

static void
put_end(FILE *f, const struct numbers *n)
{
	double drain = numbers_drain(n);
	char text[DURATION_MAX] = "-";

	/* More than a century is as good as never. */
	if (drain >= 0 && drain < 100.0 * 366 * 86400)
		short_age((usec_t)(drain * USEC), text);
	(void)fprintf(f, " %7s%s%s\n", text, n->paused != PAUSED_NO ? " paused: " : "",
	    n->paused != PAUSED_NO ? paused_words[n->paused] : "");
}

static void
put_table(FILE *f, const struct numbers *n, size_t count, usec_t now)
{
	int width = name_width(n, count);

	(void)fprintf(f, "%-*s %8s %8s %8s %8s %8s %8s %8s %8s %7s %7s %7s %7s\n", width, "QUEUE",
	    "READY",
	    "DELAYED", "CLAIMED", "HELD", "DEAD", "DONE", "BYTES", "OLDEST", "IN/s", "OUT/s",
	    "FAIL/s", "DRAIN");
	for (size_t i = 0; i < count; i++) {
		char size[8], age[DURATION_MAX] = "-";
		usec_t at = tally_oldest(&n[i].t);
		(void)fprintf(f, "%-*s", width, n[i].name);
		for (int s = 0; s < NSTATES; s++)
			(void)fprintf(f, " %8" PRIu64, n[i].t.count[s]);
		(void)humanize_number(size, 5, (int64_t)numbers_bytes(&n[i]), "", HN_AUTOSCALE,
		    HN_NOSPACE | HN_DECIMAL);
		if (at != 0)
			short_age(now - at, age);
		(void)fprintf(f, " %8s %8s %7.1f %7.1f %7.1f", size, age,
		    n[i].rates.rate[0][COUNT_PUSHED], n[i].rates.rate[0][COUNT_ACKED],
		    n[i].rates.rate[0][COUNT_FAILED]);
		put_end(f, &n[i]);
	}
}

static void
put_rates(FILE *f, const struct numbers *n, size_t count, usec_t now)
{
	static const int of[] = { COUNT_PUSHED, COUNT_ACKED, COUNT_FAILED };
	int width = name_width(n, count);

	(void)now;
	(void)fprintf(f, "%-*s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s %7s\n", width, "QUEUE",
	    "BACKLOG",
	    "IN/1m", "IN/5m", "IN/15m", "OUT/1m", "OUT/5m", "OUT/15m", "FAIL/1m", "FAIL/5m",
	    "FAIL/15m", "DRAIN");
	for (size_t i = 0; i < count; i++) {
		(void)fprintf(f, "%-*s %8" PRIu64, width, n[i].name, tally_backlog(&n[i].t));
		for (size_t k = 0; k < 3; k++)
			for (int w = 0; w < 3; w++)
				(void)fprintf(f, " %8.2f", n[i].rates.rate[w][of[k]]);
		put_end(f, &n[i]);
	}
}

static void
put_ages(FILE *f, const struct numbers *n, size_t count, usec_t now)
{
	int width = name_width(n, count);

	(void)now;
	(void)fprintf(f, "%-*s %-7s %8s", width, "QUEUE", "STATE", "T");
	for (int i = 0; i < NAGES; i++)
		(void)fprintf(f, i < NAGES - 1 ? " %6lldm" : " %5lldm+",
		    (long long)((AGE_FIRST << (i < NAGES - 1 ? i : i - 1)) / (60 * USEC)));
	(void)fputc('\n', f);
	for (size_t i = 0; i < count; i++)
		for (int s = 0; s < NSTATES; s++) {
			if (n[i].t.count[s] == 0)
				continue;
			(void)fprintf(f, "%-*s %-7s %8" PRIu64, width, n[i].name, state_names[s],
			    n[i].t.count[s]);
			for (int k = 0; k < NAGES; k++)
				(void)fprintf(f, " %7" PRIu64, n[i].t.age[s][k]);
			(void)fputc('\n', f);
		}
}

/*
 * Programs get columns of a fixed width.  On a terminal, columns are only as wide as their words.
 */
static enum status
put_columns(struct run *r, void (*print)(FILE *, const struct numbers *, size_t, usec_t),
    const struct numbers *n, size_t count, usec_t now)
{
	/*
	 * Without these columns the others fit into 80, so they are left out where they are empty.
	 */
	static const char *const less[] = { "DONE", "HELD", "DELAYED", "FAIL/s", "FAIL/15m",
	    "FAIL/5m", "FAIL/1m", "CLAIMED", NULL };
	char *text = NULL;
	size_t len = 0;
	FILE *f;

	if (isatty(STDOUT_FILENO) != 1) {
		print(stdout, n, count, now);
		return ST_OK;
	}
	if ((f = open_memstream(&text, &len)) == NULL)
		return error_sys(&r->err, errno, "stat");
	print(f, n, count, now);
	if (fclose(f) == 0)
		out_squeeze(text, out_columns(), less);
	free(text);
	return ST_OK;
}

/* ---- running ---------------------------------------------------------- */

static enum status
all_queues(struct run *r, usec_t now, struct numbers **out, size_t *count)
{
	enum status st, worst = ST_OK;
	struct names names;

	if ((st = run_queues(r, &names, &worst)) != ST_OK)
		return st;
	if ((*out = calloc(names.n + 1, sizeof(**out))) == NULL) {
		names_free(&names);
		return error_sys(&r->err, ENOMEM, "stat");
	}
	for (size_t i = 0; i < names.n; i++) {
		enum status one = gather(r, names.name[i], now, &(*out)[*count], &worst);
		if (one == ST_OK)
			++*count;
		else if (one == ST_NOTFOUND)	/* the queue was removed just now */
			error_clear(&r->err);
		else	/* go on with the others */
			run_trouble(r, one, &worst);
	}
	names_free(&names);
	return worst;
}

static enum status
one_queue(struct run *r, usec_t now, struct numbers **out, size_t *count)
{
	enum status st, worst = ST_OK;
	struct queue *q;

	/* Open the queue first only because run_queue makes the better error. */
	if ((st = run_queue(r, r->operand[0], &q)) != ST_OK)
		return st;
	queue_close(q);
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return error_sys(&r->err, ENOMEM, "stat");
	*count = 1;
	st = gather(r, r->operand[0], now, *out, &worst);
	return st != ST_OK ? st : worst;
}

struct wish {
	bool json, prometheus, rates, ages, relays;
	const char *textfile;
};

static enum status
options(struct run *r, struct wish *w)
{
	const char *arg;
	int key;

	while ((key = run_option(r, &arg)) != 0) {
		w->json |= key == JSON;
		w->prometheus |= key == PROMETHEUS || key == TEXTFILE;
		w->rates |= key == RATES;
		w->ages |= key == AGES;
		w->relays |= key == RELAYS;
		if (key == TEXTFILE)
			w->textfile = arg;
	}
	if (w->rates && w->ages)
		return run_usage(r, "--rates and --ages don't go together; --json tells both");
	if (w->prometheus && (w->json || w->rates || w->ages))
		return run_usage(r, "--prometheus goes with none of --json, --rates and --ages");
	if (w->textfile != NULL && w->textfile[0] == '\0')
		return run_usage(r, "--textfile needs the name of a file");
	if (w->relays && (w->prometheus || w->rates || w->ages))
		return run_usage(
		    r, "--relays goes with --json alone; --prometheus tells them, too");
	return run_operands(r, 0, 1);
}

/* Relays belong to the spool, so they are told of only beside all queues. */
static enum status
stat_prometheus(struct run *r, const struct wish *w, const struct numbers *n, size_t count)
{
	struct told t = { .queue = n, .queues = count };
	struct relay_state *relay = NULL;
	enum status st = ST_OK;

	if (r->noperands == 0)
		st = relays_read(r, &relay, &t.relays);
	t.relay = relay;
	if (st == ST_OK && w->textfile != NULL)
		st = prometheus_textfile(r, w->textfile, &t);
	else if (st == ST_OK)
		prometheus_print(&t);
	free(relay);
	return st;
}

/* The relay of the name that was given, or all. */
static enum status
stat_relays(struct run *r, const struct wish *w, usec_t now)
{
	struct relay_state *s = NULL;
	enum status st;
	size_t n = 0;

	if ((st = run_spool(r, false)) != ST_OK || (st = relays_read(r, &s, &n)) != ST_OK) {
		free(s);
		return st;
	}
	if (r->noperands == 1) {
		size_t at = 0;
		while (at < n && strcmp(s[at].name, r->operand[0]) != 0)
			at++;
		if (at == n)
			st = error_set(&r->err, ST_NOTFOUND, 0,
			    "no relay '%s' has run in this spool", r->operand[0]);
		else
			s[0] = s[at];
		n = 1;
	}
	for (size_t i = 0; st == ST_OK && w->json && i < n; i++)
		relays_json(&s[i]);
	if (st == ST_OK && !w->json)
		relays_table(stdout, s, n, now);
	free(s);
	return st;
}

static enum status
stat_put(struct run *r, const struct wish *w, const struct numbers *n, size_t count, usec_t now)
{
	if (w->prometheus)
		return stat_prometheus(r, w, n, count);
	if (w->json)
		for (size_t i = 0; i < count; i++)
			json_numbers(&n[i]);
	else
		return put_columns(r, w->rates ? put_rates : w->ages ? put_ages : put_table, n,
		    count, now);
	return ST_OK;
}

static enum status
run_stat(struct run *r)
{
	struct wish w = { 0 };
	struct numbers *n = NULL;
	usec_t now = clock_now();
	size_t count = 0;
	enum status st;

	if ((st = options(r, &w)) != ST_OK)
		return st;
	if (w.relays)
		return stat_relays(r, &w, now);
	st = r->noperands == 1 ? one_queue(r, now, &n, &count) : all_queues(r, now, &n, &count);
	if (st == ST_OK)
		st = stat_put(r, &w, n, count, now);
	/*
	 * Show the queues that were counted.  But the file of --textfile stays as it is rather than
	 * lack a queue.
	 */
	else if (r->told && w.textfile == NULL)
		(void)stat_put(r, &w, n, count, now);
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
	.pipe = PIPE_ENDS,
};
