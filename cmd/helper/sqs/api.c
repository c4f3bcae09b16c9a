/*
 * api.c: the actions of SQS by its JSON protocol, and what its errors mean.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/sqs/sqs.h"

/* ---- errors ------------------------------------------------------------------ */

static const struct { const char *name; enum class c; } api_errors[] = {
	{ "QueueDoesNotExist", CLASS_GONE }, { "NonExistentQueue", CLASS_GONE },
	{ "AccessDenied", CLASS_PERM }, { "AccessDeniedException", CLASS_PERM },
	{ "KmsAccessDenied", CLASS_PERM }, { "OptInRequired", CLASS_PERM },
	{ "InvalidSignature", CLASS_CONF }, { "InvalidSignatureException", CLASS_CONF },
	{ "SignatureDoesNotMatch", CLASS_CONF }, { "IncompleteSignature", CLASS_CONF },
	{ "IncompleteSignatureException", CLASS_CONF }, { "InvalidClientTokenId", CLASS_CONF },
	{ "UnrecognizedClientException", CLASS_CONF }, { "MissingAuthenticationToken", CLASS_CONF },
	{ "MissingAuthenticationTokenException", CLASS_CONF }, { "ExpiredToken", CLASS_CONF },
	{ "ExpiredTokenException", CLASS_CONF }, { "RequestTimeTooSkewed", CLASS_CONF },
	{ "RequestExpired", CLASS_CONF }, { "InvalidSecurity", CLASS_CONF },
	{ "InvalidAddress", CLASS_CONF }, { "ReceiptHandleIsInvalid", CLASS_LOST },
	{ "MessageNotInflight", CLASS_LOST }, { "OverLimit", CLASS_FULL },
	{ "RequestThrottled", CLASS_AGAIN }, { "ThrottlingException", CLASS_AGAIN },
	{ "Throttling", CLASS_AGAIN }, { "KmsThrottled", CLASS_AGAIN },
	{ "ServiceUnavailable", CLASS_AGAIN }, { "QueueDeletedRecently", CLASS_AGAIN },
	{ "InternalError", CLASS_AGAIN }, { "BatchRequestTooLong", CLASS_LARGE },
	{ "UnsupportedOperation", CLASS_CANNOT }
};

/* The name of an error without what stands before it: com.amazonaws.sqs#NAME. */
static const char *
api_error_name(const json_t *json, const char *member)
{
	const char *name = text_of(json, member), *at;

	if ((at = strrchr(name, '#')) != NULL)
		name = at + 1;
	return (at = strrchr(name, '.')) != NULL ? at + 1 : name;
}

static bool
api_error_class(const char *name, enum class *c)
{
	for (size_t i = 0; i < sizeof(api_errors) / sizeof(api_errors[0]); i++)
		if (strcmp(name, api_errors[i].name) == 0) {
			*c = api_errors[i].c;
			return true;
		}
	return false;
}

bool
api_throttled(const struct http_answer *a)
{
	const char *name = api_error_name(a->json, "__type");

	return a->status != 200 && (strcmp(name, "RequestThrottled") == 0 ||
	    strcmp(name, "ThrottlingException") == 0 || strcmp(name, "Throttling") == 0);
}

void
api_failure(const struct http_answer *a, struct trouble *f)
{
	const char *name = api_error_name(a->json, "__type"), *text = text_of(a->json, "message");
	char skew[200] = "";

	f->c = a->c;
	if (a->status == 0) {
		(void)snprintf(f->text, sizeof(f->text), "%s", a->text);
		return;
	}
	if (text[0] == '\0')
		text = text_of(a->json, "Message");
	if (a->refused)
		f->c = CLASS_AGAIN;
	else if (!api_error_class(name, &f->c))
		f->c = a->status >= 500 ? CLASS_UNKNOWN :
		    a->status == 403 ? CLASS_PERM : CLASS_DATA;
	/* What a receipt is wrong about is told in the text alone. */
	if (f->c == CLASS_DATA && strstr(text, "receipt handle has expired") != NULL)
		f->c = CLASS_LOST;
	if (f->c == CLASS_CONF)
		text_skew(a->date, skew, sizeof(skew));
	(void)snprintf(f->text, sizeof(f->text), "SQS: status %ld%s%s%s%.300s%s", a->status,
	    name[0] != '\0' ? ", " : "", name, text[0] != '\0' ? ": " : "", text, skew);
}

void
api_entry_failure(const json_t *entry, struct trouble *f)
{
	const char *name = api_error_name(entry, "Code"), *text = text_of(entry, "Message");

	if (!api_error_class(name, &f->c))
		f->c =
		    json_is_true(json_object_get(entry, "SenderFault")) ? CLASS_DATA : CLASS_AGAIN;
	if (f->c == CLASS_DATA && strstr(text, "receipt handle") != NULL)
		(void)trouble_set(f, CLASS_LOST, "SQS: %s: %.400s", name, text);
}

/* ---- requests ---------------------------------------------------------------- */

static struct http_request
api_request(struct sqs *s, const char *action, json_t *args)
{
	struct http_request r = { .url = strdup(s->endpoint) };

	r.body = args != NULL ? json_dumps(args, JSON_COMPACT) : NULL;
	json_decref(args);
	if (r.body == NULL) {
		/* http_send takes this for a lack of memory, which it is. */
		free(r.url);
		r.url = NULL;
	}
	(void)snprintf(r.header, sizeof(r.header), "X-Amz-Target: AmazonSQS.%s", action);
	return r;
}

json_t *
api_ask(struct sqs *s, const char *action, json_t *args, struct trouble *f)
{
	struct http_request r = api_request(s, action, args);
	struct http_answer a = { 0 };

	http_ask(s->http, &r, &a);
	if (a.status == 200)
		return a.json != NULL ? a.json : json_object();
	api_failure(&a, f);
	json_decref(a.json);
	return NULL;
}

struct http_call *
api_send(struct sqs *s, const char *action, json_t *args, bool once, int64_t limit_ms,
    void (*done)(void *, const struct http_answer *), void *arg)
{
	struct http_request r = api_request(s, action, args);

	r.once = once;
	r.limit_ms = limit_ms;
	r.done = done;
	r.arg = arg;
	return http_send(s->http, &r);
}

/* ---- batches ----------------------------------------------------------------- */

/* The entry of an array that has this number as its Id. */
static const json_t *
api_find(const json_t *array, size_t n)
{
	char id[24];

	(void)snprintf(id, sizeof(id), "%zu", n);
	for (size_t i = 0; i < json_array_size(array); i++)
		if (strcmp(text_of(json_array_get(array, i), "Id"), id) == 0)
			return json_array_get(array, i);
	return NULL;
}

int
api_entry(const json_t *answer, size_t n, const json_t **entry)
{
	if ((*entry = api_find(json_object_get(answer, "Successful"), n)) != NULL)
		return 1;
	return (*entry = api_find(json_object_get(answer, "Failed"), n)) != NULL ? 0 : -1;
}

json_t *
api_batch(const char *url, const struct item *items)
{
	json_t *entries = json_array();
	char id[24];
	size_t n = 0;

	for (const struct item *i = items; i != NULL; i = i->next) {
		(void)snprintf(id, sizeof(id), "%zu", n++);
		if (json_object_set_new(i->entry, "Id", json_string(id)) == -1 ||
		    json_array_append(entries, i->entry) == -1) {
			json_decref(entries);
			return NULL;
		}
	}
	return json_pack("{s:s, s:o}", "QueueUrl", url, "Entries", entries);
}
