/*
 * run.c: what every subcommand does first: its options by its table, its
 * operands, the spool and the queue; and what it says to people.
 */
#include <sys/stat.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

/* Options that every verb takes. */
const struct opt common_opts[] = {
	{ 'q', "quiet", NULL, false, "say nothing that was not asked for" },
	{ 'v', "verbose", NULL, false, "say what is done" },
	{ 'h', "help", NULL, false, "show this help" },
	OPT_END
};

/* ---- options ---------------------------------------------------------- */

#define MAX_OPTS 40

/* getopt_long's two descriptions of one table.  Leading "-": operands come in their place, wherever they stand. */
struct getopt_tables {
	char letters[2 + 3 * MAX_OPTS];
	struct option longs[MAX_OPTS + 1];
	int n;
};

static void
describe(struct getopt_tables *t, const struct opt *o)
{
	for (; o != NULL && o->key != 0; o++) {
		int has = o->arg == NULL ? no_argument :
		    o->optional ? optional_argument : required_argument;
		if (o->key < OPT_LONG) {
			char text[4] = { (char)o->key, has != no_argument ? ':' : '\0',
			    has == optional_argument ? ':' : '\0', '\0' };
			(void)strlcat(t->letters, text, sizeof(t->letters));
		}
		if (o->name != NULL && t->n < MAX_OPTS)
			t->longs[t->n++] = (struct option){ o->name, has, NULL, o->key };
	}
}

static enum status
bad_option(struct run *r, char **argv, int c)
{
	const char *word = argv[optind - 1];

	if (optopt != 0 && optopt < OPT_LONG && strncmp(word, "--", 2) != 0)
		return error_set(&r->err, ST_USAGE, 0, c == ':' ? "option '-%c' needs an argument; "
		    "see 'mq help %s'" : "unknown option '-%c'; see 'mq help %s'", optopt,
		    r->cmd->name);
	return error_set(&r->err, ST_USAGE, 0, c == ':' ? "option '%s' needs an argument; see "
	    "'mq help %s'" : optopt != 0 ? "option '%s' takes no argument; see 'mq help %s'" :
	    "unknown or ambiguous option '%s'; see 'mq help %s'", word, r->cmd->name);
}

enum status
run_parse(struct run *r, int argc, char **argv)
{
	struct getopt_tables t = { .letters = "-:" };
	int c;

	describe(&t, r->cmd->opts);
	describe(&t, common_opts);
	r->given = calloc((size_t)argc + 1, sizeof(*r->given));
	r->operand = calloc((size_t)argc + 1, sizeof(*r->operand));
	if (r->given == NULL || r->operand == NULL)
		return error_sys(&r->err, ENOMEM, "options");
	opterr = 0;
	optind = 0;	/* glibc: begin anew, the leading "-" too */
	while ((c = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1)
		switch (c) {
		case 1:
			r->operand[r->noperands++] = optarg;
			break;
		case '?':
		case ':':
			return bad_option(r, argv, c);
		case 'q':
			r->quiet = true;
			break;
		case 'v':
			r->verbose = true;
			break;
		case 'h':
			r->help = true;
			break;
		default:
			r->given[r->ngiven].key = c;
			r->given[r->ngiven++].arg = optarg;
		}
	while (optind < argc)	/* behind "--" */
		r->operand[r->noperands++] = argv[optind++];
	return ST_OK;
}

int
run_option(struct run *r, const char **arg)
{
	if (r->next == r->ngiven)
		return 0;
	*arg = r->given[r->next].arg;
	return r->given[r->next++].key;
}

enum status
run_usage(struct run *r, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return error_set(&r->err, ST_USAGE, 0, "%s; see 'mq help %s'", text, r->cmd->name);
}

enum status
run_operands(struct run *r, int min, int max)
{
	if (r->noperands >= min && (max < 0 || r->noperands <= max))
		return ST_OK;
	return error_set(&r->err, ST_USAGE, 0, "%s: usage: mq %s%s%s", r->noperands < min ?
	    "an operand is missing" : "too many operands", r->cmd->name,
	    r->cmd->operands[0] != '\0' ? " " : "", r->cmd->operands);
}

/* ---- arguments -------------------------------------------------------- */

enum status
arg_number(struct run *r, const char *opt, const char *text, int64_t min, int64_t max,
    int64_t *n)
{
	const char *why = NULL;

	if (text[0] >= '0' && text[0] <= '9')	/* strtonum takes blanks and signs too */
		*n = strtonum(text, min, max, &why);
	else
		why = "invalid";
	if (why == NULL)
		return ST_OK;
	return max == INT64_MAX ?
	    run_usage(r, "%s: '%s' is not a number from %lld up", opt, text, (long long)min) :
	    run_usage(r, "%s: '%s' is not a number from %lld to %lld", opt, text,
	    (long long)min, (long long)max);
}

enum status
arg_duration(struct run *r, const char *opt, const char *text, usec_t *d)
{
	struct error why;

	error_clear(&why);
	if (duration_parse(text, d, &why) == ST_OK)
		return ST_OK;
	return run_usage(r, "%s: %s", opt, why.text);
}

enum status
arg_rate(struct run *r, const char *opt, const char *text, usec_t *interval)
{
	const char *slash = strchr(text, '/');
	char number[24];
	usec_t unit = USEC;
	int64_t n;

	(void)snprintf(number, sizeof(number), "%.*s",
	    (int)(slash != NULL ? slash - text : (ptrdiff_t)strlen(text)), text);
	if (slash != NULL && strcmp(slash, "/m") == 0)
		unit = 60 * USEC;
	else if (slash != NULL && strcmp(slash, "/h") == 0)
		unit = 3600 * USEC;
	else if (slash != NULL && strcmp(slash, "/s") != 0)
		return run_usage(r, "%s: '%s' is not a rate such as 10/s, 30/m or 5/h", opt, text);
	if (number[0] < '1' || number[0] > '9' ||
	    arg_number(r, opt, number, 1, 1000000, &n) != ST_OK) {
		error_clear(&r->err);
		return run_usage(r, "%s: '%s' is not a rate such as 10/s, 30/m or 5/h", opt, text);
	}
	*interval = unit / n;
	return ST_OK;
}

/* ---- spool and queue -------------------------------------------------- */

static enum status
name_ok(struct run *r, const char *name)
{
	if (queue_name_ok(name))
		return ST_OK;
	return error_set(&r->err, ST_USAGE, 0, "'%s' is not a queue name: letters, digits, '.', '_' "
	    "and '-', at most %d, the first neither '.' nor '-'", name, QUEUE_NAME_MAX);
}

enum status
run_spool(struct run *r, bool create)
{
	enum status st;

	if (r->spool != NULL)
		return ST_OK;
	if ((st = run_settings(r, create)) != ST_OK)
		return st;
	return spool_open(r->spool_path, create, &r->files, &r->spool, &r->err);
}

/* Levenshtein's distance by rows (Wagner and Fischer), for short names. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[QUEUE_NAME_MAX + 1], la = strlen(a), lb = strlen(b);

	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (diagonal + 1 < best)
				best = diagonal + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *
nearest(const char *word, const char *const *names, size_t n)
{
	const char *found = NULL;
	size_t best = 3;

	if (strlen(word) > QUEUE_NAME_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t d = distance(word, names[i]);
		if (d < best && 2 * d <= strlen(word)) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

/* An unknown queue: what might have been meant. */
enum status
run_no_queue(struct run *r, const char *name)
{
	struct error ignored;
	struct names names;
	const char *near = NULL;
	enum status st;

	error_clear(&ignored);
	if (spool_queues(r->spool, &names, &ignored) == ST_OK)
		near = nearest(name, (const char *const *)names.name, names.n);
	error_clear(&r->err);
	if (near != NULL)
		st = error_set(&r->err, ST_NOTFOUND, 0, "no queue '%s'; did you mean '%s'?", name, near);
	else
		st = error_set(&r->err, ST_NOTFOUND, 0, "no queue '%s' in %s; 'mq ls' lists them",
		    name, r->spool_path);
	names_free(&names);
	return st;
}

enum status
run_queue(struct run *r, const char *name, struct queue **q)
{
	enum status st;

	/* Before anything else: a bad name is bad in any spool. */
	if ((st = name_ok(r, name)) != ST_OK || (st = run_spool(r, false)) != ST_OK)
		return st;
	if ((st = queue_open(r->spool, name, q, &r->err)) == ST_OK)
		(void)strlcpy(r->queue, name, sizeof(r->queue));
	return st == ST_NOTFOUND ? run_no_queue(r, name) : st;
}

enum status
run_queue_create(struct run *r, const char *name, struct queue **q)
{
	enum status st;

	if ((st = name_ok(r, name)) != ST_OK || (st = run_spool(r, true)) != ST_OK)
		return st;
	if (r->settings.autocreate || r->assign != NULL)
		st = queue_create(r->spool, name, r->assign, r->nassign, q, &r->err);
	else if ((st = queue_open(r->spool, name, q, &r->err)) == ST_NOTFOUND) {
		error_clear(&r->err);
		return error_set(&r->err, ST_NOTFOUND, 0, "no queue '%s', and autocreate is off: "
		    "'mq init %s' makes it", name, name);
	}
	if (st == ST_OK)
		(void)strlcpy(r->queue, name, sizeof(r->queue));
	return st;
}

/* ---- what is said ----------------------------------------------------- */

static void say(struct run *, const char *, va_list) __attribute__((format(printf, 2, 0)));

static void
say(struct run *r, const char *fmt, va_list ap)
{
	char text[1024];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	(void)fprintf(stderr, "mq %s: ", r->cmd->name);
	out_vis(stderr, text, strlen(text));
	(void)fputc('\n', stderr);
}

void
run_note(struct run *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!r->quiet)
		say(r, fmt, ap);
	va_end(ap);
}

void
run_verbose(struct run *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (r->verbose)
		say(r, fmt, ap);
	va_end(ap);
}

/* ---- ids and handles -------------------------------------------------- */

/* What may befall one of many without keeping the others from being done. */
static bool
goes_on(enum status st)
{
	return st == ST_LOST || st == ST_NOTFOUND || st == ST_GONE || st == ST_BADDATA;
}

/* One word; its trouble is told at once if others follow, and remembered. */
static enum status
one(struct run *r, const char *word, enum status *worst,
    enum status (*fn)(void *, const char *, struct error *), void *arg)
{
	enum status st;

	if (*worst != ST_OK) {
		run_note(r, "%s", r->err.text);
		error_clear(&r->err);
	}
	if ((st = fn(arg, word, &r->err)) == ST_OK || goes_on(st)) {
		if (status_exit(st) > status_exit(*worst))
			*worst = st;
		else if (*worst != ST_OK && st == ST_OK)
			(void)error_set(&r->err, *worst, 0, "not all could be done");
		return ST_OK;
	}
	return st;
}

static enum status
each_line(struct run *r, enum status *worst,
    enum status (*fn)(void *, const char *, struct error *), void *arg)
{
	enum status st = ST_OK;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	errno = 0;
	while (st == ST_OK && (n = getline(&line, &size, stdin)) != -1) {
		if (n > 0 && line[n - 1] == '\n')
			line[--n] = '\0';
		if (n > 0)
			st = one(r, line, worst, fn, arg);
	}
	free(line);
	if (st == ST_OK && ferror(stdin) != 0)
		return error_sys(&r->err, errno, "stdin");
	return st;
}

enum status
run_each(struct run *r, int first, enum status (*fn)(void *, const char *, struct error *),
    void *arg)
{
	enum status st = ST_OK, worst = ST_OK;

	for (int i = first; st == ST_OK && i < r->noperands; i++)
		st = strcmp(r->operand[i], "-") == 0 ? each_line(r, &worst, fn, arg) :
		    one(r, r->operand[i], &worst, fn, arg);
	return st != ST_OK ? st : worst;
}

/* ---- claiming --------------------------------------------------------- */

static enum status
claim_once(struct run *r, struct queue *q, const struct claim_options *opt,
    struct claim *c, usec_t *wake)
{
	unsigned skipped;
	enum status st;

	st = claim_next(q, opt, clock_now(), c, wake, &skipped, &r->err);
	if (st == ST_OK && skipped > 0)
		run_note(r, "passed over %u message%s that may not be read", skipped,
		    skipped == 1 ? "" : "s");
	return st;
}

enum status
claim_wait(struct run *r, struct queue *q, const struct claim_options *opt, bool wait,
    usec_t deadline, struct claim *c)
{
	struct waiter *w;
	enum status st;
	usec_t wake;

	st = claim_once(r, q, opt, c, &wake);
	if (!wait || (st != ST_NONE && st != ST_AGAIN))
		return st;
	if ((st = waiter_open(q, false, &w, &r->err)) != ST_OK)
		return st;
	for (;;) {
		error_clear(&r->err);
		if ((st = waiter_arm(w, &r->err)) != ST_OK ||
		    (st = queue_reload(q, &r->err)) != ST_OK)
			break;
		st = claim_once(r, q, opt, c, &wake);
		if (st != ST_NONE && !(st == ST_AGAIN && (queue_policy(q)->paused & PAUSED_POP)))
			break;
		error_clear(&r->err);	/* a pause ends */
		if ((st = waiter_wait(w, wake, deadline, &r->err)) != ST_OK)
			break;
	}
	waiter_close(w);
	return st;
}
