/*
 * columns.c: the columns of ls and dead: what each prints, and how rows are sorted by it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "spool/origin.h"
#include "shared/cmd.h"
#include "shared/columns.h"
#include "shared/out.h"

static int
columns_cmp_numbers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static void
columns_put_time(FILE *f, usec_t at)
{
	char text[TIME_MAX] = "-";

	if (at != 0)
		time_format(at, text);
	(void)fputs(text, f);
}

#define PRINTER(name) static void name(FILE *f, struct queue *q, const struct place *p, usec_t now)
#define UNUSED (void)q, (void)now

PRINTER(put_id) { UNUSED; (void)fputs(p->name.id.text, f); }
PRINTER(put_state) { UNUSED; (void)fputs(state_names[p->state], f); }
PRINTER(put_priority) { UNUSED; (void)fprintf(f, "%d", p->name.priority); }
PRINTER(put_attempts) { UNUSED; (void)fprintf(f, "%d", p->name.attempts); }
PRINTER(put_deliveries) { UNUSED; (void)fprintf(f, "%d", p->name.deliveries); }
PRINTER(put_size) { UNUSED; (void)fprintf(f, "%" PRId64, p->name.size - p->name.head); }
PRINTER(put_enqueued) { UNUSED; columns_put_time(f, id_time(&p->name.id)); }
PRINTER(put_due) { UNUSED; columns_put_time(f, p->state == STATE_DELAYED ? p->name.key : 0); }
PRINTER(put_deadline) { UNUSED; columns_put_time(f, p->state == STATE_CLAIMED ? p->name.key : 0); }
PRINTER(put_expires) { UNUSED; columns_put_time(f, p->name.expires); }

PRINTER(put_age)
{
	char text[DURATION_MAX];

	(void)q;
	age_format(now - id_time(&p->name.id), text);
	/* Make it one word, so that awk counts the columns right. */
	for (char *c = text, *to = text;; c++)
		if (*c != ' ' && (*to++ = *c) == '\0')
			break;
	(void)fputs(text, f);
}

PRINTER(put_reason)
{
	char text[600];

	(void)now;
	msg_reason(q, p, text, sizeof(text));
	if (text[0] == '\0')
		(void)fputc('-', f);
	else
		out_vis(f, text, strlen(text));
}

PRINTER(put_handle)
{
	char text[HANDLE_MAX] = "-";

	UNUSED;
	if (p->state == STATE_CLAIMED && p->name.token[0] != '\0')
		handle_format(p, text);
	(void)fputs(text, f);
}

PRINTER(put_file)
{
	char text[600];

	(void)now;
	place_path(q, p, text, sizeof(text));
	out_vis(f, text, strlen(text));
}

PRINTER(put_origin)
{
	char text[QUEUE_NAME_MAX + 1];

	(void)now;
	switch (queue_origin(q, &p->name, text)) {
	case ORIGIN_NONE:
		(void)fputc('-', f);
		break;
	case ORIGIN_KNOWN:
		(void)fputs(text, f);
		break;
	case ORIGIN_UNKNOWN:
		(void)fputc('?', f);
		break;
	}
}

#define COMPARE(name, what) \
	static int name(const struct place *a, const struct place *b) { return what; }
#define BY_NUMBER(name, member) COMPARE(name, columns_cmp_numbers(a->member, b->member))
#define KEY_IN(p, s) ((p)->state == (s) ? (p)->name.key : 0)

COMPARE(by_id, strcmp(a->name.id.text, b->name.id.text))
BY_NUMBER(by_state, state)
BY_NUMBER(by_priority, name.priority)
BY_NUMBER(by_attempts, name.attempts)
BY_NUMBER(by_deliveries, name.deliveries)
COMPARE(by_size, columns_cmp_numbers(a->name.size - a->name.head, b->name.size - b->name.head))
COMPARE(by_age, columns_cmp_numbers(id_time(&b->name.id), id_time(&a->name.id)))
COMPARE(by_enqueued, columns_cmp_numbers(id_time(&a->name.id), id_time(&b->name.id)))
COMPARE(by_due, columns_cmp_numbers(KEY_IN(a, STATE_DELAYED), KEY_IN(b, STATE_DELAYED)))
COMPARE(by_deadline, columns_cmp_numbers(KEY_IN(a, STATE_CLAIMED), KEY_IN(b, STATE_CLAIMED)))
BY_NUMBER(by_expires, name.expires)
COMPARE(by_reason, strcmp(a->name.reason, b->name.reason))
COMPARE(by_file, strcmp(a->file, b->file))
COMPARE(by_origin, strcmp(a->name.way, b->name.way))
#define by_handle by_id

#define ROW(name, width, heading) \
	{ #name, heading, width, put_##name, by_##name, put_##name == put_state },
static const struct column columns[] = { COLUMNS(ROW, ROW) };
#define NCOLUMNS (sizeof(columns) / sizeof(columns[0]))

int
column_by_enqueued(const struct place *a, const struct place *b)
{
	return by_enqueued(a, b);
}

const struct column *
column_find(struct run *r, const char *opt, const char *name)
{
	const char *names[NCOLUMNS], *near;

	for (size_t i = 0; i < NCOLUMNS; i++) {
		names[i] = columns[i].name;
		if (strcmp(columns[i].name, name) == 0)
			return &columns[i];
	}
	if ((near = nearest(name, names, NCOLUMNS)) != NULL)
		(void)run_usage(r, "%s: no column '%s'; did you mean '%s'?", opt, name, near);
	else
		(void)run_usage(r, "%s: no column '%s'; there are " COLUMN_LIST, opt, name);
	return NULL;
}
