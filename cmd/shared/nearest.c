/*
 * nearest.c: the word that was probably meant.
 */
#include <string.h>

#include "base/name.h"
#include "base/names.h"
#include "shared/cmd.h"

const char *
nearest(const char *word, const char *const *names, size_t n)
{
	const char *found = NULL;
	size_t best = 3;

	if (strlen(word) > QUEUE_NAME_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t d = word_distance(word, names[i]);
		if (d < best && 2 * d <= strlen(word)) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

enum status
no_command(struct run *r, const char *word)
{
	const char *names[64], *near;
	size_t n = 0;

	for (const struct cmd *const *c = verbs; *c != NULL; c++)
		names[n++] = (*c)->name;
	near = nearest(word, names, n);
	if (near != NULL)
		return error_set(&r->err, ST_USAGE, 0, "no command '%s'; did you mean '%s'?", word,
		    near);
	return error_set(&r->err, ST_USAGE, 0, "no command '%s'; 'mq help' lists them", word);
}
