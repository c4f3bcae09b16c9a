/*
 * write.c: a message, whatever it is, as a CloudEvent in JSON.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cloudevents.h"

/* On one line; what would steer a terminal, which can only stand in a string, escaped there. */
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

/* Ce-NAME: a number, true, false, or a string in quotes is that; all else a string. */
static void
put_extension(FILE *f, const struct header *h)
{
	char name[HEADER_NAME_MAX + 1];
	size_t len = h->namelen - 3;
	bool json;

	for (size_t i = 0; i < len; i++) {
		name[i] = (char)tolower((unsigned char)h->name[i + 3]);
		if (!isalnum((unsigned char)name[i]))
			return;		/* the name of no attribute: somebody else's header */
	}
	name[len] = '\0';
	json = strchr("{[n", h->value[0]) == NULL && (h->value[0] == '"' || strcmp(name, "id") != 0) &&
	    is_json(h->value, h->valuelen);
	if (!json) {
		put_string(f, name, h->value, h->valuelen);
		return;
	}
	json_name(f, name, false);
	put_json(f, h->value, h->valuelen);
}

/* The header an attribute is made of; like put_attributes: the first of the name, if it says anything. */
static bool
find_header(const struct headers *headers, const char *name, struct header *h)
{
	return headers_find(headers, name, h) && h->valuelen > 0;
}

static void
put_attributes(FILE *f, struct queue *q, const struct place *p, const struct headers *headers)
{
	char text[400], host[256] = "localhost";
	struct header h;
	size_t pos = 0;

	(void)fputs("{\"specversion\":\"1.0\"", f);
	if (!find_header(headers, "Ce-Id", &h))
		put_string(f, "id", p->name.id.text, ID_LEN);
	if (!find_header(headers, "Source", &h)) {
		(void)gethostname(host, sizeof(host) - 1);
		(void)snprintf(text, sizeof(text), "urn:mq:%s:%s", host, queue_name(q));
		put_string(f, "source", text, strlen(text));
	}
	if (!find_header(headers, "Type", &h))
		put_string(f, "type", "mq.message", strlen("mq.message"));
	if (!find_header(headers, "Ce-Id", &h) && !find_header(headers, "Time", &h)) {
		time_format(id_time(&p->name.id), text);
		put_string(f, "time", text, strlen(text));
	}
	while (headers_next(headers, &pos, &h)) {
		if (h.valuelen == 0 || !headers_first(headers, &h))
			continue;
		for (size_t i = 0; i < NATTRIBUTES; i++)
			if (header_is(&h, attributes[i].header, strlen(attributes[i].header)))
				put_string(f, attributes[i].name, h.value, h.valuelen);
		if (h.namelen > 3 && strncasecmp(h.name, "Ce-", 3) == 0)
			put_extension(f, &h);
	}
}

/* The whole body, if it may be JSON and is not too large to look. */
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
	while (have < size && (got = pread(fd, *text + have, size - have, n->head + (off_t)have)) > 0)
		have += (size_t)got;
	if (have == size)
		return ST_OK;
	free(*text);
	*text = NULL;
	return got == -1 ? error_sys(err, errno, "read the message") :
	    error_set(err, ST_IO, 0, "message %s: it was cut short while it was read", n->id.text);
}

/*
 * By the content type: JSON is data as it is; what says to be JSON and is none would be read back as something
 * else if it were a string; all else is a string if it is text.  Without a content type it is what it looks like.
 */
static enum status
put_body(FILE *f, const struct place *p, const struct headers *headers, int fd, struct error *err)
{
	struct header h;
	bool typed = find_header(headers, "Content-Type", &h), event = find_header(headers, "Ce-Id", &(struct header){ 0 });
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
				put_string(f, "datacontenttype", "text/plain", strlen("text/plain"));
			st = json_body_as(f, fd, &p->name, "data", "data_base64", err);
		}
	} else
		st = json_body_as(f, fd, &p->name, maybe ? NULL : "data", "data_base64", err);
	free(text);
	return st;
}

enum status
cloudevent_write(FILE *f, struct queue *q, const struct place *p, int fd, const char *handle, struct error *err)
{
	struct headers headers;
	enum status st;

	if ((st = msg_headers(fd, &p->name, &headers, err)) != ST_OK)
		return st;
	put_attributes(f, q, p, &headers);
	if (handle != NULL)
		put_string(f, "mqhandle", handle, strlen(handle));
	st = put_body(f, p, &headers, fd, err);
	headers_free(&headers);
	if (st == ST_OK)
		(void)fputs("}\n", f);
	return st;
}
