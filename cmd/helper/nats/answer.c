/*
 * answer.c: what answers of JetStream mean: classes of errors, and values by their path.
 */
#include <stdio.h>
#include <string.h>

#include "helper/nats/inside.h"

/* ---- JSON ------------------------------------------------------------------- */

const json_t *
json_at(const json_t *j, const char *path)
{
	while (j != NULL && path[0] != '\0') {
		char name[64];
		size_t len = strcspn(path, ".");
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, path);
		j = json_object_get(j, name);
		path += path[len] == '.' ? len + 1 : len;
	}
	return j;
}

int64_t
json_number(const json_t *j, const char *path)
{
	return json_integer_value(json_at(j, path));
}

const char *
json_text(const json_t *j, const char *path)
{
	const char *text = json_string_value(json_at(j, path));

	return text != NULL ? text : "";
}

/* ---- errors ---------------------------------------------------------------- */

bool
answer_good(const struct answer *r)
{
	return r->heard == HEARD_ANSWER && json_at(r->json, "error") == NULL;
}

int
answer_code(const struct answer *r)
{
	return r->heard == HEARD_ANSWER ? (int)json_number(r->json, "error.code") : 0;
}

/* Numbers of errors as in the source of the server, server/errors.json. */
static enum class
answer_class(const struct answer *r)
{
	switch (json_number(r->json, "error.err_code")) {
	case 10054:	/* message size exceeds maximum allowed */
		return CLASS_LARGE;
	case 10002:	/* account resources exceeded */
	case 10023:	/* insufficient resources */
	case 10028:	/* memory resources exceeded */
	case 10047:	/* insufficient storage resources available */
	case 10077:	/* store failed: the limits of the stream */
	case 10122:	/* maximum bytes of the stream exceeded */
		return CLASS_FULL;
	case 10035:	/* no permission */
		return CLASS_PERM;
	default:
		break;
	}
	switch (answer_code(r)) {
	case 401:
	case 403:
		return CLASS_PERM;
	case 404:
		return CLASS_GONE;
	case 500:
	case 503:
		return CLASS_AGAIN;
	default:
		return CLASS_CONF;
	}
}

void
answer_trouble(const struct nats *n, const struct answer *r, enum class unsure, const char *what,
    struct trouble *t)
{
	switch (r->heard) {
	case HEARD_ANSWER:
		(void)trouble_set(t, answer_class(r), "%s: %s", what,
		    json_text(r->json, "error.description"));
		break;
	case HEARD_NOBODY:
		(void)trouble_set(
		    t, CLASS_GONE, "%s: there is no stream or consumer of this name", what);
		break;
	case HEARD_REFUSED:
		(void)trouble_set(
		    t, CLASS_PERM, "%s: the server does not allow this user to do that", what);
		break;
	case HEARD_NOTHING:
		(void)trouble_set(t, unsure, "%s: the server gave no answer within %lld ms", what,
		    (long long)n->set->timeout_ms);
		break;
	case HEARD_LOST:
		(void)trouble_set(
		    t, unsure, "%s: the connection was lost before there was an answer", what);
		break;
	default:
		(void)trouble_set(
		    t, CLASS_AGAIN, "%s: the connection is lost; nothing was sent", what);
	}
}

void
answer_err(struct nats *n, const char *tag, const struct answer *r, enum class unsure,
    const char *what)
{
	struct trouble t;

	answer_trouble(n, r, unsure, what, &t);
	helper_err(n->h, tag, t.c, "%s", t.text);
	if (r->heard == HEARD_NOTHING)
		helper_down(n->h, "the server gave no answer within %lld ms",
		    (long long)n->set->timeout_ms);
}
