/*
 * check.c: mq check: a Nagios plug-in, which prints one line and exits with a status from 0 to 3.
 *
 * Ranges, performance data and the order of the states are those of the Monitoring Plugins
 * Development Guidelines (monitoring-plugins.org).
 */
#include <inttypes.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/figures.h"
#include "shared/out.h"
#include "shared/relays.h"

enum { OK, WARNING, CRITICAL, UNKNOWN };	/* exit statuses */
static const char *const state_words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
static const char *const marks[] = { "", " (warning)", " (critical)" };

enum { DEPTH, AGE, DEAD, NVALUES };
enum { RELAY = OPT_LONG + 2 * NVALUES };
static const char *const labels[NVALUES] = { "depth", "oldest", "dead" };

/* The option for value v and level (WARNING or CRITICAL) is OPT_LONG + 2 * v + level - 1. */
static const struct opt opts[] = {
	{ OPT_LONG, "warn-depth", "RANGE", false,
	    "warning if so many are ready, delayed or claimed" },
	{ OPT_LONG + 1, "crit-depth", "RANGE", false, "critical, the same" },
	{ OPT_LONG + 2, "warn-age", "RANGE", false,
	    "warning if the oldest message that waits is so old" },
	{ OPT_LONG + 3, "crit-age", "RANGE", false, "critical, the same" },
	{ OPT_LONG + 4, "warn-dead", "RANGE", false, "warning if there are so many dead letters" },
	{ OPT_LONG + 5, "crit-dead", "RANGE", false, "critical, the same" },
	{ RELAY, "relay", NULL, false, "the operands are relays" },
	OPT_END
};

struct range {
	bool set, inside;	/* inside: with "@", which alerts within */
	int64_t low, high;	/* -1: no lower end; INT64_MAX: no upper one */
};

/* The ranges of one value that make a warning, and that make it critical. */
struct limits { struct range level[CRITICAL + 1]; };

struct subject {
	const char *name;
	const char *queue;	/* that is measured: of the name, or the local one of a relay */
	int state;
	char why[400];		/* why the state is UNKNOWN */
	int64_t value[NVALUES];	/* ages in microseconds */
	int paused;
	const char *relay;	/* the state of a relay; NULL: it is a queue */
	const char *reason;	/* why it is in that state, or "" */
};

/* ---- ranges ----------------------------------------------------------- */

static bool
number(const char *text, size_t len, bool age, int64_t *n)
{
	struct error ignored;
	const char *why = NULL;
	char copy[40];

	if (len == 0 || len >= sizeof(copy) || text[0] < '0' || text[0] > '9')
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	error_clear(&ignored);
	if (age)
		return duration_parse(copy, n, &ignored) == ST_OK;
	*n = strtonum(copy, 0, INT64_MAX - 1, &why);
	return why == NULL;
}

/* Parse "10", "10:", "~:10" or "10:20"; each may have "@" in front. */
static bool
range_parse(const char *text, bool age, struct range *out)
{
	const char *colon;
	size_t len;

	*out = (struct range){ .set = true, .inside = *text == '@', .high = INT64_MAX };
	text += out->inside;
	if ((colon = strchr(text, ':')) != NULL) {
		len = (size_t)(colon - text);
		if (len == 1 && *text == '~')
			out->low = -1;
		else if (!number(text, len, age, &out->low))
			return false;
		text = colon + 1;
		if (*text == '\0')
			return true;
	}
	return number(text, strlen(text), age, &out->high) && out->low <= out->high;
}

static bool
alerts(const struct range *r, int64_t value)
{
	bool within = value >= r->low && value <= r->high;

	return r->set && within == r->inside;
}

static int
level(const struct limits *l, int64_t value)
{
	return alerts(&l->level[CRITICAL], value) ? CRITICAL :
	    alerts(&l->level[WARNING], value) ? WARNING : OK;
}

/* ---- performance data ------------------------------------------------- */

/* Print a number.  An age is in seconds, with as many decimals as it needs. */
static void
put_number(int64_t n, bool age)
{
	char text[32];

	if (!age) {
		(void)printf("%" PRId64, n);
		return;
	}
	(void)snprintf(text, sizeof(text), "%lld.%06d", (long long)(n / USEC), (int)(n % USEC));
	for (size_t len = strlen(text); text[len - 1] == '0'; len--)
		text[len - 1] = '\0';
	if (text[strlen(text) - 1] == '.')
		text[strlen(text) - 1] = '\0';
	(void)fputs(text, stdout);
}

static void
put_range(const struct range *r, bool age)
{
	(void)putchar(';');
	if (!r->set)
		return;
	if (r->inside)
		(void)putchar('@');
	if (r->low == -1)
		(void)fputs("~:", stdout);
	else if (r->low > 0 || r->high == INT64_MAX) {
		put_number(r->low, age);
		(void)putchar(':');
	}
	if (r->high != INT64_MAX)
		put_number(r->high, age);
}

static void
put_perfdata(const struct subject *s, bool many, const struct limits *limits)
{
	for (int v = 0; v < NVALUES; v++) {
		(void)printf(" %s%s%s=", many ? s->name : "", many ? "_" : "", labels[v]);
		/* Fractions of a second are of no interest in an age. */
		put_number(v == AGE ? s->value[v] / USEC * USEC : s->value[v], v == AGE);
		if (v == AGE)
			(void)putchar('s');
		put_range(&limits[v].level[WARNING], v == AGE);
		put_range(&limits[v].level[CRITICAL], v == AGE);
		(void)fputs(";0", stdout);
	}
}

/* ---- the line --------------------------------------------------------- */

/* Print text without a bar, because what follows a bar is taken for performance data. */
static void
put_text(const char *text)
{
	for (size_t len; *text != '\0'; text += len + (text[len] != '\0')) {
		len = strcspn(text, "|");
		out_vis(stdout, text, len);
		if (text[len] != '\0')
			(void)putchar('/');
	}
}

static int
check_failed(struct run *r)
{
	if (ferror(stdout) != 0)
		run_complain(r);
	else {
		(void)fputs("UNKNOWN - ", stdout);
		put_text(r->err.text);
		(void)putchar('\n');
		(void)fflush(stdout);
	}
	return UNKNOWN;
}

static void
put_subject(const struct subject *s, const struct limits *limits)
{
	static const char *const paused[] = { "", "pop", "push", "pop and push" };
	char age[DURATION_MAX];
	const char *mark[NVALUES];

	if (s->state == UNKNOWN) {
		put_text(s->why);
		return;
	}
	for (int v = 0; v < NVALUES; v++)
		mark[v] = marks[level(&limits[v], s->value[v])];
	age_format(s->value[AGE], age);
	if (s->relay != NULL) {
		(void)printf("%s is %s", s->name, s->relay);
		if (s->reason[0] != '\0') {
			(void)fputs(" (", stdout);
			put_text(s->reason);
			(void)putchar(')');
		}
		(void)fputs(", queue ", stdout);
	}
	(void)printf("%s: %" PRId64 " waiting%s, oldest %s%s, %" PRId64 " dead%s", s->queue,
	    s->value[DEPTH], mark[DEPTH], age, mark[AGE], s->value[DEAD], mark[DEAD]);
	if (s->paused != PAUSED_NO)
		(void)printf(", paused for %s%s", paused[s->paused], marks[WARNING]);
}

static void
put_line(const struct subject *s, size_t n, int state, const struct limits *limits)
{
	bool data = false;

	(void)printf("%s - ", state_words[state]);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			(void)fputs("; ", stdout);
		put_subject(&s[i], limits);
		data |= s[i].state != UNKNOWN;
	}
	if (data)
		(void)fputs(" |", stdout);
	for (size_t i = 0; i < n; i++)
		if (s[i].state != UNKNOWN)
			put_perfdata(&s[i], n > 1, limits);
	(void)putchar('\n');
}

/* ---- running ---------------------------------------------------------- */

static enum status
measure(struct run *r, usec_t now, struct subject *s)
{
	struct queue *q;
	struct tally t;
	enum status st;

	if ((st = run_queue(r, s->queue, &q)) != ST_OK)
		return st;
	st = count_messages(r, q, STATES_BACKLOG | STATE_BIT(STATE_DEAD), now, &t);
	s->paused = queue_policy(q)->paused;
	queue_close(q);
	s->value[DEAD] = (int64_t)t.count[STATE_DEAD];
	s->value[DEPTH] = (int64_t)tally_backlog(&t);
	s->value[AGE] = t.waiting != 0 && t.waiting < now ? now - t.waiting : 0;
	if (st == ST_OK && t.missed.status != ST_OK)
		(void)strlcpy(s->why, t.missed.text, sizeof(s->why));
	return st;
}

/* Return the worse of two states.  UNKNOWN is less bad than a known problem. */
static int
worse(int a, int b)
{
	static const int rank[] = { [OK] = 0, [UNKNOWN] = 1, [WARNING] = 2, [CRITICAL] = 3 };

	return rank[a] > rank[b] ? a : b;
}

/*
 * A relay that cannot go on by itself, or whose process is gone, is critical.  Its age is how long
 * it has not been up; of one that is up, how long the oldest message of its queue waits.
 */
static void
judge_relay(const struct relay_state *relay, usec_t now, struct subject *s)
{
	static const int states[NRELAY_IS] = { [RELAY_UP] = OK, [RELAY_STARTING] = OK,
	    [RELAY_AWAY] = WARNING, [RELAY_FULL] = WARNING, [RELAY_STOPPED] = WARNING,
	    [RELAY_REFUSED] = CRITICAL, [RELAY_DEAD] = CRITICAL };

	s->relay = relay_words[relay->is];
	s->state = states[relay->is];
	s->reason = relay->is == RELAY_UP || relay->is == RELAY_STARTING ? "" : relay->error;
	if (relay->is != RELAY_UP)
		s->value[AGE] = now > relay->since ? now - relay->since : 0;
	else if (strcmp(relay->source, relay->queue) != 0)
		s->value[AGE] = 0;	/* what it has brought waits for others */
}

static void
judge(struct run *r, usec_t now, const struct limits *limits, const struct relay_state *relay,
    struct subject *s)
{
	if (measure(r, now, s) != ST_OK) {
		s->state = UNKNOWN;
		(void)strlcpy(s->why, r->err.text, sizeof(s->why));
		error_clear(&r->err);
		return;
	}
	s->state = s->paused != PAUSED_NO ? WARNING : OK;
	if (relay != NULL)
		judge_relay(relay, now, s);
	for (int v = 0; v < NVALUES; v++)
		if (level(&limits[v], s->value[v]) > s->state)
			s->state = level(&limits[v], s->value[v]);
	/* A part could not be read, so every number may be higher than what was counted. */
	if (s->why[0] != '\0')
		s->state = worse(s->state, UNKNOWN);
}

static enum status
options(struct run *r, struct limits *limits, bool *relay)
{
	const char *arg;
	int key;

	while ((key = run_option(r, &arg)) != 0) {
		if (key == RELAY) {
			*relay = true;
			continue;
		}
		int v = (key - OPT_LONG) / 2;
		if (range_parse(arg, v == AGE, &limits[v].level[(key - OPT_LONG) % 2 + 1]))
			continue;
		return run_usage(r, "--%s: '%s' is not a range such as %s",
		    opts[key - OPT_LONG].name, arg,
		    v == AGE ? "5m, 5m:, ~:5m, 5m:1h or @5m:1h" : "10, 10:, ~:10, 10:20 or @10:20");
	}
	return run_operands(r, 1, -1);
}

/* The relay of that name.  NULL: none has run in this spool, and the subject says so. */
static const struct relay_state *
check_relay(const struct relay_state *relay, size_t n, struct subject *s)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(relay[i].name, s->name) == 0)
			return &relay[i];
	s->state = UNKNOWN;
	(void)snprintf(s->why, sizeof(s->why), "no relay '%s' has run in this spool", s->name);
	return NULL;
}

static enum status
check_all(struct run *r, const struct limits *limits, bool relays, struct subject *s, size_t n)
{
	struct relay_state *relay = NULL;
	enum status st = ST_OK;
	size_t nrelays = 0;

	if (relays && (st = run_spool(r, false)) == ST_OK)
		st = relays_read(r, &relay, &nrelays);
	for (size_t i = 0; st == ST_OK && i < n; i++) {
		const struct relay_state *of = NULL;
		s[i].name = s[i].queue = r->operand[i];
		if (relays && (of = check_relay(relay, nrelays, &s[i])) != NULL)
			s[i].queue = of->queue;
		if (!relays || of != NULL)
			judge(r, clock_now(), limits, of, &s[i]);
		r->exit_code = worse(r->exit_code, s[i].state);
	}
	if (st == ST_OK)
		put_line(s, n, r->exit_code, limits);
	free(relay);
	return st;
}

static enum status
run_check(struct run *r)
{
	struct limits limits[NVALUES] = { 0 };
	bool relays = false;
	struct subject *s;
	enum status st;

	if ((st = options(r, limits, &relays)) != ST_OK)
		return st;
	if ((s = calloc((size_t)r->noperands, sizeof(*s))) == NULL)
		return error_sys(&r->err, ENOMEM, "check");
	st = check_all(r, limits, relays, s, (size_t)r->noperands);
	free(s);
	return st;
}

const struct cmd cmd_check = {
	.name = "check",
	.operands = "QUEUE...",
	.summary = "tell a monitoring system how a queue is, as a Nagios plug-in",
	.opts = opts,
	.run = run_check,
	.failed = check_failed,
};
