/* tar.c: archives from anywhere: no more comes out than went in, and what is written reads back. */
#include "mq.h"

#include "fuzz.h"

struct memory { const uint8_t *data; size_t len, at; };

static enum status
memory_read(void *arg, void *buf, size_t len, size_t *got, struct error *err)
{
	struct memory *m = arg;

	(void)err;
	*got = m->len - m->at < len ? m->len - m->at : len;
	if (*got > 0)
		memcpy(buf, m->data + m->at, *got);
	m->at += *got;
	return ST_OK;
}

static enum status
next(struct tar *t, struct tar_member *m, uint64_t *bytes, struct error *err)
{
	char buf[300];
	size_t got = 1;
	enum status st = tar_next(t, m, err);

	if (st != ST_OK)
		return st;
	check(strlen(m->path) < TAR_PATH_MAX && strncmp(m->path, "./", 2) != 0);
	check(m->size >= 0);
	/* Some are read, some skipped. */
	while (st == ST_OK && got > 0 && m->size % 2 == 0) {
		st = tar_read(t, buf, sizeof(buf), &got, err);
		*bytes += got;
	}
	return st;
}

/* The checksums are mended, else nothing would come far. */
static uint8_t *
mended(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	char text[8];

	if (copy == NULL)
		abort();
	memcpy(copy, data, len);
	for (size_t at = 0; at + 512 <= len; at += 512) {
		unsigned sum = 0;
		if (copy[at + 148] != '#')
			continue;
		memset(copy + at + 148, ' ', 8);
		for (size_t i = 0; i < 512; i++)
			sum += copy[at + i];
		(void)snprintf(text, sizeof(text), "%06o", sum);
		memcpy(copy + at + 148, text, 7);
	}
	return copy;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct memory m = { mended(data, len), len, 0 };
	struct tar_member member;
	struct error err;
	struct tar *t;
	uint64_t bytes = 0;

	error_clear(&err);
	check(tar_open(memory_read, &m, &t, &err) == ST_OK);
	while (next(t, &member, &bytes, &err) == ST_OK)
		check(member.at < len);
	check(bytes <= len);
	check(err.status == ST_OK || err.status == ST_BADDATA);
	tar_close(t);
	free((void *)m.data);
	return 0;
}
