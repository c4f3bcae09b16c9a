/*
 * class.c: the classes of errors of an engine, and what a verb makes of them.
 */
#include <string.h>

#include "frame/frame.h"

const char *const class_names[NCLASSES] = { "again", "full", "data", "large", "gone", "perm",
	"conf", "lost", "cannot", "unknown" };

static const enum status statuses[NCLASSES] = { ST_AGAIN, ST_AGAIN, ST_BADDATA, ST_BADDATA,
	ST_NOTFOUND, ST_DENIED, ST_CONF, ST_LOST, ST_USAGE, ST_UNSURE };

int
class_parse(const char *text)
{
	for (int i = 0; i < NCLASSES; i++)
		if (strcmp(text, class_names[i]) == 0)
			return i;
	return -1;
}

enum status
class_status(enum class c)
{
	return statuses[c];
}
