/*
 * env.c: the environment of handlers: ours, and what differs from message to message.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "work.h"

extern char **environ;

static void
env_put(struct env *e, char *text)
{
	if (e->n == e->cap && !e->failed) {
		size_t cap = e->cap == 0 ? 64 : e->cap * 2;
		char **v = reallocarray(e->v, cap, sizeof(*v));
		if (v == NULL)
			e->failed = true;
		else {
			e->v = v;
			e->cap = cap;
		}
	}
	if (e->failed || text == NULL) {
		e->failed = true;
		free(text);
		return;
	}
	e->v[e->n++] = text;
}

static void
env_share(struct env *e, char **v, size_t n)
{
	e->cap = n + 32;
	if ((e->v = reallocarray(NULL, e->cap, sizeof(*e->v))) == NULL) {
		e->cap = 0;
		e->failed = true;
		return;
	}
	memcpy(e->v, v, n * sizeof(*v));
	e->n = e->shared = n;
}

static void env_set(struct env *, const char *, const char *, ...) PRINTF_LIKE(3, 4);

static void
env_set(struct env *e, const char *name, const char *fmt, ...)
{
	char *value = NULL, *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&value, fmt, ap) == -1)
		value = NULL;
	va_end(ap);
	if (value != NULL && asprintf(&text, "%s=%s", name, value) == -1)
		text = NULL;
	free(value);
	env_put(e, text);
}

void
env_free(struct env *e)
{
	for (size_t i = e->shared; i < e->n; i++)
		free(e->v[i]);
	free(e->v);
}

static enum status
env_end(struct env *e, struct error *err)
{
	env_put(e, strdup(""));
	if (e->failed)
		return error_sys(err, ENOMEM, "environment of the handler");
	free(e->v[--e->n]);
	e->v[e->n] = NULL;
	return ST_OK;
}

/* What we set ourselves, and headers of another message, must not be inherited. */
static bool
ours(const char *var)
{
	static const char *const names[] = { "MQ_SPOOL=", "MQ_QUEUE=", "MQ_ID=", "MQ_ATTEMPT=",
	    "MQ_MAX_ATTEMPTS=", "MQ_PRIORITY=", "MQ_ENQUEUED=", "MQ_HANDLE=", "MQ_HEADER_",
	    "MQ_BATCH=", "MQ_IDS=", "MQ_RESULT_FD=" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(var, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* MQ_HEADER_NAME: upper case, all but A-Z and 0-9 become "_"; repeats are joined. */
static void
env_header(struct env *e, size_t first, const struct header *h)
{
	char name[sizeof("MQ_HEADER_=") + HEADER_NAME_MAX] = "MQ_HEADER_";
	size_t len = strlen(name);
	char *text = NULL;

	for (size_t i = 0; i < h->namelen && len < sizeof(name) - 2; i++) {
		unsigned char c = (unsigned char)h->name[i];
		name[len++] = isalnum(c) ? (char)toupper(c) : '_';
	}
	name[len] = '\0';
	for (size_t i = first; i < e->n; i++)
		if (strncmp(e->v[i], name, len) == 0 && e->v[i][len] == '=') {
			if (asprintf(&text, "%s, %.*s", e->v[i], (int)h->valuelen, h->value) == -1)
				e->failed = true;
			else {
				free(e->v[i]);
				e->v[i] = text;
			}
			return;
		}
	env_set(e, name, "%.*s", (int)h->valuelen, h->value);
}

enum status
env_common(struct env *e, struct run *r, struct queue *q, struct error *err)
{
	char path[PATH_MAX];

	for (char **v = environ; *v != NULL; v++)
		if (!ours(*v))
			env_put(e, strdup(*v));
	env_set(e, "MQ_SPOOL", "%s", realpath(r->spool_path, path) != NULL ? path : r->spool_path);
	env_set(e, "MQ_QUEUE", "%s", queue_name(q));
	return env_end(e, err);
}

enum status
env_message(struct env *e, const struct launch *l, const struct claim *c, struct error *err)
{
	const struct msgname *n = &c->at.name;
	char handle[HANDLE_MAX], at[TIME_MAX];
	struct headers headers;
	struct header h;
	enum status st;
	size_t first, pos = 0;

	env_share(e, l->env, l->nenv);
	handle_format(&c->at, handle);
	time_format(id_time(&n->id), at);
	env_set(e, "MQ_ID", "%s", n->id.text);
	env_set(e, "MQ_ATTEMPT", "%d", n->attempts + 1);
	env_set(e, "MQ_MAX_ATTEMPTS", "%lld", (long long)queue_policy(l->q)->attempts);
	env_set(e, "MQ_PRIORITY", "%d", n->priority);
	env_set(e, "MQ_ENQUEUED", "%s", at);
	env_set(e, "MQ_HANDLE", "%s", handle);
	if ((st = msg_headers(c->fd, n, &headers, err)) != ST_OK)
		return st;
	first = e->n;
	while (headers_next(&headers, &pos, &h))
		env_header(e, first, &h);
	headers_free(&headers);
	return env_end(e, err);
}

enum status
env_part(struct env *e, const struct launch *l, const struct handler *h, struct error *err)
{
	char *ids = malloc((size_t)h->part * (ID_LEN + 1) + 1), *at = ids;

	env_share(e, l->env, l->nenv);
	if (ids == NULL)
		return error_sys(err, ENOMEM, "environment of the handler");
	for (int i = 0; i < h->part; i++)
		if (h->claim[i].fd != -1) {
			memcpy(at, h->claim[i].at.name.id.text, ID_LEN);
			at[ID_LEN] = ' ';
			at += ID_LEN + 1;
		}
	at[at > ids ? -1 : 0] = '\0';
	env_set(e, "MQ_BATCH", "%d", h->ran);
	env_set(e, "MQ_IDS", "%s", ids);
	env_set(e, "MQ_RESULT_FD", "%d", RESULT_FD);
	free(ids);
	return env_end(e, err);
}

enum status
env_stay(struct env *e, const struct launch *l, struct error *err)
{
	env_share(e, l->env, l->nenv);
	return env_end(e, err);
}
