/*
 * fish.c: completions for fish, from the command table.
 */
#include <string.h>

#include "base/name.h"
#include "spool/policy.h"
#include "shared/cmd.h"
#include "shared/complete.h"

/* Print a word in fish's single quotes, in which \ and ' are escaped. */
static void
fish_quote(FILE *f, const char *text)
{
	(void)fputc('\'', f);
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			(void)fputc('\\', f);
		(void)fputc(*text, f);
	}
	(void)fputc('\'', f);
}

static void
fish_option(FILE *f, const char *verb, const struct opt *o)
{
	const char *what;

	(void)fprintf(f, "complete -c mq -n '__fish_seen_subcommand_from %s'", verb);
	if (o->key < OPT_LONG)
		(void)fprintf(f, " -s %c", o->key);
	if (o->name != NULL)
		(void)fprintf(f, " -l %s", o->name);
	(void)fputs(" -d ", f);
	fish_quote(f, o->help);
	if (o->arg != NULL && !o->optional) {
		what = complete_kind(o->arg, strlen(o->arg));
		(void)fputs(strcmp(what, "file") == 0 ? " -rF" : " -x", f);
		if (strcmp(what, "file") != 0 && strcmp(what, "none") != 0)
			(void)fprintf(f, " -a '(__mq_candidates %s %s)'", what, verb);
	}
	(void)fputc('\n', f);
}

/* Print __mq_arg VERB OPTION, which prints something if the next word belongs to the option. */
static void
fish_put_args(FILE *f)
{
	(void)fputs("function __mq_arg\n\tswitch $argv[1]:$argv[2]\n", f);
	for (const struct cmd *const *c = verbs; *c != NULL; c++)
		for (const struct opt *o = (*c)->opts; o->key != 0; o++) {
			if (o->arg == NULL || o->optional)
				continue;
			(void)fprintf(f, "\t\tcase %s:--%s", (*c)->name, o->name);
			if (o->key < OPT_LONG)
				(void)fprintf(f, " %s:-%c", (*c)->name, o->key);
			(void)fputs("\n\t\t\techo yes\n", f);
		}
	(void)fputs("\tend\nend\n\n", f);
}

void
complete_fish(FILE *f)
{
	(void)fputs(
	    "# fish completion for mq; made by 'mq help --completion fish'\n\n"
	    "# Ask mq, with the spool that was typed.\n"
	    "function __mq_ask\n"
	    "\tset -l words (commandline -opc)\n"
	    "\tset -l spool\n"
	    "\tset -l need\n"
	    "\tfor word in $words[2..-1]\n"
	    "\t\tif test -n \"$need\"\n"
	    "\t\t\tset spool -s $word\n"
	    "\t\t\tset need\n"
	    "\t\t\tcontinue\n"
	    "\t\tend\n"
	    "\t\tswitch $word\n"
	    "\t\t\tcase -s --spool\n\t\t\t\tset need yes\n"
	    "\t\t\tcase '--spool=*'\n\t\t\t\tset spool -s (string replace -- --spool= '' $word)\n"
	    "\t\t\tcase '-s*'\n\t\t\t\tset spool -s (string sub -s 3 -- $word)\n"
	    "\t\t\tcase '-*'\n"
	    "\t\t\tcase '*'\n\t\t\t\tbreak\n"
	    "\t\tend\n"
	    "\tend\n"
	    "\tstring match -qr '^(@|.*://)' -- $spool[2] (test -n \"$spool\"; or echo "
	    "\"$MQ_SPOOL\"); "
	    "and return\n"
	    "\tmq -q $spool $argv 2>/dev/null\n"
	    "end\n\n",
	    f);
	fish_put_args(f);
	(void)fputs("# The operands so far behind the verb.\n"
	    "function __mq_operands\n"
	    "\tset -l words (commandline -opc)\n"
	    "\tset -l i (contains -i -- $argv[1] $words)\n"
	    "\tor return\n"
	    "\tset -l need\n"
	    "\tset -l only\n"
	    "\tfor word in $words[(math $i + 1)..-1]\n"
	    "\t\tif test -n \"$need\"\n"
	    "\t\t\tset need\n"
	    "\t\telse if test -n \"$only\"\n"
	    "\t\t\techo $word\n"
	    "\t\telse if test \"$word\" = --\n"
	    "\t\t\tset only yes\n"
	    "\t\telse if string match -q -- '-?*' $word\n"
	    "\t\t\tset need (__mq_arg $argv[1] $word)\n"
	    "\t\telse\n"
	    "\t\t\techo $word\n"
	    "\t\tend\n"
	    "\tend\n"
	    "end\n\n"
	    "function __mq_candidates\n"
	    "\tset -l operands (__mq_operands $argv[2])\n"
	    "\tswitch $argv[1]\n"
	    "\t\tcase queue\n\t\t\t__mq_ask ls\n", f);
	(void)fputs("\t\tcase id\n\t\t\t__mq_ask ls $operands[1] --ids -n 1000 --state $argv[3]\n"
	    "\t\tcase handle\n\t\t\t__mq_ask ls $operands[1] -o handle -n 1000 --state claimed\n"
	    "\t\tcase command\n\t\t\t__fish_complete_command\n"
	    "\t\tcase shell\n\t\t\tprintf '%s\\n' bash zsh fish\n"
	    "\t\tcase state\n\t\t\tprintf '%s\\n'", f);
	for (int s = 0; s < NSTATES; s++)
		(void)fprintf(f, " %s", state_names[s]);
	(void)fputs("\n\t\tcase column\n\t\t\tprintf '%s\\n' ", f);
	complete_words(f, complete_columns, " ");
	(void)fputs("\n\t\tcase verb\n\t\t\tprintf '%s\\n'", f);
	for (const struct cmd *const *c = verbs; *c != NULL; c++)
		(void)fprintf(f, " %s", (*c)->name);
	(void)fputs("\n\t\tcase key\n\t\t\tprintf '%s\\n'", f);
	for (int i = 0; i < NKEYS; i++)
		(void)fprintf(f, " %s=", conf_keys[i].name);
	(void)fputs("\n\tend\nend\n\n"
	    "# What comes next is of this kind: the n-th of the verb's operands, the last one "
	    "repeating, or the first up to --.\n"
	    "function __mq_wants\n"
	    "\tset -l kinds (string split ' ' -- $argv[3])\n"
	    "\tset -l n (math (count (__mq_operands $argv[2])) + 1)\n"
	    "\tif string match -q -- '*\\* *' $argv[3]\n"
	    "\t\tset -l words (commandline -opc)\n"
	    "\t\tset -l at (contains -i -- -- $words)\n"
	    "\t\tand set n (math (count $words) - $at + 2)\n"
	    "\t\tor set n 1\n"
	    "\tend\n"
	    "\tif test $n -gt (count $kinds)\n"
	    "\t\tstring match -q -- '*\\*' $kinds[-1]; or return 1\n"
	    "\t\tset n (count $kinds)\n"
	    "\tend\n"
	    "\ttest (string trim -c '*' -- $kinds[$n]) = $argv[1]\n"
	    "end\n\n"
	    "complete -c mq -f\n"
	    "complete -c mq -n __fish_use_subcommand -s s -l spool -rF -d 'the spool'\n"
	    "complete -c mq -n __fish_use_subcommand -l version -d 'print the version'\n", f);
	for (const struct cmd *const *c = verbs; *c != NULL; c++) {
		(void)fprintf(f, "complete -c mq -n __fish_use_subcommand -a %s -d ", (*c)->name);
		fish_quote(f, (*c)->summary);
		(void)fputc('\n', f);
	}
	for (const struct cmd *const *c = verbs; *c != NULL; c++) {
		static const char *const kinds[] = { "queue", "id", "handle", "key", "verb",
		    "command" };
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			(void)fprintf(f,
			    "complete -c mq -n '__fish_seen_subcommand_from %s; and __mq_wants "
			    "%s %s \"", (*c)->name, kinds[k], (*c)->name);
			complete_operands(f, (*c)->operands);
			(void)fprintf(f, "\"' -a '(__mq_candidates %s %s %s)'\n", kinds[k],
			    (*c)->name,
			    complete_states((*c)->name));
		}
		(void)fprintf(f,
		    "complete -c mq -n '__fish_seen_subcommand_from %s; and __mq_wants file %s \"",
		    (*c)->name, (*c)->name);
		complete_operands(f, (*c)->operands);
		(void)fputs("\"' -F\n", f);
		for (const struct opt *o = (*c)->opts; o->key != 0; o++)
			fish_option(f, (*c)->name, o);
	}
}
