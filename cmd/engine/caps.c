/*
 * caps.c: what an engine can do, and whether that is enough for a message.
 */
#include <stdlib.h>
#include <string.h>

#include "base/envelope.h"
#include "base/name.h"
#include "engine/engine.h"
#include "engine/inside.h"

const char *
engine_cap(const struct engine *e, const char *name)
{
	size_t len = strlen(name);

	for (char **c = e->caps; *c != NULL; c++)
		if (strncmp(*c, name, len) == 0 && (*c)[len] == '=')
			return *c + len + 1;
	return NULL;
}

bool
engine_can(const struct engine *e, const char *name)
{
	for (char **c = e->caps; *c != NULL; c++)
		if (strcmp(*c, name) == 0)
			return true;
	return engine_cap(e, name) != NULL;
}

int64_t
engine_cap_number(const struct engine *e, const char *name, int64_t absent)
{
	const char *value = engine_cap(e, name);

	return value != NULL ? strtoll(value, NULL, 10) : absent;
}

bool
engine_lists(const struct engine *e, const char *name, const char *word)
{
	const char *value = engine_cap(e, name);
	size_t len = strlen(word);

	for (const char *p = value; p != NULL;
	     p = strchr(p, ',') != NULL ? strchr(p, ',') + 1 : NULL)
		if (strncmp(p, word, len) == 0 && (p[len] == ',' || p[len] == '\0'))
			return true;
	return false;
}

const char *const *
engine_caps(const struct engine *e)
{
	return (const char *const *)e->caps;
}

const char *
engine_name(const struct engine *e)
{
	return e->name;
}

int64_t
engine_attempts(const struct engine *e, const struct message *m)
{
	return !engine_can(e, "attempts") && m->deliveries > m->attempts + 1 ? m->deliveries - 1 :
	    m->attempts;
}

static int64_t
caps_headers(const struct message *m)
{
	struct headers all = { (char *)(uintptr_t)m->head, m->headlen };
	struct header h;
	size_t pos = 0;
	int64_t n = 0;

	while (headers_next(&all, &pos, &h))
		n++;
	return n;
}

/* Whether the engine can do what the options of the message ask for. */
static enum status
caps_options(const struct engine *e, const struct message *m, struct error *err)
{
	const struct { const char *name, *what, *instead; bool wanted; } options[] = {
		{ "delay", "delay a message", "push it to a local queue with -d, and relay that",
		    m->delay_ms > 0 },
		{ "once", "know an --id again", "consumers find the id in each message",
		    m->once != NULL },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].wanted && !engine_can(e, options[i].name))
			return error_set(err, ST_USAGE, 0, "%s cannot %s: %s", e->name,
			    options[i].what, options[i].instead);
	if (m->delay_ms > 0 && engine_cap_number(e, "delay", 0) > 0 &&
	    m->delay_ms > engine_cap_number(e, "delay", 0))
		return error_set(err, ST_USAGE, 0,
		    "%s delays a message by %lld s at most: push it to a "
		    "local queue with -d, and relay that",
		    e->name, (long long)engine_cap_number(e, "delay", 0) / 1000);
	return ST_OK;
}

enum status
engine_fits(const struct engine *e, const struct message *m, enum class *c, struct error *err)
{
	int64_t max = engine_cap_number(e, "max-body", FRAME_BODY_MAX), n;

	*c = CLASS_LARGE;
	if ((int64_t)m->bodylen > max)
		return error_set(err, ST_BADDATA, 0,
		    "the message has %zu bytes; %s holds %lld at most", m->bodylen, e->name,
		    (long long)max);
	*c = CLASS_DATA;
	if ((int64_t)m->bodylen < engine_cap_number(e, "min-body", 0))
		return error_set(err, ST_BADDATA, 0, "%s cannot hold an empty message", e->name);
	max = engine_cap_number(e, "headers", INT64_MAX);
	if (max != INT64_MAX && (n = caps_headers(m)) > max)
		return error_set(err, ST_BADDATA, 0,
		    "the message has %lld headers; %s holds %lld at most", (long long)n, e->name,
		    (long long)max);
	if (!message_fits(m, strlen(m->queue) + FRAME_TAG_MAX))
		return error_set(err, ST_BADDATA, 0,
		    "its key, and the relays that it came through, "
		    "are too long for a helper");
	return caps_options(e, m, err);
}
