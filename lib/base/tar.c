/*
 * tar.c: reading archives, as far as the import of a queue needs it.
 *
 * It reads POSIX ustar with pax headers (POSIX.1-2008, pax, "ustar Interchange Format"), and what
 * other tars write: GNU's long names, and sizes in base 256.  An archive may come from anywhere. 
 * So each number is checked before it is believed, only one buffer is held, and an error names its
 * byte in the stream.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/tar.h"
#include "base/ustar.h"

#define BUFFER (64 << 10)
/* This is more than any tar writes for one member, attributes apart, which nobody asked for. */
#define EXTENSION_MAX (64 << 10)

struct tar {
	tar_source *source;
	void *arg;
	uint64_t at;		/* offset in the stream of what was taken out of buf */
	size_t have, next;	/* in buf */
	uint64_t left, pad;	/* bytes that are left of the present member, and of its padding */
	bool any, ended;	/* any: a header was seen; ended: zeros came after the last one */
	char buf[BUFFER];
	char ext[EXTENSION_MAX + 1];
};

/* An extension goes before a header and says more than a header can. */
struct extension {
	bool has_path, has_size, sparse;
	char path[TAR_PATH_MAX];
	int64_t size;
};

enum status
tar_open(tar_source *source, void *arg, struct tar **out, struct error *err)
{
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return error_sys(err, ENOMEM, "tar");
	(*out)->source = source;
	(*out)->arg = arg;
	return ST_OK;
}

void
tar_close(struct tar *t)
{
	free(t);
}

static enum status
tar_bad(uint64_t at, struct error *err, const char *why)
{
	return error_set(err, ST_BADDATA, 0, "byte %llu of the stream: %s", (unsigned long long)at,
	    why);
}

/* Take up to 'len' bytes from the stream.  *got 0: the stream is at its end. */
static enum status
tar_take(struct tar *t, char *to, size_t len, size_t *got, struct error *err)
{
	enum status st;

	*got = 0;
	if (t->next == t->have) {
		t->next = t->have = 0;
		if ((st = t->source(t->arg, t->buf, sizeof(t->buf), &t->have, err)) != ST_OK ||
		    t->have == 0)
			return st;
	}
	*got = len < t->have - t->next ? len : t->have - t->next;
	memcpy(to, t->buf + t->next, *got);
	t->next += *got;
	t->at += *got;
	return ST_OK;
}

/* Take exactly 'len' bytes.  ST_NONE: the stream ended before the first one. */
static enum status
tar_take_all(struct tar *t, char *to, size_t len, struct error *err)
{
	size_t have = 0, got;
	enum status st;

	while (have < len) {
		if ((st = tar_take(t, to + have, len - have, &got, err)) != ST_OK)
			return st;
		if (got == 0)
			return have == 0 ? ST_NONE : tar_bad(t->at, err, "it breaks off");
		have += got;
	}
	return ST_OK;
}

static enum status
tar_skip(struct tar *t, uint64_t n, struct error *err)
{
	char block[BLOCK];
	enum status st;
	size_t got;

	for (; n > 0; n -= got) {
		if ((st = tar_take(t, block, n < BLOCK ? (size_t)n : BLOCK, &got, err)) != ST_OK)
			return st;
		if (got == 0)
			return tar_bad(t->at, err, "it breaks off");
	}
	return ST_OK;
}

/* Read octal digits between blanks, or a number in GNU's base 256, which has the first bit set. */
static bool
tar_number(const char *field, size_t len, int64_t *out)
{
	uint64_t n = 0;
	size_t i = 0;

	*out = 0;
	if ((unsigned char)field[0] == 0x80) {
		for (i = 1; i < len; i++) {
			if (n > INT64_MAX >> 8)
				return false;
			n = n << 8 | (unsigned char)field[i];
		}
		*out = (int64_t)n;
		return true;
	}
	while (i < len && field[i] == ' ')
		i++;
	for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		n = n << 3 | (uint64_t)(field[i] - '0');
	*out = (int64_t)n;	/* 12 digits at most */
	return i == len || field[i] == '\0' || field[i] == ' ';
}

static bool
tar_all_zero(const struct ustar *u)
{
	static const struct ustar zero;

	return memcmp(u, &zero, sizeof(zero)) == 0;
}

static bool
tar_checksum_ok(const struct ustar *u)
{
	int64_t want;

	return tar_number(u->chksum, sizeof(u->chksum), &want) &&
	    (want == (int64_t)ustar_checksum(u, false) || want == (int64_t)ustar_checksum(u, true));
}

/* Read the content of an extension.  It has *len bytes, and a NUL behind them. */
static enum status
tar_extension(struct tar *t, const struct tar_member *m, size_t *len, struct error *err)
{
	enum status st;

	if (m->size > EXTENSION_MAX)
		return tar_bad(m->at, err, "an extended header that is too large");
	*len = (size_t)m->size;
	st = tar_take_all(t, t->ext, *len, err);
	if (st == ST_NONE)
		return tar_bad(t->at, err, "it breaks off");
	t->ext[*len] = '\0';
	return st == ST_OK ? tar_skip(t, tar_padding(m->size), err) : st;
}

/* Read a decimal number that is the whole text. */
static bool
tar_decimal(const char *text, size_t len, int64_t *out)
{
	int64_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int digit = text[i] - '0';
		if (digit < 0 || digit > 9 || n > (INT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return len > 0;
}

static bool
tar_set_path(struct extension *x, const char *path, size_t len)
{
	if (memchr(path, '\0', len) != NULL)
		return false;
	/* None of our paths is as long.  A longer one is only printed in errors. */
	(void)snprintf(x->path, sizeof(x->path), "%.*s", (int)len, path);
	x->has_path = true;
	return true;
}

static bool
tar_pax_value(struct extension *x, const char *key, size_t keylen, const char *value, size_t len)
{
	if (keylen == 4 && memcmp(key, "path", 4) == 0)
		return tar_set_path(x, value, len);
	if (keylen == 4 && memcmp(key, "size", 4) == 0)
		return x->has_size = tar_decimal(value, len, &x->size);
	if (keylen > 11 && memcmp(key, "GNU.sparse.", 11) == 0)
		x->sparse = true;
	return true;
}

static bool
tar_pax(struct extension *x, const char *text, size_t len)
{
	const char *end = text + len, *space, *equals;
	int64_t n;

	while (text < end) {
		if ((space = memchr(text, ' ', (size_t)(end - text))) == NULL ||
		    !tar_decimal(text, (size_t)(space - text), &n) || n > end - text ||
		    n < space - text + 3 || text[n - 1] != '\n' ||
		    (equals = memchr(space, '=', (size_t)(text + n - space))) == NULL)
			return false;
		if (!tar_pax_value(x, space + 1, (size_t)(equals - space - 1), equals + 1,
		    (size_t)(text + n - 1 - equals - 1)))
			return false;
		text += n;
	}
	return true;
}

static void
tar_member_path(const struct ustar *u, const struct extension *x, char path[TAR_PATH_MAX])
{
	const char *from = path;

	if (x->has_path)
		(void)strlcpy(path, x->path, TAR_PATH_MAX);
	else if (memcmp(u->magic, "ustar", 6) == 0 && u->prefix[0] != '\0')
		(void)snprintf(path, TAR_PATH_MAX, "%.155s/%.100s", u->prefix, u->name);
	else
		(void)snprintf(path, TAR_PATH_MAX, "%.100s", u->name);
	while (strncmp(from, "./", 2) == 0)
		from += 2;
	memmove(path, from, strlen(from) + 1);
}

/* Links, devices and directories have no content, whatever their size says. */
static bool
tar_has_content(char type)
{
	return type < '1' || type > '6';
}

static enum status
tar_take_member(struct tar *t, const struct ustar *u, const struct extension *x,
    struct tar_member *m,
    struct error *err)
{
	size_t len;

	tar_member_path(u, x, m->path);
	len = strlen(m->path);
	if (m->type == '\0' || m->type == '7')
		m->type = '0';
	if (m->type == '0' && len > 0 && m->path[len - 1] == '/')
		m->type = '5';
	if (x->has_size)
		m->size = x->size;
	if (m->type == 'S' || x->sparse)
		return tar_bad(m->at, err,
		    "a sparse file; make the stream without holes (tar --sparse)");
	if (!tar_has_content(m->type))
		m->size = 0;
	t->left = (uint64_t)m->size;
	t->pad = tar_padding(m->size);
	return ST_OK;
}

/* Read the next block that is not all zeros. */
static enum status
tar_read_header(struct tar *t, struct ustar *u, struct tar_member *m, struct error *err)
{
	enum status st;

	for (;;) {
		m->at = t->at;
		st = tar_take_all(t, (char *)u, sizeof(*u), err);
		if (st == ST_NONE && !t->ended)
			return tar_bad(t->at, err, t->any ? "it breaks off" :
			    "there is nothing; did the export fail?");
		if (st != ST_OK)
			return st;
		if (!tar_all_zero(u))
			break;
		t->ended = true;
	}
	if (!tar_checksum_ok(u))
		return tar_bad(m->at, err, t->any ? "not the header of a file in a tar archive" :
		    "not a tar archive (is it compressed?)");
	t->any = true;
	t->ended = false;
	m->type = u->type;
	return tar_number(u->size, sizeof(u->size), &m->size) ? ST_OK :
	    tar_bad(m->at, err, "a size that is none");
}

enum status
tar_next(struct tar *t, struct tar_member *m, struct error *err)
{
	struct extension x = { .has_path = false };
	struct ustar u = { .type = '\0' };
	enum status st;
	size_t len = 0;

	if ((st = tar_skip(t, t->left, err)) != ST_OK || (st = tar_skip(t, t->pad, err)) != ST_OK)
		return st;
	t->left = t->pad = 0;
	for (;;) {
		bool extended = x.has_path || x.has_size || x.sparse;
		st = tar_read_header(t, &u, m, err);
		if (st == ST_NONE && extended)
			return tar_bad(t->at, err, "it breaks off");
		if (st != ST_OK)
			return st;
		if (m->type == 'x' || m->type == 'L') {
			if ((st = tar_extension(t, m, &len, err)) != ST_OK)
				return st;
			if (m->type == 'x' ? !tar_pax(&x, t->ext, len) :
			    !tar_set_path(&x, t->ext, strlen(t->ext)))
				return tar_bad(m->at, err, "a broken extended header");
		} else if (m->type == 'g' || m->type == 'K') {
			/*
			 * This extension is about all members, or about links.  We need nothing of
			 * it.
			 */
			if ((st = tar_skip(t, (uint64_t)m->size, err)) != ST_OK ||
			    (st = tar_skip(t, tar_padding(m->size), err)) != ST_OK)
				return st;
		} else
			return tar_take_member(t, &u, &x, m, err);
	}
}

enum status
tar_read(struct tar *t, void *buf, size_t len, size_t *got, struct error *err)
{
	enum status st;

	*got = 0;
	if (t->left == 0)
		return ST_OK;
	if ((st = tar_take(t, buf, t->left < len ? (size_t)t->left : len, got, err)) != ST_OK)
		return st;
	if (*got == 0)
		return tar_bad(t->at, err, "it breaks off");
	t->left -= *got;
	return ST_OK;
}
