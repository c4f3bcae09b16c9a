/*
 * help.c: mq help: the help texts, all from the command table.
 */
#include <string.h>

#include "shared/cmd.h"

enum { COMPLETION = OPT_LONG, TABLE };

static const struct opt opts[] = {
	{ COMPLETION, "completion", "SHELL", false, "print the completions for bash, zsh or fish" },
	{ TABLE, "table", NULL, false, "print the command table, tab-separated" },
	OPT_END
};

/*
 * Print the table for tests and tools: "cmd NAME OPERANDS SUMMARY", then "opt NAME LETTER LONG ARG
 * HELP" for each option.
 */
static void
put_table(void)
{
	for (const struct cmd *const *c = verbs; *c != NULL; c++) {
		(void)printf("cmd\t%s\t%s\t%s\n", (*c)->name, (*c)->operands, (*c)->summary);
		for (const struct opt *o = (*c)->opts; o->key != 0; o++)
			(void)printf("opt\t%s\t%.1s\t%s\t%s%s%s\t%s\n", (*c)->name,
			    o->key < OPT_LONG ? (char[]){ (char)o->key, '\0' } : "",
			    o->name != NULL ? o->name : "", o->optional ? "[" : "",
			    o->arg != NULL ? o->arg : "", o->optional ? "]" : "", o->help);
	}
}

static enum status
run_help(struct run *r)
{
	const struct cmd *c;
	const char *arg;
	enum status st;
	int key;

	while ((key = run_option(r, &arg)) != 0) {
		if (key == TABLE) {
			put_table();
			return ST_OK;
		}
		if (complete_print(stdout, arg) != ST_OK)
			return run_usage(r, "--completion: '%s' is neither bash nor zsh nor fish",
			    arg);
		return ST_OK;
	}
	if ((st = run_operands(r, 0, 1)) != ST_OK)
		return st;
	if (r->noperands == 0) {
		help_usage(stdout);
		return ST_OK;
	}
	if ((c = cmd_find(r->operand[0])) == NULL)
		return no_command(r, r->operand[0]);
	help_verb(stdout, c);
	return ST_OK;
}

const struct cmd cmd_help = {
	.name = "help",
	.operands = "[COMMAND]",
	.summary = "tell about commands",
	.opts = opts,
	.run = run_help,
	.pipe = PIPE_ENDS,
};
