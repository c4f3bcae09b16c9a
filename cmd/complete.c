/*
 * complete.c: completions for bash, zsh and fish, from the command table.
 *
 * What an operand or an argument is (a queue, an id, a handle, a file) is told by
 * its placeholder in the table; queues, ids and handles are asked of mq itself,
 * with the -s that was typed already.
 */
#include <string.h>

#include "cmd.h"

/* Which ids are of use to a verb. */
static const char *
states_for(const char *verb)
{
	static const struct { const char *verb, *states; } of[] = {
		{ "retry", "dead,held,delayed" }, { "hold", "ready,delayed" },
		{ "bury", "ready,delayed,held" },
	};

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (strcmp(of[i].verb, verb) == 0)
			return of[i].states;
	return "ready,delayed,claimed,held,dead,done";
}

/* The kind of thing that a placeholder stands for. */
static const char *
kind(const char *placeholder, size_t len)
{
	static const struct { const char *word, *kind; } of[] = {
		{ "QUEUE", "queue" }, { "TO", "queue" }, { "ID", "id" }, { "HANDLE", "handle" },
		{ "FILE", "file" }, { "CMD", "command" }, { "ARG", "file" }, { "COMMAND", "verb" },
		{ "KEY=VALUE", "key" }, { "STATE", "state" }, { "COLS", "column" },
		{ "COL", "column" }, { "SHELL", "shell" }, { "all", "all" },
	};

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (strlen(of[i].word) == len && strncmp(of[i].word, placeholder, len) == 0)
			return of[i].kind;
	return "none";
}

/* The kinds of a verb's operands, "queue id*": a star repeats the last. */
static void
put_operands(FILE *f, const char *operands)
{
	const char *p = operands;
	bool first = true;

	while (*p != '\0') {
		size_t len;
		p += strspn(p, " []-");
		len = strcspn(p, " []-.");
		if (len == 0)
			break;
		(void)fprintf(f, "%s%s", first ? "" : " ", kind(p, len));
		first = false;
		p += len;
		if (strncmp(p, "...", 3) == 0) {
			(void)fputc('*', f);
			p += 3;
		}
	}
}

static void
put_words(FILE *f, const char *const *words, const char *between)
{
	for (const char *const *w = words; *w != NULL; w++)
		(void)fprintf(f, "%s%s", w == words ? "" : between, *w);
}

static const char *const columns[] = { "id", "state", "priority", "attempts", "deliveries",
    "size", "age", "enqueued", "due", "deadline", "expires", "reason", "handle", "file", NULL };

/* ---- bash; zsh uses the same tables ----------------------------------- */

/* Shell functions that answer from the table: _mq_opts VERB, _mq_arg VERB OPT, _mq_operands VERB. */
static void
put_tables(FILE *f)
{
	(void)fputs("_mq_verbs='", f);
	for (const struct cmd *const *c = cmds; *c != NULL; c++)
		(void)fprintf(f, "%s%s", c == cmds ? "" : " ", (*c)->name);
	(void)fputs("'\n_mq_states='", f);
	for (int s = 0; s < NSTATES; s++)
		(void)fprintf(f, "%s%s", s == 0 ? "" : " ", state_names[s]);
	(void)fputs("'\n_mq_columns='", f);
	put_words(f, columns, " ");
	(void)fputs("'\n_mq_keys='", f);
	for (int i = 0; i < NKEYS; i++)
		(void)fprintf(f, "%s%s=", i == 0 ? "" : " ", conf_keys[i].name);
	(void)fputs("'\n\n_mq_opts() {\n\tcase $1 in\n", f);
	for (const struct cmd *const *c = cmds; *c != NULL; c++) {
		(void)fprintf(f, "\t%s) echo '", (*c)->name);
		for (const struct opt *o = (*c)->opts; o->key != 0; o++) {
			if (o->key < OPT_LONG)
				(void)fprintf(f, "-%c ", o->key);
			if (o->name != NULL)
				(void)fprintf(f, "--%s ", o->name);
		}
		(void)fputs("-q -v -h --quiet --verbose --help' ;;\n", f);
	}
	(void)fputs("\tesac\n}\n\n_mq_arg() {\n\tcase $1:$2 in\n", f);
	for (const struct cmd *const *c = cmds; *c != NULL; c++)
		for (const struct opt *o = (*c)->opts; o->key != 0; o++) {
			if (o->arg == NULL || o->optional)
				continue;
			(void)fprintf(f, "\t%s:--%s", (*c)->name, o->name);
			if (o->key < OPT_LONG)
				(void)fprintf(f, " | %s:-%c", (*c)->name, o->key);
			(void)fprintf(f, ") echo %s ;;\n", kind(o->arg, strlen(o->arg)));
		}
	(void)fputs("\tesac\n}\n\n_mq_operands() {\n\tcase $1 in\n", f);
	for (const struct cmd *const *c = cmds; *c != NULL; c++) {
		(void)fprintf(f, "\t%s) echo '", (*c)->name);
		put_operands(f, (*c)->operands);
		(void)fputs("' ;;\n", f);
	}
	(void)fputs("\tesac\n}\n\n_mq_idstates() {\n\tcase $1 in\n", f);
	for (const struct cmd *const *c = cmds; *c != NULL; c++)
		if (strcmp(states_for((*c)->name), states_for("")) != 0)
			(void)fprintf(f, "\t%s) echo %s ;;\n", (*c)->name, states_for((*c)->name));
	(void)fprintf(f, "\t*) echo %s ;;\n\tesac\n}\n\n", states_for(""));
}

/*
 * The state of the line so far, from the words before the one to complete: what
 * kind of thing comes next.  Plain shell that bash and zsh both run.
 */
static const char walk[] =
    "# _mq_walk WORD...: the words before the present one; sets verb, queue, want and spool.\n"
    "_mq_walk() {\n"
    "\tverb='' queue='' want='' spool=''\n"
    "\tlocal word kinds='' need='' n=0 only=''\n"
    "\tfor word in \"$@\"; do\n"
    "\t\tif [ -n \"$need\" ]; then\n"
    "\t\t\t[ \"$need\" = spool ] && spool=$word\n"
    "\t\t\tneed=''\n"
    "\t\t\tcontinue\n"
    "\t\tfi\n"
    "\t\tif [ -z \"$verb\" ]; then\n"
    "\t\t\tcase $word in\n"
    "\t\t\t-s | --spool) need=spool ;;\n"
    "\t\t\t--spool=*) spool=${word#--spool=} ;;\n"
    "\t\t\t-s?*) spool=${word#-s} ;;\n"
    "\t\t\t-*) ;;\n"
    "\t\t\t*) verb=$word kinds=$(_mq_operands \"$word\") ;;\n"
    "\t\t\tesac\n"
    "\t\t\tcontinue\n"
    "\t\tfi\n"
    "\t\tcase $only$word in\n"
    "\t\t--) only=operands: ;;\n"
    "\t\t-?*) need=$(_mq_arg \"$verb\" \"$word\") ;;\n"
    "\t\t*)\n"
    "\t\t\tn=$((n + 1))\n"
    "\t\t\t[ \"$n\" -eq 1 ] && queue=$word\n"
    "\t\t\tcase $kinds in\n"
    "\t\t\t*' '*) kinds=${kinds#* } ;;\n"
    "\t\t\t*'*') ;;\n"
    "\t\t\t*) kinds='' ;;\n"
    "\t\t\tesac\n"
    "\t\t\t;;\n"
    "\t\tesac\n"
    "\tdone\n"
    "\tif [ -n \"$need\" ]; then want=$need\n"
    "\telif [ -z \"$verb\" ]; then want=verb\n"
    "\telse\n"
    "\t\twant=${kinds%% *}\n"
    "\t\twant=${want%'*'}\n"
    "\tfi\n"
    "}\n\n"
    "_mq_ask() {\n"
    "\tif [ -n \"$spool\" ]; then mq -q -s \"$spool\" \"$@\" 2>/dev/null; else mq -q \"$@\" 2>/dev/null; fi\n"
    "}\n\n"
    "# _mq_candidates: the words that may come next.\n"
    "_mq_candidates() {\n"
    "\tcase $want in\n"
    "\tverb) echo \"$_mq_verbs\" ;;\n"
    "\tqueue) _mq_ask ls ;;\n"
    "\tid) [ -n \"$queue\" ] && _mq_ask ls \"$queue\" --ids -n 1000 --state \"$(_mq_idstates \"$verb\")\" ;;\n"
    "\thandle) [ -n \"$queue\" ] && _mq_ask ls \"$queue\" -o handle -n 1000 --state claimed ;;\n"
    "\tkey) echo \"$_mq_keys\" ;;\n"
    "\tstate) echo \"$_mq_states\" ;;\n"
    "\tcolumn) echo \"$_mq_columns\" ;;\n"
    "\tshell) echo bash zsh fish ;;\n"
    "\tesac\n"
    "}\n\n";

static void
put_bash(FILE *f)
{
	(void)fputs("# bash completion for mq; made by 'mq help --completion bash'\n\n", f);
	put_tables(f);
	(void)fputs(walk, f);
	(void)fputs("_mq() {\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} verb queue want spool\n"
	    "\t_mq_walk \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"\n"
	    "\tCOMPREPLY=()\n"
	    "\tcase $cur in\n"
	    "\t-*)\n"
	    "\t\tif [ -z \"$verb\" ]; then\n"
	    "\t\t\tmapfile -t COMPREPLY < <(compgen -W '-s --spool -q -v --help --version' -- \"$cur\")\n"
	    "\t\telse\n"
	    "\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$(_mq_opts \"$verb\")\" -- \"$cur\")\n"
	    "\t\tfi\n"
	    "\t\treturn\n"
	    "\t\t;;\n"
	    "\tesac\n"
	    "\tcase $want in\n"
	    "\tfile) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
	    "\tspool) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
	    "\tcommand) mapfile -t COMPREPLY < <(compgen -c -- \"$cur\") ;;\n"
	    "\t*) mapfile -t COMPREPLY < <(compgen -W \"$(_mq_candidates)\" -- \"$cur\") ;;\n"
	    "\tesac\n"
	    "\tif [ \"$want\" = key ]; then compopt -o nospace 2>/dev/null; fi\n"
	    "}\n\n"
	    "complete -F _mq mq\n", f);
}

static void
put_zsh(FILE *f)
{
	(void)fputs("#compdef mq\n# zsh completion for mq; made by 'mq help --completion zsh'\n\n", f);
	put_tables(f);
	(void)fputs(walk, f);
	(void)fputs("_mq() {\n"
	    "\tlocal verb queue want spool\n"
	    "\t_mq_walk \"${(@)words[2,CURRENT-1]}\"\n"
	    "\tif [[ $PREFIX == -* ]]; then\n"
	    "\t\tif [[ -z $verb ]]; then\n"
	    "\t\t\tcompadd -- -s --spool -q -v --help --version\n"
	    "\t\telse\n"
	    "\t\t\tcompadd -- ${=\"$(_mq_opts \"$verb\")\"}\n"
	    "\t\tfi\n"
	    "\t\treturn\n"
	    "\tfi\n"
	    "\tcase $want in\n"
	    "\tfile) _files ;;\n"
	    "\tspool) _files -/ ;;\n"
	    "\tcommand) _command_names ;;\n"
	    "\tkey) compadd -S '' -- ${=\"$(_mq_candidates)\"} ;;\n"
	    "\t*) compadd -- ${=\"$(_mq_candidates)\"} ;;\n"
	    "\tesac\n"
	    "}\n\n"
	    "if [ \"$funcstack[1]\" = _mq ]; then _mq \"$@\"; else compdef _mq mq; fi\n", f);
}

/* ---- fish ------------------------------------------------------------- */

/* Single quotes of fish: \ and ' are escaped. */
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
		what = kind(o->arg, strlen(o->arg));
		(void)fputs(strcmp(what, "file") == 0 ? " -rF" : " -x", f);
		if (strcmp(what, "file") != 0 && strcmp(what, "none") != 0)
			(void)fprintf(f, " -a '(__mq_candidates %s %s)'", what, verb);
	}
	(void)fputc('\n', f);
}

static void
put_fish(FILE *f)
{
	(void)fputs("# fish completion for mq; made by 'mq help --completion fish'\n\n"
	    "function __mq_ask\n"
	    "\tset -l words (commandline -opc)\n"
	    "\tset -l i (contains -i -- -s $words; or contains -i -- --spool $words)\n"
	    "\tif test -n \"$i\"; and test (count $words) -gt $i\n"
	    "\t\tmq -q -s $words[(math $i + 1)] $argv 2>/dev/null\n"
	    "\telse\n"
	    "\t\tmq -q $argv 2>/dev/null\n"
	    "\tend\n"
	    "end\n\n"
	    "# The operands so far behind the verb.\n"
	    "function __mq_operands\n"
	    "\tset -l words (commandline -opc)\n"
	    "\tset -l i (contains -i -- $argv[1] $words)\n"
	    "\tor return\n"
	    "\tfor word in $words[(math $i + 1)..-1]\n"
	    "\t\tstring match -q -- '-*' $word; or echo $word\n"
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
	put_words(f, columns, " ");
	(void)fputs("\n\t\tcase verb\n\t\t\tprintf '%s\\n'", f);
	for (const struct cmd *const *c = cmds; *c != NULL; c++)
		(void)fprintf(f, " %s", (*c)->name);
	(void)fputs("\n\t\tcase key\n\t\t\tprintf '%s\\n'", f);
	for (int i = 0; i < NKEYS; i++)
		(void)fprintf(f, " %s=", conf_keys[i].name);
	(void)fputs("\n\tend\nend\n\n"
	    "# What comes next is of this kind: the n-th of the verb's operands, the last one repeating.\n"
	    "function __mq_wants\n"
	    "\tset -l kinds (string split ' ' -- $argv[3])\n"
	    "\tset -l n (math (count (__mq_operands $argv[2])) + 1)\n"
	    "\tif test $n -gt (count $kinds)\n"
	    "\t\tstring match -q -- '*\\*' $kinds[-1]; or return 1\n"
	    "\t\tset n (count $kinds)\n"
	    "\tend\n"
	    "\ttest (string trim -c '*' -- $kinds[$n]) = $argv[1]\n"
	    "end\n\n"
	    "complete -c mq -f\n"
	    "complete -c mq -n __fish_use_subcommand -s s -l spool -rF -d 'the spool'\n"
	    "complete -c mq -n __fish_use_subcommand -l version -d 'print the version'\n", f);
	for (const struct cmd *const *c = cmds; *c != NULL; c++) {
		(void)fprintf(f, "complete -c mq -n __fish_use_subcommand -a %s -d ", (*c)->name);
		fish_quote(f, (*c)->summary);
		(void)fputc('\n', f);
	}
	for (const struct cmd *const *c = cmds; *c != NULL; c++) {
		static const char *const kinds[] = { "queue", "id", "handle", "key", "verb", "command" };
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			(void)fprintf(f, "complete -c mq -n '__fish_seen_subcommand_from %s; and __mq_wants "
			    "%s %s \"", (*c)->name, kinds[k], (*c)->name);
			put_operands(f, (*c)->operands);
			(void)fprintf(f, "\"' -a '(__mq_candidates %s %s %s)'\n", kinds[k], (*c)->name,
			    states_for((*c)->name));
		}
		(void)fprintf(f, "complete -c mq -n '__fish_seen_subcommand_from %s; and __mq_wants file %s \"",
		    (*c)->name, (*c)->name);
		put_operands(f, (*c)->operands);
		(void)fputs("\"' -F\n", f);
		for (const struct opt *o = (*c)->opts; o->key != 0; o++)
			fish_option(f, (*c)->name, o);
	}
}

enum status
complete_print(FILE *f, const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		put_bash(f);
	else if (strcmp(shell, "zsh") == 0)
		put_zsh(f);
	else if (strcmp(shell, "fish") == 0)
		put_fish(f);
	else
		return ST_USAGE;
	return ST_OK;
}
