/*
 * env.c: the environment of the programs that mq runs for a message, and the trace that mq push
 * takes from its own environment.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/envelope.h"
#include "spool/spool.h"
#include "shared/cmd.h"
#include "shared/env.h"

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

void
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

void
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

enum status
env_end(struct env *e, struct error *err)
{
	env_put(e, strdup(""));
	if (e->failed)
		return error_sys(err, ENOMEM, "environment of the handler");
	free(e->v[--e->n]);
	e->v[e->n] = NULL;
	return ST_OK;
}

/* Whether a variable must not be inherited: mq sets it itself, or it describes another message. */
static bool
env_ours(const char *var)
{
	static const char *const names[] = { "MQ_SPOOL=", "MQ_QUEUE=", "MQ_ID=", "MQ_ATTEMPT=",
	    "MQ_MAX_ATTEMPTS=", "MQ_PRIORITY=", "MQ_ENQUEUED=", "MQ_HANDLE=", "MQ_HEADER_",
	    "MQ_BATCH=", "MQ_IDS=", "MQ_RESULT_FD=", "TRACEPARENT=", "TRACESTATE=", "BAGGAGE=" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(var, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/*
 * The variables that tell a program which trace it is a part of: those of W3C Trace Context, with
 * the names that OpenTelemetry gives them.
 */
static const char *const trace_names[] = { "TRACEPARENT", "TRACESTATE", "BAGGAGE" };
#define NTRACE (sizeof(trace_names) / sizeof(trace_names[0]))

/* Fold a character for MQ_HEADER_NAME: letters to upper case, all but letters and digits to "_". */
static char
env_fold_variable(char c)
{
	return isalnum((unsigned char)c) ? (char)toupper((unsigned char)c) : '_';
}

/* Set MQ_HEADER_NAME for header 'i'.  The values of headers with the same name are joined. */
static void
env_header(struct env *e, const struct headers_index *all, size_t i)
{
	const struct named *h = &all->h[i];
	char *text = NULL;
	size_t len = 0;
	FILE *f;

	if ((f = open_memstream(&text, &len)) == NULL) {
		e->failed = true;
		return;
	}
	(void)fprintf(f, "MQ_HEADER_%.*s=%.*s", (int)h->header.namelen, h->key,
	    (int)h->header.valuelen, h->header.value);
	for (size_t k = h->next; k != SIZE_MAX; k = all->h[k].next)
		(void)fprintf(f, ", %.*s", (int)all->h[k].header.valuelen, all->h[k].header.value);
	if (fclose(f) != 0) {
		free(text);
		text = NULL;
	}
	env_put(e, text);
}

/* Set the variable of the trace that the header stands for.  The first header of a name wins. */
static void
env_trace(struct env *e, const struct header *h, bool seen[NTRACE])
{
	for (size_t t = 0; t < NTRACE; t++) {
		if (seen[t] || !header_is(h, trace_names[t], strlen(trace_names[t])))
			continue;
		seen[t] = true;
		env_set(e, trace_names[t], "%.*s", (int)h->valuelen, h->value);
	}
}

void
env_headers(struct env *e, const struct headers *headers)
{
	bool seen[NTRACE] = { false };
	struct headers_index all;
	struct error ignored;

	error_clear(&ignored);
	if (headers_index(headers, env_fold_variable, &all, &ignored) != ST_OK) {
		e->failed = true;
		return;
	}
	for (size_t i = 0; i < all.n; i++) {
		if (all.h[i].first)
			env_header(e, &all, i);
		env_trace(e, &all.h[i].header, seen);
	}
	headers_index_free(&all);
}

void
env_inherit(struct env *e, struct run *r, const char *queue)
{
	char path[PATH_MAX];

	for (char **v = environ; *v != NULL; v++)
		if (!env_ours(*v))
			env_put(e, strdup(*v));
	env_set(e, "MQ_SPOOL", "%s", realpath(r->spool_path, path) != NULL ? path : r->spool_path);
	env_set(e, "MQ_QUEUE", "%s", queue);
}

/* ---- push ------------------------------------------------------------- */

static bool
env_hex(const char *text, size_t n, bool *zero)
{
	*zero = true;
	for (size_t i = 0; i < n; i++) {
		if (strchr("0123456789abcdef", text[i]) == NULL || text[i] == '\0')
			return false;
		*zero &= text[i] == '0';
	}
	return true;
}

/*
 * Whether the text is VERSION-TRACE-PARENT-FLAGS in lower-case hex.  In a later version more may
 * follow behind a dash.
 */
static bool
env_traceparent_ok(const char *text)
{
	bool zero, trace, parent;

	if (strlen(text) < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-' ||
	    !env_hex(text, 2, &zero) || !env_hex(text + 3, 32, &trace) || !env_hex(text + 36, 16,
	    &parent))
		return false;
	return !trace && !parent && strncmp(text, "ff", 2) != 0 &&
	    (zero ? text[55] == '\0' : text[55] == '\0' || text[55] == '-') &&
	    env_hex(text + 53, 2, &zero);
}

const char *
trace_value(size_t i, const char **name)
{
	const char *parent = getenv(trace_names[0]), *value;

	if (i >= NTRACE || parent == NULL || !env_traceparent_ok(parent))
		return NULL;
	*name = trace_names[i];
	value = getenv(trace_names[i]);
	return value != NULL ? value : "";
}

enum status
trace_headers(struct headers *headers, struct error *err)
{
	const char *name, *value;
	enum status st = ST_OK;
	struct header h;
	char *text;

	if (headers_find(headers, trace_names[0], &h))
		return ST_OK;
	for (size_t i = 0; st == ST_OK && (value = trace_value(i, &name)) != NULL; i++) {
		if (value[0] == '\0' || headers_find(headers, name, &h))
			continue;
		if (asprintf(&text, "%c%s: %s", name[0], name + 1, value) == -1)
			return error_sys(err, ENOMEM, "headers");
		for (char *c = text + 1; *c != ':'; c++)
			*c = (char)tolower((unsigned char)*c);
		/*
		 * A malformed variable is not the message's fault, so push the message without it.
		 */
		if ((st = headers_add(headers, text, err)) == ST_BADDATA) {
			error_clear(err);
			st = ST_OK;
		}
		free(text);
	}
	return st;
}
