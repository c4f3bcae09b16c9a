/* test_tar.c: what is written reads back; what is broken is refused at its place. */
#include <stdlib.h>

#include "mq.h"
#include "tap.h"

struct memory { const char *data; size_t len, at, step; };

static enum status
memory_read(void *arg, void *buf, size_t len, size_t *got, struct error *err)
{
	struct memory *m = arg;

	(void)err;
	*got = m->len - m->at < len ? m->len - m->at : len;
	if (*got > m->step)
		*got = m->step;
	memcpy(buf, m->data + m->at, *got);
	m->at += *got;
	return ST_OK;
}

/* Go through it; the last error's text, the number of members and bytes of them. */
static enum status
walk(const char *data, size_t len, size_t step, struct tar_member *last, int *n, int64_t *bytes, struct error *err)
{
	struct memory m = { data, len, 0, step };
	struct tar *t;
	enum status st;
	char buf[100];
	size_t got;

	*n = 0;
	*bytes = 0;
	error_clear(err);
	if ((st = tar_open(memory_read, &m, &t, err)) != ST_OK)
		return st;
	while ((st = tar_next(t, last, err)) == ST_OK) {
		++*n;
		/* Every second one is skipped. */
		for (got = 1; got > 0 && *n % 2 != 0 && st == ST_OK; *bytes += (int64_t)got)
			st = tar_read(t, buf, sizeof(buf), &got, err);
		if (st != ST_OK)
			break;
	}
	tar_close(t);
	return st;
}

static void
written(const char *path, int64_t size, size_t blocks)
{
	static char data[4096];
	char header[TAR_HEADER_MAX], text[400];
	struct tar_member m;
	struct error err;
	int64_t bytes;
	size_t len;
	int n;

	memset(data, 0, sizeof(data));
	len = tar_header(path, size, 1700000000 * USEC, header);
	(void)snprintf(text, sizeof(text), "%zu characters, %" PRId64 " bytes", strlen(path), size);
	is_int((int64_t)len, (int64_t)blocks * 512, text);
	memcpy(data, header, len);
	if (size > 512) {
		/* Too much to have here: it is known by where it breaks off. */
		is_int(walk(data, len, 512, &m, &n, &bytes, &err), ST_BADDATA, "breaks off");
		is_int(n, 1, "after the header");
	} else {
		is_int(walk(data, len + 512 + TAR_END, 7, &m, &n, &bytes, &err), ST_NONE, "reads back");
		is_int(bytes, size, "with its bytes");
	}
	is_str(m.path, path, "with its path");
	is_int(m.size, size, "with its size");
	is_int(m.type, '0', "as a file");
}

/* A header with its checksum. */
static void
block(char *to, const char *name, char type, const char *size, size_t sizelen)
{
	unsigned sum = 0;

	memset(to, 0, 512);
	(void)strlcpy(to, name, 100);
	to[156] = type;
	memcpy(to + 124, size, sizelen);
	memset(to + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)to[i];
	(void)snprintf(to + 148, 8, "%06o", sum);
}

static void
refused(const char *data, size_t len, const char *why, const char *text)
{
	struct tar_member m;
	struct error err;
	int64_t bytes;
	int n;

	is_int(walk(data, len, 512, &m, &n, &bytes, &err), ST_BADDATA, text);
	if (!ok(strstr(err.text, why) != NULL, why))
		printf("# %s\n", err.text);
}

static void
broken(void)
{
	static char data[200000];
	struct tar_member m;
	struct error err;
	int64_t bytes;
	int n;

	refused(data, 0, "byte 0 of the stream: there is nothing", "no bytes");
	refused("x", 1, "byte 1 of the stream: it breaks off", "one byte");
	is_int(walk(data, 1024, 512, &m, &n, &bytes, &err), ST_NONE, "an archive of nothing");
	block(data, "a", '0', "0000000001", 11);
	refused(data, 512, "byte 512 of the stream: it breaks off", "no content");
	refused(data, 1024, "byte 1024 of the stream: it breaks off", "no end");
	is_int(walk(data, 1536, 512, &m, &n, &bytes, &err), ST_NONE, "one block of zeros is an end");
	data[1024] = 'x';
	refused(data, 1536, "byte 1024 of the stream: not the header", "junk behind a member");
	memset(data, 0, sizeof(data));
	block(data, "a", '0', "12x", 4);
	refused(data, 2048, "byte 0 of the stream: a size", "a size with a letter");
	block(data, "a", '0', "\200\0\0\0\200\0\0\0\0\0\0\0", 12);
	refused(data, 2048, "byte 0 of the stream: a size", "a size of 2^63");
	block(data, "a", '0', "\377\377\377\377\377\377\377\377\377\377\377\377", 12);
	refused(data, 2048, "byte 0 of the stream: a size", "a negative size");
	block(data, "a", '0', "\200\0\0\0\177\377\377\377\377\377\377\377", 12);
	refused(data, 2048, "it breaks off", "a size of 2^63 - 1");
	block(data, "a", 'S', "0", 2);
	refused(data, 2048, "sparse", "a sparse file");
	block(data, "a", '2', "77", 3);
	is_int(walk(data, 2048, 512, &m, &n, &bytes, &err), ST_NONE, "a link has no content, whatever it says");
	is_int(m.type, '2', "and is told as what it is");
	block(data, "d/", '\0', "0", 2);
	is_int(walk(data, 2048, 512, &m, &n, &bytes, &err), ST_NONE, "an old tar's directory");
	is_int(m.type, '5', "is one");
	block(data, "././x", '\0', "0", 2);
	is_int(walk(data, 2048, 512, &m, &n, &bytes, &err), ST_NONE, "./ in front");
	is_str(m.path, "x", "is nothing");
	block(data, "long", 'L', "177777777", 10);
	refused(data, sizeof(data), "byte 0 of the stream: an extended header that is too large", "a name that is too long");
	block(data, "long", 'L', "5", 2);
	(void)strlcpy(data + 512, "other", 10);
	block(data + 1024, "a", '0', "0", 2);
	is_int(walk(data, 4096, 512, &m, &n, &bytes, &err), ST_NONE, "GNU's long name");
	is_str(m.path, "other", "is the one");
	memset(data + 1024, 0, 512);
	refused(data, 4096, "it breaks off", "a long name of nothing");
}

static void
extended(void)
{
	static const struct { const char *text; bool fine; } pax[] = {
		{ "9 path=x\n", true }, { "10 path=xy\n", false }, { "011 path=x\n", true }, { "9 path=x", false }, { "9path=x\n\n", false },
		{ "8 path=x\n", false }, { " path=x\n", false }, { "-9 path=x\n", false }, { "99999999999999999999 path=x\n", false },
		{ "3 \n", false }, { "5 =x\n", true }, { "9 pathx1\n", false }, { "9 size=0\n", true }, { "9 size=x\n", false }, { "8 size=\n", false },
		{ "28 size=9223372036854775808\n", false }, { "9 path=x\n9 path=y\n", true }, { "9 path=x\nx", false }, { "22 GNU.sparse.major=1\n", false },
		{ "0 path=x\n", false }, { "2 path=x\n", false }, { "3 path=x\n", false },
	};
	static char data[8192];
	struct tar_member m;
	struct error err;
	int64_t bytes;
	int n;

	for (size_t i = 0; i < sizeof(pax) / sizeof(pax[0]); i++) {
		char size[40];
		memset(data, 0, sizeof(data));
		(void)snprintf(size, sizeof(size), "%zo", strlen(pax[i].text));
		block(data, "pax", 'x', size, strlen(size));
		(void)strlcpy(data + 512, pax[i].text, 512);
		block(data + 1024, "a", '0', "0", 2);
		(void)snprintf(size, sizeof(size), "pax record %zu", i);
		is_int(walk(data, 4096, 512, &m, &n, &bytes, &err), pax[i].fine ? ST_NONE : ST_BADDATA, size);
	}
	/* A NUL in a path. */
	memset(data, 0, sizeof(data));
	block(data, "pax", 'x', "13", 2);
	memcpy(data + 512, "11 path=x\0y\n", 12);
	block(data + 1024, "a", '0', "0", 2);
	is_int(walk(data, 4096, 512, &m, &n, &bytes, &err), ST_BADDATA, "a NUL in a path");
}

int
main(void)
{
	char path[300] = "ready/";

	written("mq-export", 0, 1);
	written("ready/short", 1, 1);
	written("ready/short", 512, 1);
	for (int len = 90; len < 262; len++) {
		memset(path + 6, 'n', sizeof(path) - 6);
		path[len] = '\0';
		/* Behind the slash there is room for 100. */
		if (len > 94 && len < 112)
			written(path, 5, len <= 106 ? 1 : 3);
	}
	written(path, 5, 3);
	written(path, INT64_MAX, 3);
	written("ready/x", 077777777777, 1);
	written("ready/x", 0100000000000, 3);
	is_int((int64_t)tar_padding(0), 0, "no padding");
	is_int((int64_t)tar_padding(1), 511, "511 of padding");
	is_int((int64_t)tar_padding(512), 0, "none behind a block");
	is_int((int64_t)tar_padding(INT64_MAX), 1, "of the greatest");
	broken();
	extended();
	return done();
}
