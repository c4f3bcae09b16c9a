/*
 * shown.c: a message of an engine as JSON: the members that every message has (members.h).  What
 * the engine does not tell is null.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/envelope.h"
#include "shared/cmd.h"
#include "shared/members.h"
#include "shared/out.h"
#include "broker/broker.h"

/* A message, and its headers, of which all is NULL if they are malformed. */
struct showing { const struct shown *s; const struct message *m; const struct headers_index *all; };

int64_t
shown_size(const struct message *m)
{
	return m->size >= 0 ? m->size : (int64_t)m->bodylen;
}

static void
shown_number(FILE *f, int64_t n, bool known)
{
	if (known)
		(void)fprintf(f, "%" PRId64, n);
	else
		json_value(f, NULL);
}

#define MEMBER(name) static void shown_put_##name(FILE *f, const struct showing *w)

MEMBER(id) { json_value(f, w->m->id[0] != '\0' ? w->m->id : NULL); }
MEMBER(queue) { json_value(f, w->s->queue); }
MEMBER(state) { json_value(f, w->s->state); }
MEMBER(priority) { shown_number(f, w->m->priority, true); }
MEMBER(attempts) { shown_number(f, engine_attempts(w->s->b->e, w->m), true); }
MEMBER(deliveries) { shown_number(f, w->m->deliveries, engine_can(w->s->b->e, "deliveries")); }
MEMBER(size) { shown_number(f, shown_size(w->m), true); }
MEMBER(enqueued) { json_time(f, w->m->enqueued); }
MEMBER(due) { (void)w; json_value(f, NULL); }
MEMBER(deadline) { json_time(f, w->s->deadline); }
MEMBER(expires) { json_time(f, w->m->expires); }
MEMBER(handle) { json_value(f, w->s->handle); }
MEMBER(reason) { json_value(f, w->m->reason); }
MEMBER(origin) { (void)w; json_value(f, NULL); }

MEMBER(headers)
{
	if (w->all == NULL)
		json_value(f, NULL);
	else
		json_headers(f, w->all);
}

static void
shown_members(FILE *f, const struct showing *w)
{
#define ROW(name) { #name, shown_put_##name },
	static const struct {
		const char *name;
		void (*put)(FILE *f, const struct showing *w);
	} members[] = { MESSAGE_MEMBERS(ROW) };
#undef ROW

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		json_name(f, members[i].name, i == 0);
		members[i].put(f, w);
	}
}

enum status
shown_json(FILE *f, const struct shown *s, bool body, struct error *err)
{
	struct headers block = { (char *)(uintptr_t)s->m->head, s->m->headlen };
	struct headers_index all = { 0 };
	bool known = block.len == 0 || headers_valid(&block);
	enum status st = known ? headers_index(&block, fold_case, &all, err) : ST_OK;

	if (st == ST_OK) {
		shown_members(f, &(struct showing){ s, s->m, known ? &all : NULL });
		if (body)
			json_body_bytes(f, s->m->body, s->m->bodylen);
	}
	headers_index_free(&all);
	return st;
}
