/*
 * opt.c: parsing a verb's command line by its table: options, their arguments, and operands; and
 * the errors for what was mistyped.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cmd.h"

/* The options that every verb takes. */
const struct opt common_opts[] = {
	{ 'q', "quiet", NULL, false, "say nothing that was not asked for" },
	{ 'v', "verbose", NULL, false, "say what is done" },
	{ 'h', "help", NULL, false, "show this help" },
	OPT_END
};

/* ---- options ---------------------------------------------------------- */

#define MAX_OPTS 40

/*
 * The two descriptions of one table that getopt_long needs.  A leading "-" in 'letters' makes it
 * return operands in their place, wherever they stand.
 */
struct getopt_tables {
	char letters[2 + 3 * MAX_OPTS];
	struct option longs[MAX_OPTS + 1];
	int n;
};

static void
opt_describe(struct getopt_tables *t, const struct opt *o)
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

static bool
opt_ambiguous(const char *word, const struct option *longs)
{
	size_t len = strcspn(word + 2, "=");
	int n = 0;

	for (; longs->name != NULL; longs++)
		n += strncmp(longs->name, word + 2, len) == 0;
	return n > 1;
}

enum status
option_error(struct run *r, char **argv, int c, const char *letters, const struct option *longs)
{
	/* For a long option, and at the end of the line, this word is the one with the error. */
	const char *word = argv[optind - 1];
	bool known = optopt >= OPT_LONG || (isalnum(optopt & 0xff) &&
	    strchr(letters, optopt) != NULL);
	char letter[] = { '-', (char)optopt, '\0' };
	const char *before = "", *after = "";

	if (c == ':')
		after = " needs an argument";
	else if (optopt == 0)
		before = opt_ambiguous(word, longs) ? "ambiguous " : "unknown ";
	else if (known)
		after = " takes no argument";
	else
		before = "unknown ";
	if (optopt != 0 && (c == ':' ? strncmp(word, "--", 2) != 0 : !known))
		word = letter;
	return error_set(&r->err, ST_USAGE, 0, "%soption '%s'%s; see 'mq help%s%s'", before, word,
	    after,
	    r->cmd != NULL ? " " : "", r->cmd != NULL ? r->cmd->name : "");
}

enum status
run_parse(struct run *r, int argc, char **argv)
{
	struct getopt_tables t = { .letters = "-:" };
	int c;

	opt_describe(&t, r->cmd->opts);
	opt_describe(&t, common_opts);
	r->given = calloc((size_t)argc + 1, sizeof(*r->given));
	r->operand = calloc((size_t)argc + 1, sizeof(*r->operand));
	if (r->given == NULL || r->operand == NULL)
		return error_sys(&r->err, ENOMEM, "options");
	r->before = -1;
	opterr = 0;
	optind = 0;	/* 0 makes glibc start anew, and read the leading "-" again */
	while ((c = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1)
		switch (c) {
		case 1:
			r->operand[r->noperands++] = optarg;
			break;
		case '?':
		case ':':
			return option_error(r, argv, c, t.letters, t.longs);
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
	/* Is this the "--" that ended the options, and not the argument of an option? */
	if (strcmp(argv[optind - 1], "--") == 0 &&
	    (r->ngiven == 0 || r->given[r->ngiven - 1].arg != argv[optind - 1]))
		r->before = r->noperands;
	while (optind < argc)	/* the operands behind "--" */
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

	if (text[0] >= '0' && text[0] <= '9')	/* strtonum would take blanks and signs, too */
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
arg_time(struct run *r, const char *opt, const char *text, usec_t *at)
{
	struct error ignored;
	usec_t ago;

	error_clear(&ignored);
	if (time_parse(text, at, &ignored) == ST_OK)
		return ST_OK;
	error_clear(&ignored);
	if (duration_parse(text, &ago, &ignored) != ST_OK)
		return run_usage(r,
		    "%s: '%s' is neither a time such as 2026-11-21T03:16:01Z (in UTC) nor a "
		    "duration such "
		    "as 2h", opt, text);
	*at = clock_now() - ago;
	return ST_OK;
}

enum status
arg_size(struct run *r, const char *opt, const char *text, int64_t *n)
{
	uint64_t u;

	if (text[0] < '0' || text[0] > '9' || expand_number(text, &u) == -1 || u < 1 ||
	    u > INT64_MAX)
		return run_usage(r, "%s: '%s' is not a size such as 4096, 64K or 1M", opt, text);
	*n = (int64_t)u;
	return ST_OK;
}

enum status
arg_rate(struct run *r, const char *opt, const char *text, usec_t *interval)
{
	usec_t unit;
	int64_t n;

	if (!rate_parse(text, &n, &unit))
		return run_usage(r, "%s: '%s' is not a rate such as 10/s, 30/m or 5/h", opt, text);
	*interval = unit / n;
	return ST_OK;
}
