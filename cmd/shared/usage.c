/*
 * usage.c: the text of mq help and of usage errors, from the command table.
 */
#include <string.h>

#include "shared/cmd.h"

void
help_usage(FILE *f)
{
	int width = 0;

	for (const struct cmd *const *c = verbs; *c != NULL; c++)
		if ((int)strlen((*c)->name) > width)
			width = (int)strlen((*c)->name);
	(void)fputs("usage: mq [-s SPOOL] [-q] [-v] COMMAND [OPTION]... [OPERAND]...\n\n", f);
	for (const struct cmd *const *c = verbs; *c != NULL; c++)
		(void)fprintf(f, "  %-*s  %s\n", width, (*c)->name, (*c)->summary);
	(void)fputs("\n  -s, --spool DIR  the spool; else $MQ_SPOOL, mq.conf, or the default (see "
	    "mq(1))\n"
	    "  -q, --quiet      say nothing that was not asked for\n"
	    "  -v, --verbose    say what is done\n"
	    "  --version        print the version\n"
	    "  $MQ_CONF         a file to read instead of the usual mq.conf files\n"
	    "\n'mq help COMMAND' tells more, 'man mq' and 'man mq-COMMAND' all.\n", f);
}

static void
usage_put_option(FILE *f, const struct opt *o)
{
	char text[64];
	int n = 0;

	if (o->key < OPT_LONG)
		n += snprintf(text, sizeof(text), "-%c", o->key);
	if (o->key < OPT_LONG && o->name == NULL && o->arg != NULL)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %s", o->arg);
	if (o->name != NULL)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s--%s", n > 0 ? ", " : "    ",
		    o->name);
	if (o->name != NULL && o->arg != NULL)
		(void)snprintf(text + n, sizeof(text) - (size_t)n, o->optional ? "[=%s]" : " %s",
		    o->arg);
	(void)fprintf(f, "  %-24s  %s\n", text, o->help);
}

void
help_verb(FILE *f, const struct cmd *c)
{
	(void)fprintf(f, "usage: mq %s%s%s%s\n\n%s\n\n", c->name,
	    c->opts[0].key != 0 ? " [OPTION]..." : "", c->operands[0] != '\0' ? " " : "",
	    c->operands, c->summary);
	for (const struct opt *o = c->opts; o->key != 0; o++)
		usage_put_option(f, o);
	for (const struct opt *o = common_opts; o->key != 0; o++)
		usage_put_option(f, o);
	(void)fprintf(f, "\nThe manual: man mq-%s\n", c->name);
}
