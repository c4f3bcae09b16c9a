/*
 * nearest.c: the word that was probably meant.
 */
#include <string.h>

#include "base/name.h"
#include "shared/cmd.h"

/* The Levenshtein distance, computed by rows (Wagner and Fischer).  For short names. */
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
