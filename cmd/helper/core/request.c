/*
 * request.c: what a frame of mq asks for.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/envelope.h"
#include "helper/core/inside.h"

/* 100 years in milliseconds: as microseconds and nanoseconds, too, this is a number. */
#define NUMBER_MAX (100LL * 365 * 24 * 3600 * 1000)

/* A number of a request, from 0 to NUMBER_MAX. */
static int64_t
request_number(const char *word)
{
	int64_t n = strtoll(word, NULL, 10);

	return n < 0 ? 0 : n > NUMBER_MAX ? NUMBER_MAX : n;
}

/* ---- settings ----------------------------------------------------------- */

static void
request_set_text(const char **to, const char *value)
{
	free((char *)(uintptr_t)*to);
	*to = strdup(value);
}

/* What this helper does not know is passed over: a newer mq may say more. */
static void
request_set(struct helper *h, const char *key, const char *value)
{
	struct settings *s = &h->set;
	struct error ignored = { 0 };
	const struct { const char *key; const char **text; } texts[] = { { "url", &s->url },
	    { "credentials", &s->credentials }, { "ca", &s->ca }, { "cert", &s->cert },
	    { "key", &s->key }, { "tls-name", &s->tls_name }, { "client", &s->client } };
	const struct { const char *key; int64_t *n; } numbers[] = { { "timeout", &s->timeout_ms },
	    { "lease", &s->lease_ms }, { "window", &s->window } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(key, texts[i].key) == 0)
			request_set_text(texts[i].text, value);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(key, numbers[i].key) == 0 && request_number(value) > 0)
			*numbers[i].n = request_number(value);
	if (strcmp(key, "doubt") == 0)
		h->broken |= names_add(&s->doubt, value, &ignored) != ST_OK;
	else if (strcmp(key, "verify") == 0)
		s->verify = strcmp(value, "no") != 0;
	else if (strcmp(key, "insecure") == 0)
		s->insecure = strcmp(value, "yes") == 0;
	else if (strcmp(key, "transactions") == 0)
		s->transactions = strcmp(value, "yes") == 0;
	else if (strcmp(key, "create") == 0)
		s->create = strcmp(value, "yes") == 0;
}

static void
request_open(struct helper *h)
{
	if (h->set.url == NULL) {
		helper_fail(h, CLASS_CONF, "no address was given");
		return;
	}
	h->caps[0] = '\0';
	if (!(h->ready = h->engine->open(h, &h->set)))
		return;
	writer_begin(&h->out, "ready");
	writer_bytes(&h->out, h->caps, strlen(h->caps));
	writer_end(&h->out);
}

/* ---- taking ------------------------------------------------------------- */

static struct taking *
request_find(struct helper *h, const char *queue)
{
	for (struct taking *t = h->takings; t != NULL; t = t->next)
		if (strcmp(t->queue, queue) == 0 && !t->stopped)
			return t;
	return NULL;
}

static void
request_take(struct helper *h, const struct frame *f)
{
	struct taking *t = request_find(h, f->word[1]);

	if (t == NULL) {
		if ((t = calloc(1, sizeof(*t))) == NULL ||
		    (t->queue = strdup(f->word[1])) == NULL) {
			free(t);
			h->broken = true;
			return;
		}
		t->next = h->takings;
		h->takings = t;
	}
	t->credit += request_number(f->word[2]);
	t->lease_ms = request_number(f->word[3]);
	t->keep = f->n > 4 && strcmp(f->word[4], "keep") == 0;
	if (h->engine->take == NULL)
		helper_ended(h, t, CLASS_CANNOT, "messages cannot be taken");
	else if (t->keep && strstr(h->caps, " token=any") == NULL)
		helper_ended(h, t, CLASS_CANNOT, "claims of this engine end with the connection");
	else
		h->engine->take(h, t);
}

static void
request_stop(struct helper *h, const char *queue)
{
	struct taking *t = request_find(h, queue);

	if (t == NULL) {
		writer_begin(&h->out, "stopped");
		writer_word(&h->out, queue);
		writer_end(&h->out);
		return;
	}
	t->stopped = true;
	t->credit = 0;
	h->engine->take(h, t);
}

static void
request_free(struct helper *h, struct taking *t)
{
	struct taking **p = &h->takings;

	while (*p != t)
		p = &(*p)->next;
	*p = t->next;
	if (h->engine->forget != NULL)
		h->engine->forget(h, t);
	free(t->queue);
	free(t);
}

void
request_forget(struct helper *h)
{
	while (h->takings != NULL)
		request_free(h, h->takings);
}

struct taking *
helper_takings(struct helper *h)
{
	return h->takings;
}

void
helper_stopped(struct helper *h, struct taking *t)
{
	writer_begin(&h->out, "stopped");
	writer_word(&h->out, t->queue);
	writer_end(&h->out);
	request_free(h, t);
}

void
helper_ended(struct helper *h, struct taking *t, enum class c, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	writer_begin(&h->out, "ended");
	writer_word(&h->out, t->queue);
	writer_word(&h->out, class_names[c]);
	writer_text(&h->out, text);
	writer_end(&h->out);
	request_free(h, t);
}

/* ---- requests with a tag ------------------------------------------------ */

static bool
request_plain(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		if (iscntrl((unsigned char)*text))
			return false;
	return true;
}

/* Whether the message can stand in headers: the engines' libraries get what is checked here. */
static enum status
request_message(const struct frame *f, struct message *m, struct error *err)
{
	struct headers head = { (char *)(uintptr_t)f->head, f->headlen };

	m->queue = f->word[2];
	if (message_get(f, m, err) != ST_OK)
		return err->status;
	if (head.len > 0 && !headers_valid(&head))
		return error_set(err, ST_BADDATA, 0, "the header block is malformed");
	if (!request_plain(m->id) || !request_plain(m->key) || !request_plain(m->once) ||
	    !request_plain(m->via) || !request_plain(m->reason))
		return error_set(err, ST_BADDATA, 0, "a field has control characters");
	return ST_OK;
}

static void
request_push(struct helper *h, const struct frame *f)
{
	struct message m = MESSAGE_NONE;
	struct error err = { 0 };

	if (request_message(f, &m, &err) != ST_OK)
		helper_err(h, f->word[1], CLASS_DATA, "%s", err.text);
	else
		h->engine->push(h, f->word[1], &m);
}

static int64_t
request_attempts(const struct frame *f, int first)
{
	int64_t n;

	return frame_number(f, first, "attempts", 0, INT32_MAX, -1, &n) ? n : -1;
}

static void
request_nack(struct helper *h, const struct frame *f)
{
	h->engine->nack(h, f->word[1], f->word[2], request_number(f->word[3]),
	    request_attempts(f, 4), frame_field(f, 4, "reason"));
}

static void
request_dead(struct helper *h, const struct frame *f)
{
	h->engine->dead(h, f->word[1], f->word[2], request_attempts(f, 3),
	    frame_field(f, 3, "reason"));
}

static void
request_ack(struct helper *h, const struct frame *f)
{
	h->engine->ack(h, f->word[1], f->word[2]);
}

static void
request_extend(struct helper *h, const struct frame *f)
{
	h->engine->extend(h, f->word[1], f->word[2], request_number(f->word[3]));
}

static void
request_stat(struct helper *h, const struct frame *f)
{
	h->engine->stat(h, f->word[1], f->word[2]);
}

static void
request_list(struct helper *h, const struct frame *f)
{
	h->engine->list(h, f->word[1], f->word[2], f->word[3], request_number(f->word[4]),
	    request_number(f->word[5]));
}

static void
request_queues(struct helper *h, const struct frame *f)
{
	h->engine->queues(h, f->word[1]);
}

static void
request_retry(struct helper *h, const struct frame *f)
{
	h->engine->retry(h, f->word[1], f->word[2], f->word[3][0] == '\0' ? NULL : f->word[3]);
}

static void
request_make(struct helper *h, const struct frame *f)
{
	h->engine->make(h, f->word[1], f->word[2]);
}

static void
request_check(struct helper *h, const struct frame *f)
{
	h->engine->check(h, f->word[1], f->word[2]);
}

/* Whether the engine has the operation of the request. */
#define HAS(operation) (h->engine->operation != NULL)

static bool
request_tagged(struct helper *h, const struct frame *f)
{
	const struct {
		const char *word;
		int words;		/* at least */
		bool can;
		void (*fn)(struct helper *h, const struct frame *f);
	} requests[] = {{"push", 6, HAS(push), request_push}, {"ack", 3, HAS(ack), request_ack},
	    {"nack", 4, HAS(nack), request_nack}, {"dead", 3, HAS(dead), request_dead},
	    {"extend", 4, HAS(extend), request_extend}, {"stat", 3, HAS(stat), request_stat},
	    {"list", 6, HAS(list), request_list}, {"queues", 2, HAS(queues), request_queues},
	    {"retry", 4, HAS(retry), request_retry}, {"make", 3, HAS(make), request_make},
	    {"check", 3, HAS(check), request_check}};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(f->word[0], requests[i].word) != 0 || f->n < requests[i].words)
			continue;
		if (strlen(f->word[1]) >= FRAME_TAG_MAX)
			h->broken = true;	/* an answer could not name it */
		else if (!h->ready)
			helper_err(h, f->word[1], CLASS_CONF, "not open");
		else if (!requests[i].can)
			helper_err(
			    h, f->word[1], CLASS_CANNOT, "this engine has no '%s'", f->word[0]);
		else
			requests[i].fn(h, f);
		return true;
	}
	return false;
}

/*
 * Requests without a tag cannot be answered: one that is wrong, or comes too soon, is passed over.
 */
static bool
request_is_plain(const char *word)
{
	static const char *const plain[] = { "set", "open", "take", "stop" };

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (strcmp(word, plain[i]) == 0)
			return true;
	return false;
}

void
request_do(struct helper *h, const struct frame *f)
{
	const char *word = f->word[0];

	if (strcmp(word, "set") == 0 && f->n == 3)
		request_set(h, f->word[1], f->word[2]);
	else if (strcmp(word, "open") == 0 && !h->ready)
		request_open(h);
	else if (strcmp(word, "ping") == 0 && f->n == 2)
		helper_ok(h, f->word[1]);
	else if (strcmp(word, "bye") == 0)
		h->bye = true;
	else if (strcmp(word, "take") == 0 && f->n >= 4 && h->ready)
		request_take(h, f);
	else if (strcmp(word, "stop") == 0 && f->n == 2 && h->ready)
		request_stop(h, f->word[1]);
	else if (!request_is_plain(word) && !request_tagged(h, f) && f->n > 1)	/* a newer mq's */
		helper_err(h, f->word[1], CLASS_CANNOT, "unknown request '%s'", word);
}
