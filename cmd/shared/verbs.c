/*
 * verbs.c: looking up a verb in the table.
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
