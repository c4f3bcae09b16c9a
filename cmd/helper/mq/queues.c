/*
 * queues.c: the queues that are open, and what is said about errors.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/mq/store.h"

static struct opened *
queues_find(struct store *s, const char *name)
{
	for (struct opened *o = s->queues; o != NULL; o = o->next)
		if (!o->gone && strcmp(queue_name(o->q), name) == 0)
			return o;
	return NULL;
}

static enum status
queues_open(struct store *s, const char *name, bool make, struct queue **q, struct error *err)
{
	struct opened *o = calloc(1, sizeof(*o));
	enum status st;

	if (o == NULL)
		return error_sys(err, ENOMEM, "queue '%s'", name);
	st = make ? queue_create(s->spool, name, NULL, 0, q, err) :
	    queue_open(s->spool, name, q, err);
	if (st != ST_OK) {
		free(o);
		return st;
	}
	o->q = *q;
	o->next = s->queues;
	s->queues = o;
	return ST_OK;
}

enum status
queues_get(struct store *s, const char *name, bool make, struct queue **q, struct error *err)
{
	struct opened *o = queues_find(s, name);
	enum status st;

	if (o == NULL)
		return queues_open(s, name, make, q, err);
	*q = o->q;
	if ((st = queue_reload(o->q, err)) != ST_NOTFOUND)
		return st;
	error_clear(err);
	o->gone = true;
	return queues_open(s, name, make, q, err);
}

void
queues_close(struct store *s)
{
	struct opened *next;

	for (struct opened *o = s->queues; o != NULL; o = next) {
		next = o->next;
		queue_close(o->q);
		free(o);
	}
	s->queues = NULL;
}

enum class
error_class(const struct error *err)
{
	switch (err->status) {
	case ST_USAGE:		/* what is no name of a queue names none */
	case ST_NOTFOUND:
	case ST_GONE:
		return CLASS_GONE;
	case ST_BADDATA:
		return CLASS_DATA;
	case ST_LARGE:
		return CLASS_LARGE;
	case ST_LOST:
		return CLASS_LOST;
	case ST_DENIED:
		return CLASS_PERM;
	case ST_CONF:
		return CLASS_CONF;
	case ST_UNSURE:
		return CLASS_UNKNOWN;
	default:
		return error_is_full(err) ? CLASS_FULL : CLASS_AGAIN;
	}
}

void
store_answer(struct store *s, const char *tag, enum status st, const struct error *err)
{
	if (st == ST_OK)
		helper_ok(s->h, tag);
	else
		helper_err(s->h, tag, error_class(err), "%s", err->text);
}
