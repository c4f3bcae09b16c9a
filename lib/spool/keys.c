/*
 * keys.c: finding keys by their names, and guessing which key a wrong name was meant to be.
 */
#include <stdio.h>
#include <string.h>

#include "spool/policy.h"
#include "spool/keys.h"

const char *
key_name(int key)
{
	if (key < NKEYS)
		return conf_keys[key].name;
	return key == SET_SPOOL ? "spool" : "autocreate";
}

int
key_find(const char *name, size_t len)
{
	for (int i = 0; i < NNAMES; i++)
		if (strlen(key_name(i)) == len && strncmp(name, key_name(i), len) == 0)
			return i;
	return -1;
}

#define GUESS_MAX 24

/*
 * Levenshtein's distance: how many characters have to be inserted, deleted or replaced.  It is
 * computed by rows (Wagner and Fischer).
 */
static size_t
distance(const char *a, const char *b)
{
	size_t row[GUESS_MAX + 1], diagonal, above;

	for (size_t j = 0; j <= strlen(b); j++)
		row[j] = j;
	for (size_t i = 1; i <= strlen(a); i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= strlen(b); j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			above = row[j];
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = above;
			row[j] = best;
		}
	}
	return row[strlen(b)];
}

void
key_guess(const char *name, int n, char *buf, size_t size)
{
	size_t best = 4, d;

	*buf = '\0';
	if (strlen(name) > GUESS_MAX)
		return;
	for (int i = 0; i < n; i++) {
		d = distance(name, key_name(i));
		/*
		 * At least half of the name has to be right.  Otherwise "x" would be near to every
		 * key.
		 */
		if (d < best && d * 2 <= strlen(name)) {
			best = d;
			(void)snprintf(buf, size, " (did you mean '%s'?)", key_name(i));
		}
	}
}
