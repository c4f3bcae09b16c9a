/*
 * headers.c: headers that have options of their own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/envelope.h"
#include "shared/cmd.h"
#include "shared/headers.h"

static const struct { int key; const char *name; } own[] = {
	{ HEADER_TYPE, "Type" }, { HEADER_CONTENT_TYPE, "Content-Type" },
	{ HEADER_SOURCE, "Source" }, { 'k', "Key" },
};
#define NOWN (sizeof(own) / sizeof(own[0]))

enum status
header_option(struct run *r, struct headers *headers, unsigned *given, int key, const char *value)
{
	enum status st;
	size_t i = 0;
	char *text;

	while (i < NOWN && own[i].key != key)
		i++;
	if (i == NOWN)
		return ST_NONE;
	if (asprintf(&text, "%s: %s", own[i].name, value) == -1)
		return error_sys(&r->err, ENOMEM, "%s", r->cmd->name);
	*given |= 1u << i;
	st = headers_add(headers, text, &r->err);
	free(text);
	return st;
}

enum status
headers_once(struct run *r, const struct headers *headers, unsigned given)
{
	struct header h;

	for (size_t i = 0; i < NOWN; i++) {
		size_t pos = 0, n = 0, len = strlen(own[i].name);
		while (headers_next(headers, &pos, &h))
			n += header_is(&h, own[i].name, len);
		if (n > 1 && (given & 1u << i) != 0)
			return run_usage(r, "the header %s is given twice", own[i].name);
	}
	return ST_OK;
}
