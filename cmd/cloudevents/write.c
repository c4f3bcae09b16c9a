/*
 * write.c: turning any message into a CloudEvent in JSON.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "cloudevents/cloudevents.h"

/*
 * Print JSON on one line.  Characters that would act on a terminal can only stand in strings, and
 * are escaped.
 */
static void
put_json(FILE *f, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '\n' || c == '\r')
			(void)fputc(' ', f);
		else if (c == 0x7f)
			(void)fputs("\\u007f", f);
		else if (c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0)
			(void)fprintf(f, "\\u%04x", (unsigned char)text[++i]);
		else
			(void)fputc(c, f);
	}
}

static void
put_string(FILE *f, const char *name, const char *value, size_t len)
{
	json_name(f, name, false);
	json_quoted(f, value, len);
}

/* Get the name of the attribute that a header Ce-NAME stands for.  False: it is another header. */
static bool
ce_name(const struct header *h, char *name)
{
	size_t len = h->namelen - 3;

	if (h->namelen <= 3 || len > ATTRIBUTE_NAME_MAX || strncasecmp(h->name, "Ce-", 3) != 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		name[i] = (char)tolower((unsigned char)h->name[i + 3]);
		if (!isalnum((unsigned char)name[i]))
			return false;
	}
	name[len] = '\0';
	return true;
}

/*
 * Whether a header's value can be printed as JSON: it is a number, true, false, or a string in
 * quotes that the attribute allows.  An id must be a string that is not empty.
 */
static bool
stands_as_json(const char *name, const struct header *h)
{
	json_t *v = any_json(h->value, h->valuelen);
	bool id = strcmp(name, "id") == 0, yes;

	if (json_is_string(v))
		yes = !has_control(json_string_value(v), json_string_length(v)) &&
		    (!id || json_string_length(v) > 0);
	else
		yes = !id && (json_is_number(v) || json_is_boolean(v));
	json_decref(v);
	return yes;
}

static void
put_extension(FILE *f, const char *name, const struct header *h)
{
	if (!stands_as_json(name, h)) {
		put_string(f, name, h->value, h->valuelen);
		return;
	}
	json_name(f, name, false);
	put_json(f, h->value, h->valuelen);
}

/* Whether a header can become an attribute, which cloudevent_read would accept. */
static bool
says(const struct header *h)
{
	return h->valuelen > 0 && h->value[0] != ' ' && h->value[h->valuelen - 1] != ' ' &&
	    !has_control(h->value, h->valuelen);
}

/*
 * Find the header that an attribute is made of: the first of its name, if it has a value that can
 * be used.  put_attributes chooses in the same way.
 */
static bool
find_header(const struct headers *headers, const char *name, struct header *h)
{
	return headers_find(headers, name, h) && says(h);
}

static bool
has_header(const struct headers *headers, const char *name)
{
	struct header h;

	return find_header(headers, name, &h);
}

/*
 * Print the member that a header stands for, unless another header or mq itself gives that member.
 */
static void
put_attribute(FILE *f, const struct headers *headers, const struct header *h)
{
	char name[ATTRIBUTE_NAME_MAX + 1];
	bool ce = ce_name(h, name);

	for (const struct attribute *a = attributes; a < attributes + NATTRIBUTES; a++) {
		if (ce ? strcmp(name, a->name) != 0 : !header_is(h, a->header, strlen(a->header)))
			continue;
		if (!ce || (a->binary && !has_header(headers, a->header)))
			put_string(f, a->name, h->value, h->valuelen);
		return;
	}
	if (ce)
		put_extension(f, name, h);
}

static enum status
put_attributes(FILE *f, struct queue *q, const struct place *p, const struct headers *headers,
    struct error *err)
{
	struct headers_index all;
	enum status st;
	char text[400], host[256] = "localhost";
	bool id = has_header(headers, "Ce-Id");

	(void)fputs("{\"specversion\":\"1.0\"", f);
	if (!id)
		put_string(f, "id", p->name.id.text, ID_LEN);
	if (!has_header(headers, "Source") && !has_header(headers, "Ce-Source")) {
		(void)gethostname(host, sizeof(host) - 1);
		(void)snprintf(text, sizeof(text), "urn:mq:%s:%s", host, queue_name(q));
		put_string(f, "source", text, strlen(text));
	}
	if (!has_header(headers, "Type") && !has_header(headers, "Ce-Type"))
		put_string(f, "type", "mq.message", strlen("mq.message"));
	if (!id && !has_header(headers, "Time") && !has_header(headers, "Ce-Time")) {
		time_format(id_time(&p->name.id), text);
		put_string(f, "time", text, strlen(text));
	}
	if ((st = headers_index(headers, fold_case, &all, err)) != ST_OK)
		return st;
	for (size_t i = 0; i < all.n; i++)
		if (says(&all.h[i].header) && all.h[i].first)
			put_attribute(f, headers, &all.h[i].header);
	headers_index_free(&all);
	return ST_OK;
}

/* Read the whole body if it may be JSON and is not too large for that. */
static enum status
load(int fd, const struct msgname *n, char **text, size_t *len, struct error *err)
{
	size_t size = (size_t)(n->size - n->head), have = 0;
	ssize_t got = 0;

	*text = NULL;
	*len = size;
	if (size > EVENT_MAX)
		return ST_OK;
	if ((*text = malloc(size + 1)) == NULL)
		return error_sys(err, ENOMEM, "cloudevents");
	while (have < size && (got = pread(fd, *text + have, size - have, n->head + (off_t)have)) >
	    0)
		have += (size_t)got;
	if (have == size)
		return ST_OK;
	free(*text);
	*text = NULL;
	return got == -1 ? error_sys(err, errno, "read the message") :
	    error_set(err, ST_IO, 0, "message %s: it was cut short while it was read", n->id.text);
}

/*
 * Print the body as data or data_base64, by the content type.  JSON is printed as it is.  A body
 * that is called JSON but is not goes into data_base64, because as a string it would be read back
 * as JSON.  Any other body is a string if it is text.  Without a content type, the body is what it
 * looks like.
 */
static enum status
put_body(FILE *f, const struct place *p, const struct headers *headers, int fd, struct error *err)
{
	struct header h;
	bool typed = find_header(headers, "Content-Type", &h), event = has_header(headers, "Ce-Id");
	bool maybe = !typed || is_json_type(h.value, h.valuelen), json;
	enum status st;
	char *text;
	size_t len;

	if (p->name.size == p->name.head)
		return ST_OK;
	if ((st = load(fd, &p->name, &text, &len, err)) != ST_OK)
		return st;
	json = maybe && text != NULL && is_json(text, len);
	if (json) {
		json_name(f, "data", false);
		put_json(f, text, len);
	} else if (!typed && !event) {
		bool is_text;
		if ((st = json_body_text(fd, &p->name, &is_text, err)) == ST_OK) {
			if (is_text)
				put_string(f, "datacontenttype", "text/plain",
				    strlen("text/plain"));
			st = json_body_as(f, fd, &p->name, "data", "data_base64", err);
		}
	} else
		st = json_body_as(f, fd, &p->name, maybe ? NULL : "data", "data_base64", err);
	free(text);
	return st;
}

enum status
cloudevent_write(FILE *f, struct queue *q, const struct place *p, int fd, const char *handle,
    struct error *err)
{
	struct headers headers;
	enum status st;

	if ((st = msg_headers(fd, &p->name, &headers, err)) != ST_OK)
		return st;
	if ((st = put_attributes(f, q, p, &headers, err)) != ST_OK) {
		headers_free(&headers);
		return st;
	}
	if (handle != NULL)
		put_string(f, "mqhandle", handle, strlen(handle));
	st = put_body(f, p, &headers, fd, err);
	headers_free(&headers);
	if (st == ST_OK)
		(void)fputs("}\n", f);
	return st;
}
