/*
 * look.c: numbers and lists, read beside the consumers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/kafka/kafka.h"

/* What there is to be seen of a queue, or of its dead letters. */
static bool
look_open(struct kafka *k, struct scan *s, const char *name, struct trouble *t)
{
	char group[TOPIC_NAME_MAX + 8];
	struct topic *topic = topic_get(k, name, false, t);

	if (topic == NULL)
		return false;
	(void)snprintf(group, sizeof(group), "mq.%s", topic->name);
	return scan_open(s, k, topic, group, t);
}

/* ---- stat ----------------------------------------------------------------------- */

/* The time of the oldest record, in us; 0: there is none. */
static int64_t
look_oldest(struct kafka *k, struct scan *s)
{
	int64_t end = consumer_now() + k->set->timeout_ms, oldest = 0, now;
	rd_kafka_message_t *m;
	struct trouble t;

	while ((now = consumer_now()) < end && (m = scan_next(s, (int)(end - now), &t)) != NULL) {
		int64_t time = record_time(m) * 1000;
		if (oldest == 0 || time < oldest)
			oldest = time;
		/* The first of each partition is enough. */
		s->to[m->partition] = m->offset + 1;
		rd_kafka_message_destroy(m);
	}
	return oldest;
}

/* A queue that never had a dead letter has no topic for them. */
static bool
look_dead(struct kafka *k, const char *queue, int64_t *n, struct trouble *t)
{
	char name[TOPIC_NAME_MAX + 1];
	struct scan s = { 0 };
	bool good = topic_dead(queue, name, t) && look_open(k, &s, name, t);

	*n = good ? scan_left(&s) : 0;
	scan_close(&s);
	return good || t->c == CLASS_GONE;
}

void
kafka_stat(struct helper *h, const char *tag, const char *queue)
{
	struct kafka *k = helper_data(h);
	int64_t ready, dead, oldest;
	struct scan s = { 0 };
	struct trouble t;

	if (!look_open(k, &s, queue, &t) || !look_dead(k, queue, &dead, &t)) {
		scan_close(&s);
		helper_err(h, tag, t.c, "%s", t.text);
		return;
	}
	ready = scan_left(&s);
	oldest = look_oldest(k, &s);
	scan_close(&s);
	helper_ok_begin(h, tag);
	helper_field(h, "ready", ready);
	helper_field(h, "dead", dead);
	if (oldest > 0)
		helper_field(h, "oldest", oldest);
	helper_ok_end(h);
}

/* ---- list ----------------------------------------------------------------------- */

struct listing {
	struct helper *h;
	const char *tag, *state;
	int64_t max;
	size_t bytes;
	rd_kafka_message_t **all;
	size_t n, cap;
};

static int
look_compare(const void *a, const void *b)
{
	const rd_kafka_message_t *x = *(rd_kafka_message_t *const *)a,
	    *y = *(rd_kafka_message_t *const *)b;
	int64_t tx = record_time(x), ty = record_time(y);

	if (x->partition == y->partition)
		return (x->offset > y->offset) - (x->offset < y->offset);
	return tx != ty ? (tx > ty) - (tx < ty) : (x->partition > y->partition) - (x->partition <
	    y->partition);
}

static bool
look_keep(struct listing *l, rd_kafka_message_t *m)
{
	if (l->n == l->cap) {
		size_t cap = (l->cap + 32) * 2;
		rd_kafka_message_t **all = realloc(l->all, cap * sizeof(rd_kafka_message_t *));
		if (all == NULL)
			return false;
		l->all = all;
		l->cap = cap;
	}
	l->all[l->n++] = m;
	return true;
}

/* Read up to 'max' of each partition. */
static bool
look_read(struct kafka *k, struct scan *s, struct listing *l, struct trouble *t)
{
	int64_t end = consumer_now() + k->set->timeout_ms, now;
	int64_t *begin = calloc((size_t)s->from->cnt + 1, sizeof(*begin));
	rd_kafka_message_t *m;

	if (begin == NULL)
		return trouble_set(t, CLASS_AGAIN, "no memory");
	while ((now = consumer_now()) < end && (m = scan_next(s, (int)(end - now), t)) != NULL) {
		if (!look_keep(l, m)) {
			rd_kafka_message_destroy(m);
			free(begin);
			return trouble_set(t, CLASS_AGAIN, "no memory");
		}
		if (++begin[m->partition] >= l->max)
			s->to[m->partition] = m->offset + 1;
	}
	free(begin);
	if (t->text[0] == '\0' && scan_left(s) > 0)
		return trouble_set(t, CLASS_AGAIN, "not read within %lld ms",
		    (long long)k->set->timeout_ms);
	return t->text[0] == '\0';
}

static void
look_item(void *arg, const struct message *m)
{
	struct listing *l = arg;
	struct message cut = *m;

	if (cut.bodylen > l->bytes) {
		cut.size = (int64_t)cut.bodylen;
		cut.bodylen = l->bytes;
	}
	helper_item(l->h, l->tag, l->state, &cut);
}

static void
look_answer(struct listing *l)
{
	if (l->n > 0)
		qsort(l->all, l->n, sizeof(*l->all), look_compare);
	for (size_t i = 0; i < l->n && (int64_t)i < l->max; i++)
		record_message(l->all[i], look_item, l);
	helper_ok(l->h, l->tag);
}

void
kafka_list(struct helper *h, const char *tag, const char *queue, const char *state, int64_t max,
    int64_t bytes)
{
	struct listing l = { .h = h, .tag = tag, .state = state, .max = max,
	    .bytes = bytes > 0 ? (size_t)bytes : 0 };
	bool dead = strcmp(state, "dead") == 0, good;
	char name[TOPIC_NAME_MAX + 1];
	struct kafka *k = helper_data(h);
	struct scan s = { 0 };
	struct trouble t = { .c = CLASS_AGAIN, .text = "" };

	if (!dead && strcmp(state, "ready") != 0) {
		helper_err(h, tag, CLASS_CANNOT, "only what is ready and what is dead can be "
		    "listed");
		return;
	}
	good = topic_get(k, queue, false, &t) != NULL && topic_dead(queue, name, &t);
	if (good && !(good = look_open(k, &s, dead ? name : queue, &t)) && dead &&
	    t.c == CLASS_GONE)
		look_answer(&l);
	else if (good && (max <= 0 || look_read(k, &s, &l, &t)))
		look_answer(&l);
	else
		helper_err(h, tag, t.c, "%s", t.text);
	for (size_t i = 0; i < l.n; i++)
		rd_kafka_message_destroy(l.all[i]);
	free(l.all);
	scan_close(&s);
}
