/*
 * handle.c: what a claim of an engine is called outside: ENGINE:ATTEMPTS:TOKEN.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/broker.h"

/* amqp and amqps are one engine: it is called as its helper is. */
static const char *
handle_engine(const struct broker *b)
{
	return b->address.helper + strlen("mq-engine-");
}

void
broker_handle_print(const struct broker *b, int64_t attempts, const char *token,
    char buf[BROKER_HANDLE_MAX])
{
	(void)snprintf(buf, BROKER_HANDLE_MAX, "%s:%" PRId64 ":%s", handle_engine(b), attempts,
	    token);
}

enum status
broker_handle_parse(const struct broker *b, const char *text, int64_t *attempts,
    const char **token, struct error *err)
{
	const char *engine = handle_engine(b), *at = strchr(text, ':');
	char *end;

	if (at == NULL || at == text)
		return error_set(err, ST_BADDATA, 0, "'%.80s' is no handle of a claim on an "
		    "engine", text);
	if ((size_t)(at - text) != strlen(engine) || strncmp(text, engine, strlen(engine)) != 0)
		return error_set(err, ST_BADDATA, 0, "'%.80s' is no handle of a claim on %s, but "
		    "on '%.*s'", text, engine, (int)(at - text < 40 ? at - text : 40), text);
	*attempts = strtoll(at + 1, &end, 10);
	*token = end + 1;
	if (end == at + 1 || *end != ':' || at[1] < '0' || at[1] > '9' || *attempts > INT32_MAX ||
	    **token == '\0' || strlen(*token) > FRAME_TOKEN_MAX)
		return error_set(err, ST_BADDATA, 0, "'%.80s' is no handle of a claim on %s", text,
		    engine);
	for (const char *p = *token; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return error_set(err, ST_BADDATA, 0, "'%.80s' is no handle of a claim on "
			    "%s", text, engine);
	return ST_OK;
}
