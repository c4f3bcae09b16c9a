/*
 * names.c: a list of names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"

enum status
names_split(const char *text, size_t len, char separator, struct names *out, struct error *err)
{
	const char *end = text + len, *stop;
	size_t n = 1;

	memset(out, 0, sizeof(*out));
	for (const char *p = text; p < end; p++)
		n += *p == separator;
	if ((out->name = calloc(n, sizeof(*out->name))) == NULL)
		return error_sys(err, ENOMEM, "a list of names");
	for (; text < end; text = stop + 1) {
		if ((stop = memchr(text, separator, (size_t)(end - text))) == NULL)
			stop = end;
		if (stop == text)
			continue;
		if ((out->name[out->n] = strndup(text, (size_t)(stop - text))) == NULL) {
			names_free(out);
			return error_sys(err, ENOMEM, "a list of names");
		}
		out->n++;
	}
	return ST_OK;
}

enum status
names_add(struct names *names, const char *name, struct error *err)
{
	if (names->n >= names->cap) {
		/* A list that names_split made has no 'cap'. */
		size_t cap = names->n < 8 ? 16 : names->n * 2;
		char **grown = reallocarray(names->name, cap, sizeof(*grown));
		if (grown == NULL)
			return error_sys(err, ENOMEM, "a list of names");
		names->name = grown;
		names->cap = cap;
	}
	if ((names->name[names->n] = strdup(name)) == NULL)
		return error_sys(err, ENOMEM, "a list of names");
	names->n++;
	return ST_OK;
}

void
names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->name[i]);
	free(names->name);
	memset(names, 0, sizeof(*names));
}
