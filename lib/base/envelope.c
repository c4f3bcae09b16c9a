/*
 * envelope.c: the header block at the head of a message file (spool-format.md
 * section 3).  In memory it is the very bytes of the file, the empty line at
 * its end included, so that its length is what goes into field h of the name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/envelope.h"

static bool
is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_' || c == '.';
}

/* Length of the header name at the start of text, 0 if there is none with a colon behind it. */
static size_t
name_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && is_name(text[n]))
		n++;
	return n < len && text[n] == ':' && n <= HEADER_NAME_MAX ? n : 0;
}

static enum status
append(struct headers *h, const struct header *add, struct error *err)
{
	/* The empty line at the end gives way, and comes back. */
	size_t old = h->len > 0 ? h->len - 1 : 0;
	size_t len = old + add->namelen + 2 + add->valuelen + 2;
	char *block, *at;

	if (add->valuelen > HEADERS_MAX || len > HEADERS_MAX)
		return error_set(err, ST_BADDATA, 0, "the headers are larger than %d bytes",
		    HEADERS_MAX);
	if ((block = realloc(h->block, len)) == NULL)
		return error_sys(err, ENOMEM, "headers");
	at = block + old;
	memcpy(at, add->name, add->namelen);
	at += add->namelen;
	*at++ = ':';
	*at++ = ' ';
	memcpy(at, add->value, add->valuelen);
	at += add->valuelen;
	*at++ = '\n';
	*at = '\n';
	h->block = block;
	h->len = len;
	return ST_OK;
}

enum status
headers_add(struct headers *h, const char *text, struct error *err)
{
	size_t len = strlen(text);
	struct header add = { .name = text };

	for (size_t i = 0; i < len; i++)
		if (is_control(text[i]))
			return error_set(err, ST_BADDATA, 0, "a header must not hold control "
			    "characters (byte 0x%02x at %zu)", (unsigned char)text[i], i);
	if ((add.namelen = name_length(text, len)) == 0)
		return error_set(err, ST_USAGE, 0, "'%s': a header looks like 'Name: value', its "
		    "name has 1 to %d letters, digits, '-', '_' or '.'", text, HEADER_NAME_MAX);
	add.value = text + add.namelen + 1;
	add.value += strspn(add.value, " \t");
	add.valuelen = strlen(add.value);
	while (add.valuelen > 0 && strchr(" \t", add.value[add.valuelen - 1]) != NULL)
		add.valuelen--;
	return append(h, &add, err);
}

enum status
headers_copy(struct headers *h, const struct headers *from, struct error *err)
{
	h->block = NULL;
	h->len = from->len;
	if (from->len == 0)
		return ST_OK;
	if ((h->block = malloc(from->len)) == NULL)
		return error_sys(err, ENOMEM, "headers");
	memcpy(h->block, from->block, from->len);
	return ST_OK;
}

bool
headers_next(const struct headers *h, size_t *pos, struct header *out)
{
	size_t left = h->len - *pos;
	const char *at, *colon, *end;

	if (left == 0)
		return false;
	at = h->block + *pos;
	if (*at == '\n')
		return false;
	colon = memchr(at, ':', left);
	end = memchr(at, '\n', left);
	out->name = at;
	out->namelen = (size_t)(colon - at);
	out->value = colon + 2;
	out->valuelen = (size_t)(end - out->value);
	*pos = (size_t)(end + 1 - h->block);
	return true;
}

bool
header_is(const struct header *h, const char *name, size_t len)
{
	return h->namelen == len && strncasecmp(h->name, name, len) == 0;
}

bool
headers_find(const struct headers *all, const char *name, struct header *h)
{
	size_t pos = 0, len = strlen(name);

	while (headers_next(all, &pos, h))
		if (header_is(h, name, len))
			return true;
	return false;
}

bool
headers_first(const struct headers *all, const struct header *h)
{
	struct header other;
	size_t pos = 0;

	while (headers_next(all, &pos, &other) && other.name < h->name)
		if (header_is(&other, h->name, h->namelen))
			return false;
	return true;
}

/* Length of the header line at the start of text with its line feed, 0 if that is none. */
static size_t
line_length(const char *text, size_t len)
{
	size_t i = name_length(text, len);

	if (i == 0 || len - i < 2 || text[i + 1] != ' ')
		return 0;
	for (i += 2; i < len && !is_control(text[i]); i++)
		;
	return i < len && text[i] == '\n' ? i + 1 : 0;
}

bool
headers_valid(const struct headers *h)
{
	size_t pos = 0, line;

	if (h->len > HEADERS_MAX)
		return false;
	while (pos < h->len && (line = line_length(h->block + pos, h->len - pos)) > 0)
		pos += line;
	return pos > 0 && pos + 1 == h->len && h->block[pos] == '\n';
}

void
headers_free(struct headers *h)
{
	free(h->block);
	h->block = NULL;
	h->len = 0;
}
