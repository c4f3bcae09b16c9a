/*
 * verbs.c: the table of verbs, for all that works for each of them.
 */
#include <string.h>

#include "shared/cmd.h"

const struct cmd *const *verbs;

const struct cmd *
cmd_find(const char *name)
{
	for (const struct cmd *const *c = verbs; *c != NULL; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}
