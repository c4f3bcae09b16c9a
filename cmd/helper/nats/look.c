/*
 * look.c: looking at queues, and making them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/nats/inside.h"

/*
 * With a subject: the first one from 'seq' on, since some before may be gone.  Without: this one.
 */
void
look_at(struct nats *n, const char *tag, const char *stream, const char *subject, uint64_t seq,
    void (*done)(struct nats *, struct ask *, const struct answer *), void *arg)
{
	char api[SUBJECT_MAX], text[SUBJECT_MAX + 80];

	(void)snprintf(api, sizeof(api), "$JS.API.STREAM.MSG.GET.%s", stream);
	if (subject != NULL)
		(void)snprintf(text, sizeof(text), "{\"seq\":%llu,\"next_by_subj\":\"%s\"}",
		    (unsigned long long)seq, subject);
	else
		(void)snprintf(text, sizeof(text), "{\"seq\":%llu}", (unsigned long long)seq);
	ask_text(n, tag, api, text, done, arg);
}

/* The stream of a queue, or the answer. */
static struct stream *
look_stream(struct nats *n, const char *tag, const char *queue)
{
	struct stream *s;
	struct trouble t;

	if (!stream_name_ok(n, tag, queue))
		return NULL;
	/* What is known may be old. */
	stream_forget(n, queue);
	if ((s = stream_get(n, queue, &t)) == NULL)
		helper_err(n->h, tag, t.c, "%s", t.text);
	return s;
}

/* ---- stat ----------------------------------------------------------------- */

static bool
look_info(struct nats *n, const char *tag, const char *what, const char *name, struct answer *r)
{
	char subject[SUBJECT_MAX];

	(void)snprintf(subject, sizeof(subject), "$JS.API.%s.INFO.%s", what, name);
	ask_now(n, subject, "", r);
	if (answer_good(r) || answer_code(r) == 404)
		return true;
	answer_err(n, tag, r, CLASS_AGAIN, name);
	answer_free(r);
	return false;
}

/* Without a consumer nothing has been delivered yet. */
static void
look_numbers(struct nats *n, const char *tag, const struct answer *stream,
    const struct answer *consumer, const struct answer *dead)
{
	bool taken = answer_good(consumer);

	helper_ok_begin(n->h, tag);
	helper_field(n->h, "ready", taken ? json_number(consumer->json, "num_pending") :
	    json_number(stream->json, "state.messages"));
	helper_field(n->h, "claimed", taken ? json_number(consumer->json, "num_ack_pending") : 0);
	helper_field(n->h, "dead", answer_good(dead) ?
	    json_number(dead->json, "state.messages") : 0);
	if (json_number(stream->json, "state.messages") > 0)
		helper_field(n->h, "oldest",
		    stored_time(json_text(stream->json, "state.first_ts")));
	helper_ok_end(n->h);
}

void
look_stat(struct helper *h, const char *tag, const char *queue)
{
	struct nats *n = helper_data(h);
	struct answer stream, consumer, dead;
	char name[SUBJECT_MAX];

	if (!stream_name_ok(n, tag, queue) || !look_info(n, tag, "STREAM", queue, &stream))
		return;
	if (!answer_good(&stream)) {
		answer_err(n, tag, &stream, CLASS_AGAIN, queue);
		answer_free(&stream);
		return;
	}
	(void)snprintf(name, sizeof(name), "%s." CONSUMER, queue);
	if (look_info(n, tag, "CONSUMER", name, &consumer)) {
		(void)snprintf(name, sizeof(name), "%s" DEAD_SUFFIX, queue);
		if (look_info(n, tag, "STREAM", name, &dead)) {
			look_numbers(n, tag, &stream, &consumer, &dead);
			answer_free(&dead);
		}
		answer_free(&consumer);
	}
	answer_free(&stream);
}

/* ---- list ----------------------------------------------------------------- */

struct listing {
	char stream[256 + sizeof(DEAD_SUFFIX)], state[12];
	int64_t max, bytes;
};

static void
list_item(struct nats *n, const char *tag, const struct listing *l, struct stored *s)
{
	if ((int64_t)s->m.bodylen > l->bytes) {
		s->m.size = (int64_t)s->m.bodylen;
		s->m.bodylen = (size_t)l->bytes;
	}
	helper_item(n->h, tag, l->state, &s->m);
}

static void
list_next(struct nats *n, struct ask *a, const struct answer *r)
{
	struct listing *l = a->arg;
	struct stored s = { 0 };

	if (answer_good(r) && l->max > 0 && stored_read(r, l->stream, &s)) {
		list_item(n, a->tag, l, &s);
		stored_free(&s);
		if (--l->max > 0) {
			look_at(n, a->tag, l->stream, l->stream, s.seq + 1, list_next, l);
			return;
		}
	}
	if (answer_good(r) || answer_code(r) == 404)
		helper_ok(n->h, a->tag);
	else
		answer_err(n, a->tag, r, CLASS_AGAIN, l->stream);
	free(l);
}

/*
 * What was never delivered is behind what the consumer has delivered.  Those before may be claimed,
 * or wait to be delivered again, and nobody can be told which.
 */
static bool
list_first(struct nats *n, const char *tag, const char *queue, uint64_t *seq)
{
	char name[SUBJECT_MAX];
	struct answer r;

	(void)snprintf(name, sizeof(name), "%s." CONSUMER, queue);
	if (!look_info(n, tag, "CONSUMER", name, &r))
		return false;
	*seq = answer_good(&r) ? (uint64_t)json_number(r.json, "delivered.stream_seq") + 1 : 1;
	answer_free(&r);
	return true;
}

void
look_list(struct helper *h, const char *tag, const char *queue, const char *state, int64_t max,
    int64_t bytes)
{
	struct nats *n = helper_data(h);
	bool dead = strcmp(state, "dead") == 0;
	struct listing *l;
	uint64_t seq = 1;

	if (!dead && strcmp(state, "ready") != 0) {
		helper_err(h, tag, CLASS_CANNOT, "NATS cannot tell which messages are %s", state);
		return;
	}
	if (look_stream(n, tag, queue) == NULL || (!dead && !list_first(n, tag, queue, &seq)))
		return;
	if ((l = calloc(1, sizeof(*l))) == NULL) {
		helper_err(h, tag, CLASS_AGAIN, "out of memory");
		return;
	}
	(void)snprintf(l->stream, sizeof(l->stream), "%s%s", queue, dead ? DEAD_SUFFIX : "");
	(void)snprintf(l->state, sizeof(l->state), "%s", state);
	l->max = max;
	l->bytes = bytes;
	look_at(n, tag, l->stream, l->stream, seq, list_next, l);
}

/* ---- queues --------------------------------------------------------------- */

/* A page of streams, from 'from' on.  How many there were, or -1: it was answered. */
static int64_t
queues_page(struct nats *n, const char *tag, int64_t from, int64_t *total)
{
	char text[40];
	struct answer r;
	const json_t *all, *one;
	size_t i, count;

	(void)snprintf(text, sizeof(text), "{\"offset\":%lld}", (long long)from);
	ask_now(n, "$JS.API.STREAM.LIST", text, &r);
	if (!answer_good(&r)) {
		answer_err(n, tag, &r, CLASS_AGAIN, "list of streams");
		answer_free(&r);
		return -1;
	}
	*total = json_number(r.json, "total");
	all = json_at(r.json, "streams");
	count = json_array_size(all);
	for (i = 0; i < count; i++) {
		const char *name = json_text(one = json_array_get(all, i), "config.name");
		size_t len = strlen(name), suffix = strlen(DEAD_SUFFIX);
		if (stream_is_queue(json_at(one, "config")) &&
		    (len < suffix || strcmp(name + len - suffix, DEAD_SUFFIX) != 0))
			helper_queue(n->h, tag, name);
	}
	answer_free(&r);
	return (int64_t)count;
}

void
look_queues(struct helper *h, const char *tag)
{
	struct nats *n = helper_data(h);
	int64_t seen = 0, total = 0, page;

	do {
		if ((page = queues_page(n, tag, seen, &total)) == -1)
			return;
		seen += page;
	} while (page > 0 && seen < total);
	helper_ok(h, tag);
}

/* ---- make, check ----------------------------------------------------------- */

void
look_make(struct helper *h, const char *tag, const char *queue)
{
	struct nats *n = helper_data(h);
	struct trouble t;
	struct stream *s;

	if (!stream_name_ok(n, tag, queue))
		return;
	stream_forget(n, queue);
	if ((s = stream_make(n, queue, &t)) == NULL)
		helper_err(h, tag, t.c, "%s", t.text);
	else
		helper_ok(h, tag);
}

void
look_check(struct helper *h, const char *tag, const char *queue)
{
	struct nats *n = helper_data(h);
	const bool create = n->create;
	struct stream *s;
	struct trouble t;

	/* Whether it is there, and not whether it can be made. */
	n->create = false;
	s = look_stream(n, tag, queue);
	n->create = create;
	if (s == NULL)
		return;
	if (stream_consumer(n, s, n->set->lease_ms, &t))
		helper_ok(h, tag);
	else
		helper_err(h, tag, t.c, "%s", t.text);
}
