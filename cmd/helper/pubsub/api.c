/*
 * api.c: requests to the REST interface of Pub/Sub, and what its errors mean.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/pubsub/pubsub.h"

/* ---- errors ------------------------------------------------------------------ */

static const struct { const char *name; enum class c; } api_errors[] = {
	{ "NOT_FOUND", CLASS_GONE }, { "PERMISSION_DENIED", CLASS_PERM },
	{ "UNAUTHENTICATED", CLASS_CONF }, { "INVALID_ARGUMENT", CLASS_DATA },
	{ "OUT_OF_RANGE", CLASS_DATA }, { "RESOURCE_EXHAUSTED", CLASS_AGAIN },
	{ "UNAVAILABLE", CLASS_AGAIN }, { "ABORTED", CLASS_AGAIN },
	{ "FAILED_PRECONDITION", CLASS_AGAIN }, { "UNIMPLEMENTED", CLASS_CANNOT }
};

bool
api_good(const struct http_answer *a)
{
	return a->status >= 200 && a->status < 300;
}

bool
api_throttled(const struct http_answer *a)
{
	const json_t *error = json_object_get(a->json, "error");

	/* A proxy before the service may answer with another status. */
	return strcmp(text_of(error, "status"), "RESOURCE_EXHAUSTED") == 0;
}

void
api_failure(const struct http_answer *a, struct trouble *f)
{
	const json_t *error = json_object_get(a->json, "error");
	const char *name = text_of(error, "status"), *text = text_of(error, "message");
	char skew[200] = "";

	f->c = a->c;
	if (a->status == 0) {
		(void)snprintf(f->text, sizeof(f->text), "%s", a->text);
		return;
	}
	f->c = a->status >= 500 ? CLASS_UNKNOWN : a->status == 404 ? CLASS_GONE : a->status == 403 ?
	    CLASS_PERM : a->status == 401 ? CLASS_CONF : CLASS_DATA;
	for (size_t i = 0; i < sizeof(api_errors) / sizeof(api_errors[0]); i++)
		if (strcmp(name, api_errors[i].name) == 0)
			f->c = api_errors[i].c;
	if (a->refused)
		f->c = CLASS_AGAIN;
	if (f->c == CLASS_CONF)
		text_skew(a->date, skew, sizeof(skew));
	(void)snprintf(f->text, sizeof(f->text), "Pub/Sub: status %ld%s%s%s%.300s%s", a->status,
	    name[0] != '\0' ? ", " : "", name, text[0] != '\0' ? ": " : "", text, skew);
}

int
api_ack_failed(const struct http_answer *a, const char *ack)
{
	const json_t *details = json_object_get(json_object_get(a->json, "error"), "details");

	for (size_t i = 0; i < json_array_size(details); i++) {
		const char *text =
		    text_of(json_object_get(json_array_get(details, i), "metadata"), ack);
		if (text[0] != '\0')
			return strncmp(text, "PERMANENT", 9) == 0;
	}
	return -1;
}

/* ---- requests ---------------------------------------------------------------- */

char *
api_path(const char *kind, const char *name, const char *verb)
{
	return text_print("/%s/%s%s", kind, name, verb);
}

static struct http_request
api_request(struct pubsub *s, const char *path, json_t *args, bool has_args)
{
	struct http_request r = { .url = text_print("%s%s", s->base, path) };

	if (!has_args)
		return r;
	r.body = args != NULL ? json_dumps(args, JSON_COMPACT) : NULL;
	json_decref(args);
	if (r.body == NULL) {
		/* http_send takes this for a lack of memory, which it is. */
		free(r.url);
		r.url = NULL;
	}
	return r;
}

json_t *
api_ask(struct pubsub *s, const char *method, const char *path, json_t *args, struct trouble *f)
{
	struct http_request r = api_request(s, path, args, strcmp(method, "GET") != 0);
	struct http_answer a = { 0 };

	r.method = strcmp(method, "PUT") == 0 ? method : NULL;
	http_ask(s->http, &r, &a);
	if (api_good(&a))
		return a.json != NULL ? a.json : json_object();
	api_failure(&a, f);
	json_decref(a.json);
	return NULL;
}

struct http_call *
api_send(struct pubsub *s, const char *path, json_t *args, struct api_how how,
    void (*done)(void *, const struct http_answer *), void *arg)
{
	struct http_request r = api_request(s, path, args, args != NULL);

	r.once = how.once;
	r.patient = how.patient;
	r.limit_ms = how.limit_ms;
	r.done = done;
	r.arg = arg;
	return http_send(s->http, &r);
}
