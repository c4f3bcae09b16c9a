/*
 * stream.c: the streams and consumers of queues: what is known of them, and how they are made.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/nats/inside.h"

#define WINDOW_NS (WINDOW_S * 1000000000LL)

/* ---- names ------------------------------------------------------------------ */

bool
stream_name_ok(struct nats *n, const char *tag, const char *queue)
{
	size_t len = strlen(queue);

	if (len > 0 && len <= NAME_LONGEST && strpbrk(queue, " .*>/\\\t\r\n") == NULL)
		return true;
	if (tag != NULL)
		helper_err(n->h, tag, CLASS_CANNOT, "a stream of NATS cannot be called '%.100s': 1 "
		    "to %d bytes without blanks and . * > / \\; map the queue to another name",
		    queue, NAME_LONGEST);
	return false;
}

/* ---- descriptions ------------------------------------------------------------ */

/* It takes what is published under its own name. */
bool
stream_is_queue(const json_t *config)
{
	const char *name = json_text(config, "name");
	const json_t *subjects = json_at(config, "subjects"), *subject;
	size_t i;

	if (strcmp(name, ATTEMPTS) == 0)
		return false;
	json_array_foreach((json_t *)(uintptr_t)subjects, i, subject) {
		const char *text = json_string_value(subject);
		if (text != NULL && (strcmp(text, name) == 0 || strcmp(text, ">") == 0 ||
		    strcmp(text, "*") == 0))
			return true;
	}
	return false;
}

/* Ask for "VERB.NAME" of the API.  The answer has to be freed. */
static void
stream_api(struct nats *n, const char *verb, const char *name, const char *text, struct answer *r)
{
	char subject[SUBJECT_MAX + 80];

	(void)snprintf(subject, sizeof(subject), "$JS.API.%s.%s", verb, name);
	ask_now(n, subject, text, r);
}

static bool
stream_fail(struct nats *n, const struct answer *r, const char *name, struct trouble *t)
{
	answer_trouble(n, r, CLASS_AGAIN, name, t);
	if (t->c == CLASS_GONE)
		(void)snprintf(t->text, sizeof(t->text), "%s: there is no such stream; "
		    "'create = yes' lets mq make it", name);
	return false;
}

/* ---- making ------------------------------------------------------------------ */

/* Make a stream unless it is there.  'more' is more of its configuration. */
static bool
stream_create(struct nats *n, const char *name, const char *subject, const char *more,
    struct answer *r, struct trouble *t)
{
	char text[1200];

	(void)snprintf(text, sizeof(text), "{\"name\":\"%s\",\"subjects\":[\"%s\"],"
	    "\"storage\":\"file\",\"num_replicas\":1,\"max_consumers\":-1,\"max_msgs\":-1,"
	    "\"max_bytes\":-1,\"discard\":\"new\",%s}", name, subject, more);
	stream_api(n, "STREAM.CREATE", name, text, r);
	if (answer_good(r))
		return true;
	answer_trouble(n, r, CLASS_AGAIN, name, t);
	return false;
}

/* Make it if that is allowed and it is not there. */
static bool
stream_ensure(struct nats *n, const char *name, const char *subject, const char *more,
    struct answer *r, struct trouble *t)
{
	stream_api(n, "STREAM.INFO", name, "", r);
	if (answer_good(r))
		return true;
	if (answer_code(r) != 404 || !n->create)
		return stream_fail(n, r, name, t);
	answer_free(r);
	return stream_create(n, name, subject, more, r, t);
}

bool
stream_dead(struct nats *n, const char *queue, struct trouble *t)
{
	char name[SUBJECT_MAX], more[120];
	struct answer r;
	bool good;

	(void)snprintf(name, sizeof(name), "%s" DEAD_SUFFIX, queue);
	(void)snprintf(more, sizeof(more), "\"retention\":\"limits\",\"duplicate_window\":%lld",
	    WINDOW_NS);
	good = stream_ensure(n, name, name, more, &r, t);
	answer_free(&r);
	return good;
}

bool
stream_attempts(struct nats *n, struct trouble *t)
{
	struct answer r;
	bool good = stream_ensure(n, ATTEMPTS, ATTEMPTS ".*.*", "\"retention\":\"limits\","
	    "\"max_msgs_per_subject\":1", &r, t);

	answer_free(&r);
	return good;
}

/* ---- queues ----------------------------------------------------------------- */

static struct stream *
stream_add(struct nats *n, const char *queue)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->name = strdup(queue)) == NULL) {
		free(s);
		return NULL;
	}
	s->max_size = -1;
	s->next = n->streams;
	n->streams = s;
	return s;
}

static void
stream_learn(struct stream *s, const struct answer *r)
{
	s->known = true;
	s->max_size = json_number(r->json, "config.max_msg_size");
	if (s->max_size <= 0)
		s->max_size = -1;
	s->window = json_number(r->json, "config.duplicate_window") / 1000;
}

/* Load it, or make it.  A user who may only publish may not ask: then that is all there is. */
static bool
stream_load(struct nats *n, const char *queue, struct answer *r, struct trouble *t)
{
	char more[120];

	(void)snprintf(more, sizeof(more), "\"retention\":\"workqueue\",\"allow_direct\":true,"
	    "\"duplicate_window\":%lld", WINDOW_NS);
	if (!stream_ensure(n, queue, queue, more, r, t))
		return r->heard == HEARD_REFUSED;
	if (stream_is_queue(json_at(r->json, "config")))
		return true;
	return trouble_set(t, CLASS_CONF, "stream %s does not take the subject %s: it is "
	    "not a queue of mq", queue, queue);
}

struct stream *
stream_get(struct nats *n, const char *queue, struct trouble *t)
{
	struct stream *s;
	struct answer r;

	for (s = n->streams; s != NULL; s = s->next)
		if (strcmp(s->name, queue) == 0)
			return s;
	if (!stream_load(n, queue, &r, t))
		s = NULL;
	else if ((s = stream_add(n, queue)) == NULL)
		(void)trouble_set(t, CLASS_AGAIN, "out of memory");
	else if (r.heard == HEARD_ANSWER)
		stream_learn(s, &r);
	answer_free(&r);
	return s;
}

void
stream_forget(struct nats *n, const char *queue)
{
	struct stream **p = &n->streams, *s;

	while (*p != NULL && strcmp((*p)->name, queue) != 0)
		p = &(*p)->next;
	if ((s = *p) == NULL)
		return;
	*p = s->next;
	free(s->name);
	free(s);
}

void
stream_free(struct nats *n)
{
	while (n->streams != NULL)
		stream_forget(n, n->streams->name);
}

/* ---- consumers ------------------------------------------------------------- */

/*
 * mq counts attempts itself, so a consumer that gives up after some deliveries would lose messages;
 * and messages that wait for their delay count as not acknowledged, so there must be no limit of
 * these.
 */
static void
consumer_create(struct nats *n, const char *queue, int64_t lease_ms, struct answer *r)
{
	char subject[SUBJECT_MAX], text[1200];

	(void)snprintf(subject, sizeof(subject), "%s." CONSUMER, queue);
	(void)snprintf(text, sizeof(text), "{\"stream_name\":\"%s\",\"config\":{"
	    "\"durable_name\":\"" CONSUMER "\",\"deliver_policy\":\"all\","
	    "\"ack_policy\":\"explicit\","
	    "\"ack_wait\":%lld,\"max_deliver\":-1,\"max_ack_pending\":-1,"
	    "\"replay_policy\":\"instant\"}}", queue, (long long)lease_ms * 1000000);
	stream_api(n, "CONSUMER.DURABLE.CREATE", subject, text, r);
}

static bool
consumer_good(const struct answer *r, const char *queue, struct trouble *t)
{
	const json_t *config = json_at(r->json, "config");
	const char *wrong = NULL;

	if (strcmp(json_text(config, "ack_policy"), "explicit") != 0)
		wrong = "its ack_policy is not explicit";
	else if (json_text(config, "deliver_subject")[0] != '\0')
		wrong = "it is not a pull consumer";
	else if (json_number(config, "max_deliver") > 0)
		wrong = "its max_deliver would make messages vanish; set it to -1";
	if (wrong == NULL)
		return true;
	return trouble_set(t, CLASS_CONF, "consumer " CONSUMER " of stream %s: %s", queue,
	    wrong);
}

static bool
consumer_fail(struct nats *n, const struct answer *r, const char *queue, struct trouble *t)
{
	answer_trouble(n, r, CLASS_AGAIN, queue, t);
	if (t->c == CLASS_GONE)
		(void)snprintf(t->text, sizeof(t->text), "%s: the stream has no consumer '" CONSUMER
		    "'; 'create = yes' lets mq make it", queue);
	return false;
}

bool
stream_consumer(struct nats *n, struct stream *s, int64_t lease_ms, struct trouble *t)
{
	char subject[SUBJECT_MAX];
	struct answer r;
	bool good;

	if (s->consumer)
		return true;
	(void)snprintf(subject, sizeof(subject), "%s." CONSUMER, s->name);
	stream_api(n, "CONSUMER.INFO", subject, "", &r);
	if (answer_code(&r) == 404 && n->create) {
		answer_free(&r);
		consumer_create(n, s->name, lease_ms, &r);
	}
	good = answer_good(&r) ? consumer_good(&r, s->name, t) : consumer_fail(n, &r, s->name, t);
	if (good) {
		s->consumer = true;
		s->ack_wait_ms = json_number(r.json, "config.ack_wait") / 1000000;
	}
	answer_free(&r);
	return good;
}

struct stream *
stream_make(struct nats *n, const char *queue, struct trouble *t)
{
	const bool create = n->create;
	struct stream *s;

	n->create = true;
	if ((s = stream_get(n, queue, t)) != NULL &&
	    (!stream_consumer(n, s, n->set->lease_ms, t) || !stream_dead(n, queue, t) ||
	    !stream_attempts(n, t)))
		s = NULL;
	n->create = create;
	return s;
}

int64_t
stream_lease(const struct nats *n, const char *queue)
{
	for (const struct stream *s = n->streams; s != NULL; s = s->next)
		if (strcmp(s->name, queue) == 0)
			return s->consumer ? s->ack_wait_ms : 0;
	return 0;
}
