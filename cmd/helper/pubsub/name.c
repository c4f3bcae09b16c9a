/*
 * name.c: topics and subscriptions: found, made, looked at.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/pubsub/pubsub.h"

#define DEAD "-mq-dead"
#define DEADLINE_S 30		/* what a subscription that is made here gives to a message */
#define CHECKED_S 60		/* how long a topic is believed to have a subscription */

/* ---- names ------------------------------------------------------------------- */

/* As documented: a letter first, three characters at least, and not "goog" at the beginning. */
static bool
name_good(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && strchr("-_.~+", name[i]) == NULL)
			return false;
	return len >= 3 && isalpha((unsigned char)name[0]) && strncmp(name, "goog", 4) != 0;
}

bool
name_parse(const char *queue, struct ends *n, struct trouble *f)
{
	size_t len = strcspn(queue, "/");
	const char *sub = queue[len] == '/' ? queue + len + 1 : queue;

	(void)trouble_set(f, CLASS_GONE, "no queue of Pub/Sub can have the name %.100s: it is 3 to "
	    "%d letters, digits and -_.~+, a letter first, or TOPIC/SUBSCRIPTION",
	    queue, PUBSUB_NAME_MAX);
	if (len > PUBSUB_NAME_MAX || strlen(sub) > PUBSUB_NAME_MAX)
		return false;
	memcpy(n->topic, queue, len);
	n->topic[len] = '\0';
	(void)strlcpy(n->sub, sub, sizeof(n->sub));
	return name_good(n->topic) && name_good(n->sub);
}

bool
name_dead(const struct ends *n, struct ends *dead, struct trouble *f)
{
	if (strlen(n->sub) + strlen(DEAD) > PUBSUB_NAME_MAX)
		return trouble_set(
		    f, CLASS_CANNOT, "the name %.100s is too long for one with " DEAD, n->sub);
	(void)snprintf(dead->topic, sizeof(dead->topic), "%.*s" DEAD,
	    PUBSUB_NAME_MAX - (int)strlen(DEAD), n->sub);
	memcpy(dead->sub, dead->topic, sizeof(dead->sub));
	return true;
}

/* ---- lists --------------------------------------------------------------------- */

static struct topic *
name_topic_of(struct pubsub *s, const char *name)
{
	struct topic *t = s->topics;

	while (t != NULL && strcmp(t->name, name) != 0)
		t = t->next;
	if (t != NULL || (t = calloc(1, sizeof(*t))) == NULL)
		return t;
	if ((t->name = strdup(name)) == NULL) {
		free(t);
		return NULL;
	}
	outbox_init(&t->pushes);
	t->next = s->topics;
	s->topics = t;
	return t;
}

struct sub *
name_sub_told(struct pubsub *s, const char *name)
{
	struct sub *u = s->subs;

	while (u != NULL && strcmp(u->name, name) != 0)
		u = u->next;
	if (u != NULL || (u = calloc(1, sizeof(*u))) == NULL)
		return u;
	if ((u->name = strdup(name)) == NULL) {
		free(u);
		return NULL;
	}
	outbox_init(&u->acks);
	outbox_init(&u->changes);
	u->next = s->subs;
	s->subs = u;
	return u;
}

void
name_free_all(struct pubsub *s)
{
	while (s->topics != NULL) {
		struct topic *t = s->topics;
		s->topics = t->next;
		outbox_free(&t->pushes);
		free(t->name);
		free(t);
	}
	while (s->subs != NULL) {
		struct sub *u = s->subs;
		s->subs = u->next;
		outbox_free(&u->acks);
		outbox_free(&u->changes);
		free(u->name);
		free(u);
	}
}

/* ---- finding and making ---------------------------------------------------------- */

static json_t *
name_get(struct pubsub *s, const char *kind, const char *name, const char *rest, struct trouble *f)
{
	char *path = api_path(kind, name, rest);
	json_t *answer = path != NULL ? api_ask(s, "GET", path, NULL, f) : NULL;

	free(path);
	return answer;
}

/* Make a topic or a subscription.  One that is there already is good. */
static bool
name_put(struct pubsub *s, const char *kind, const char *name, json_t *args, struct trouble *f)
{
	char *path = api_path(kind, name, "");
	json_t *answer = api_ask(s, "PUT", path != NULL ? path : "", args, f);
	bool good = answer != NULL || strstr(f->text, "ALREADY_EXISTS") != NULL;

	free(path);
	json_decref(answer);
	return good;
}

static bool
name_create(struct pubsub *s, const struct ends *n, struct trouble *f)
{
	/* An empty expirationPolicy: it does not expire, even if nobody takes for a month. */
	json_t *args = json_pack("{s:o, s:i, s:b, s:s, s:{}}", "topic",
	    json_sprintf("projects/%s/topics/%s", s->project, n->topic), "ackDeadlineSeconds",
	    DEADLINE_S, "enableMessageOrdering", 1, "messageRetentionDuration",
	    PUBSUB_RETENTION_LONGEST, "expirationPolicy");

	if (name_put(s, "topics", n->topic, json_object(), f))
		return name_put(s, "subscriptions", n->sub, args, f);
	json_decref(args);
	return false;
}

/* Whether the topic has a subscription: without one, Pub/Sub takes messages and drops them. */
static bool
name_kept(struct pubsub *s, const char *topic, struct trouble *f)
{
	json_t *answer = name_get(s, "topics", topic, "/subscriptions?pageSize=1", f);
	size_t n = json_array_size(json_object_get(answer, "subscriptions"));

	json_decref(answer);
	if (answer == NULL && f->c == CLASS_PERM) {
		(void)fprintf(stderr,
		    "%s: whether it has a subscription cannot be seen (%s); without one "
		    "all messages are lost\n",
		    topic, f->text);
		return true;
	}
	if (answer == NULL && f->c == CLASS_GONE)
		(void)snprintf(
		    f->text, sizeof(f->text), "there is no topic %.200s in %s", topic, s->project);
	if (answer != NULL && n == 0)
		return trouble_set(f, CLASS_GONE, "topic %.200s has no subscription, so its "
		    "messages would be lost: make one", topic);
	return n > 0;
}

struct topic *
name_topic(struct pubsub *s, const struct ends *n, bool create, struct trouble *f)
{
	struct topic *t = name_topic_of(s, n->topic);

	(void)trouble_set(f, CLASS_AGAIN, "no memory");
	if (t == NULL || (t->checked != 0 && clock_mono() - t->checked < CHECKED_S * USEC))
		return t;
	if (!name_kept(s, n->topic, f) && !(create && f->c == CLASS_GONE && name_create(s, n, f)))
		return NULL;
	t->checked = clock_mono();
	return t;
}

struct sub *
name_sub(struct pubsub *s, const char *name, struct trouble *f)
{
	struct sub *u = name_sub_told(s, name);
	json_t *answer;
	const char *retention;

	if (u == NULL || u->known)
		return u;
	if ((answer = name_get(s, "subscriptions", name, "", f)) == NULL) {
		if (f->c == CLASS_GONE)
			(void)snprintf(f->text, sizeof(f->text),
			    "there is no subscription %.200s in %s", name, s->project);
		return NULL;
	}
	u->known = true;
	u->deadline = json_integer_value(json_object_get(answer, "ackDeadlineSeconds"));
	retention = text_of(answer, "messageRetentionDuration");
	u->retention = retention[0] != '\0' ? strtoll(retention, NULL, 10) : PUBSUB_RETENTION;
	if (!json_is_true(json_object_get(answer, "enableMessageOrdering")))
		(void)fprintf(stderr,
		    "%s was made without message ordering: messages of one key may come in "
		    "any order\n",
		    name);
	json_decref(answer);
	return u;
}

/* ---- requests ---------------------------------------------------------------- */

void
name_make(struct helper *h, const char *tag, const char *queue)
{
	struct pubsub *s = helper_data(h);
	struct trouble f = { 0 };
	struct ends n, dead;
	size_t len, end = strlen(DEAD);

	if (!name_parse(queue, &n, &f) || !name_create(s, &n, &f)) {
		helper_err(h, tag, f.c, "%s", f.text);
		return;
	}
	len = strlen(n.sub);
	/* A place for dead letters is made along, so that it can be watched from the beginning. */
	if ((len <= end || strcmp(n.sub + len - end, DEAD) != 0) && name_dead(&n, &dead, &f) &&
	    !name_create(s, &dead, &f))
		helper_err(h, tag, f.c, "%s", f.text);
	else
		helper_ok(h, tag);
}

void
name_check(struct helper *h, const char *tag, const char *queue)
{
	struct pubsub *s = helper_data(h);
	struct trouble f = { 0 };
	struct ends n;
	struct sub *u;

	if (!name_parse(queue, &n, &f) || !name_kept(s, n.topic, &f)) {
		helper_err(h, tag, f.c, "%s", f.text);
		return;
	}
	if ((u = name_sub_told(s, n.sub)) != NULL)
		u->known = false;
	if ((u = name_sub(s, n.sub, &f)) == NULL) {
		helper_err(h, tag, f.c, "%s", f.text);
		return;
	}
	helper_ok_begin(h, tag);
	helper_field(h, "retention", u->retention);
	helper_ok_end(h);
}

/* A subscription as the name of a queue. */
static void
name_tell(struct helper *h, const char *tag, const json_t *sub)
{
	const char *name = strrchr(text_of(sub, "name"), '/'),
		   *topic = strrchr(text_of(sub, "topic"), '/');
	char *both;

	if (name == NULL || topic == NULL)
		return;
	if (strcmp(name, topic) == 0) {
		helper_queue(h, tag, name + 1);
	} else if ((both = text_print("%s%s", topic + 1, name)) != NULL) {
		helper_queue(h, tag, both);
		free(both);
	}
}

void
name_list(struct helper *h, const char *tag)
{
	struct pubsub *s = helper_data(h);
	struct trouble f = { 0 };
	char *next = strdup("");

	while (next != NULL) {
		char *path = text_print("/subscriptions?pageSize=1000%s%s", next[0] != '\0' ?
		    "&pageToken=" : "", next);
		json_t *answer = path != NULL ? api_ask(s, "GET", path, NULL, &f) : NULL;
		const json_t *all = json_object_get(answer, "subscriptions");
		free(path);
		free(next);
		next = NULL;
		if (answer == NULL) {
			helper_err(h, tag, f.c, "%s", f.text);
			return;
		}
		for (size_t i = 0; i < json_array_size(all); i++)
			name_tell(h, tag, json_array_get(all, i));
		if (text_of(answer, "nextPageToken")[0] != '\0')
			next = strdup(text_of(answer, "nextPageToken"));
		json_decref(answer);
	}
	helper_ok(h, tag);
}
