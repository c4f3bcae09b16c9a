/*
 * members.c: a message as JSON.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "spool/origin.h"
#include "view/view.h"
#include "shared/out.h"
#include "shared/members.h"

/* What the values of the members come from. */
struct members {
	struct queue *q;	/* NULL: it is in no spool */
	const char *queue;
	const struct place *p;
	const struct msgname *n;
	const struct headers_index *headers;	/* NULL: they are broken or may not be read */
};

static void
members_id(FILE *f, const struct members *m)
{
	json_quoted(f, m->n->id.text, ID_LEN);
}

static void
members_queue(FILE *f, const struct members *m)
{
	json_value(f, m->queue);
}

static void
members_state(FILE *f, const struct members *m)
{
	json_value(f, state_names[m->p->state]);
}

static void
members_priority(FILE *f, const struct members *m)
{
	(void)fprintf(f, "%" PRId64, (int64_t)m->n->priority);
}

static void
members_attempts(FILE *f, const struct members *m)
{
	(void)fprintf(f, "%" PRId64, (int64_t)m->n->attempts);
}

static void
members_deliveries(FILE *f, const struct members *m)
{
	(void)fprintf(f, "%" PRId64, (int64_t)m->n->deliveries);
}

static void
members_size(FILE *f, const struct members *m)
{
	(void)fprintf(f, "%" PRId64, (int64_t)(m->n->size - m->n->head));
}

static void
members_enqueued(FILE *f, const struct members *m)
{
	json_time(f, id_time(&m->n->id));
}

static void
members_due(FILE *f, const struct members *m)
{
	json_time(f, m->p->state == STATE_DELAYED ? m->n->key : 0);
}

static void
members_deadline(FILE *f, const struct members *m)
{
	json_time(f, m->p->state == STATE_CLAIMED ? m->n->key : 0);
}

static void
members_expires(FILE *f, const struct members *m)
{
	json_time(f, m->n->expires);
}

static void
members_handle(FILE *f, const struct members *m)
{
	char handle[HANDLE_MAX];

	handle_format(m->p, handle);
	json_value(f, m->p->state == STATE_CLAIMED && m->n->token[0] != '\0' ? handle : NULL);
}

static void
members_reason(FILE *f, const struct members *m)
{
	char reason[600] = "";

	if (m->q != NULL)
		msg_reason(m->q, m->p, reason, sizeof(reason));
	json_value(f, reason[0] != '\0' ? reason : NULL);
}

static void
members_origin(FILE *f, const struct members *m)
{
	char origin[QUEUE_NAME_MAX + 1];

	json_value(f, m->q != NULL && queue_origin(m->q, m->n, origin) == ORIGIN_KNOWN ? origin :
	    NULL);
}

/* Values of the same name are joined by ", ", as handlers get them. */
void
json_headers(FILE *f, const struct headers_index *all)
{
	const char *comma = "";

	(void)fputc('{', f);
	for (size_t i = 0; i < all->n; i++) {
		const struct header *h = &all->h[i].header;
		if (!all->h[i].first)
			continue;
		(void)fputs(comma, f);
		comma = ",";
		json_quoted(f, h->name, h->namelen);
		(void)fputs(":\"", f);
		json_text(f, h->value, h->valuelen);
		for (size_t k = all->h[i].next; k != SIZE_MAX; k = all->h[k].next) {
			(void)fputs(", ", f);
			json_text(f, all->h[k].header.value, all->h[k].header.valuelen);
		}
		(void)fputc('"', f);
	}
	(void)fputc('}', f);
}

static void
members_headers(FILE *f, const struct members *m)
{
	if (m->headers == NULL)
		json_value(f, NULL);
	else
		json_headers(f, m->headers);
}

/*
 * Read the headers, of a message that is in no spool from 'fd'.  If they are broken or may not be
 * read, '*known' is false and ST_OK returned.
 */
static enum status
members_read_headers(struct queue *q, const struct place *p, int fd, struct headers *headers,
    bool *known, struct error *err)
{
	enum status st = ST_OK;

	*known = true;
	if (p->name.head == 0)
		return ST_OK;
	if (q == NULL || (st = msg_open(q, p, &fd, err)) == ST_OK)
		st = msg_headers(fd, &p->name, headers, err);
	if (q != NULL && fd != -1)
		(void)close(fd);
	if (st == ST_BADDATA || st == ST_DENIED) {
		error_clear(err);
		*known = false;
		st = ST_OK;
	}
	return st;
}

static void
members_print(FILE *f, const struct members *m)
{
#define ROW(name) { #name, members_##name },
	static const struct {
		const char *name;
		void (*put)(FILE *f, const struct members *m);
	} members[] = { MESSAGE_MEMBERS(ROW) };
#undef ROW

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		json_name(f, members[i].name, i == 0);
		members[i].put(f, m);
	}
}

static enum status
members_message(FILE *f, struct queue *q, const char *queue, const struct place *p, int fd,
    struct error *err)
{
	struct headers headers = { 0 };
	struct headers_index all = { 0 };
	enum status st;
	bool known;

	if ((st = members_read_headers(q, p, fd, &headers, &known, err)) != ST_OK)
		return st;
	if (known)
		st = headers_index(&headers, fold_case, &all, err);
	if (st == ST_OK)
		members_print(f, &(struct members){ .q = q, .queue = queue, .p = p, .n = &p->name,
		    .headers = known ? &all : NULL });
	headers_index_free(&all);
	headers_free(&headers);
	return st;
}

enum status
json_message(FILE *f, struct queue *q, const struct place *p, struct error *err)
{
	return members_message(f, q, queue_name(q), p, -1, err);
}

static enum status
members_open(FILE *f, struct queue *q, const char *queue, const struct place *p, int fd,
    struct error *err)
{
	char *text = NULL;
	size_t len = 0;
	enum status st;
	FILE *memory;

	/*
	 * Print into memory first.  If the message moves on before its headers are read, no half
	 * line is printed.
	 */
	if ((memory = open_memstream(&text, &len)) == NULL)
		return error_sys(err, ENOMEM, "JSON");
	(void)fputc('{', memory);
	st = members_message(memory, q, queue, p, fd, err);
	if (fclose(memory) != 0 && st == ST_OK)
		st = error_sys(err, ENOMEM, "JSON");
	if (st == ST_OK)
		(void)fwrite(text, 1, len, f);
	free(text);
	return st;
}

enum status
json_open(FILE *f, struct queue *q, const struct place *p, struct error *err)
{
	return members_open(f, q, queue_name(q), p, -1, err);
}

enum status
json_open_fd(FILE *f, const char *queue, const struct place *p, int fd, struct error *err)
{
	return members_open(f, NULL, queue, p, fd, err);
}
