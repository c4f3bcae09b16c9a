/*
 * claims.c: the messages that this process took and that are not settled.
 */
#include <stdlib.h>
#include <string.h>

#include "helper/http/http.h"

/* ---- a copy of a message ----------------------------------------------------- */

/* Copy a text to *at, which is moved behind it. */
static const char *
copy_bytes(char **at, const char *from, size_t len)
{
	char *to = *at;

	if (from == NULL)
		return NULL;
	memcpy(to, from, len);
	to[len] = '\0';
	*at += len + 1;
	return to;
}

static size_t
copy_len(const char *text)
{
	return text != NULL ? strlen(text) : 0;
}

static bool
claim_copy(struct claim *c, const struct message *m)
{
	size_t id = copy_len(m->id), key = copy_len(m->key), reason = copy_len(m->reason);
	size_t via = copy_len(m->via);
	char *at = malloc(id + key + reason + via + m->headlen + m->bodylen + 6);

	if (at == NULL)
		return false;
	c->copy = at;
	c->m = *m;
	c->m.queue = c->queue;
	c->m.id = copy_bytes(&at, m->id, id);
	c->m.key = copy_bytes(&at, m->key, key);
	c->m.reason = copy_bytes(&at, m->reason, reason);
	c->m.via = copy_bytes(&at, m->via, via);
	c->m.head = copy_bytes(&at, m->head, m->headlen);
	c->m.body = copy_bytes(&at, m->body, m->bodylen);
	c->m.once = NULL;
	return true;
}

void
claim_free(struct claim *c)
{
	free(c->token);
	free(c->queue);
	free(c->lane);
	free(c->copy);
	free(c);
}

/* ---- all claims ------------------------------------------------------------- */

/* Whether there is an older message of the same lane. */
static bool
claims_busy(const struct claims *all, const struct claim *of)
{
	for (const struct claim *c = all->first; of->lane != NULL && c != of; c = c->next)
		if (c->lane != NULL && strcmp(c->lane, of->lane) == 0 &&
		    strcmp(c->queue, of->queue) == 0)
			return true;
	return false;
}

static void
claims_give(struct helper *h, struct claim *c)
{
	struct taking *t = c->taking;

	c->taking = NULL;
	helper_msg(h, t, c->token, &c->m);
}

static struct claim *
claim_new(struct taking *t, const char *token, const char *lane, const struct message *m)
{
	struct claim *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->taking = t;
	c->keep = t->keep;
	if ((c->token = strdup(token)) == NULL || (c->queue = strdup(t->queue)) == NULL ||
	    (lane != NULL && (c->lane = strdup(lane)) == NULL) || !claim_copy(c, m)) {
		claim_free(c);
		return NULL;
	}
	return c;
}

bool
claims_add(struct helper *h, struct claims *all, struct taking *t, const char *token,
    const char *lane, const struct message *m, int64_t lease_ms)
{
	struct claim *c = claim_new(t, token, lane, m), **last = &all->first;

	if (c == NULL)
		return false;
	c->since = clock_mono();
	c->until = c->since + lease_ms * 1000;
	while (*last != NULL)
		last = &(*last)->next;
	*last = c;
	if (t->credit > 0 && !claims_busy(all, c))
		claims_give(h, c);
	return true;
}

struct claim *
claims_find(const struct claims *all, const char *token)
{
	struct claim *c = all->first;

	while (c != NULL && (c->taking != NULL || strcmp(c->token, token) != 0))
		c = c->next;
	return c;
}

int64_t
claims_waiting(const struct claims *all, const struct taking *t)
{
	int64_t n = 0;

	for (const struct claim *c = all->first; c != NULL; c = c->next)
		if (c->taking == t)
			n++;
	return n;
}

/* Move those out for which 'fits' is true, in their order. */
static struct claim *
claims_move(struct claims *all, bool (*fits)(const struct claim *c, const void *arg),
    const void *arg)
{
	struct claim *out = NULL, **last = &out, **p = &all->first;

	while (*p != NULL) {
		struct claim *c = *p;
		if (!fits(c, arg)) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		c->next = NULL;
		*last = c;
		last = &c->next;
	}
	return out;
}

struct behind { const struct claim *c; const struct taking *t; };

static bool
claim_behind(const struct claim *c, const void *arg)
{
	const struct behind *b = arg;

	return c->taking != NULL && (b->t == NULL || c->taking == b->t) &&
	    (b->c == NULL || (b->c->lane != NULL && c->lane != NULL &&
	    strcmp(b->c->lane, c->lane) == 0 && strcmp(b->c->queue, c->queue) == 0));
}

struct claim *
claims_behind(struct claims *all, const struct claim *c, const struct taking *t)
{
	const struct behind b = { c, t };

	return claims_move(all, claim_behind, &b);
}

static bool
claim_is(const struct claim *c, const void *arg)
{
	return c == arg;
}

void
claims_turn(struct helper *h, struct claims *all)
{
	struct claim **p = &all->first, *c;
	usec_t now = clock_mono();

	while ((c = *p) != NULL) {
		/* One whose lease is over is somebody else's by now. */
		if (c->taking != NULL && c->until <= now) {
			*p = c->next;
			claim_free(c);
			continue;
		}
		if (c->taking != NULL && c->taking->credit > 0 && !claims_busy(all, c))
			claims_give(h, c);
		p = &c->next;
	}
}

void
claims_settled(struct helper *h, struct claims *all, struct claim *c)
{
	(void)claims_move(all, claim_is, c);
	claim_free(c);
	claims_turn(h, all);
}

static bool
claim_rests(const struct claim *c, const void *arg)
{
	(void)arg;
	return c->taking != NULL || !c->keep;
}

struct claim *
claims_rest(struct claims *all)
{
	return claims_move(all, claim_rests, NULL);
}

void
claims_free(struct claims *all)
{
	while (all->first != NULL) {
		struct claim *c = all->first;
		all->first = c->next;
		claim_free(c);
	}
}
