/* test_frame.c: frames of mq-engine(7): what is written reads back, and what is none is refused. */
#include <stdlib.h>
#include <unistd.h>

/* They are in no library. */
#include "frame/class.c"	/* NOLINT(bugprone-suspicious-include) */
#include "frame/reader.c"	/* NOLINT(bugprone-suspicious-include) */
#include "frame/writer.c"	/* NOLINT(bugprone-suspicious-include) */
#include "frame/message.c"	/* NOLINT(bugprone-suspicious-include) */
#include "tap.h"

/* The same numbers below n each time: Numerical Recipes' generator. */
static uint32_t
pick(uint32_t n)
{
	static uint32_t seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void
give(struct reader *r, const void *data, size_t len)
{
	struct error err = { 0 };
	int fd[2];

	if (pipe(fd) == -1 || write(fd[1], data, len) != (ssize_t)len ||
	    reader_fill(r, fd[0], &err) != ST_OK)
		abort();
	(void)close(fd[0]);
	(void)close(fd[1]);
}

/* What the reader makes of the bytes at once, without the frames before the last one. */
static enum status
read_all(const char *data, size_t len, int *n, struct error *err)
{
	struct reader r = { 0 };
	struct frame f;
	enum status st;

	*n = 0;
	give(&r, data, len);
	while ((st = reader_next(&r, &f, err)) == ST_OK)
		*n = f.n;
	reader_free(&r);
	return st;
}

static void
refused(void)
{
	static const struct { const char *text; size_t len; } bad[] = { { "\n", 1 }, { "a  b\n", 5 },
		{ " a\n", 3 }, { "a \n", 3 }, { "a %\n", 4 }, { "a %4\n", 5 }, { "a %4g\n", 6 },
		{ "a %00\n", 6 }, { "a \0b\n", 5 }, { "push 1 q i 0\n", 13 }, { "push \n", 6 },
		{ "msg t q i 0 -1\n", 15 }, { "msg t q i -1 0\n", 15 }, { "msg t q i 0 x\n", 14 },
		{ "msg t q i 0x1 1\n", 16 }, { "msg t q i 0 1073741825\n", 23 },
		{ "msg t q i 65537 0\n", 18 }, { "item 1 ready i 0 99999999999999999999\n", 38 } };
	struct error err;
	char text[64];
	int n;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "refused: %zu", i);
		error_clear(&err);
		is_int(read_all(bad[i].text, bad[i].len, &n, &err), ST_BADDATA, text);
		ok(err.text[0] != '\0', "and why");
	}
}

static void
limits(void)
{
	struct error err = { 0 };
	char line[FRAME_LINE_MAX + 2];
	int n;

	memset(line, 'x', sizeof(line));
	is_int(read_all(line, FRAME_LINE_MAX, &n, &err), ST_NONE, "a line that may still end");
	line[FRAME_LINE_MAX] = '\n';
	is_int(read_all(line, FRAME_LINE_MAX + 1, &n, &err), ST_NONE, "the longest line");
	is_int(n, 1, "its word");
	line[FRAME_LINE_MAX] = 'x';
	is_int(read_all(line, FRAME_LINE_MAX + 1, &n, &err), ST_BADDATA, "a line that is too long");
	for (size_t i = 0; i < FRAME_WORDS * 2; i++)
		line[i] = i % 2 == 0 ? 'w' : ' ';
	line[FRAME_WORDS * 2 - 1] = '\n';
	error_clear(&err);
	is_int(read_all(line, FRAME_WORDS * 2, &n, &err), ST_NONE, "as many words as there may be");
	is_int(n, FRAME_WORDS, "all of them");
	line[FRAME_WORDS * 2 - 1] = ' ';
	line[FRAME_WORDS * 2] = 'w';
	line[FRAME_WORDS * 2 + 1] = '\n';
	is_int(read_all(line, FRAME_WORDS * 2 + 2, &n, &err), ST_BADDATA, "one word more");
}

/* ---- there and back ------------------------------------------------------- */

static const char *
any_text(char *buf, size_t size)
{
	size_t len = pick((uint32_t)size);

	for (size_t i = 0; i < len; i++)
		buf[i] = (char)(pick(255) + 1);
	buf[len] = '\0';
	return buf;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_message(const struct message *a, const struct message *b)
{
	return strcmp(a->id, b->id) == 0 && a->headlen == b->headlen && a->bodylen == b->bodylen &&
	    memcmp(a->head, b->head, a->headlen) == 0 && memcmp(a->body, b->body, a->bodylen) == 0 &&
	    same_text(a->key, b->key) && same_text(a->once, b->once) &&
	    same_text(a->reason, b->reason) && same_text(a->via, b->via) && a->size == b->size &&
	    a->priority == b->priority && a->delay_ms == b->delay_ms && a->expires == b->expires &&
	    a->enqueued == b->enqueued && a->attempts == b->attempts &&
	    a->deliveries == b->deliveries && a->maybe == b->maybe && a->derived == b->derived &&
	    a->changing == b->changing;
}

/* Read a message that comes in pieces of 'piece' bytes. */
static bool
comes_back(const struct writer *w, size_t piece, const char *queue, const struct message *m)
{
	struct message back = MESSAGE_NONE;
	struct error err = { 0 };
	struct reader r = { 0 };
	struct frame f;
	bool same = false;

	for (size_t at = 0; at < w->len; at += piece) {
		give(&r, w->data + at, w->len - at < piece ? w->len - at : piece);
		if (reader_next(&r, &f, &err) == ST_OK)
			same = at + piece >= w->len && strcmp(f.word[2], queue) == 0 &&
			    message_get(&f, &back, &err) == ST_OK && same_message(m, &back);
	}
	reader_free(&r);
	return same && err.status == ST_OK;
}

static bool
message_returns(void)
{
	char queue[30], id[60], key[90], once[90], reason[200], via[40], body[600];
	struct message m = MESSAGE_NONE;
	struct writer w = { 0 };
	bool same;

	m.id = any_text(id, sizeof(id));
	m.key = pick(2) == 0 ? NULL : any_text(key, sizeof(key));
	m.once = pick(2) == 0 ? NULL : any_text(once, sizeof(once));
	m.reason = pick(2) == 0 ? NULL : any_text(reason, sizeof(reason));
	m.via = pick(2) == 0 ? NULL : any_text(via, sizeof(via));
	m.head = "A: b\n\n";
	m.headlen = pick(2) == 0 ? 0 : 6;
	m.body = body;
	m.bodylen = pick(sizeof(body));
	for (size_t i = 0; i < m.bodylen; i++)
		body[i] = (char)pick(256);
	m.size = (int64_t)pick(1000) - 1;
	m.priority = (int)pick(10);
	m.delay_ms = pick(1000);
	m.expires = (usec_t)pick(1U << 24) << 20;
	m.enqueued = (usec_t)pick(1U << 24) << 20;
	m.attempts = pick(9);
	m.deliveries = pick(9);
	m.maybe = pick(2) == 1;
	m.derived = pick(2) == 1;
	m.changing = pick(2) == 1;
	message_put(&w, pick(2) == 0 ? "push" : "msg", "tag", any_text(queue, sizeof(queue)), &m);
	same = w.broken || comes_back(&w, 1 + pick(300), queue, &m);
	writer_free(&w);
	return same;
}

/* ---- bytes that are no frames --------------------------------------------- */

/* Change a few bytes of what would be right. */
static size_t
damaged(char *data, size_t size)
{
	static const char *const good[] = { "push 1 q i 6 3 key=%41 priority=4\nA: b\n\nxyz", "ok 1\n",
		"msg t q - 0 2 attempts=7\n\n\n", "item 1 dead i 0 0 size=9\n", "err 1 lost a%20b\n" };
	size_t len = 0;

	for (uint32_t n = pick(6); n > 0; n--)
		len += strlcpy(data + len, good[pick(5)], size - len);
	for (uint32_t n = len > 0 ? pick(4) : 0; n > 0; n--)
		data[pick((uint32_t)len)] = (char)(pick(2) == 0 ? pick(256) : (uint32_t)" \n%=-09"[pick(7)]);
	return len;
}

/* Whatever comes, each frame lies within what was given. */
static bool
garbage_is_survived(void)
{
	struct message m = MESSAGE_NONE;
	struct error err = { 0 };
	struct reader r = { 0 };
	enum status st = ST_NONE;
	size_t len, used = 0;
	char data[512];
	struct frame f;

	len = damaged(data, sizeof(data));
	for (size_t at = 0, n; at < len && st == ST_NONE; at += n) {
		n = 1 + pick((uint32_t)(len - at));
		give(&r, data + at, n);
		while ((st = reader_next(&r, &f, &err)) == ST_OK) {
			used += f.headlen + f.bodylen + 1;
			if (f.head != NULL && message_get(&f, &m, &err) != ST_OK)
				error_clear(&err);
		}
	}
	reader_free(&r);
	return used <= len && (st == ST_NONE || (st == ST_BADDATA && err.text[0] != '\0'));
}

static void
many(bool (*fn)(void), int times, const char *text)
{
	int good = 0;

	for (int i = 0; i < times; i++)
		good += fn();
	is_int(good, times, text);
}

int
main(void)
{
	refused();
	limits();
	many(message_returns, 2000, "messages come back as they went, in pieces of any size");
	many(garbage_is_survived, 20000, "damaged frames are read or refused");
	return done();
}
