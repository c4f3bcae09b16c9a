/*
 * complete.c: completions for bash and zsh, from the command table.  fish.c makes those for fish.
 */
#include <string.h>

#include "base/name.h"
#include "spool/policy.h"
#include "shared/cmd.h"
#include "shared/complete.h"

/* ---- the tables of bash and zsh ------------------------------------------ */

/*
 * Print shell functions that look things up in the table: _mq_opts VERB, _mq_arg VERB OPT,
 * _mq_operands VERB.
 */
static void
complete_put_tables(FILE *f)
{
	(void)fputs("_mq_verbs='", f);
	for (const struct cmd *const *c = verbs; *c != NULL; c++)
		(void)fprintf(f, "%s%s", c == verbs ? "" : " ", (*c)->name);
	(void)fputs("'\n_mq_states='", f);
	for (int s = 0; s < NSTATES; s++)
		(void)fprintf(f, "%s%s", s == 0 ? "" : " ", state_names[s]);
	(void)fputs("'\n_mq_columns='", f);
	complete_words(f, complete_columns, " ");
	(void)fputs("'\n_mq_keys='", f);
	for (int i = 0; i < NKEYS; i++)
		(void)fprintf(f, "%s%s=", i == 0 ? "" : " ", conf_keys[i].name);
	(void)fputs("'\n\n_mq_opts() {\n\tcase $1 in\n", f);
	for (const struct cmd *const *c = verbs; *c != NULL; c++) {
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
	for (const struct cmd *const *c = verbs; *c != NULL; c++)
		for (const struct opt *o = (*c)->opts; o->key != 0; o++) {
			if (o->arg == NULL || o->optional)
				continue;
			(void)fprintf(f, "\t%s:--%s", (*c)->name, o->name);
			if (o->key < OPT_LONG)
				(void)fprintf(f, " | %s:-%c", (*c)->name, o->key);
			(void)fprintf(f, ") echo %s ;;\n", complete_kind(o->arg, strlen(o->arg)));
		}
	(void)fputs("\tesac\n}\n\n_mq_operands() {\n\tcase $1 in\n", f);
	for (const struct cmd *const *c = verbs; *c != NULL; c++) {
		(void)fprintf(f, "\t%s) echo '", (*c)->name);
		complete_operands(f, (*c)->operands);
		(void)fputs("' ;;\n", f);
	}
	(void)fputs("\tesac\n}\n\n_mq_idstates() {\n\tcase $1 in\n", f);
	for (const struct cmd *const *c = verbs; *c != NULL; c++)
		if (strcmp(complete_states((*c)->name), complete_states("")) != 0)
			(void)fprintf(f, "\t%s) echo %s ;;\n", (*c)->name,
			    complete_states((*c)->name));
	(void)fprintf(f, "\t*) echo %s ;;\n\tesac\n}\n\n", complete_states(""));
}

/*
 * Shell code that bash and zsh both run.  From the words before the one to complete it finds out
 * what kind of word comes next.
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
    "\t\t--)\n"
    "\t\t\tonly=operands:\n"
    "\t\t\tcase $kinds in *'* '*) kinds=${kinds#* } ;; esac\n"
    "\t\t\t;;\n"
    "\t\t-?*) need=$(_mq_arg \"$verb\" \"$word\") ;;\n"
    "\t\t*)\n"
    "\t\t\tn=$((n + 1))\n"
    "\t\t\t[ \"$n\" -eq 1 ] && queue=$word\n"
    "\t\t\tcase $kinds in\n"
    "\t\t\t*'* '*) ;;\n"
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
    "\tcase ${spool:-${MQ_SPOOL-}} in *://* | @*) return ;; "
    "esac\n"	/* a TAB must not ask for a password, or wait */
    "\tif [ -n \"$spool\" ]; then mq -q -s \"$spool\" \"$@\" 2>/dev/null; else mq -q \"$@\" "
    "2>/dev/null; fi\n"
    "}\n\n"
    "# _mq_candidates: the words that may come next.\n"
    "_mq_candidates() {\n"
    "\tcase $want in\n"
    "\tverb) echo \"$_mq_verbs\" ;;\n"
    "\tqueue) _mq_ask ls ;;\n"
    "\tid) [ -n \"$queue\" ] && _mq_ask ls \"$queue\" --ids -n 1000 --state \"$(_mq_idstates "
    "\"$verb\")\" ;;\n"
    "\thandle) [ -n \"$queue\" ] && _mq_ask ls \"$queue\" -o handle -n 1000 --state claimed ;;\n"
    "\tkey) echo \"$_mq_keys\" ;;\n"
    "\tstate) echo \"$_mq_states\" ;;\n"
    "\tcolumn) echo \"$_mq_columns\" ;;\n"
    "\tshell) echo bash zsh fish ;;\n"
    "\tesac\n"
    "}\n\n";

static void
complete_put_bash(FILE *f)
{
	(void)fputs("# bash completion for mq; made by 'mq help --completion bash'\n\n", f);
	complete_put_tables(f);
	(void)fputs(walk, f);
	(void)fputs("_mq() {\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} verb queue want spool\n"
	    "\t_mq_walk \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"\n"
	    "\tCOMPREPLY=()\n"
	    "\tcase $cur in\n"
	    "\t-*)\n"
	    "\t\tif [ -z \"$verb\" ]; then\n"
	    "\t\t\tmapfile -t COMPREPLY < <(compgen -W '-s --spool -q -v --help --version' -- "
	    "\"$cur\")\n"
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
complete_put_zsh(FILE *f)
{
	(void)fputs("#compdef mq\n# zsh completion for mq; made by 'mq help --completion zsh'\n\n",
	    f);
	complete_put_tables(f);
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

enum status
complete_print(FILE *f, const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		complete_put_bash(f);
	else if (strcmp(shell, "zsh") == 0)
		complete_put_zsh(f);
	else if (strcmp(shell, "fish") == 0)
		complete_fish(f);
	else
		return ST_USAGE;
	return ST_OK;
}
