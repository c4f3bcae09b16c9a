/*
 * read.c: turning a CloudEvent in JSON into headers and a body.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/envelope.h"
#include "shared/cmd.h"
#include "cloudevents/cloudevents.h"

/*
 * A member of the event.  'raw' is its value as it stands in the text; 'value' is its value
 * decoded.
 */
struct member { const char *name; const char *raw; size_t rawlen; json_t *value; };

/* ---- JSON as text ----------------------------------------------------- */

static const char *
skip_blank(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* Return the end of a JSON value.  The text was checked to be JSON, and ends with a NUL. */
static const char *
skip_value(const char *at)
{
	int depth = 0;

	do {
		if (*at == '"') {
			for (at++; *at != '"'; at++)
				at += *at == '\\';
			at++;
		} else if (*at == '{' || *at == '[') {
			depth++;
			at++;
		} else if (*at == '}' || *at == ']') {
			depth--;
			at++;
		} else if (depth > 0)
			at++;
		else
			at += strcspn(at, ",]} \t\r\n");
	} while (depth > 0);
	return at;
}

/* ---- the event -------------------------------------------------------- */

struct cloudevent {
	json_t *root;
	const char *text;
	struct headers *headers;
	struct error *err;
};

#define bad(e, ...) error_set((e)->err, ST_BADDATA, 0, "this is no CloudEvent 1.0: " __VA_ARGS__)

static enum status
parse(struct cloudevent *e, size_t len)
{
	json_error_t why;

	e->root = json_loadb(e->text, len, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &why);
	if (e->root == NULL)
		return bad(e, "%s (line %d, column %d)", why.text, why.line, why.column);
	return json_is_object(e->root) ? ST_OK : bad(e, "it is not a JSON object");
}

static enum status
required(const struct cloudevent *e)
{
	static const char *const names[] = { "specversion", "id", "source", "type" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *v = json_object_get(e->root, names[i]);
		if (v == NULL)
			return bad(e, "it has no '%s'", names[i]);
		if (!json_is_string(v) || json_string_length(v) == 0)
			return bad(e, "'%s' is not a string with something in it", names[i]);
	}
	if (strcmp(json_string_value(json_object_get(e->root, "specversion")), "1.0") != 0)
		return bad(e, "'specversion' is not 1.0");
	if (json_object_get(e->root, "data") != NULL &&
	    json_object_get(e->root, "data_base64") != NULL)
		return bad(e, "it has 'data' and 'data_base64'");
	return ST_OK;
}

static const char *
table_header(const char *attribute)
{
	for (size_t i = 0; i < NATTRIBUTES; i++)
		if (strcmp(attributes[i].name, attribute) == 0)
			return attributes[i].header;
	return NULL;
}

/*
 * Whether a string must stand in its header as JSON, with quotes.  Without them it would be taken
 * for another kind of value, or lose its blanks.
 */
static bool
quoted(const char *text, size_t len)
{
	return len == 0 || text[0] == '"' || text[0] == ' ' || text[len - 1] == ' ' ||
	    is_json(text, len);
}

static enum status
put_attribute(const struct cloudevent *e, const struct member *m)
{
	const char *header = table_header(m->name), *value = m->raw;
	size_t len = m->rawlen, namelen = strlen(m->name);
	enum status st;
	char *text;
	bool string = json_is_string(m->value);

	/* mqhandle tells whose claim it was, which is not a part of the event. */
	if (json_is_null(m->value) || strcmp(m->name, "mqhandle") == 0)
		return ST_OK;
	if (namelen == 0 || namelen > ATTRIBUTE_NAME_MAX ||
	    strspn(m->name, "abcdefghijklmnopqrstuvwxyz0123456789") != namelen)
		return bad(e,
		    "the name of the attribute '%.60s' has to be of lower-case letters and digits, "
		    "%d at most",
		    m->name, ATTRIBUTE_NAME_MAX);
	if (json_is_array(m->value) || json_is_object(m->value) || (header != NULL && !string))
		return bad(e, "the attribute '%s' is not a string", m->name);
	if (string) {
		value = json_string_value(m->value);
		len = json_string_length(m->value);
		if (has_control(value, len))
			return bad(e, "the attribute '%s' has a control character", m->name);
		if (header == NULL ? quoted(value, len) : len == 0 || value[0] == ' ' ||
		    value[len - 1] == ' ') {
			if (header != NULL)
				return bad(e,
				    "the attribute '%s' is empty, or has a blank at one end",
				    m->name);
			value = m->raw;
			len = m->rawlen;
		}
	}
	if (asprintf(&text, "%s%s: %.*s", header == NULL ? "Ce-" : "",
	    header == NULL ? m->name : header, (int)len, value) == -1)
		return error_sys(e->err, ENOMEM, "cloudevents");
	st = headers_add(e->headers, text, e->err);
	free(text);
	return st;
}

/* Decode base64 with its padding (RFC 4648, section 4) in place. */
static bool
decode_base64(char *text, size_t len, size_t *out)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t pad = 0, n = 0;
	uint32_t v = 0;

	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len - pad; i++) {
		const char *digit = text[i] == '\0' ? NULL : strchr(digits, text[i]);
		if (digit == NULL)
			return false;
		v = v << 6 | (uint32_t)(digit - digits);
		if (i % 4 == 3) {
			text[n++] = (char)(v >> 16);
			text[n++] = (char)(v >> 8);
			text[n++] = (char)v;
		}
	}
	if (pad == 1)
		text[n++] = (char)(v >> 10);
	if (pad > 0)
		text[n++] = (char)(v >> (pad == 1 ? 2 : 4));
	*out = n;
	return len % 4 == 0;
}

/*
 * Make the body from data or data_base64.  If the content type is not JSON, a string is taken as it
 * is.
 */
static enum status
put_data(const struct cloudevent *e, const struct member *m, struct cloudevent_body *body)
{
	json_t *type = json_object_get(e->root, "datacontenttype");
	bool binary = strcmp(m->name, "data_base64") == 0, string = json_is_string(m->value);
	bool json = !json_is_string(type) || is_json_type(json_string_value(type),
	    json_string_length(type));
	const char *from = m->raw;

	if (binary && json_is_null(m->value))
		return ST_OK;
	body->len = m->rawlen;
	if (binary || !json) {
		if (!string)
			return bad(e, "%s", binary ? "'data_base64' is not a string" :
			    "'data' is not a string, and 'datacontenttype' is not JSON");
		from = json_string_value(m->value);
		body->len = json_string_length(m->value);
	}
	if ((body->data = malloc(body->len + 1)) == NULL)
		return error_sys(e->err, ENOMEM, "cloudevents");
	memcpy(body->data, from, body->len);
	if (binary && !decode_base64(body->data, body->len, &body->len))
		return bad(e, "'data_base64' is not in base64");
	return ST_OK;
}

/* Take the members in the order of the text.  None of them may be there twice. */
static enum status
take_members(const struct cloudevent *e, struct cloudevent_body *body)
{
	const char *at = skip_blank(skip_blank(e->text) + 1);
	enum status st = ST_OK;
	size_t n = 0;

	for (; st == ST_OK && *at == '"'; n++) {
		const char *end = skip_value(at);
		json_t *key = json_loadb(at, (size_t)(end - at), JSON_DECODE_ANY | JSON_ALLOW_NUL,
		    NULL);
		struct member m = { .name = json_string_value(key) };
		if (m.name == NULL)
			return error_sys(e->err, ENOMEM, "cloudevents");
		m.raw = skip_blank(skip_blank(end) + 1);
		m.rawlen = (size_t)(skip_value(m.raw) - m.raw);
		m.value = json_object_get(e->root, m.name);
		if (strcmp(m.name, "data") == 0 || strcmp(m.name, "data_base64") == 0)
			st = body->data != NULL ? bad(e, "it has '%s' twice", m.name) :
			    put_data(e, &m, body);
		else if (strcmp(m.name, "specversion") != 0)
			st = m.value == NULL ? bad(e, "a name with NUL") : put_attribute(e, &m);
		json_decref(key);
		at = skip_blank(m.raw + m.rawlen);
		if (*at == ',')
			at = skip_blank(at + 1);
	}
	return st == ST_OK && n != json_object_size(e->root) ?
	    bad(e, "an attribute stands there twice") : st;
}

static enum status
cloudevent_read(const char *text, size_t len, struct headers *headers, struct cloudevent_body *body,
    struct error *err)
{
	struct cloudevent e = { .text = text, .headers = headers, .err = err };
	enum status st;

	memset(body, 0, sizeof(*body));
	if ((st = parse(&e, len)) == ST_OK && (st = required(&e)) == ST_OK)
		st = take_members(&e, body);
	json_decref(e.root);
	if (st != ST_OK) {
		free(body->data);
		body->data = NULL;
	}
	return st;
}

/* ---- the input -------------------------------------------------------- */

enum status
event_add(struct event_input *in, const char *data, size_t len, struct error *err)
{
	char *text;

	if (in->len + len > EVENT_MAX)
		return error_set(err, ST_BADDATA, 0, "an event is larger than %d bytes", EVENT_MAX);
	if ((text = realloc(in->text, in->len + len + 1)) == NULL)
		return error_sys(err, ENOMEM, "cloudevents");
	memcpy(text + in->len, data, len);
	in->text = text;
	in->len += len;
	text[in->len] = '\0';
	return ST_OK;
}

enum status
event_take(struct event_input *in, struct headers *headers, struct cloudevent_body *body,
    struct error *err)
{
	enum status st;

	headers_free(headers);
	if ((st = headers_copy(headers, &in->common, err)) == ST_OK)
		st = cloudevent_read(in->text, in->len, headers, body, err);
	in->len = 0;
	return st;
}

void
event_free(struct event_input *in)
{
	headers_free(&in->common);
	free(in->text);
}
