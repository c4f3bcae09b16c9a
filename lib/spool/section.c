/*
 * section.c: the sections of mq.conf that say how an engine is reached, and what is relayed.  They
 * are read with the policies, so that a fault in any of them is told of, but lib/ has no use for
 * them.
 */
#include <string.h>

#include "spool/parser.h"

struct section_kind {
	const char *prefix;
	const char *keys;	/* with a blank before and behind each */
	const char *repeated;	/* those that may stand there more than once */
};

static const struct section_kind kinds[] = {
	{ "engine ", " url credentials ca cert key tls_name verify insecure transactions timeout "
	    "queue ", " queue " },
	{ "relay ", " source destination window ", " " },
};

const struct section_kind *
section_kind(const char *section)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);
		if (strncmp(section, kinds[i].prefix, len) == 0 && queue_name_ok(section + len))
			return &kinds[i];
	}
	return NULL;
}

static bool
section_lists(const char *list, const char *key)
{
	size_t len = strlen(key);

	for (const char *p = list; (p = strstr(p, key)) != NULL; p++)
		if (p > list && p[-1] == ' ' && p[len] == ' ')
			return true;
	return false;
}

bool
section_has(const struct section_kind *kind, const char *key, bool *repeated)
{
	*repeated = section_lists(kind->repeated, key);
	return section_lists(kind->keys, key);
}

const char *
section_keys(const struct section_kind *kind)
{
	return kind->keys;
}
