/*
 * frame.c: frames of mq-engine(7): any bytes, in any pieces, are read or refused, and what was
 * read can be written and read again.
 */

/* They are in no library. */
#include "frame/class.c"	/* NOLINT(bugprone-suspicious-include) */
#include "frame/reader.c"	/* NOLINT(bugprone-suspicious-include) */
#include "frame/writer.c"	/* NOLINT(bugprone-suspicious-include) */
#include "frame/message.c"	/* NOLINT(bugprone-suspicious-include) */

#include "fuzz.h"

/* As reader_fill, without a pipe, and into memory that is hardly larger: one byte too many is seen. */
static void
frame_give(struct reader *r, const void *data, size_t len)
{
	struct error err = { 0 };

	if (r->cap == 0 && (r->data = malloc(r->cap = 1)) == NULL)
		abort();
	check(reader_grow(r, len, &err) == ST_OK);
	memcpy(r->data + r->len, data, len);
	r->len += len;
}

/* The words, written behind a word that has no bytes of its own. */
static void
frame_again(const struct frame *f)
{
	struct error err = { 0 };
	struct reader r = { 0 };
	struct writer w = { 0 };
	struct frame back;

	writer_begin(&w, "again");
	for (int i = 0; i < f->n && i < FRAME_WORDS - 1; i++)
		writer_word(&w, f->word[i]);
	writer_end(&w);
	if (!w.broken) {
		frame_give(&r, w.data, w.len);
		check(reader_next(&r, &back, &err) == ST_OK);
		check(back.n == (f->n < FRAME_WORDS ? f->n : FRAME_WORDS - 1) + 1);
		for (int i = 1; i < back.n; i++)
			check(strcmp(back.word[i], f->word[i - 1]) == 0);
	}
	reader_free(&r);
	writer_free(&w);
}

static void
frame_check(const struct frame *f, size_t len)
{
	struct error err = { 0 };
	struct message m = MESSAGE_NONE;
	unsigned sum = 0;

	check(f->n >= 1 && f->n <= FRAME_WORDS);
	check(f->headlen + f->bodylen <= len && (f->head == NULL) == (f->body == NULL));
	for (size_t i = 0; i < f->headlen + f->bodylen; i++)
		sum += (unsigned char)f->head[i];
	check(sum < UINT32_MAX);
	if (f->head != NULL && message_get(f, &m, &err) == ST_OK)
		check(m.priority >= 0 && m.priority <= 9 && m.bodylen == f->bodylen);
	frame_again(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t piece = len > 0 && data[0] != 0 ? data[0] : 4096, at = 0;
	struct error err = { 0 };
	enum status st = ST_NONE;
	struct reader r = { 0 };
	struct frame f;

	while (at < len && st == ST_NONE) {
		size_t n = len - at < piece ? len - at : piece;
		frame_give(&r, data + at, n);
		at += n;
		while ((st = reader_next(&r, &f, &err)) == ST_OK)
			frame_check(&f, len);
		check(st == ST_NONE || (st == ST_BADDATA && err.text[0] != '\0'));
	}
	reader_free(&r);
	return 0;
}
