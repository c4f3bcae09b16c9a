/*
 * json.c: what reading and writing CloudEvents have in common.
 */
#include <string.h>
#include <strings.h>

#include "shared/cmd.h"
#include "cloudevents/cloudevents.h"

const struct attribute attributes[NATTRIBUTES] = {
	{ "type", "Type", true }, { "source", "Source", true },
	{ "datacontenttype", "Content-Type", false },
	{ "subject", "Subject", true }, { "time", "Time", true },
	{ "dataschema", "Dataschema", true },
	{ "traceparent", "Traceparent", true }, { "tracestate", "Tracestate", true },
	{ "specversion", "", false }, { "data", "", false }, { "mqhandle", "", false },
};

json_t *
any_json(const char *text, size_t len)
{
	return json_loadb(text, len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL,
	    NULL);
}

bool
is_json(const char *text, size_t len)
{
	json_t *value = any_json(text, len);

	json_decref(value);
	return value != NULL;
}

bool
has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return true;
	return false;
}

/* application/json, text/json, or any type that ends in +json. */
bool
is_json_type(const char *type, size_t len)
{
	size_t end = 0;

	while (end < len && strchr("; \t", type[end]) == NULL)
		end++;
	return end >= 5 && (type[end - 5] == '/' || type[end - 5] == '+') &&
	    strncasecmp(type + end - 4, "json", 4) == 0;
}

bool
cloudevent_header(const char *name, size_t len)
{
	for (size_t i = 0; i < NATTRIBUTES; i++)
		if (len == strlen(attributes[i].header) &&
		    strncasecmp(name, attributes[i].header, len) == 0 &&
		    strncmp(attributes[i].name, "trace", 5) != 0)
			return true;
	return len > 3 && strncasecmp(name, "Ce-", 3) == 0;
}
