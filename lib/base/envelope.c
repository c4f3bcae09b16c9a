/*
 * envelope.c: the header block at the head of a message file (F3.2 to F3.5 of spool-format.md).
 *
 * In memory a block has the very bytes of the file, with the empty line at its end.  So its length
 * is the value of field h in the name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/envelope.h"

static bool
envelope_is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

static bool
envelope_is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_' || c == '.';
}

/*
 * The length of the header name at the start of 'text'.  0: there is no name with a colon behind
 * it.
 */
static size_t
name_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && envelope_is_name(text[n]))
		n++;
	return n < len && text[n] == ':' && n <= HEADER_NAME_MAX ? n : 0;
}

static enum status
headers_append(struct headers *h, const struct header *add, struct error *err)
{
	/* The new header overwrites the empty line at the end, which is written again behind it. */
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
		if (envelope_is_control(text[i]))
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
	return headers_append(h, &add, err);
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

char
fold_case(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Compare by name.  Headers of one name stay in their order. */
static int
envelope_named_cmp(const void *pa, const void *pb)
{
	const struct named *a = *(const struct named *const *)pa,
	    *b = *(const struct named *const *)pb;
	size_t la = a->header.namelen, lb = b->header.namelen;
	int c = memcmp(a->key, b->key, la < lb ? la : lb);

	if (c == 0 && la != lb)
		return la < lb ? -1 : 1;
	return c != 0 ? c : a < b ? -1 : a > b;
}

static bool
envelope_named_same(const struct named *a, const struct named *b)
{
	return a->header.namelen == b->header.namelen &&
	    memcmp(a->key, b->key, a->header.namelen) == 0;
}

/*
 * Chain the headers of each name.  Sorting keeps this cheap: a stranger's block full of names must
 * not cost the square of their number.
 */
static void
envelope_named_chain(struct named *h, struct named **sorted, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sorted[i] = &h[i];
	if (n > 1)
		qsort(sorted, n, sizeof(struct named *), envelope_named_cmp);
	for (size_t i = 0; i < n; i++) {
		sorted[i]->first = i == 0 || !envelope_named_same(sorted[i - 1], sorted[i]);
		sorted[i]->next = i + 1 < n && envelope_named_same(sorted[i], sorted[i + 1]) ?
		    (size_t)(sorted[i + 1] - h) : SIZE_MAX;
	}
}

enum status
headers_index(const struct headers *all, char (*fold)(char), struct headers_index *out,
    struct error *err)
{
	struct named **sorted;
	struct header h;
	size_t n = 0, pos = 0;

	memset(out, 0, sizeof(*out));
	while (headers_next(all, &pos, &h))
		n++;
	out->h = calloc(n + 1, sizeof(*out->h));
	out->keys = malloc(all->len + 1);
	sorted = calloc(n + 1, sizeof(struct named *));
	if (out->h == NULL || out->keys == NULL || sorted == NULL) {
		free(sorted);
		headers_index_free(out);
		return error_sys(err, ENOMEM, "headers");
	}
	for (size_t i = 0; i < all->len; i++)
		out->keys[i] = fold(all->block[i]);
	for (pos = 0; headers_next(all, &pos, &h); out->n++) {
		out->h[out->n].header = h;
		out->h[out->n].key = out->keys + (h.name - all->block);
	}
	envelope_named_chain(out->h, sorted, out->n);
	free(sorted);
	return ST_OK;
}

void
headers_index_free(struct headers_index *index)
{
	free(index->h);
	free(index->keys);
	memset(index, 0, sizeof(*index));
}

/*
 * The length of the header line at the start of 'text', with its line feed.  0: it is no header
 * line.
 */
static size_t
envelope_line_length(const char *text, size_t len)
{
	size_t i = name_length(text, len);

	if (i == 0 || len - i < 2 || text[i + 1] != ' ')
		return 0;
	for (i += 2; i < len && !envelope_is_control(text[i]); i++)
		;
	return i < len && text[i] == '\n' ? i + 1 : 0;
}

bool
headers_valid(const struct headers *h)
{
	size_t pos = 0, line;

	if (h->len > HEADERS_MAX)
		return false;
	while (pos < h->len && (line = envelope_line_length(h->block + pos, h->len - pos)) > 0)
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
