/*
 * keys.c: finding keys by their names, and guessing which key a wrong name was meant to be.
 */
#include <stdio.h>
#include <string.h>

#include "base/names.h"
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

void
key_guess(const char *name, int n, char *buf, size_t size)
{
	size_t best = 4, d;

	*buf = '\0';
	if (strlen(name) > GUESS_MAX)
		return;
	for (int i = 0; i < n; i++) {
		d = word_distance(name, key_name(i));
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
