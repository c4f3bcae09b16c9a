/*
 * outbox.c: what waits to be sent together, and in which order.
 */
#include <stdlib.h>
#include <string.h>

#include "helper/http/http.h"

struct barred {
	struct barred *next;
	char *key;
	char *id;		/* the message that failed; NULL: none did */
	usec_t until;		/* then it is not waited for any longer */
	bool flying;		/* a message of the key is on its way */
};

struct item *
item_new(const char *tag, json_t *entry, size_t bytes)
{
	struct item *i = calloc(1, sizeof(*i));

	if (i == NULL || entry == NULL) {
		json_decref(entry);
		free(i);
		return NULL;
	}
	(void)strlcpy(i->tag, tag, sizeof(i->tag));
	i->entry = entry;
	i->bytes = bytes;
	return i;
}

void
item_free(struct item *i)
{
	if (i == NULL)
		return;
	json_decref(i->entry);
	free(i->id);
	free(i->key);
	free(i);
}

/* ---- keys ------------------------------------------------------------------ */

static struct barred *
barred_find(struct outbox *o, const char *key)
{
	struct barred *b = o->barred;

	while (b != NULL && strcmp(b->key, key) != 0)
		b = b->next;
	return b;
}

static void
barred_free(struct barred *b)
{
	free(b->key);
	free(b->id);
	free(b);
}

/* Forget the keys of which nothing is under way, and nothing is waited for. */
static void
barred_sweep(struct outbox *o, usec_t now)
{
	struct barred **p = &o->barred, *b;

	while ((b = *p) != NULL) {
		if (b->flying || (b->id != NULL && b->until > now)) {
			p = &b->next;
			continue;
		}
		*p = b->next;
		barred_free(b);
	}
}

static struct barred *
barred_make(struct outbox *o, const char *key)
{
	struct barred *b = barred_find(o, key);

	if (b != NULL || (b = calloc(1, sizeof(*b))) == NULL)
		return b;
	if ((b->key = strdup(key)) == NULL) {
		free(b);
		return NULL;
	}
	b->next = o->barred;
	o->barred = b;
	return b;
}

/* ---- items ------------------------------------------------------------------ */

void
outbox_init(struct outbox *o)
{
	*o = (struct outbox){ 0 };
	o->last = &o->first;
}

bool
outbox_add(struct outbox *o, struct item *i)
{
	struct barred *b;

	barred_sweep(o, clock_mono());
	if (i->key != NULL && (b = barred_find(o, i->key)) != NULL && b->id != NULL) {
		if (i->id == NULL || strcmp(b->id, i->id) != 0)
			return false;
		free(b->id);
		b->id = NULL;
	}
	i->next = NULL;
	*o->last = i;
	o->last = &i->next;
	return true;
}

static struct item *
outbox_unlink(struct outbox *o, struct item **p)
{
	struct item *i = *p;

	if ((*p = i->next) == NULL)
		o->last = p;
	i->next = NULL;
	return i;
}

/* Mark the keys of a request as being under way. */
static bool
outbox_fly(struct outbox *o, const struct item *i)
{
	struct barred *b;

	if (i->key == NULL)
		return true;
	if ((b = barred_make(o, i->key)) == NULL)
		return false;
	b->flying = true;
	return true;
}

static bool
item_chosen(const struct item *all, const char *key)
{
	while (all != NULL && (all->key == NULL || strcmp(all->key, key) != 0))
		all = all->next;
	return all != NULL;
}

/* Whether both may go into the same request. */
static bool
item_joins(const struct item *chosen, const struct item *i)
{
	return i->what == chosen->what && !i->alone && !chosen->alone;
}

struct item *
outbox_next(struct outbox *o, size_t count, size_t bytes, bool single)
{
	struct item *chosen = NULL, **last = &chosen, **p = &o->first, *i;
	size_t n = 0, sum = 0;

	while ((i = *p) != NULL && n < count && (chosen == NULL || item_joins(chosen, i))) {
		const struct barred *b = i->key != NULL ? barred_find(o, i->key) : NULL;
		bool mine = i->key != NULL && item_chosen(chosen, i->key);
		if ((b != NULL && b->flying && !mine) || (mine && single)) {
			p = &i->next;
			continue;
		}
		if ((n > 0 && sum + i->bytes > bytes) || !outbox_fly(o, i))
			break;
		sum += i->bytes;
		n++;
		*last = outbox_unlink(o, p);
		last = &(*last)->next;
	}
	if (chosen != NULL)
		o->flying++;
	return chosen;
}

void
outbox_back(struct outbox *o, struct item *items)
{
	struct barred *b;
	struct item **last = &items;

	for (; *last != NULL; last = &(*last)->next) {
		(*last)->alone = true;
		if ((*last)->key != NULL && (b = barred_find(o, (*last)->key)) != NULL)
			b->flying = false;
	}
	if ((*last = o->first) == NULL)
		o->last = last;
	o->first = items;
}

struct item *
outbox_done(struct outbox *o, const struct item *i, bool good, int64_t bar_ms)
{
	struct item *refused = NULL, **last = &refused, **p = &o->first;
	struct barred *b = i->key != NULL ? barred_find(o, i->key) : NULL;

	if (b == NULL)
		return NULL;
	b->flying = false;
	if (good || b->id != NULL || i->id == NULL || (b->id = strdup(i->id)) == NULL)
		return NULL;
	b->until = clock_mono() + bar_ms * 1000;
	while (*p != NULL) {
		if ((*p)->key == NULL || strcmp((*p)->key, i->key) != 0) {
			p = &(*p)->next;
			continue;
		}
		*last = outbox_unlink(o, p);
		last = &(*last)->next;
	}
	return refused;
}

void
outbox_free(struct outbox *o)
{
	while (o->first != NULL)
		item_free(outbox_unlink(o, &o->first));
	while (o->barred != NULL) {
		struct barred *b = o->barred;
		o->barred = b->next;
		barred_free(b);
	}
}
